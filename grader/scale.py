"""What scores are rounded to where people read them; files for programs have them in full."""

from math import floor

_STEPS = (1.0, 0.5, 0.25, 0.1, 0.05, 0.01)
_FEWEST_STEPS = 12  # of a scale: rounding moves no score by more than 1/24 of it, as with half points out of 6


def scale_step(max_score: float | None) -> float:
    """The step of a scale that names none: the largest of 1, .5, .25, .1, .05 and .01 that it has 12 times or more.

    0, which rounds nothing, where there is none, or no scale.

    >>> [scale_step(max_score) for max_score in (100, 10, 6, 3, 1)]
    [1.0, 0.5, 0.5, 0.25, 0.05]
    """
    return next((step for step in _STEPS if max_score is not None and max_score >= _FEWEST_STEPS * step), 0.0)


def to_step(score: float, step: float, max_score: float | None) -> float:
    """The nearest multiple of a step, halves upwards; the full score counts as one, whatever the step.

    Args:
        score: in points.
        step: in points; 0 leaves the score as it is.
        max_score: the full score, if there is one; nothing is rounded above it.

    >>> to_step(5.25, 0.5, 6), to_step(5.2, 0.5, 6), to_step(3.2, 0.5, 3.3)
    (5.5, 5.0, 3.3)
    """
    if step == 0:
        return score
    near = round(floor(score / step + 0.5 + 1e-9) * step, 9)
    if max_score is None:
        return near
    near = near if near <= max_score else round(near - step, 9)
    return max_score if abs(max_score - score) <= abs(score - near) else near
