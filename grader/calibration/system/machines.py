"""Each machine among the raters beside the people: `system_rater` on the ratings of a file.

Section 10 of a calibration.
"""

import numpy as np

from grader.calibration.panel_agreement import Scale
from grader.calibration.ratings.arrays import RatingArrays
from grader.calibration.system.grades import NAME, Graded
from grader.calibration.system.system_rater import SystemRater, system_rater
from grader.statistics import LongForm, to_matrix

_MOST_LEVELS = 12  # a scale with more levels is taken step by step in the table of people against machine


def system_raters(
    arrays: RatingArrays, once: LongForm, scale: Scale, graded: Graded | None, *, seed: int
) -> dict[str, SystemRater]:
    """Compare each machine with the people.

    Args:
        arrays: the ratings.
        once: totals of people, without repeats.
        scale: what agreement is measured by.
        graded: what grades added; the answers that nobody rated are the batch of `NAME`.
        seed: of the bootstrap.
    """
    return {
        name: _compared(arrays, once, scale, scores, graded if name == NAME else None, seed)
        for name, scores in arrays.systems.items()
    }


def _compared(
    arrays: RatingArrays, once: LongForm, scale: Scale, scores: np.ndarray, graded: Graded | None, seed: int
) -> SystemRater:
    batch = np.zeros(0) if graded is None else graded.batch
    none_of_batch = np.full((batch.size, once.n_raters), np.nan)
    names = np.array([*arrays.group_names, ""])
    return system_rater(
        np.vstack([to_matrix(once), none_of_batch]),
        np.concatenate([scores, batch]),
        cut=scale.cut,
        groups=[*names[arrays.groups], *[""] * batch.size] if arrays.group_names else None,
        confidences=None if graded is None else _confidences(arrays, scores, graded),
        levels=_levels(once, scale),
        step=scale.step,
        seed=seed,
    )


def _confidences(arrays: RatingArrays, scores: np.ndarray, graded: Graded) -> np.ndarray | None:
    """How sure the grader is of each answer; nothing where it does not say so of every graded one."""
    known = np.array([graded.confidences.get(answer, np.nan) for answer in arrays.answer_ids])
    if not np.isfinite(known[np.isfinite(scores)]).all():
        return None
    return np.concatenate([known, np.full(graded.batch.size, np.nan)])


def _levels(once: LongForm, scale: Scale) -> np.ndarray:
    """The scores that people gave, or where these are many, every step between the lowest and the highest."""
    given = np.unique(once.scores)
    if given.size <= _MOST_LEVELS:
        return given
    low, high = np.floor(given[0] / scale.step), np.ceil(given[-1] / scale.step)
    return np.arange(low, high + 1) * scale.step
