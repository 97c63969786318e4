"""Active learning: which answers to mark next, so that the predicted marks of the others become most certain.

The variance of a Gaussian process does not depend on the marks themselves, so it is known before they are given.
"""

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.marks import AnswerFeatures, MarksModel

Floats = NDArray[np.float64]

# Numbers of further marks per question on the learning curve.
STEPS = (0, 5, 10, 20)
_MORE = 10
# The plan uses at most this many answers of a question, evenly spread.
_MAX_ANSWERS = 200
# An order of marking names at most this many answers of a question.
_MAX_STEPS = 60


class UnmarkedAnswer(NamedTuple):
    """An answer without a mark."""

    answer_id: str
    question_id: str
    features: AnswerFeatures


class QuestionPlan(NamedTuple):
    """The benefit of further marks of one question.

    Attributes:
        question_id: the question.
        n_marked, n_waiting: its answers with and without marks.
        error: expected error now on its answers without marks, a root mean squared error as a fraction of the scale.
        error_with_more: the same after ten more marks, or as many as there are answers.
        gain: by how much the sum of squared errors over all its answers then falls.

    """

    question_id: str
    n_marked: int
    n_waiting: int
    error: float
    error_with_more: float
    gain: float


class MarkingPlan(NamedTuple):
    """The benefit of further marks.

    Attributes:
        curve: expected error over all answers without marks, by the number of further marks per question.
        questions: those where ten more marks help most come first.
        next_ids: answers to mark next, the most useful first.

    """

    curve: dict[int, float]
    questions: tuple[QuestionPlan, ...]
    next_ids: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        return {
            "learning_curve": [{"more_marks": n, "expected_rmse": error} for n, error in self.curve.items()],
            "questions": [question._asdict() for question in self.questions],
            "next": list(self.next_ids),
        }


class MarkingOrder(NamedTuple):
    """The answers to one question in the order in which their marks are most useful.

    Attributes:
        picks: ids, each with the fall in the sum of all variances that its mark brings.
        variances: mean variance of the answers before the first mark and after each, without noise.

    """

    picks: tuple[tuple[str, float], ...]
    variances: Floats


class _Step(NamedTuple):
    """One more mark: the answer, and the change in the sum of the variances (negative: the best sorts first)."""

    fall: float
    answer_id: str


def plan_marking(marks: MarksModel, waiting: Sequence[UnmarkedAnswer], *, n_next: int = 0) -> MarkingPlan:
    """Say where further marks would help most.

    Answers of a question are picked one by one, each time the one whose mark makes the others most certain:

        argmax_i sum_j C_ij^2 / (C_ii + noise),    C <- C - C_i C_i' / (C_ii + noise)

    with C the covariance of the predicted marks of the answers without marks.

    Args:
        marks: the model fitted so far.
        waiting: answers without marks.
        n_next: how many answers to name.

    Source: Cohn, Ghahramani & Jordan (1996), "Active Learning with Statistical Models", Journal of Artificial
        Intelligence Research 4, 129-145: the mark that lowers the expected variance most.

    """
    groups: dict[str, list[UnmarkedAnswer]] = {}
    for answer in sorted(waiting, key=lambda answer: answer.answer_id):
        groups.setdefault(answer.question_id, []).append(answer)
    noise = marks.parameters.variances.noise
    questions, picks, sums = [], [], dict.fromkeys(STEPS, 0.0)
    for name, group in sorted(groups.items()):
        sample = _spread(group, _MAX_ANSWERS)
        covariance = marks.covariance(name, [answer.features for answer in sample])
        steps = list(_greedy(covariance, [answer.answer_id for answer in sample], noise, max(n_next, *STEPS)))
        falls = np.cumsum([0.0, *(-step.fall for step in steps)])
        start, share = float(np.trace(covariance)), len(group) / len(sample)
        left = {n: start - float(falls[min(n, len(steps))]) for n in (*STEPS, _MORE)}
        for n in STEPS:
            sums[n] += left[n] * share
        error, after = (float(np.sqrt(left[n] / len(sample) + noise)) for n in (0, _MORE))
        gain = (left[0] - left[_MORE]) * share
        questions.append(QuestionPlan(name, marks.n_marked(name), len(group), error, after, gain))
        picks.append(steps)
    n_waiting = max(1, len(waiting))
    return MarkingPlan(
        curve={n: float(np.sqrt(total / n_waiting + noise)) for n, total in sums.items()} if waiting else {},
        questions=tuple(sorted(questions, key=lambda found: -found.gain)),
        next_ids=tuple(step.answer_id for step in list(merge(*picks))[:n_next]),
    )


def marking_order(
    group: Sequence[UnmarkedAnswer], covariance: Callable[[Sequence[AnswerFeatures]], Floats], noise: float
) -> MarkingOrder:
    """The order in which to mark the answers to one question, as `plan_marking` picks them, at most 60.

    Args:
        group: answers without marks; above 200 an even spread of them is looked at.
        covariance: of their predicted marks.
        noise: variance of a mark.

    """
    sample = _spread(group, _MAX_ANSWERS)
    found = covariance([answer.features for answer in sample])
    steps = list(_greedy(found, [answer.answer_id for answer in sample], noise, _MAX_STEPS))
    falls = np.cumsum([0.0, *(-step.fall for step in steps)])
    share = len(group) / len(sample)
    return MarkingOrder(
        tuple((step.answer_id, -step.fall * share) for step in steps), (float(np.trace(found)) - falls) / len(sample)
    )


def _greedy(covariance: Floats, answer_ids: Sequence[str], noise: float, n: int) -> Iterator[_Step]:
    """The answers that make the others most certain, one after the other, each with the change in variance."""
    left = covariance.copy()
    not_picked = np.ones(len(left), bool)
    for _ in range(min(n, len(left))):
        falls = (left**2).sum(axis=0) / (np.diag(left) + noise)
        best = int(np.argmax(np.where(not_picked, falls, -1.0)))
        yield _Step(-float(falls[best]), answer_ids[best])
        column = left[:, best].copy()
        left -= np.outer(column, column) / (column[best] + noise)
        not_picked[best] = False


def _spread(group: Sequence[UnmarkedAnswer], n: int) -> list[UnmarkedAnswer]:
    if len(group) <= n:
        return list(group)
    return [group[index] for index in np.linspace(0, len(group) - 1, n).astype(int)]
