"""How far the grader will agree with a person after some more marks: known beforehand, as the variances are.

A prediction m of a mark y has the variance v (with the noise of a mark), so over some answers var(y) = var(m) + mean v.
Further marks move variance from v to m and leave the sum, from which the agreement after them follows.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.calibration.marking.active_learning import UnmarkedAnswer, marking_order
from grader.marks import FEWEST_MARKS, PRIOR, Correction, MarkedAnswer, MarksModel, prior_covariance

Floats = NDArray[np.float64]

# Two people differ by .11, .23 and .26 of the scale (root mean square) on three sets with several raters.
USUAL_DIFFERENCE = 0.23


class QuestionForecast(NamedTuple):
    """One question.

    Attributes:
        question_id: the question.
        n_marked, n_waiting: its answers with and without marks.
        errors: expected root mean squared error on its answers without marks after 0, 1, ... further marks, as
            fractions of the scale; empty where fewer than ten answers are marked in all.

    """

    question_id: str
    n_marked: int
    n_waiting: int
    errors: tuple[float, ...]

    def marks_needed(self, difference: float) -> int | None:
        """Further marks until the error is at most `difference`; `None` where the known steps do not get there."""
        return next((n for n, error in enumerate(self.errors) if error <= difference), None)


class Forecast(NamedTuple):
    """What some marks say of the answers without marks.

    Attributes:
        expected: by answer id, the expected mark with its interval; empty below ten marks.
        questions: those with answers that wait.
        next_ids: the answers to mark next, the most useful first.
        error: expected root mean squared error over all that wait; `None` below ten marks.
        agreement: expected quadratic weighted kappa with the person over all that wait; `None` below ten marks or
            where nothing varies.

    """

    expected: Mapping[str, Correction]
    questions: tuple[QuestionForecast, ...]
    next_ids: tuple[str, ...]
    error: float | None
    agreement: float | None


def forecast_agreement(marked: Sequence[MarkedAnswer], waiting: Sequence[UnmarkedAnswer]) -> Forecast:
    """Predict the marks of answers, and how the predictions improve with further marks.

    Args:
        marked: by one person; below ten nothing is predicted, and what to mark next comes from the texts alone.
        waiting: answers without marks.

    """
    groups: dict[str, list[UnmarkedAnswer]] = {}
    for answer in sorted(waiting, key=lambda answer: answer.answer_id):
        groups.setdefault(answer.question_id, []).append(answer)
    n_marked: dict[str, int] = {}
    for answer in marked:
        n_marked[answer.question_id] = n_marked.get(answer.question_id, 0) + 1
    usable = [answer for answer in marked if "no_answer" not in answer.features.flags]
    model = MarksModel(usable) if len(usable) >= FEWEST_MARKS else None
    noise = PRIOR[-1] if model is None else model.parameters.variances.noise
    expected: dict[str, Correction] = {}
    questions, orders, variances = [], [], []
    for name, group in sorted(groups.items()):
        features = [answer.features for answer in group]
        order = marking_order(
            group,
            (lambda seen: prior_covariance(seen)) if model is None else (lambda seen, n=name: model.covariance(n, seen)),
            noise,
        )
        errors: tuple[float, ...] = ()
        if model is not None:
            found = model.correct_many(name, features)
            expected.update(zip((answer.answer_id for answer in group), found, strict=True))
            errors = tuple(np.sqrt(np.maximum(order.variances, 0.0) + noise).tolist())
            variances += [order.variances[0] + noise] * len(group)
        questions.append(QuestionForecast(name, n_marked.get(name, 0), len(group), errors))
        # Before anything is known each question counts alike: one answer of each in turn.
        orders += [
            ((place, name) if model is None else (-gain, name), answer_id)
            for place, (answer_id, gain) in enumerate(order.picks, n_marked.get(name, 0))
        ]
    means = np.array([found.fraction for found in expected.values()])
    spread, left = (float(means.var()), float(np.mean(variances))) if expected else (0.0, 0.0)
    return Forecast(
        expected=expected,
        questions=tuple(questions),
        next_ids=tuple(answer_id for _, answer_id in sorted(orders)),
        error=float(np.sqrt(left)) if expected else None,
        agreement=2 * spread / (2 * spread + left) if expected and spread > 0 else None,
    )
