"""Answers that need no model: blank ones, open or unknown questions, foreign languages."""

import re

from grader.grading.drafts import Draft
from grader.guards import is_foreign
from grader.schema import Answer, PointGrade, Rubric, RubricPoint, Status
from grader.text import NormalisedText, segments, words

OPEN_QUESTION = "open question: it has no fixed reference answer, so only a judge can grade it"
NO_ANSWER = "no answer: nothing but white space, punctuation or symbols"
NO_WORDS = "no answer: only digits and symbols, and the reference answer asks for no number"
FOREIGN = "the answer is not in English, which the encoder reads"


def draft_without_model(
    answer: Answer, rubric: Rubric | None, text: NormalisedText, *, english_only: bool, max_answer_chars: int
) -> Draft | None:
    """The draft of an answer that needs no model; `None` if a model should read it.

    Args:
        answer, text: as written, and normalised.
        rubric: of its question; `None` if the question is unknown.
        english_only: whether answers in other languages stay ungraded.
        max_answer_chars: characters beyond which an answer stays ungraded.

    """
    if len(answer.answer) > max_answer_chars:
        reason = (
            f"the answer has more than {max_answer_chars:,} characters: shorten it, or raise --max-answer-chars "
            "(docs/limits.md)"
        )
        listed = () if rubric is None else rubric.points
        untouched = tuple(_point_grade(point, "not_judged", None, rule=reason) for point in listed)
        return Draft(answer, rubric, text, untouched, ungraded_reason=reason)
    if rubric is None:
        reason = f"unknown question '{answer.question_id}': there is no rubric for it"
        return Draft(answer, None, text, ungraded_reason=reason)
    rule = _reason_for_no_answer(text.text, rubric)
    if rule is not None:
        return draft_of_nothing(answer, rubric, text, rule=rule)
    if rubric.kind == "open":
        points = tuple(_point_grade(point, "not_judged", None, rule=OPEN_QUESTION) for point in rubric.points)
        return Draft(answer, rubric, text, points, ungraded_reason=OPEN_QUESTION)
    if english_only and is_foreign(text.text) and not is_foreign(" ".join(point.text for point in rubric.points)):
        points = tuple(_point_grade(point, "not_judged", None, rule=FOREIGN) for point in rubric.points)
        return Draft(answer, rubric, text, points, ("language",), ungraded_reason=FOREIGN)
    return None


def draft_of_nothing(answer: Answer, rubric: Rubric, text: NormalisedText, *, rule: str = NO_ANSWER) -> Draft:
    """A draft in which every point is missing because there is no answer; `rule` is the reason."""
    points = tuple(_point_grade(point, "missing", 0.0, rule=rule) for point in rubric.points)
    return Draft(answer, rubric, text, points, ("no_answer",))


# A text with two adjacent letters has a segment; this check is faster than splitting it.
_ADJACENT_LETTERS = re.compile(r"[^\W\d_]{2}")


def _reason_for_no_answer(text: str, rubric: Rubric) -> str | None:
    """Why a text cannot be an answer; `None` if a model should read it."""
    if not _ADJACENT_LETTERS.search(text) and not segments(text):
        return NO_ANSWER
    if rubric.kind == "open" or any(char.isalpha() for char in text):
        return None
    wordings = [text for point in rubric.points for text in (point.text, *point.aliases)]
    return None if any(map(_names_a_number, (*wordings, rubric.reference_answer))) else NO_WORDS


_NUMBER_WORDS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve hundred thousand million half".split()
)


def _names_a_number(text: str) -> bool:
    return any(char.isdigit() for char in text) or not _NUMBER_WORDS.isdisjoint(map(str.lower, words(text)))


def _point_grade(point: RubricPoint, status: Status, earned: float | None, *, rule: str) -> PointGrade:
    """A point decided by a rule, without evidence."""
    return PointGrade(
        point_id=point.id,
        text=point.text,
        status=status,
        coverage=earned,
        credit=earned,
        weight=point.weight,
        evidence=None,
        decided_by="rule",
        rationale=rule,
        confidence=None if earned is None else 1.0,
    )
