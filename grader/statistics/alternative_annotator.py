"""The alternative annotator test (alt-test): whether the system may replace a person as a rater.

Leave one rater out. On each answer, who is closer to the remaining raters: the one left out, or the system? The system
wins against a rater when it is at least as close often enough, with a bonus for being cheaper. Pure functions on numpy
arrays; NaN means undefined.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import DECIMALS, Floats, average_ranks
from grader.statistics.distributions import normal_cdf, student_t_tail
from grader.statistics.false_discovery import benjamini_yekutieli
from grader.statistics.rating_tables import rating_table

Closeness = Literal["distance", "equal"]

_SAME = 10.0**-DECIMALS
# With fewer answers there are too few differences for a t-test.
T_TEST_FROM = 30
FALSE_DISCOVERY_RATE = 0.05
RATERS_FOR_A_CONSENSUS = 3
_HALF = 0.5  # of the raters


class AltTest(NamedTuple):
    """Result of the alternative annotator test; NaN where undefined."""

    winning_rate: float  # omega: share of the tested raters whom the system beats; from .5 on it passes
    advantage: float  # rho: mean over raters of the share of answers where the system is at least as close
    n_tested: int  # raters with enough answers
    n_answers: int  # answers with at least two ratings
    advantages: Floats  # (n_raters,), NaN for raters who were not tested
    p_values: Floats  # (n_raters,), before the adjustment
    q_values: Floats  # (n_raters,), adjusted after Benjamini and Yekutieli
    n_of_rater: Floats  # (n_raters,), answers each shares with another rater


def alt_test(
    ratings: npt.ArrayLike,
    system: npt.ArrayLike,
    *,
    epsilon: float,
    closeness: Closeness = "distance",
    min_answers: int = T_TEST_FROM,
) -> AltTest:
    """Return the share of raters whom the system could replace, and how often it is at least as close as a rater.

    For rater r and answer i with others j: S(x) = -sqrt(mean_j (x - h_ij)^2), or the share of j with h_ij = x;
    w_h = 1 if S(h_ir) >= S(m_i), w_m = 1 if S(m_i) >= S(h_ir), each else 0. d = w_h - w_m is tested against `epsilon`:
    the system beats r if the mean of d is significantly below it (one-sided t-test; Wilcoxon's signed-rank test below
    30 answers), with false discoveries held at .05 over the raters (Benjamini & Yekutieli). rho_r = mean_i(w_m).

    Args:
        ratings: shape `(n_answers, n_raters)`, NaN = missing. Answers with fewer than two ratings do not count.
        system: shape `(n_answers,)`, on the scale of the ratings.
        epsilon: how much worse the system may be because it is cheaper: .2 against experts, .15 against skilled people,
            .1 against crowd workers.
        closeness: `distance` for scores, `equal` for classes without an order.
        min_answers: raters who share fewer answers are not tested; 30 is the authors' minimum for the t-test.

    Returns:
        See `AltTest`. The authors ask for three raters or more: with two there is no consensus to be close to.

    Undefined: NaN when no rater shares `min_answers` answers with another.
    Raises: ValueError on another shape, infinite ratings, missing system scores, an unknown closeness, or
        `min_answers` below 2.
    Source: Calderon, Reichart & Dror (2025), Proceedings of ACL, 16051-16081.
    Checked against: cases derived by hand, a loop over answers, and the authors' program on simulated panels.
    """
    if closeness not in get_args(Closeness):
        raise ValueError(f"closeness must be one of {', '.join(get_args(Closeness))}, got '{closeness}'")
    if min_answers < 2:
        raise ValueError(f"min_answers must be 2 or more, got {min_answers}")
    table, m = rating_table(ratings), np.asarray(system, dtype=float)
    if m.shape != (len(table),):
        raise ValueError(f"system has shape {m.shape} but there are {len(table)} answers: give one score each")
    if not np.isfinite(m).all():
        raise ValueError(f"system has {np.count_nonzero(~np.isfinite(m))} missing scores: leave those answers out")
    shared = np.isfinite(table).sum(axis=1) >= 2
    table, m = table[shared], m[shared]
    n_raters = table.shape[1]
    n_of_rater = np.isfinite(table).sum(axis=0).astype(float)
    advantages, p_values = np.full(n_raters, np.nan), np.full(n_raters, np.nan)
    for rater in np.flatnonzero(n_of_rater >= min_answers):
        difference = _lead_of_human(table, m, int(rater), closeness)
        advantages[rater] = float(np.mean(difference <= 0))
        p_values[rater] = _p_below(difference, epsilon)
    q_values = benjamini_yekutieli(p_values)
    tested = np.isfinite(p_values)
    if not tested.any():
        rate = advantage = float("nan")
    else:
        rate = float(np.mean(q_values[tested] <= FALSE_DISCOVERY_RATE))
        advantage = float(advantages[tested].mean())
    return AltTest(rate, advantage, int(tested.sum()), len(table), advantages, p_values, q_values, n_of_rater)


def alt_test_outcome(result: AltTest) -> Literal["pass", "fail", "cannot tell"]:
    """Return the outcome of the test, also where it is inconclusive.

    Pass: the system beats at least half of the raters, the authors' rule. Fail: at least half of the raters beat the
    system, with 1 - p_r < .05. A system that does not beat a rater has not lost to that rater: with 50 answers, a
    system that rates exactly like three people beats fewer than half of them in every third simulated case.

    Args:
        result: from `alt_test`, with at least one rater tested.

    Undefined: never.
    Source: as `alt_test` for pass; fail is the same test in the opposite direction.
    Checked against: simulated panels.
    """
    if result.winning_rate >= _HALF:
        return "pass"
    tested = result.p_values[np.isfinite(result.p_values)]
    return "fail" if np.mean(1 - tested < FALSE_DISCOVERY_RATE) >= _HALF else "cannot tell"


def _lead_of_human(table: Floats, m: Floats, rater: int, closeness: Closeness) -> Floats:
    """Return w_h - w_m on the rater's answers: 1 if the rater alone is closer, -1 if the system alone, 0 if equal."""
    rows = np.isfinite(table[:, rater])
    others = np.delete(table[rows], rater, axis=1)
    n_others = np.isfinite(others).sum(axis=1)

    def misses(scores: Floats) -> Floats:
        apart = np.abs(others - scores[:, None])
        if closeness == "equal":
            return np.asarray(np.sum(apart > _SAME, axis=1) / n_others, dtype=float)
        return np.asarray(np.sqrt(np.nansum(apart**2, axis=1) / n_others), dtype=float)

    lead = misses(m[rows]) - misses(table[rows, rater])
    return np.where(np.abs(lead) <= _SAME, 0.0, np.sign(lead))


def _p_below(difference: Floats, epsilon: float) -> float:
    """Return the one-sided p-value that the differences lie below `epsilon`."""
    n = difference.size
    apart = difference - epsilon
    if n < T_TEST_FROM:
        return _wilcoxon_below(apart)
    error = float(apart.std(ddof=1)) / np.sqrt(n)
    if error == 0:
        return 0.0 if apart[0] < 0 else 1.0
    return float(student_t_tail(-apart.mean() / error, n - 1))


def _wilcoxon_below(apart: Floats) -> float:
    """Return the p-value of Wilcoxon's signed-rank test against larger values, normal with a correction for ties."""
    apart = apart[np.abs(apart) > _SAME]
    n = apart.size
    if n == 0:
        return 1.0
    sizes: Floats = np.asarray(np.round(np.abs(apart), DECIMALS), dtype=float)
    above = float(average_ranks(sizes)[apart > 0].sum())
    ties = np.unique(sizes, return_counts=True)[1]
    variance = n * (n + 1) * (2 * n + 1) / 24 - float(np.sum(ties**3 - ties)) / 48
    return normal_cdf((above - n * (n + 1) / 4) / float(np.sqrt(variance)))
