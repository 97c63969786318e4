"""Tables of ratings: checked, as classes, without gaps; and why a statistic of such a table is undefined.

A table has shape `(n_answers, n_raters)` with NaN where a rater gave no score.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import DECIMALS, Codes, Floats


class Classes(NamedTuple):
    """Ratings as classes."""

    levels: Floats  # (n_classes,): the scores, rising
    codes: Codes  # (n_answers, n_raters): which of them, -1 where missing


def rating_table(ratings: npt.ArrayLike) -> Floats:
    """Return the ratings as a table of floats, a copy, rounded to where scores count as different.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Undefined: never.
    Raises: ValueError on another shape or infinite values.
    Source: conventions of `agreement.py`.
    Checked against: cases derived by hand.
    """
    table = np.array(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"ratings must have shape (n_answers, n_raters), got shape {table.shape}")
    if np.isinf(table).any():
        raise ValueError("ratings must be numbers, or NaN where missing; got an infinite value")
    return np.round(table, DECIMALS, out=table)


def without_gaps(ratings: npt.ArrayLike) -> Floats:
    """Return each answer's ratings from the left on, with as many columns as the fullest answer needs.

    The columns are no raters any more: for statistics where it does not matter who gave a rating. A team of 200 who
    rate each answer twice needs 2 columns then, not 200.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Returns:
        Shape `(n_answers, largest number of ratings)`, rising within an answer, NaN at the right.

    Undefined: never.
    Raises: as `rating_table`.
    Source: the definition.
    Checked against: cases derived by hand.
    """
    table = rating_table(ratings)
    # Sorting moves NaN to the end.
    table.sort(axis=1)
    return table[:, : int(np.isfinite(table).sum(axis=1).max(initial=0))]


def as_classes(ratings: npt.ArrayLike, classes: npt.ArrayLike | None = None) -> Classes:
    """Return the ratings as numbers of classes from 0 up in the order of the scores.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.
        classes: all scores of the scale, in any order; by default those that occur.

    Undefined: never.
    Raises: ValueError as `rating_table`, or on a rating that is not among `classes`.
    Source: the definition.
    Checked against: cases derived by hand.
    """
    table = rating_table(ratings)
    rated = np.isfinite(table)
    occurring = np.unique(table[rated])
    levels = occurring if classes is None else np.unique(np.round(np.asarray(classes, dtype=float), DECIMALS))
    strange = occurring[~np.isin(occurring, levels)]
    if strange.size:
        raise ValueError(f"rating {strange[0]:g} is not on the scale {', '.join(f'{level:g}' for level in levels)}")
    codes = np.full(table.shape, -1, dtype=np.intp)
    codes[rated] = np.searchsorted(levels, table[rated])
    return Classes(levels, codes)


def class_counts(classes: Classes) -> Floats:
    """Return how many raters chose each class, shape `(n_answers, n_classes)`.

    Undefined: never.
    Source: the definition.
    Checked against: cases derived by hand.
    """
    n_answers, q = classes.codes.shape[0], classes.levels.size
    rows, columns = np.nonzero(classes.codes >= 0)
    cells = rows * q + classes.codes[rows, columns]
    return np.bincount(cells, minlength=n_answers * q).astype(float).reshape(n_answers, q)


def why_undefined(ratings: npt.ArrayLike) -> str | None:
    """Return the sentence that tells a reader why agreement is undefined, or `None` where it is not.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Undefined: never.
    Raises: as `rating_table`.
    Source: the undefined cases of `agreement.py`, `reliability.py` and `kappas.py`.
    Checked against: a table for each sentence.
    """
    table = rating_table(ratings)
    rated = np.isfinite(table)
    if not rated.any():
        return "there are no ratings"
    n_raters = int(rated.any(axis=0).sum())
    if n_raters < 2:
        return "one rater alone: agreement needs a second one"
    if not (rated.sum(axis=1) >= 2).any():
        return "no answer has two ratings: let two people rate the same answers"
    shared = table[rated.sum(axis=1) >= 2]
    scores = shared[np.isfinite(shared)]
    if scores.min() == scores.max():
        return "all raters gave the same score everywhere; agreement coefficients are undefined; exact agreement 100 %"
    return None
