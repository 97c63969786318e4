"""Attack cases: what they are built from, and what must hold for their grades. Nothing here grades."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from grader.schema import Grade, Rubric

Kind = Literal["absolute", "invariant", "directional"]
# Takes the grades of the original and of the attacked text; gives the reason why it fails, or `None` if it holds.
Check = Callable[[Grade, Grade], str | None]
# How far a score may move and still count as the same.
TOLERANCE = 0.05
# How far it may move where the wording changes but not the meaning, or the layout does.
LOOSE = 0.1
# Rounding only: single-precision sums in another order.
EXACT = 1e-6
# Flags that say something about the text but warn of nothing.
_HARMLESS = frozenset({"long_answer"})


@dataclass(frozen=True)
class AttackTarget:
    """What attacks on one question are built from.

    Attributes:
        rubric: of the question; not an open one.
        good_id: what the good answer is called.
        good: a good answer.
        grade: of the good answer, by the grader under attack.
        weak: an answer that earns little.
        others: good answers to other questions.
        partials: written answers that state about half of the points.
        misconceptions: written answers that are fluent, on topic and wrong.
    """

    rubric: Rubric
    good_id: str
    good: str
    grade: Grade
    weak: str
    others: tuple[str, ...] = ()
    partials: tuple[str, ...] = ()
    misconceptions: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """The reference answer; the points in a row where the rubric has none."""
        given = self.rubric.reference_answer
        return given if given.strip() else " ".join(f"{point.text.rstrip('.')}." for point in self.rubric.points)


@dataclass(frozen=True)
class AttackCase:
    """One attacked answer.

    Attributes:
        text: the attacked answer.
        base: the text that was attacked, whose grade the check sees first.
        check: what must hold.
        strict: a stricter check, reported separately; `None` without one.
        change: what was changed, in a few words.
    """

    text: str
    base: str
    check: Check
    strict: Check | None = None
    change: str = ""


@dataclass(frozen=True)
class Attack:
    """A family of attacks: its id, what it is, what must hold and how the cases are built.

    `strictly` describes the stricter check of the cases; empty where there is none.
    """

    id: str
    family: str
    kind: Kind
    expectation: str
    build: Callable[[AttackTarget, np.random.Generator], Iterable[AttackCase]]
    strictly: str = ""


# --- what must hold -------------------------------------------------------------------------------------


def at_most(limit: float, *, warned: frozenset[str] | None = None) -> Check:
    """The score is at most `limit`; with `warned`, one of these flags (or a review) must say why as well."""

    def check(before: Grade, after: Grade) -> str | None:
        if after.fraction is not None and after.fraction > limit + EXACT:
            return f"score {after.fraction:.2f}, allowed {limit:.2f}"
        if warned is not None and not (warned & set(after.flags) or after.needs_review):
            return "no flag"
        return None

    return check


def at_most_share(share: float, *, of: Grade, unless_warned: bool = False) -> Check:
    """The score stays below `share` of what the grade `of` has, or, where allowed, a new flag warns of it."""

    def check(before: Grade, after: Grade) -> str | None:
        limit = share * (of.fraction or 0.0)
        if after.fraction is None or after.fraction < limit or (limit == 0 and after.fraction == 0):
            return None
        if unless_warned and is_warned(before, after):
            return None
        return f"score {after.fraction:.2f}, good answer {of.fraction or 0.0:.2f}"

    return check


def same(tolerance: float) -> Check:
    """The score moves by at most `tolerance`."""

    def check(before: Grade, after: Grade) -> str | None:
        if before.fraction is None or after.fraction is None:
            return None if before.fraction == after.fraction else "one of them is ungraded"
        moved = after.fraction - before.fraction
        return None if abs(moved) <= tolerance else f"score {before.fraction:.2f} -> {after.fraction:.2f}"

    return check


def falls_by(least: float) -> Check:
    """The score falls by at least `least`."""

    def check(before: Grade, after: Grade) -> str | None:
        fell = (before.fraction or 0.0) - (after.fraction or 0.0)
        return None if fell >= least else f"score {before.fraction or 0.0:.2f} -> {after.fraction or 0.0:.2f}"

    return check


def never_falls(tolerance: float) -> Check:
    """The score does not fall by more than `tolerance`."""

    def check(before: Grade, after: Grade) -> str | None:
        fell = (before.fraction or 0.0) - (after.fraction or 0.0)
        return None if fell <= tolerance else f"score {before.fraction or 0.0:.2f} -> {after.fraction or 0.0:.2f}"

    return check


def never_rises(tolerance: float) -> Check:
    """The score does not rise by more than `tolerance`."""

    def check(before: Grade, after: Grade) -> str | None:
        rose = (after.fraction or 0.0) - (before.fraction or 0.0)
        return None if rose <= tolerance else f"score {before.fraction or 0.0:.2f} -> {after.fraction or 0.0:.2f}"

    return check


def scores_higher() -> Check:
    """The score is higher than before, by more than rounding."""

    def check(before: Grade, after: Grade) -> str | None:
        got, other = after.fraction or 0.0, before.fraction or 0.0
        return None if got > other + EXACT else f"score {got:.2f} against {other:.2f}"

    return check


def worth(fraction: float, *, tolerance: float) -> Check:
    """The score is `fraction`, within `tolerance`."""

    def check(before: Grade, after: Grade) -> str | None:
        got = after.fraction or 0.0
        return None if abs(got - fraction) <= tolerance else f"score {got:.2f}, its points are worth {fraction:.2f}"

    return check


def earn_at_most(limit: float, point_ids: Sequence[str], *, or_warned: bool = False) -> Check:
    """These points earn at most `limit` of their credit on average; or, where allowed, a new flag warns."""

    def check(before: Grade, after: Grade) -> str | None:
        got = _mean_credit(after, point_ids)
        if got <= limit + EXACT or (or_warned and is_warned(before, after)):
            return None
        return f"{', '.join(point_ids)} earn {got:.2f} of their credit, allowed {limit:.2f}"

    return check


def earn_at_least(limit: float, point_ids: Sequence[str]) -> Check:
    """These points earn at least `limit` of their credit on average."""

    def check(before: Grade, after: Grade) -> str | None:
        got = _mean_credit(after, point_ids)
        short = f"{', '.join(point_ids)} earn {got:.2f} of their credit, expected {limit:.2f}"
        return None if got >= limit - EXACT else short

    return check


def _mean_credit(grade: Grade, point_ids: Sequence[str]) -> float:
    has = {point.point_id: point.credit or 0.0 for point in grade.points}
    return float(np.mean([has.get(name, 0.0) for name in point_ids]))


def loses(point_id: str, *, free: frozenset[str] = frozenset(), or_warned: bool = False, others: bool = True) -> Check:
    """The point earns nothing and, unless `others` is off, every other point keeps its credit.

    Args:
        point_id: the point that was attacked.
        free: points that may lose or keep credit, because their words are in the changed sentence, too.
        or_warned: whether a new flag or a review is enough.
        others: whether the other points must keep their credit.

    """

    def check(before: Grade, after: Grade) -> str | None:
        if or_warned and is_warned(before, after):
            return None
        had = {point.point_id: point.credit or 0.0 for point in before.points}
        has = {point.point_id: point.credit or 0.0 for point in after.points}
        if has[point_id] > EXACT:
            return f"{point_id} keeps {has[point_id]:.2f} of {had[point_id]:.2f}"
        hit = [name for name in had if name not in free | {point_id} and had[name] - has[name] > TOLERANCE]
        return f"{hit[0]} falls from {had[hit[0]]:.2f} to {has[hit[0]]:.2f}" if others and hit else None

    return check


def at_most_partial(point_id: str) -> Check:
    """The point is no longer covered, or a new flag or a review warns."""

    def check(before: Grade, after: Grade) -> str | None:
        [point] = [point for point in after.points if point.point_id == point_id]
        return f"{point_id} still covered" if point.status == "covered" and not is_warned(before, after) else None

    return check


def warned(*flags: str, at_least: float | None = None) -> Check:
    """One of the flags is set (any warning or a review where none is named), and the score is at least so much."""

    def check(before: Grade, after: Grade) -> str | None:
        if at_least is not None and (after.fraction or 0.0) < at_least:
            return f"score {after.fraction or 0.0:.2f}, expected {at_least:.2f}"
        is_flagged = bool(set(flags) & set(after.flags)) if flags else is_warned(before, after)
        return None if is_flagged else "no flag"

    return check


def is_warned(before: Grade, after: Grade) -> bool:
    """Whether the grade warns of something that the grade of the original text did not warn of."""
    new = set(after.flags) - set(before.flags) - _HARMLESS
    return bool(new) or (after.needs_review and not before.needs_review)
