"""Ratings as data: a table with a column for each rater, or the long form with one entry for each rating.

A table has shape `(n_answers, n_raters)` with NaN where a rater gave no score. A table of 100,000 answers and 200
raters is nearly empty; the long form holds only what was rated. Labels (answer ids, names of raters) are whole numbers
from 0 up here; the code that reads a file keeps the labels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import DECIMALS, Codes, Floats

# Matrices of answers by raters are built in pieces of at most this many numbers.
PIECE = 2_000_000
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.intp] | Mask


class Classes(NamedTuple):
    """Ratings as classes."""

    levels: Floats  # (n_classes,): the scores, rising
    codes: Codes  # (n_answers, n_raters): which of them, -1 where missing


def rating_table(ratings: npt.ArrayLike) -> Floats:
    """Return the ratings as a table of floats, a copy, rounded so that equal scores are equal.

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

    The columns no longer stand for raters: it is for statistics that do not depend on who gave a rating. With 200
    raters and two ratings of each answer the table has 2 columns, not 200.

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
    """Return the sentence that explains why agreement is undefined, or `None` where it is defined.

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


@dataclass(frozen=True, slots=True, eq=False)
class LongForm:
    """Ratings, one entry each; all arrays have shape `(n_ratings,)`.

    Attributes:
        answers: which answer, 0..n_answers - 1.
        raters: who rated, 0..n_raters - 1.
        scores: finite; totals are all on one scale, points are shares of the point, 0..1.
        n_answers: number of answers; some may have no rating.
        n_raters: number of raters; some may have given no rating.
        questions: which question the answer is to, from 0 up; `None` when not known.
        points: which rubric point was rated, from 0 up; `None` when the scores are totals.
        times: when it was rated, as a number that grows with time (seconds, or 1, 2, 3 ...); NaN where not known.
        groups: which group the candidate belongs to, from 0 up, -1 where not known.
    """

    answers: Codes
    raters: Codes
    scores: Floats
    n_answers: int
    n_raters: int
    questions: Codes | None = None
    points: Codes | None = None
    times: Floats | None = None
    groups: Codes | None = None

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit each other.

        Raises:
            ValueError: an array has another shape than `answers`, a code is out of range, a score not finite.
        """
        shape = np.shape(self.answers)
        if len(shape) != 1:
            raise ValueError(f"answers must have shape (n_ratings,), got shape {shape}")
        for name, column in self._columns():
            if np.shape(column) != shape:
                raise ValueError(f"{name} has shape {np.shape(column)} but there are {shape[0]} ratings")
        if not np.isfinite(self.scores).all():
            raise ValueError("scores must be finite: leave out what was not rated")
        for name, codes, end in (("answers", self.answers, self.n_answers), ("raters", self.raters, self.n_raters)):
            if codes.size and not 0 <= codes.min() <= codes.max() < end:
                raise ValueError(f"{name} must be in 0..{end - 1}, got {codes.min()}..{codes.max()}")
        for name, known in (("questions", self.questions), ("points", self.points)):
            if known is not None and known.size and known.min() < 0:
                raise ValueError(f"{name} must be 0 or more, got {known.min()}")

    @property
    def n_ratings(self) -> int:
        """How many ratings there are."""
        return int(self.answers.size)

    def take(self, rows: Rows) -> "LongForm":
        """Return the ratings of these rows (numbers, or a mask); answers and raters keep their codes."""
        chosen: dict[str, Any] = {name: column[rows] for name, column in self._columns()}
        return replace(self, **chosen)

    def _columns(self) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                yield field.name, value


def from_matrix(ratings: npt.ArrayLike) -> LongForm:
    """Return a matrix in long form, answer by answer.

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing.

    Raises: ValueError on another shape or infinite values.
    """
    table = np.asarray(ratings, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"ratings must have shape (n_answers, n_raters), got shape {table.shape}")
    answers, raters = np.nonzero(~np.isnan(table))
    return LongForm(answers, raters, table[answers, raters], *table.shape)


def to_matrix(form: LongForm) -> Floats:
    """Return the ratings as a matrix of shape `(n_answers, n_raters)`, NaN where there is none.

    Raises: ValueError when a rater rated an answer twice: then take `first_ratings` first.
    """
    cells = form.answers * form.n_raters + form.raters
    if np.unique(cells).size < cells.size:
        raise ValueError("a rater rated an answer twice: a matrix has one place for it")
    table = np.full((form.n_answers, form.n_raters), np.nan)
    table[form.answers, form.raters] = form.scores
    return table


def first_ratings(form: LongForm) -> LongForm:
    """Return the ratings without repeats: of the same rater, answer and point the first one in time.

    Where times are unknown or equal, the order of the rows decides. The rows stay in their order.
    """
    order = _in_time(form)
    _, first = np.unique(_cells(form)[order], return_index=True)
    return form.take(np.sort(order[first]))


def repeated_pairs(form: LongForm) -> npt.NDArray[np.intp]:
    """Return row numbers of ratings that repeat an earlier one of the same rater, answer and point.

    Returns:
        Shape `(n_pairs, 2)`: the earlier row, the next later row. Three ratings make two pairs.
    """
    order = _in_time(form)
    cells = _cells(form)[order]
    by_cell = np.argsort(cells, kind="stable")
    same = cells[by_cell][1:] == cells[by_cell][:-1]
    rows = order[by_cell]
    return np.stack([rows[:-1][same], rows[1:][same]], axis=1)


def ratings_per_answer(form: LongForm) -> Codes:
    """Return how many ratings each answer has, shape `(n_answers,)`."""
    return np.bincount(form.answers, minlength=form.n_answers)


def pieces(form: LongForm, *, size: int = PIECE) -> Iterator[tuple[Codes, Codes, int]]:
    """Yield the rows in pieces of whole answers, each small enough for a matrix of its answers by all raters.

    Args:
        form: the ratings.
        size: how many numbers such a matrix may have; a piece has one answer at least.

    Returns:
        For each piece the row numbers, the answer of each row counted from 0 within the piece, and how many answers.
    """
    order = np.argsort(form.answers, kind="stable")
    _, codes = np.unique(form.answers[order], return_inverse=True)
    step = max(1, size // max(form.n_raters, 1))
    n_answers = int(codes[-1]) + 1 if codes.size else 0
    for first in range(0, n_answers, step):
        begin, end = np.searchsorted(codes, [first, first + step])
        yield order[begin:end], codes[begin:end] - first, min(step, n_answers - first)


def _in_time(form: LongForm) -> npt.NDArray[np.intp]:
    """Return the row numbers in order of time, unknown times last, ties in the order of the rows."""
    if form.times is None:
        return np.arange(form.n_ratings)
    return np.argsort(form.times, kind="stable")


def _cells(form: LongForm) -> Codes:
    """Return one number for each combination of answer, rater and point."""
    cells = form.answers.astype(np.intp) * form.n_raters + form.raters
    if form.points is None or not form.points.size:
        return cells
    return cells * (int(form.points.max()) + 1) + form.points
