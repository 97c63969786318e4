"""Rubrics and banks with a fault, as files, each of which must be refused with a line that names the fault (C35)."""

from collections.abc import Iterator
from typing import NamedTuple


class Fault(NamedTuple):
    """A faulty file: what is wrong with it, what it is called, what it holds."""

    name: str
    file: str
    text: str


def _rubric(points: str, head: str = "") -> str:
    return f"question_id: q1\nquestion: What does dropout do?\n{head}points:\n{points}"


def faults() -> Iterator[Fault]:
    """Every faulty file."""
    one = "- {id: p1, text: Dropout disables units, weight: %s}\n"
    for name, points in (
        ("weight of zero", one % "0"),
        ("negative weights only", one % "-1"),
        ("weight that is no number", one % ".nan"),
        ("infinite weight", one % ".inf"),
        ("weight in words", one % "much"),
        ("point ids that repeat", one % "1" + one % "2"),
        ("blank point", "- {id: p1, text: ' ', weight: 1}\n"),
        ("unknown group", "- {id: p1, text: Dropout disables units, weight: 1, group: g}\n"),
        ("source outside the reference", "- {id: p1, text: Dropout disables units, source_span: [5, 900]}\n"),
        ("unknown field", "- {id: p1, text: Dropout disables units, wieght: 1}\n"),
    ):
        yield Fault(name, "q1.yaml", _rubric(points))
    yield Fault("no points", "q1.yaml", _rubric("  []\n"))
    yield Fault("points missing", "q1.yaml", "question_id: q1\nquestion: What does dropout do?\n")
    yield Fault("empty file", "q1.yaml", "")
    yield Fault("scores out of zero", "q1.yaml", _rubric(one % "1", "max_score: 0\n"))
    question = "- {id: q1, question: What does dropout do?, reference_answer: %s}\n"
    yield Fault("blank reference answer", "bank.yaml", "questions:\n" + question % "' '")
    yield Fault("reference answer missing", "bank.yaml", "questions:\n- {id: q1, question: What does dropout do?}\n")
    yield Fault("question ids that repeat", "bank.yaml", "questions:\n" + question % "It drops" + question % "It drops")
