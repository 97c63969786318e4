"""A monotone curve from the grader's fractions to the people's scale, fitted to a few marks (numpy only).

Own code, not scipy.optimize.isotonic_regression: it differs in the last digit (2e-16) in 16 of 150 fits, which would
change the hash of the marks in signatures, and is no faster (19 microseconds each).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Marks from which a map is fitted; with fewer it is the identity.
FEWEST_MARKS = 10
# The curve is piecewise linear between these.
_KNOTS = np.linspace(0, 1, 21)
# Prior of the difference from the identity: standard deviations of the intercept and of the slope, and length scale of
# the bend. Of scales of .3 to 1 for the slope none did better.
_LEVEL, _SLOPE, _LENGTH_SCALE = 0.3, 0.5, 0.25
# Candidate standard deviations of the bend, each with its penalty on the evidence (in nats).
_BENDS = ((0.0, 0.0), (0.05, 1.0), (0.1, 2.0))
# Candidate standard deviations of a mark around the curve.
_NOISES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)


@dataclass(frozen=True)
class ScoreMap:
    """A nondecreasing curve from 0..1 to 0..1.

    Attributes:
        heights: at 21 equal steps from 0 to 1; straight between them.
        n: marks that it was fitted to; 0 for the identity.

    """

    heights: tuple[float, ...]
    n: int

    def __call__(self, fractions: npt.ArrayLike) -> Floats:
        """The people's fraction for each of the grader's, same shape."""
        mapped: Floats = np.interp(np.asarray(fractions, dtype=float), _KNOTS, self.heights)
        return mapped


IDENTITY = ScoreMap(tuple(_KNOTS.tolist()), 0)


def fit_score_map(fractions: Sequence[float] | Floats, marks: Sequence[float] | Floats) -> ScoreMap:
    """Fit the people's scale to marked answers.

        y_i = x_i + a + b (x_i - .5) + w(x_i) + e_i

    with a ~ N(0, .3^2), b ~ N(0, .5^2), w a Gaussian process (squared exponential, length scale .25) and
    e_i ~ N(0, s^2). The variance of w and s are those with the highest evidence. The posterior mean is then made
    monotone by pooling adjacent violators and clipped to 0..1.

    Args:
        fractions: x, what the grader gave, 0..1, shape `(n,)`.
        marks: y, what people gave, 0..1, shape `(n,)`.

    Undefined: the identity for fewer than 10 marks.
    Raises: ValueError on unequal lengths.
    Source: Rasmussen & Williams (2006), sections 2.7 and 5.4.1; pooling adjacent violators: Ayer et al. (1955).
    Checked against: the least-squares line for many marks, and the identity for none.
    """
    x, y = np.asarray(fractions, dtype=float), np.asarray(marks, dtype=float)
    if x.shape != y.shape:
        raise ValueError(f"{x.size} fractions for {y.size} marks")
    if x.size < FEWEST_MARKS:
        return IDENTITY
    # Answers with nearly the same fraction count as one with less noise, so that the time does not grow with the marks.
    place = np.rint(x * (len(_KNOTS) - 1) * 5).astype(int)
    _, which, counts = np.unique(place, return_inverse=True, return_counts=True)
    center = np.bincount(which, weights=x) / counts
    apart = np.bincount(which, weights=y - x) / counts
    within = float(np.sum((y - x - apart[which]) ** 2))
    best, curve = -np.inf, np.zeros(len(_KNOTS))
    for bend, price in _BENDS:
        prior, across = _covariance(center, center, bend), _covariance(_KNOTS, center, bend)
        for noise in _NOISES:
            factor = np.linalg.cholesky(prior + np.diag(noise**2 / counts))
            whitened = np.linalg.solve(factor, apart)
            evidence = -0.5 * float(whitened @ whitened) - float(np.log(np.diag(factor)).sum())
            evidence -= (x.size - len(center)) * np.log(noise) + within / (2 * noise**2) + price
            if evidence > best:
                best, curve = evidence, across @ np.linalg.solve(factor.T, whitened)
    heights = np.clip(pool_adjacent(_KNOTS + curve), 0, 1)
    return ScoreMap(tuple(heights.tolist()), int(x.size))


def _covariance(one: Floats, other: Floats, bend: float) -> Floats:
    """Prior covariance of the differences from the identity at two fractions."""
    apart = one[:, None] - other[None, :]
    slopes = np.outer(one - 0.5, other - 0.5)
    covariance: Floats = _LEVEL**2 + _SLOPE**2 * slopes + bend**2 * np.exp(-0.5 * (apart / _LENGTH_SCALE) ** 2)
    return covariance


def pool_adjacent(heights: Floats) -> Floats:
    """Isotonic regression: the nearest nondecreasing values by least squares (pool adjacent violators).

    Args:
        heights: shape `(n,)`.

    Source: Ayer, Brunk, Ewing, Reid & Silverman (1955), Annals of Mathematical Statistics 26, 641-647.
    Checked against: a case derived by hand.
    """
    pools: list[tuple[float, int]] = []
    for height in heights.tolist():
        mean, n = height, 1
        while pools and pools[-1][0] > mean:
            before, m = pools.pop()
            mean, n = (before * m + mean * n) / (m + n), m + n
        pools.append((mean, n))
    return np.repeat([mean for mean, _ in pools], [n for _, n in pools])
