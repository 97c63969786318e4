"""Feedback for the candidate: from the rubric alone, or in a judge's words without giving the reference answer away."""

import re
from collections.abc import Sequence

from grader.grading.drafts import Draft
from grader.judges import JudgeOpinion
from grader.phrases import count
from grader.schema import PointGrade, Rubric
from grader.text import segments, words

# Runs of this many words in common with the reference, a point or a prompt are copied.
_COPIED_RUN = 7
_SECRET = re.compile(r"\b(?:sk|pk|key|token)-[\w-]{8,}|\bBearer\s+\S{8,}", re.IGNORECASE)
# Characters of each part of the feedback.
_LONGEST = 1200


def missed(rubric: Rubric, points: Sequence[PointGrade]) -> list[str]:
    """One line for each thing that cost marks: a missing or partly stated point, an unmet group, a mistake made.

    Args:
        rubric: gives the groups.
        points: what each of its points earned, in the rubric's order.

    """
    lines = []
    group_of = {point.id: point.group for point in rubric.points}
    for point in points:
        if group_of[point.point_id] is not None:
            continue
        if point.weight < 0 and point.status == "covered":
            lines.append(f"mistake: {point.text}")
        elif point.weight > 0 and point.status in ("covered", "partial") and not point.is_full:
            lines.append(f"only in part: {point.text}")
        elif point.weight > 0 and point.status in ("missing", "contradicted"):
            lines.append(point.text if point.status == "missing" else f"{point.status}: {point.text}")
    for name, group in rubric.groups.items():
        members = [point for point in points if group_of[point.point_id] == name]
        stated = sum(point.status == "covered" for point in members)
        if stated < group.need and any(point.status != "not_judged" for point in members):
            open_ones = "; ".join(point.text for point in members if point.status != "covered")
            lines.append(f"{group.need - stated} more of: {open_ones}")
    return lines


def plain_feedback(rubric: Rubric, points: Sequence[PointGrade]) -> str:
    """A short paragraph: how many points earn all they are worth, how many a part of it, then what was missed."""
    wanted = [point for point in points if point.weight > 0]
    stated = sum(point.is_full for point in wanted)
    in_part = sum(point.status in ("covered", "partial") for point in wanted) - stated
    lines = missed(rubric, points)
    summary = f"Stated {stated} of {count(len(wanted), 'point')}{f', {in_part} more in part' if in_part else ''}."
    return summary if not lines else f"{summary} Missed: {' | '.join(lines)}"


def candidate_feedback(opinions: Sequence[JudgeOpinion], draft: Draft, *, reveal: bool = False) -> str:
    """The first feedback that a judge gave, without the sentences that give the reference away; blank if there is none.

    Args:
        opinions: what the judges said, in the order in which they were named.
        draft: gives the reference and the points, which must not be told, and the answer, whose words may.
        reveal: tell them all the same.

    """
    secret = frozenset() if reveal else _examiners_runs(draft)
    texts = (
        "\n".join(filter(None, (_without_leaks(part, secret) for part in (said.right, said.missing, said.study))))
        for opinion in opinions
        if (said := opinion.feedback) is not None
    )
    return next(filter(None, texts), "")


def _examiners_runs(draft: Draft) -> frozenset[tuple[str, ...]]:
    """Runs of words that the reference and the points have and the answer has not."""
    if draft.rubric is None:
        return frozenset()
    texts = (draft.rubric.reference_answer, *(point.text for point in draft.rubric.points))
    return frozenset().union(*map(_runs, texts)) - _runs(draft.text.text)


def _without_leaks(text: str, secret: frozenset[tuple[str, ...]]) -> str:
    """The sentences of a text that have none of these runs of words and do not look like a key."""
    text = text[:_LONGEST]
    kept = (text[start:end] for start, end in segments(text))
    return " ".join(said for said in kept if _runs(said).isdisjoint(secret) and not _SECRET.search(said))


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    spoken = [word.lower() for word in words(text)]
    return frozenset(tuple(spoken[at : at + _COPIED_RUN]) for at in range(len(spoken) - _COPIED_RUN + 1))
