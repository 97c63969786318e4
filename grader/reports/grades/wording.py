"""A grade in words, as page and terminal share them: statuses, what marks changed, and the parts of feedback."""

import re
from typing import NamedTuple

from grader.flags import in_words
from grader.phrases import count, number, percent
from grader.schema import Grade, PointGrade, VerdictWord

# --- statuses -------------------------------------------------------------------------------------------------


class StatusLabel(NamedTuple):
    """How a status is shown: a sign, a word, and what they mean; none of them needs colour."""

    sign: str
    word: str
    meaning: str


STATUS_LABELS = {
    "covered": StatusLabel("✓", "covered", "The answer states this point."),
    "partial": StatusLabel("◐", "partial", "The answer states a part of this point and earns a share of its weight."),
    "missing": StatusLabel("○", "missing", "The answer does not state this point."),
    "contradicted": StatusLabel("✗", "contradicted", "The answer says the opposite of this point."),
    "not_judged": StatusLabel("\u2013", "not judged", "It could not be decided; the point has earned nothing so far."),
    "made": StatusLabel("✗", "mistake made", "The answer makes this mistake, which costs marks."),
    "avoided": StatusLabel("✓", "mistake not made", "The answer does not clearly make this mistake; it costs nothing."),
    "cannot_tell": StatusLabel("?", "cannot tell", "A judge cannot tell what the answer says of this point."),
}


def shown_status(word: VerdictWord, weight: float) -> str:
    """The key of `STATUS_LABELS` for a verdict on a point of this weight: `made` or `avoided` for a mistake."""
    if weight > 0 or word in ("not_judged", "cannot_tell"):
        return word
    return "made" if word == "covered" else "avoided"


def point_status(point: PointGrade) -> str:
    """The key of `STATUS_LABELS` for a point; one that is covered and loses a part of its weight is `partial`."""
    word = "partial" if point.weight > 0 and point.status == "covered" and not point.is_full else point.status
    return shown_status(word, point.weight)


# --- scores -------------------------------------------------------------------------------------------------


def shown_score(score: float | None) -> str:
    """A score that is rounded to its step already, or the full score, with all its decimals; a dash for `None`."""
    return "\u2013" if score is None else f"{score:.10g}"


def exact_score(grade: Grade) -> str:
    """`5.2 before rounding`, where rounding to the step of the scale changes what is read; else nothing."""
    if grade.score is None or grade.rounded_score is None:
        return ""
    exact = number(grade.score)
    return "" if exact == number(grade.rounded_score) else f"{exact} before rounding"


def point_scores(grade: Grade) -> list[str]:
    """What each point earns: `1.7 of 2` points of the score, where these add up to it, else `85%` of its weight.

    They do not with groups, people's marks, and mistakes that cost more than there is; nothing for a point that was not
    judged.
    """
    unit = _unit(grade)
    return [
        ""
        if point.credit is None
        else f"{number(point.credit * point.weight * unit)} of {number(point.weight * unit)}"
        if unit
        else percent(point.credit)
        for point in grade.points
    ]


def unstated_score(grade: Grade) -> str:
    """What comes near to points that are `missing` earns all the same, in points of the score; nothing for 0."""
    missing = (point for point in grade.points if point.weight > 0 and point.status == "missing")
    earned = number(sum(point.weight * (point.credit or 0.0) for point in missing) * _unit(grade))
    return "" if earned == "0" else earned


def _unit(grade: Grade) -> float:
    """Points of the score for a point of weight 1; 0 where what points earn does not add up to the score."""
    possible = sum(point.weight for point in grade.points if point.weight > 0)
    if grade.score is None or grade.max_score is None or possible <= 0:
        return 0.0
    unit = grade.max_score / possible
    earned = sum(point.weight * (point.credit or 0.0) for point in grade.points) * unit
    return unit if abs(earned - grade.score) < _ADDS_UP * grade.max_score else 0.0


_ADDS_UP = 0.001  # of the full score


# --- marks --------------------------------------------------------------------------------------------------


class MarksExplanation(NamedTuple):
    """What marks changed, in a sentence or two, and the most similar marked answers."""

    changed: str
    nearest: tuple["MarkedNeighbour", ...]


class MarkedNeighbour(NamedTuple):
    """A similar marked answer: its id, its mark and likeness in words, and its beginning."""

    answer_id: str
    given: str
    text: str


def explain_marks(grade: Grade) -> MarksExplanation | None:
    """What marks changed in a grade, in words; `None` where no marks were used or there is no score."""
    marks = grade.marks
    if marks is None or grade.score is None:
        return None
    scale = 1.0 if grade.max_score is None else grade.max_score

    def points(fraction: float) -> str:
        return shown_score(grade.model_copy(update={"score": fraction * scale}).rounded_score)

    source = f"{count(marks.n_marked, 'marked answer')} to this question" if marks.n_marked else "marks of others"
    changed = (
        f"By {source} {shown_score(grade.rounded_score)} instead of {points(marks.before)}; "
        f"people give {points(marks.low)} to {points(marks.high)} in 9 of 10 such cases."
    )
    if marks.held_by is not None:
        changed += f" Held back: {in_words(marks.held_by)}."
    return MarksExplanation(
        changed,
        tuple(
            MarkedNeighbour(
                near.answer_id, f"{points(near.mark)} of {number(scale)}, likeness {near.likeness:.2f}", near.text
            )
            for near in marks.nearest
        ),
    )


# --- feedback -----------------------------------------------------------------------------------------------


class FeedbackParts(NamedTuple):
    """Feedback in two parts: the opening, and the list of missed points, which only plain feedback has."""

    opening: str
    missed: tuple[str, ...]
    is_plain: bool


def feedback_parts(grade: Grade) -> FeedbackParts:
    """Take plain feedback ("Stated 1 of 3 points. Missed: a | b") apart; a judge's feedback stays whole."""
    if not _PLAIN.match(grade.feedback):
        return FeedbackParts(grade.feedback, (), False)
    opening, listed, rest = grade.feedback.partition(" Missed: ")
    return FeedbackParts(opening, tuple(rest.split(" | ")) if listed else (), True)


# How `feedback.plain_feedback` begins.
_PLAIN = re.compile(r"Stated \d+ of [\d,]+ points?[,.]")
