"""What the readers of pages and question formats return, before it is validated."""

from dataclasses import dataclass
from typing import NamedTuple

from grader.files import Row


@dataclass(frozen=True)
class DroppedText:
    """A piece of the source that is left out: its text, its first line, and the reason."""

    text: str
    line: int
    why: str


class Doubt(NamedTuple):
    """Something that was kept and may have been misread, and its line."""

    text: str
    line: int


class QuestionAnswer(NamedTuple):
    """A question and its answer, one of which may be empty; `topic` is the heading above, `line` the first line.

    `max_score` is as it was written; `name` is a short name that the source gives the question.
    """

    question: str
    answer: str
    topic: str = ""
    line: int = 1
    max_score: str = ""
    name: str = ""


@dataclass(frozen=True)
class ParsedPage:
    """A split page; `dropped` holds everything that is in no pair and no table, including the title.

    `tables` are tables of questions: rows by the names of their columns.
    """

    title: str
    pairs: tuple[QuestionAnswer, ...]
    dropped: tuple[DroppedText, ...]
    doubts: tuple[Doubt, ...] = ()
    tables: tuple[tuple[Row, ...], ...] = ()
