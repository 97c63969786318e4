"""Corrected rates and means over a large batch that the system scored and people scored in part.

The system alone is cheap and biased, the people alone are few. Both together give the mean score of the batch
(prediction-powered inference), or the share that truly passes (Rogan-Gladen). The people's part must be a random sample
of such answers. Pure functions on numpy arrays.
"""

import math

import numpy as np
import numpy.typing as npt

from grader.statistics.agreement import Floats, varies
from grader.statistics.bootstrap import N_RESAMPLES, SEED
from grader.statistics.distributions import normal_quantile
from grader.statistics.intervals import Estimate


def ppi_mean(
    human: npt.ArrayLike,
    system: npt.ArrayLike,
    batch: npt.ArrayLike,
    *,
    tuned: bool = False,
    confidence: float = 0.95,
) -> Estimate:
    """Return the mean human score of a batch that people scored in part: the system's mean, corrected by its error.

    L mean(j on the batch) + mean(h - L j), with h and j human and system on the n answers that people scored and N
    answers in the batch; interval -+ z sqrt(var(h - L j) / n + L^2 var(j on the batch) / N), variances divided by
    n and N. L = 1, or `tuned` (PPI++): cov(h, j) / ((1 + n / N) var(j on both)), in 0..1.
    With many answers the tuned interval is no wider than that of the people alone.

    Args:
        human: shape `(n,)`, scores by people.
        system: shape `(n,)`, system scores of the same answers.
        batch: shape `(N,)`, system scores of the answers that nobody scored.
        tuned: see above.
        confidence: between 0 and 1.

    Undefined: value `None` without answers of either kind; ends `None` with one scored answer.
    Raises: ValueError on unequal lengths, values that are not finite, or `confidence` out of range.
    Source: Angelopoulos et al. (2023), Science 382, 669-674; tuned: Angelopoulos, Duchi & Zrnic (2023), "PPI++".
    Checked against: the package ppi-python, both ways.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    h, j, all_of_batch = _scores("human", human), _scores("system", system), _scores("batch", batch)
    if h.size != j.size:
        raise ValueError(f"human has {h.size} scores but system has {j.size}: they must be of the same answers")
    if h.size == 0 or all_of_batch.size == 0:
        return Estimate(None, None, None, h.size, "undefined: it needs answers scored by people, and a batch")
    power = _power(h, j, all_of_batch) if tuned else 1.0
    value = power * all_of_batch.mean() + np.mean(h - power * j)
    if h.size == 1:
        return Estimate(float(value), None, None, 1, "no interval: one answer scored by people")
    variance = np.var(h - power * j) / h.size + power**2 * all_of_batch.var() / all_of_batch.size
    half_width = normal_quantile((1 + confidence) / 2) * math.sqrt(float(variance))
    return Estimate(float(value), float(value - half_width), float(value + half_width), h.size)


def rogan_gladen(
    human: npt.ArrayLike,
    system: npt.ArrayLike,
    batch: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    n_resamples: int = N_RESAMPLES,
    seed: int = SEED,
) -> Estimate:
    """Return the share of a batch that people would pass, from the system's share and its rates of error.

    (p + TNR - 1) / (TPR + TNR - 1), cut to 0..1, with p the share of the batch that the system passes, TPR and TNR the
    shares of the answers passed, and failed, by people on which the system agrees. The interval is the middle of
    resamples of both, the scored answers and the batch; each of the four counts gets 1/4 added, so that a rate of 0 or
    1 in few answers does not look certain. Resamples where TPR + TNR <= 1 carry no information and widen it on both
    sides.

    Args:
        human: shape `(n,)`, True or 1 where people passed the answer.
        system: shape `(n,)`, the same for the system.
        batch: shape `(N,)`, system decisions on the answers that nobody judged.
        confidence: between 0 and 1.
        n_resamples: 1 or more.
        seed: of the random generator.

    Undefined: `None` when people passed none or all of the scored answers, the batch is empty, or TPR + TNR <= 1:
        such a system says nothing about people's decisions.
    Raises: ValueError on unequal lengths, values other than 0 and 1, or options out of range.
    Source: Rogan & Gladen (1978), American Journal of Epidemiology 107, 71-76.
    Checked against: the package judgy (value); coverage in simulations.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be 1 or more, got {n_resamples}")
    h, j, all_of_batch = _decisions("human", human), _decisions("system", system), _decisions("batch", batch)
    if h.size != j.size:
        raise ValueError(f"human has {h.size} decisions but system has {j.size}: they must be of the same answers")
    n_passed, n_failed = int(h.sum()), int(h.size - h.sum())
    if min(n_passed, n_failed, all_of_batch.size) == 0:
        reason = "undefined: people must have passed some and failed some of the answers, and there must be a batch"
        return Estimate(None, None, None, h.size, reason)
    counts = np.array([h @ j, h @ (1 - j), (1 - h) @ j, (1 - h) @ (1 - j)], dtype=float)
    value = _corrected(counts[None, :], np.array([all_of_batch.mean()], dtype=float))[0]
    if not math.isfinite(value):
        return Estimate(None, None, None, h.size, "undefined: the system is right no more often than by chance")
    rng = np.random.default_rng(seed)
    drawn = np.asarray(rng.multinomial(h.size, counts / h.size, size=n_resamples) + 0.25, dtype=float)
    shares = np.asarray(rng.binomial(all_of_batch.size, all_of_batch.mean(), size=n_resamples) / all_of_batch.size)
    values = _corrected(drawn, shares)
    n_lost = int(np.count_nonzero(np.isnan(values)))
    note = (
        f"in {n_lost} of {n_resamples} resamples the system is right no more often than by chance" if n_lost else None
    )
    low = float(np.quantile(np.where(np.isnan(values), 0.0, values), (1 - confidence) / 2))
    high = float(np.quantile(np.where(np.isnan(values), 1.0, values), (1 + confidence) / 2))
    return Estimate(float(value), min(low, float(value)), max(high, float(value)), h.size, note)


def _scores(name: str, values: npt.ArrayLike) -> Floats:
    scores = np.asarray(values, dtype=float)
    if scores.ndim != 1:
        raise ValueError(f"{name} must have shape (n_answers,), got shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"{name} has {np.count_nonzero(~np.isfinite(scores))} values that are not finite")
    return scores


def _decisions(name: str, values: npt.ArrayLike) -> Floats:
    decisions = _scores(name, values)
    strange = decisions[(decisions != 0) & (decisions != 1)]
    if strange.size:
        raise ValueError(f"{name} must be 0 or 1 everywhere, got {strange[0]:g}")
    return decisions


def _power(h: Floats, j: Floats, batch: Floats) -> float:
    both = np.concatenate([j, batch])
    if not varies(both):
        return 0.0
    covariance = np.mean((h - h.mean()) * (j - j.mean()))
    return float(np.clip(covariance / ((1 + h.size / batch.size) * both.var(ddof=1)), 0.0, 1.0))


def _corrected(counts: Floats, shares: Floats) -> Floats:
    """Return corrected shares; `counts` are passed by both, people only, the system only, neither: `(n_draws, 4)`."""
    both, people, alone, none = counts.T
    passed, failed = both + people, alone + none
    known = (passed > 0) & (failed > 0)
    right = both / np.where(known, passed, 1.0)
    right_to_fail = none / np.where(known, failed, 1.0)
    skill = np.where(known, right + right_to_fail - 1, 0.0)
    corrected: Floats = np.divide(
        shares + right_to_fail - 1, skill, out=np.full(shares.shape, np.nan), where=skill > 1e-9
    )
    return np.asarray(np.clip(corrected, 0.0, 1.0), dtype=float)
