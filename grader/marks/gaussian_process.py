"""A Gaussian process for each question that predicts marks of answers from marks of others (numpy only).

The variances are shared by all questions, so that a few marks a question are enough. Nothing here uses texts, files or
raters.

Own code, not sklearn's GaussianProcessRegressor: with the same variances both predict the same (differences below
1e-14), but it fits 375 marks in 13 s instead of 0.7 s, without a prior on the variances, and offers no leave-one-out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Prior variances (level of a question, embedding kernel, lexical kernel, noise) and how many marks the prior is worth.
# Marks are fractions, 0..1. Of 20 priors on four scored sets, all with a positive kernel variance agreed with people
# equally well (docs/marks.md).
PRIOR = (0.005, 0.04, 0.04, 0.03)
_PRIOR_WEIGHT = 1.0
# Prior variances of the coefficients that all questions share: intercept, slope of the mapped score, and effect of one
# standard deviation of containment. They are wide, so that the marks decide.
_COEFFICIENT_VARIANCES = (0.05, 0.5, 0.05)
# Steps of the search for the variances; after 40 the evidence changes in the fourth digit.
_STEPS = 40
# Marks of one question that the search uses at most; prediction uses all.
_MAX_FITTED = 150


@dataclass(frozen=True, eq=False)
class MarkedQuestion:
    """The marked answers of one question.

    Attributes:
        marks: what people gave, 0..1, shape `(n,)`.
        mapped: the grader's score on the people's scale, 0..1, shape `(n,)`.
        containment: weighted containment of the other marked answers, shape `(n,)`; NaN where there is no other.
        embedding_kernel, lexical_kernel: between the answers, shape `(n, n)`.

    """

    marks: Floats
    mapped: Floats
    containment: Floats
    embedding_kernel: Floats
    lexical_kernel: Floats

    @cached_property
    def kernels(self) -> Floats:
        """The kernel of each variance in `PRIOR`, shape `(4, n, n)`."""
        return np.stack(
            [np.ones_like(self.lexical_kernel), self.embedding_kernel, self.lexical_kernel, np.eye(len(self.marks))]
        )

    def subsample(self, n: int) -> "MarkedQuestion":
        """At most `n` of the answers, spread evenly over their order."""
        if len(self.marks) <= n:
            return self
        kept = np.linspace(0, len(self.marks) - 1, n).astype(int)
        square = np.ix_(kept, kept)
        return MarkedQuestion(
            self.marks[kept],
            self.mapped[kept],
            self.containment[kept],
            self.embedding_kernel[square],
            self.lexical_kernel[square],
        )


@dataclass(frozen=True)
class Variances:
    """Variances of the parts of a mark, and the scale of containment; the same for all questions.

    Attributes:
        level, embedding, lexical, noise: variances within a question, in squared fractions.
        containment_mean, containment_sd: mean and standard deviation of containment over all marked answers.

    """

    level: float
    embedding: float
    lexical: float
    noise: float
    containment_mean: float
    containment_sd: float

    @property
    def components(self) -> Floats:
        """The variances in the order of the kernels, shape `(4,)`."""
        return np.array([self.level, self.embedding, self.lexical, self.noise])

    def with_components(self, components: Floats) -> "Variances":
        """The same scale of containment with other variances."""
        level, embedding, lexical, noise = map(float, components)
        return Variances(level, embedding, lexical, noise, self.containment_mean, self.containment_sd)


class Prediction(NamedTuple):
    """Expected marks and their standard deviations (with the noise of a single mark), shape `(n_answers,)` each."""

    mean: Floats
    spread: Floats


class GaussianProcess:
    """A Gaussian process on the marks of one team.

        y_i = mapped_i + b_0 + b_1 (mapped_i - .5) + b_2 z_i + u_q + g_q(i) + e_i

    with z the standardised containment, b ~ N(0, coefficient variances), u_q ~ N(0, level), g_q a Gaussian process
    within the question with the kernel embedding * k_e + lexical * k_l, and e ~ N(0, noise).

    Args:
        questions: the marked answers, by question.
        variances: from `fit_variances`.

    Source: Rasmussen & Williams (2006), sections 2.2 and 2.7 (explicit basis functions) and 5.4.2 (leave-one-out).

    """

    def __init__(self, questions: Sequence[MarkedQuestion], variances: Variances) -> None:
        self.questions = tuple(questions)
        self.variances = variances
        self._parts = [_solve(question, variances) for question in questions]
        precision = np.diag(1 / np.array(_COEFFICIENT_VARIANCES)) + sum(part.gram for part in self._parts)
        self._covariance = np.linalg.inv(precision)
        self._coefficients = self._covariance @ sum(
            (part.pull for part in self._parts), np.zeros(len(_COEFFICIENT_VARIANCES))
        )

    def predict(
        self, question: int, mapped: Floats, containment: Floats, embedding_kernel: Floats, lexical_kernel: Floats
    ) -> Prediction:
        """Predict the marks of other answers to a marked question.

        Args:
            question: index into `questions`.
            mapped, containment: as in `MarkedQuestion`, of the new answers, shape `(n_answers,)`.
            embedding_kernel, lexical_kernel: with the marked answers, shape `(n_answers, n_marked)`.

        """
        found, part = self.variances, self._parts[question]
        basis = _basis(mapped, containment, found)
        cross = self.prior(embedding_kernel, lexical_kernel)
        weights = cross @ part.inverse
        mean = mapped + basis @ self._coefficients + weights @ (part.residual - part.basis @ self._coefficients)
        left = basis - weights @ part.basis
        own = found.level + found.embedding + found.lexical + found.noise
        variance = own - (weights * cross).sum(axis=1) + ((left @ self._covariance) * left).sum(axis=1)
        return Prediction(mean, np.sqrt(np.maximum(variance, found.noise)))

    def prior(self, embedding_kernel: Floats, lexical_kernel: Floats) -> Floats:
        """Covariance of answers to a question without marks, without noise, from their kernels, shape `(n, n)`."""
        found = self.variances
        covariance: Floats = found.level + found.embedding * embedding_kernel + found.lexical * lexical_kernel
        return covariance

    def posterior(
        self,
        question: int,
        embedding_kernel: Floats,
        lexical_kernel: Floats,
        new_embedding_kernel: Floats,
        new_lexical_kernel: Floats,
    ) -> Floats:
        """Covariance of new answers to a marked question, without noise and the coefficients, shape `(n, n)`.

        Args:
            question: index into `questions`.
            embedding_kernel, lexical_kernel: with the marked answers, shape `(n, n_marked)`.
            new_embedding_kernel, new_lexical_kernel: between the new answers, shape `(n, n)`.

        """
        cross = self.prior(embedding_kernel, lexical_kernel)
        return self.prior(new_embedding_kernel, new_lexical_kernel) - cross @ self._parts[question].inverse @ cross.T

    def leave_one_out(self) -> list[Prediction]:
        """Predict every marked answer without its own mark, by question."""
        results = []
        for question, part in zip(self.questions, self._parts, strict=True):
            solved = part.inverse @ part.basis
            diagonal = np.diag(part.inverse) - ((solved @ self._covariance) * solved).sum(axis=1)
            diagonal = np.maximum(diagonal, 1e-12)
            pulled = part.inverse @ (part.residual - part.basis @ self._coefficients)
            results.append(Prediction(question.marks - pulled / diagonal, np.sqrt(1 / diagonal)))
        return results


class _Part(NamedTuple):
    """Precomputed parts of one question; `gram` and `pull` are its terms in the equations of the coefficients."""

    residual: Floats
    basis: Floats
    inverse: Floats
    gram: Floats
    pull: Floats


def _solve(question: MarkedQuestion, found: Variances) -> _Part:
    covariance = found.level + found.embedding * question.embedding_kernel
    covariance = covariance + found.lexical * question.lexical_kernel
    covariance[np.diag_indices_from(covariance)] += found.noise
    inverse = np.asarray(np.linalg.inv(covariance), dtype=float)
    residual, basis = question.marks - question.mapped, _basis(question.mapped, question.containment, found)
    return _Part(residual, basis, inverse, basis.T @ inverse @ basis, basis.T @ inverse @ residual)


def _basis(mapped: Floats, containment: Floats, found: Variances) -> Floats:
    """The regressors of the shared coefficients, shape `(n, 3)`; unknown containment counts as the mean."""
    standardised = np.nan_to_num((containment - found.containment_mean) / found.containment_sd)
    return np.column_stack([np.ones_like(mapped), mapped - 0.5, standardised])


def fit_variances(questions: Sequence[MarkedQuestion]) -> Variances:
    """The variances with the highest posterior density (empirical Bayes with a weak prior).

    Each step multiplies every variance by the square root of the observed over the expected size of its part; the
    evidence never falls. With few marks the prior dominates; a part that the marks do not support goes towards 0.

        v_k <- sqrt((v_k^2 a' K_k a / 2 + w s_k) / (tr(V^-1 K_k) / 2 + w / v_k)),    a = V^-1 r

    with s_k the prior variance and w its weight.

    Source: the MM algorithm of Zhou, Hu, Qiao, Cho & Zhou (2019), Journal of Computational and Graphical Statistics
    28, 350-361; with an inverse-gamma prior, majorised likewise.
    """
    known = np.concatenate([np.zeros(0), *(question.containment for question in questions)])
    known = known[~np.isnan(known)]
    spread = float(known.std()) if len(known) > 1 else 0.0
    found = Variances(*PRIOR, float(known.mean()) if len(known) else 0.0, spread if spread > 1e-6 else 1.0)
    samples = [question.subsample(_MAX_FITTED) for question in questions]
    for _ in range(_STEPS):
        found = found.with_components(_step(samples, found))
    return found


def _step(questions: Sequence[MarkedQuestion], found: Variances) -> Floats:
    """One minorisation-maximisation step."""
    model = GaussianProcess(questions, found)
    observed, expected = np.zeros(len(PRIOR)), np.zeros(len(PRIOR))
    for question, part in zip(questions, model._parts, strict=True):
        solved = part.inverse @ part.basis
        inverse = part.inverse - solved @ model._covariance @ solved.T
        pulled = part.inverse @ (part.residual - part.basis @ model._coefficients)
        observed += question.kernels @ pulled @ pulled
        expected += np.tensordot(question.kernels, inverse, axes=2)
    weight = _PRIOR_WEIGHT * np.array(PRIOR)
    old = found.components
    new: Floats = np.sqrt((old**2 * observed / 2 + weight) / (expected / 2 + _PRIOR_WEIGHT / old))
    return new
