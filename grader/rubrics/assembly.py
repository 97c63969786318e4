"""Turn drafted points into a rubric: ids, group names and weights. Wordings do not change here."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from grader.schema import Importance, PointGroup, Question, Rubric, RubricPoint
from grader.text import NormalisedText, Span, content_stems

# Weights have two decimals; more only where the smallest weight would be below 0.02.
DECIMALS = 2
# Weights are not rounded if the maximum score is outside this range, where decimals are meaningless.
ROUNDED_SCORES = (1e-6, 1e12)


class PointGroupDraft(NamedTuple):
    """A list whose items are points: its name, the number of items that a full answer names, and where it starts."""

    name: str
    need: int
    start: int


@dataclass(frozen=True)
class PointDraft:
    """A point before it has a weight.

    Attributes:
        text: the claim that an answer must make.
        span: where it stands in the normalised reference answer.
        aliases: other wordings of the same claim.
        group: the list that it belongs to, if any.
    """

    text: str
    span: Span
    aliases: tuple[str, ...] = ()
    group: PointGroupDraft | None = None


def assemble(
    question: Question,
    source: NormalisedText,
    drafts: Sequence[PointDraft],
    *,
    derived_by: str,
    equal_weights: bool = False,
) -> Rubric:
    """Make a rubric from drafts: points `p1`, `p2`, .. in the order given, with weights that sum to the maximum score.

    Args:
        question: the question.
        source: its reference answer, normalised.
        drafts: at least one.
        derived_by: recorded as the origin of the points.
        equal_weights: give all points the same weight, also those of groups.

    """
    names = _group_names(drafts)
    # Not rounded, for rounded weights that sum to the maximum would not be equal.
    equal = [question.max_score / len(drafts)] * len(drafts)
    weights = equal if equal_weights else _weights(drafts, question)
    mean = question.max_score / len(drafts)
    points = tuple(
        RubricPoint(
            id=f"p{number}",
            text=draft.text,
            weight=weight,
            importance=_importance(weight, mean),
            group=None if draft.group is None else names[draft.group],
            aliases=draft.aliases,
            source_span=_original(source, draft.span),
        )
        for number, (draft, weight) in enumerate(zip(drafts, weights, strict=True), start=1)
    )
    return Rubric(
        question_id=question.id,
        question=question.question,
        reference_answer=question.reference_answer,
        kind=question.kind,
        max_score=question.max_score,
        points=points,
        groups={name: PointGroup(need=group.need) for group, name in names.items()},
        derived_by=derived_by,
    )


def relative_weight(text: str, question: str) -> float:
    """Weight of a point relative to others: the square root of the number of its content words not in the question.

    The root damps long points: eight new words are worth twice two, not four times.

    Args:
        text: the point.
        question: the question; repeating its words earns no credit.
    """
    return math.sqrt(max(1, len(set(content_stems(text)) - set(content_stems(question)))))


def _group_names(drafts: Sequence[PointDraft]) -> dict[PointGroupDraft, str]:
    """A unique name for each group; a number is appended if two groups have the same name."""
    names: dict[PointGroupDraft, str] = {}
    for draft in drafts:
        group = draft.group
        if group is not None and group not in names:
            numbered = (group.name if number == 1 else f"{group.name}-{number}" for number in count(1))
            names[group] = next(name for name in numbered if name not in names.values())
    return names


def _importance(weight: float, mean: float) -> Importance:
    return "vital" if weight >= mean else "okay"


def _original(source: NormalisedText, span: Span) -> tuple[int, int]:
    start, end = source.original_span(span.start, span.end)
    return (start, end)


def _weights(drafts: Sequence[PointDraft], question: Question) -> list[float]:
    """Weights that sum to the maximum score: proportional to `relative_weight`, equal within a group, rounded.

    A group weighs as much as `need` points of its average weight, because a full answer names that many.
    """
    raw = [relative_weight(draft.text, question.question) for draft in drafts]
    shares = list(raw)
    for group in _group_names(drafts):
        members = [at for at, draft in enumerate(drafts) if draft.group == group]
        mean = math.fsum(raw[at] for at in members) / len(members)
        for at in members:
            shares[at] = mean * group.need / len(members)
    total = math.fsum(shares)
    shares = [share / total * question.max_score for share in shares]
    return _rounded(shares, [draft.group is None for draft in drafts], question.max_score)


def _rounded(shares: Sequence[float], single: Sequence[bool], max_score: float) -> list[float]:
    """Largest-remainder rounding: round down to a common unit, then give the rest to single points by remainder.

    If all points are in groups, nothing is rounded, so that the members of a group stay equal.
    """
    singles = [at for at, alone in enumerate(single) if alone]
    lowest, highest = ROUNDED_SCORES
    if not singles or not lowest <= max_score <= highest:
        return [round(share, 12) or share for share in shares]
    digits = max(DECIMALS, -math.floor(math.log10(min(shares) / 2)))
    units = [math.floor(share * 10**digits + 1e-9) for share in shares]
    left = round(max_score * 10**digits) - sum(units)
    by_remainder = sorted(singles, key=lambda at: units[at] - shares[at] * 10**digits)
    for turn in range(left):
        units[by_remainder[turn % len(singles)]] += 1
    weights = [round(unit / 10**digits, digits) for unit in units]
    heaviest = max(singles, key=lambda at: weights[at])
    weights[heaviest] += max_score - math.fsum(weights)
    return [round(weight, 12) for weight in weights]
