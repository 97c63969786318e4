"""Marks of some answers -> what the marks of others will be: a Gaussian process for each question (numpy only).

All questions share how far marks differ from the grader's mapped score (the variances), so that a few marks a question
are enough. Nothing here knows about texts, files or raters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Variances before any mark was seen (of the question's own level, of closeness, of shared words, of noise), and how
# many marks that guess is worth. Marks are fractions, 0..1. Of 20 guesses on four scored sets all that let likeness
# count agreed with people alike (docs/marks.md).
START = (0.005, 0.04, 0.04, 0.03)
_START_WEIGHT = 1.0
# Variances of the three things that all questions share: a level, how far the mapped score counts for more or less,
# and what saying more of what others say is worth (for each standard deviation of it). Wide: the marks decide.
_SHARED = (0.05, 0.5, 0.05)
# Steps of the search for the variances; after 40 the evidence changes in the fourth digit.
_STEPS = 40
# Marks of one question that the search looks at; prediction uses all.
_ENOUGH = 150


@dataclass(frozen=True, eq=False)
class MarkedQuestion:
    """The marked answers of one question.

    Attributes:
        marks: what people gave, 0..1, shape `(n,)`.
        mapped: the grader's score on the people's scale, 0..1, shape `(n,)`.
        told: how much each says of what the others say, shape `(n,)`; NaN where there is no other.
        closeness, shared: kernels between the answers, shape `(n, n)`.

    """

    marks: Floats
    mapped: Floats
    told: Floats
    closeness: Floats
    shared: Floats

    @cached_property
    def kernels(self) -> Floats:
        """The kernel of each variance in `START`, shape `(4, n, n)`."""
        return np.stack([np.ones_like(self.shared), self.closeness, self.shared, np.eye(len(self.marks))])

    def some(self, n: int) -> "MarkedQuestion":
        """At most `n` of the answers, spread evenly over their order."""
        if len(self.marks) <= n:
            return self
        kept = np.linspace(0, len(self.marks) - 1, n).astype(int)
        square = np.ix_(kept, kept)
        return MarkedQuestion(
            self.marks[kept], self.mapped[kept], self.told[kept], self.closeness[square], self.shared[square]
        )


@dataclass(frozen=True)
class Variances:
    """What the marks say about marks in general: variances of the parts of a mark, and the scale of `told`.

    Attributes:
        level, closeness, shared, noise: variances within a question, in squared fractions.
        told_mean, told_spread: mean and standard deviation of `told` over all marked answers.

    """

    level: float
    closeness: float
    shared: float
    noise: float
    told_mean: float
    told_spread: float

    @property
    def sizes(self) -> Floats:
        """The variances in the order of the kernels, shape `(4,)`."""
        return np.array([self.level, self.closeness, self.shared, self.noise])

    def resized(self, sizes: Floats) -> "Variances":
        """The same scale of `told` with other variances."""
        level, closeness, shared, noise = map(float, sizes)
        return Variances(level, closeness, shared, noise, self.told_mean, self.told_spread)


class Prediction(NamedTuple):
    """Expected marks and their standard deviations (with the noise of a single mark), shape `(n_answers,)` each."""

    mean: Floats
    spread: Floats


class GaussianProcess:
    """A Gaussian process on the marks of one team.

        y_i = mapped_i + b_0 + b_1 (mapped_i - .5) + b_2 z_i + u_q + g_q(i) + e_i

    with z the standardised `told`, b ~ N(0, shared variances), u_q ~ N(0, level), g_q a Gaussian process within the
    question with the kernel closeness * k_c + shared * k_s, and e ~ N(0, noise).

    Args:
        questions: the marked answers, by question.
        variances: how far each part reaches, as `fit_variances` finds them.

    Source: Rasmussen & Williams (2006), sections 2.2 and 2.7 (explicit basis functions) and 5.4.2 (leave-one-out).

    """

    def __init__(self, questions: Sequence[MarkedQuestion], variances: Variances) -> None:
        self.questions = tuple(questions)
        self.variances = variances
        self._parts = [_solve(question, variances) for question in questions]
        precision = np.diag(1 / np.array(_SHARED)) + sum(part.gram for part in self._parts)
        self._covariance = np.linalg.inv(precision)
        self._slopes = self._covariance @ sum((part.pull for part in self._parts), np.zeros(len(_SHARED)))

    def predict(self, question: int, mapped: Floats, told: Floats, closeness: Floats, shared: Floats) -> Prediction:
        """What people would give other answers to a marked question.

        Args:
            question: index into `questions`.
            mapped, told: as in `MarkedQuestion`, of the new answers, shape `(n_answers,)`.
            closeness, shared: kernels with the marked answers, shape `(n_answers, n_marked)`.

        """
        found, part = self.variances, self._parts[question]
        basis = _basis(mapped, told, found)
        cross = self.prior(closeness, shared)
        weights = cross @ part.inverse
        mean = mapped + basis @ self._slopes + weights @ (part.residual - part.basis @ self._slopes)
        left = basis - weights @ part.basis
        own = found.level + found.closeness + found.shared + found.noise
        variance = own - (weights * cross).sum(axis=1) + ((left @ self._covariance) * left).sum(axis=1)
        return Prediction(mean, np.sqrt(np.maximum(variance, found.noise)))

    def elsewhere(self, mapped: Floats) -> Prediction:
        """What people would give answers to a question of which none is marked: the mapped score."""
        found = self.variances
        own = found.level + found.closeness + found.shared + found.noise
        return Prediction(mapped.copy(), np.full(len(mapped), np.sqrt(own)))

    def prior(self, closeness: Floats, shared: Floats) -> Floats:
        """Covariance of answers to a question without marks, noise apart, from their kernels, shape `(n, n)`."""
        found = self.variances
        covariance: Floats = found.level + found.closeness * closeness + found.shared * shared
        return covariance

    def posterior(
        self, question: int, closeness: Floats, shared: Floats, among_closeness: Floats, among_shared: Floats
    ) -> Floats:
        """Covariance of new answers to a marked question, noise and the shared slopes apart, shape `(n, n)`.

        Args:
            question: index into `questions`.
            closeness, shared: kernels with the marked answers, shape `(n, n_marked)`.
            among_closeness, among_shared: kernels among the new ones, shape `(n, n)`.

        """
        cross = self.prior(closeness, shared)
        return self.prior(among_closeness, among_shared) - cross @ self._parts[question].inverse @ cross.T

    def left_out(self) -> list[Prediction]:
        """For every marked answer what the model expects without its mark, by question."""
        results = []
        for question, part in zip(self.questions, self._parts, strict=True):
            solved = part.inverse @ part.basis
            diagonal = np.diag(part.inverse) - ((solved @ self._covariance) * solved).sum(axis=1)
            diagonal = np.maximum(diagonal, 1e-12)
            pulled = part.inverse @ (part.residual - part.basis @ self._slopes)
            results.append(Prediction(question.marks - pulled / diagonal, np.sqrt(1 / diagonal)))
        return results


class _Part(NamedTuple):
    """What the model keeps of one question; `gram` and `pull` are its share of the shared slopes' equations."""

    residual: Floats
    basis: Floats
    inverse: Floats
    gram: Floats
    pull: Floats


