"""Who rated the same answers as whom, and how far apart they were: one cell for each pair of raters.

Pure functions on `LongForm`. What is no pair is NaN; `severity.py` takes strictness apart from disagreement.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from grader.statistics.agreement import DECIMALS, Codes, Floats
from grader.statistics.long_form import LongForm, repeated_pairs

_PAIRS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class RaterPairs:
    """What pairs of raters gave the same answers; shape `(n_raters, n_raters)` each.

    Attributes:
        common: number of answers that both rated; on the diagonal, that the rater rated at all.
        exact: share of them with the same score; NaN without any, and on the diagonal.
        distance: mean absolute difference, in score points; NaN likewise.
        difference: mean of the row's score minus the column's, in score points; NaN likewise.
    """

    common: Codes
    exact: Floats
    distance: Floats
    difference: Floats


def rater_pairs(form: LongForm) -> RaterPairs:
    """Compare every two raters on the answers that both rated.

    With scores y_ir and y_is of raters r and s on their n common answers: exact = mean(y_ir == y_is), distance =
    mean |y_ir - y_is|, difference = mean(y_ir - y_is).

    Args:
        form: totals, each rater at most once for an answer (`first_ratings`).

    Undefined: NaN for raters without a common answer.
    Raises: ValueError when a rater rated an answer twice.
    Source: the definition.
    Checked against: a case derived by hand, and a loop over all pairs.
    """
    if len(repeated_pairs(form)):
        raise ValueError("a rater rated an answer twice: take the first ratings alone (first_ratings)")
    n_cells = form.n_raters**2
    common, same, absolute, signed = np.zeros((4, n_cells))
    for one, other in paired_rows(form):
        cells = form.raters[one] * form.n_raters + form.raters[other]
        apart = np.round(form.scores[one] - form.scores[other], DECIMALS)
        common += np.bincount(cells, minlength=n_cells)
        same += np.bincount(cells, weights=apart == 0, minlength=n_cells)
        absolute += np.bincount(cells, weights=np.abs(apart), minlength=n_cells)
        signed += np.bincount(cells, weights=apart, minlength=n_cells)
    common, same, absolute, signed = (sums.reshape(form.n_raters, -1) for sums in (common, same, absolute, signed))
    counts = common + common.T
    known = np.where(counts > 0, counts, np.nan)
    exact, distance, difference = (same + same.T) / known, (absolute + absolute.T) / known, (signed - signed.T) / known
    whole = counts.astype(np.intp)
    whole[np.diag_indices(form.n_raters)] = np.bincount(form.raters, minlength=form.n_raters)
    return RaterPairs(whole, exact, distance, difference)


def paired_rows(form: LongForm, *, size: int = _PAIRS_AT_ONCE) -> Iterator[tuple[Codes, Codes]]:
    """Give the row numbers of every two ratings of the same answer, once each, many at a time.

    Args:
        form: the ratings.
        size: about how many pairs at a time.

    Undefined: never; an answer with one rating gives none.
    Source: the definition.
    Checked against: `itertools.combinations`.
    """
    order = np.argsort(form.answers, kind="stable")
    counts = np.bincount(form.answers, minlength=form.n_answers)
    begins = np.cumsum(counts) - counts
    for k in np.unique(counts[counts > 1]):
        first, second = np.triu_indices(int(k), 1)
        starts = begins[counts == k]
        step = max(1, size // first.size)
        for begin in range(0, starts.size, step):
            some = starts[begin : begin + step, None]
            yield order[(some + first).ravel()], order[(some + second).ravel()]
