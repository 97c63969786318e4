"""Two tries at one question: is the later one better, and in which points."""

from dataclasses import dataclass
from typing import Literal

from grader.schema import Grade

_SAME = 0.005  # of the full score: below one percent two tries read the same
_POINT_SAME = 0.1  # of a point's credit: what other words for the same thing change


@dataclass(frozen=True)
class PointChange:
    """What a point earned before and after: credits in 0..1."""

    point_id: str
    text: str
    before: float
    after: float


@dataclass(frozen=True)
class Comparison:
    """The difference of two tries.

    Attributes:
        word: of the later one.
        fraction_change: after minus before, -1 to 1.
        score_change: the same in points of the score.
        gained: points that earn more, or mistakes that cost less; the greatest change first.
        lost: the other way round.
        same_rules: whether both were graded by the same program, settings and rubric. Otherwise a part of the
            difference may come from them.

    """

    word: Literal["better", "worse", "same"]
    fraction_change: float
    score_change: float
    gained: tuple[PointChange, ...]
    lost: tuple[PointChange, ...]
    same_rules: bool


def compare_grades(before: Grade, after: Grade) -> Comparison | None:
    """How a try differs from an earlier one; `None` when one of them has no score.

    Only points that both have, with the same text, are compared.
    """
    if before.fraction is None or after.fraction is None or before.score is None or after.score is None:
        return None
    change = after.fraction - before.fraction
    earlier = {(point.point_id, point.text): point.credit for point in before.points}
    gained: list[PointChange] = []
    lost: list[PointChange] = []
    for point in after.points:
        was = earlier.get((point.point_id, point.text))
        if was is None or point.credit is None or abs(point.credit - was) < _POINT_SAME:
            continue
        is_gain = (point.credit > was) == (point.weight > 0)
        (gained if is_gain else lost).append(PointChange(point.point_id, point.text, was, point.credit))
    return Comparison(
        word="same" if abs(change) < _SAME else "better" if change > 0 else "worse",
        fraction_change=change,
        score_change=after.score - before.score,
        gained=_greatest_first(gained),
        lost=_greatest_first(lost),
        same_rules=before.signature == after.signature,
    )


def _greatest_first(changes: list[PointChange]) -> tuple[PointChange, ...]:
    return tuple(sorted(changes, key=lambda change: -abs(change.after - change.before)))