def _solve(question: MarkedQuestion, found: Variances) -> _Part:
    covariance = found.level + found.closeness * question.closeness + found.shared * question.shared
    covariance[np.diag_indices_from(covariance)] += found.noise
    inverse = np.asarray(np.linalg.inv(covariance), dtype=float)
    residual, basis = question.marks - question.mapped, _basis(question.mapped, question.told, found)
    return _Part(residual, basis, inverse, basis.T @ inverse @ basis, basis.T @ inverse @ residual)


def _basis(mapped: Floats, told: Floats, found: Variances) -> Floats:
    """What the shared slopes multiply, shape `(n, 3)`; where nothing is known of `told` it is taken for its mean."""
    standardised = np.nan_to_num((told - found.told_mean) / found.told_spread)
    return np.column_stack([np.ones_like(mapped), mapped - 0.5, standardised])


def fit_variances(questions: Sequence[MarkedQuestion]) -> Variances:
    """The variances under which the marks are most likely (empirical Bayes), held a little towards a first guess.

    Each step multiplies every variance by the square root of what the marks ask of its part over what the model
    expects of it; the evidence never falls. With few marks the first guess holds; a part that the marks do not ask for
    goes towards 0.

        v_k <- sqrt((v_k^2 a' K_k a / 2 + w s_k) / (tr(V^-1 K_k) / 2 + w / v_k)),    a = V^-1 r

    with s_k the first guess and w what it is worth.

    Source: the MM algorithm of Zhou, Hu, Qiao, Cho & Zhou (2019), Journal of Computational and Graphical Statistics
    28, 350-361; with an inverse-gamma prior, majorised likewise.
    """
    told = np.concatenate([np.zeros(0), *(question.told for question in questions)])
    told = told[~np.isnan(told)]
    spread = float(told.std()) if len(told) > 1 else 0.0
    found = Variances(*START, float(told.mean()) if len(told) else 0.0, spread if spread > 1e-6 else 1.0)
    looked = [question.some(_ENOUGH) for question in questions]
    for _ in range(_STEPS):
        found = found.resized(_step(looked, found))
    return found


def _step(questions: Sequence[MarkedQuestion], found: Variances) -> Floats:
    """One step towards more likely variances."""
    model = GaussianProcess(questions, found)
    asked, expected = np.zeros(len(START)), np.zeros(len(START))
    for question, part in zip(questions, model._parts, strict=True):
        solved = part.inverse @ part.basis
        inverse = part.inverse - solved @ model._covariance @ solved.T
        pulled = part.inverse @ (part.residual - part.basis @ model._slopes)
        asked += question.kernels @ pulled @ pulled
        expected += np.tensordot(question.kernels, inverse, axes=2)
    weight = _START_WEIGHT * np.array(START)
    sizes: Floats = np.sqrt((found.sizes**2 * asked / 2 + weight) / (expected / 2 + _START_WEIGHT / found.sizes))
    return sizes
