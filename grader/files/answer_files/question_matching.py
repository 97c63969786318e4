"""Find the question that a heading, a column or a cell names: by its id, by its text, or by a near text.

Own code, not rapidfuzz: a ratio of characters is .95 between "supervised" and "unsupervised learning". Here two texts
are near only if the words that matter in one are among those of the other.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from grader.errors import InputError, warn_input
from grader.files.validation import normalised_words
from grader.phrases import shorten

# What surrounds a question's text in exports and on pages: "Question 2:", "3.1)", "(6.0 pts)", "[4 marks]", "*".
_NUMBER = re.compile(
    r"^(?:(?:q|question|frage|pregunta|domanda|vraag)\s*#?\s*\d{1,3}(?:\.\d{1,2})*\s*"
    r"(?:[.):](?=\s|[^\W\d])|[-–]\s|\s(?=\S))"
    r"|\d{1,3}(?:\.\d{1,2})*\s*[.):](?=\s|[^\W\d]))\s*",
    re.IGNORECASE,
)
_WORTH = re.compile(
    r"\s*[(\[]\s*\d+(?:[.,]\d+)?\s*(?:pts?|points?|marks?|punkte?|puntos?)\.?\s*[)\]]\s*$", re.IGNORECASE
)
_NUMBERED = re.compile(r"(?:q|question|frage|pregunta|domanda|vraag)?[\s#_-]*(\d{1,3})", re.IGNORECASE)
# Words that say nothing about what is asked; "not", "who", "when" and the like do.
_COMMON = frozenset(
    "a about an and are as at be been between briefly by can could define describe did different discuss do does each"
    " explain following for from give given has have how i in into is it its list name of on or our own please shortly"
    " should so some state than that the their them then there these they this those to using was we were what which"
    " why will with would you your e g eg".split()
)
# With or without one of these a question asks for something else.
_TURNING = frozenset("not no never without except cannot don doesn isn aren false wrong incorrect least".split())
_NEAR = 0.6  # share of the words of both texts that they have in common: 2 of 3, not 1 of 2
_FEWEST = 2  # words in a text that may be near another: one word is a column's name rather than a question


@dataclass(frozen=True)
class QuestionMatch:
    """The question that a text names, and how it was found; `made` where no questions are known."""

    question_id: str
    matched_by: Literal["id", "text", "near text", "made"]


class QuestionMatcher:
    """Finds questions by what people and programs call them; near texts give an `InputWarning`.

    Args:
        questions: id and text of the known questions; `None` if none are known: then a text is its own id.
        source: the file, for messages.

    """

    def __init__(self, questions: Mapping[str, str] | None, source: str) -> None:
        self._questions = questions
        self._source = source
        self._found: dict[str, QuestionMatch | None] = {}
        self._ids: dict[str, list[str]] = {}
        self._texts: dict[str, list[str]] = {}
        for name, text in (questions or {}).items():
            numbered = _NUMBERED.fullmatch(name)
            for called in {_called(name), f"# {numbered[1]}" if numbered else ""} - {""}:
                self._ids.setdefault(called, []).append(name)
            for called in {_joined(bare) for bare in _bare(text)} - {""}:
                self._texts.setdefault(called, []).append(name)

    @property
    def knows_questions(self) -> bool:
        """Whether there are questions to compare with."""
        return self._questions is not None

    @property
    def known_ids(self) -> Collection[str]:
        """The ids of the known questions."""
        return (self._questions or {}).keys()

    def match(self, text: str, line: int | None, *, near: bool = True) -> QuestionMatch | None:
        """The question, or `None`; the same text always has the same.

        Args:
            text: an id or the text of a question, perhaps with a number before and its worth behind it.
            line: where it stands, for messages.
            near: whether the text may be near.

        Raises:
            InputError: two questions fit equally well.

        """
        if self._questions is None:
            *_, bare = _bare(text)
            return QuestionMatch(bare, "made") if bare else None
        if text in self._found:
            return self._found[text]
        exact = self._exact(text, line)
        if exact is None and not near:
            return None
        self._found[text] = found = exact or self._near(text, line)
        return found

    def _exact(self, text: str, line: int | None) -> QuestionMatch | None:
        if text in (self._questions or {}):
            return QuestionMatch(text, "id")
        numbered = _NUMBERED.fullmatch(text.strip())
        ids = [*map(_called, _bare(text)), f"# {numbered[1]}" if numbered else ""]
        for known, called, how in ((self._ids, ids, "id"), (self._texts, map(_joined, _bare(text)), "text")):
            names = next((known[name] for name in called if name in known), ())
            if len(names) > 1:
                raise self._ambiguous(text, names, line)
            if names:
                return QuestionMatch(names[0], how)  # type: ignore[arg-type]  # one of two literals
        return None

    def _near(self, text: str, line: int | None) -> QuestionMatch | None:
        *_, bare = _bare(text)
        if len(bare.split()) < _FEWEST:
            return None
        shares = {name: _likeness(bare, known) for name, known in (self._questions or {}).items()}
        best = [name for name, share in shares.items() if share == 1] or [
            name for name, share in shares.items() if share >= _NEAR
        ]
        if len(best) > 1:
            raise self._ambiguous(text, best, line)
        if not best:
            return None
        known = (self._questions or {})[best[0]]
        warn_input(f"'{shorten(text)}' is read as '{best[0]}' ({shorten(known)})", source=self._source, line=line)
        return QuestionMatch(best[0], "near text")

    def _ambiguous(self, text: str, names: list[str], line: int | None) -> InputError:
        problem = f"'{shorten(text)}' may be any of {', '.join(names)}: write the question's id instead"
        return InputError(problem, source=self._source, line=line)

    def unknown(self, what: str, text: str, line: int | None) -> InputError:
        """The error for a text that is no question; `what` says where it stands, such as "the heading"."""
        return InputError(f"{what} {self.no_question(text)}", source=self._source, line=line)

    def no_question(self, text: str) -> str:
        """`'...' is no question's id or text`, and which is nearest."""
        shares = {name: _likeness(text, known, partly=True) for name, known in (self._questions or {}).items()}
        nearest = max(shares, key=lambda name: shares[name], default=None)
        hint = f"; the nearest is '{nearest}'" if nearest is not None and shares[nearest] > 0 else ""
        return f"'{shorten(text, 80)}' is no question's id or text{hint}"


def _called(text: str) -> str:
    return normalised_words(text.replace("_", " "))


def _joined(text: str) -> str:
    """The letters of a text, so that "trade-off" is "tradeoff"."""
    return normalised_words(text).replace(" ", "")


def _bare(text: str) -> Iterator[str]:
    """The text as it is, then without a number before it and what it is worth behind it."""
    text = " ".join(text.split())
    yield text
    bare = _WORTH.sub("", _NUMBER.sub("", text)).strip(" *_")
    if bare and bare != text:
        yield bare


def _likeness(text: str, known: str, *, partly: bool = False) -> float:
    """The share, 0 to 1, of the words that matter that both have; 0 unless one has all words of the other.

    A text that ends in "..." is compared with as much of the known one. With `partly` each may have words of its own.
    """
    if text.endswith(("...", "…")):
        begin = _called(text)
        if begin and len(begin.split()) > 3 and _called(known).startswith(begin):
            return 1.0
    ours, theirs = _words(text), _words(known)
    if (ours ^ theirs) & _TURNING:
        return 0.0
    both = {word for word in ours if any(_same_word(word, other) for other in theirs)}
    n_theirs = sum(any(_same_word(other, word) for word in ours) for other in theirs)
    if not both or not (partly or len(both) == len(ours) or n_theirs == len(theirs)):
        return 0.0
    return len(both) / (len(ours) + len(theirs) - n_theirs)


def _words(text: str) -> set[str]:
    words = _called(text).split()
    return {word for word in words if word not in _COMMON} or set(words)


def _same_word(word: str, other: str) -> bool:
    """Equal, a plural, or one letter more in a long word: a slip. A letter changed is another word (nitrite)."""
    short, long = sorted((word, other), key=len)
    short, long = short.replace("z", "s"), long.replace("z", "s")  # British and American
    if short == long or (len(short) > 2 and long == f"{short}s"):
        return True
    if len(long) != len(short) + 1 or len(short) < 6 or short[0] != long[0]:
        return False
    return any(short == long[:cut] + long[cut + 1 :] for cut in range(len(long)))
