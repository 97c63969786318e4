"""Credits, weights and groups -> one score. The only place where a score is computed."""

from collections.abc import Mapping

from grader.schema import Rubric, RubricPoint


def fraction(rubric: Rubric, credits: Mapping[str, float | None]) -> float | None:
    """The share of the possible points that was earned, in 0..1.

        fraction = clamp( sum(weight * credit) / sum(positive weight) )

    over all points. A group earns its whole weight times the mean of its `need` best credits. A point with a
    negative weight subtracts its weight times its credit and adds nothing to what is possible.

    Args:
        rubric: the points, their weights and groups.
        credits: point id -> credit in 0..1, or `None` when the point was not judged; such a point has earned nothing
            so far and stays in what is possible, for else the others would be worth more.

    **Undefined:** `None` when no point with a positive weight was judged.

    Raises:
        ValueError: when a point has no entry, or a credit is outside 0..1.

    Source: the positive-weight denominator of HealthBench (OpenAI simple-evals, `calculate_score`) and autorubric.

    """
    given = [(point, _credit(point, credits)) for point in rubric.points]
    if not any(point.weight > 0 and credit is not None for point, credit in given):
        return None
    possible = sum(point.weight for point, _ in given if point.weight > 0)
    earned = sum(point.weight * (credit or 0.0) for point, credit in given if point.group is None)
    for name, group in rubric.groups.items():
        members = [(point, credit or 0.0) for point, credit in given if point.group == name]
        if members:
            earned += sum(point.weight for point, _ in members) * _best_mean([c for _, c in members], group.need)
    return min(1.0, max(0.0, earned / possible))


def score(rubric: Rubric, credits: Mapping[str, float | None]) -> float | None:
    """`fraction` on the question's own scale, 0..max_score; `None` where `fraction` is undefined."""
    share = fraction(rubric, credits)
    return None if share is None else share * rubric.max_score


def scaled_score(share: float, max_score: float | None) -> float | None:
    """A fraction that marks have changed, 0..1, on the question's own scale; `None` without one."""
    return None if max_score is None else share * max_score


def _credit(point: RubricPoint, credits: Mapping[str, float | None]) -> float | None:
    if point.id not in credits:
        raise ValueError(f"no credit for the point '{point.id}'; give None for a point that was not judged")
    credit = credits[point.id]
    if credit is not None and not 0 <= credit <= 1:
        raise ValueError(f"the credit of '{point.id}' is {credit}, outside 0..1")
    return credit


def _best_mean(credits: list[float], need: int) -> float:
    """Mean of the `need` best credits; of all of them where there are fewer."""
    best = sorted(credits, reverse=True)[:need]
    return sum(best) / len(best)
