"""How far the grader will agree with a person after some more marks: known beforehand, as the variances are."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.calibration.marking.active_learning import UnmarkedAnswer, marking_order
from grader.marks import FEWEST_MARKS, PRIOR, Correction, MarkedAnswer, MarksModel, prior_covariance, score_map_errors

Floats = NDArray[np.float64]

# Two people differ by .11, .23 and .26 of the scale (root mean square) on three sets with several raters.
USUAL_DIFFERENCE = 0.23

# Marks of a question from which forecasts were right (docs/serve.md).
_FEWEST = 6
# How many marks the model's own variances are worth beside the errors on marks that were held out.
_PRIOR_MARKS = 4.0


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
        """Further marks until the error is at most `difference`; `None` where the known steps do not get there.

        At least until six answers are marked, or all: with fewer the forecast is too hopeful (docs/serve.md).
        """
        found = next((n for n, error in enumerate(self.errors) if error <= difference), None)
        return None if found is None else max(found, min(_FEWEST - self.n_marked, self.n_waiting))


class Forecast(NamedTuple):
    """What some marks say of the answers without marks.

    Attributes:
        expected: by answer id, the expected mark with its interval; empty below ten marks.
        questions: those with answers that wait.
        next_ids: the answers to mark next, the most useful first.
        error: expected root mean squared error over all that wait; `None` below ten marks.

    """

    expected: Mapping[str, Correction]
    questions: tuple[QuestionForecast, ...]
    next_ids: tuple[str, ...]
    error: float | None


def forecast_agreement(marked: Sequence[MarkedAnswer], waiting: Sequence[UnmarkedAnswer]) -> Forecast:
    """Predict the marks of answers, and how the predictions improve with further marks.

    Args:
        marked: by one person; below ten nothing is predicted, and what to mark next comes from the texts alone.
        waiting: answers without marks.

    """
    groups: dict[str, list[UnmarkedAnswer]] = {}
    for answer in sorted(waiting, key=lambda answer: answer.answer_id):
        groups.setdefault(answer.question_id, []).append(answer)
    names = sorted(groups)
    n_marked: dict[str, int] = {}
    for each in marked:
        n_marked[each.question_id] = n_marked.get(each.question_id, 0) + 1
    usable = [each for each in marked if "no_answer" not in each.features.flags]
    model = MarksModel(usable) if len(usable) >= FEWEST_MARKS else None
    noise = PRIOR[-1] if model is None else model.parameters.variances.noise
    factor = 1.0 if model is None else _variance_factor(model, noise)
    expected: dict[str, Correction] = {}
    questions: list[QuestionForecast] = []
    orders: list[tuple[tuple[float, str], str]] = []
    variances: list[float] = []
    for name in names:
        group = groups[name]
        covariance = prior_covariance if model is None else partial(model.covariance, name)
        order = marking_order(group, covariance, noise)
        errors: tuple[float, ...] = ()
        if model is not None:
            found = model.correct_many(name, [answer.features for answer in group])
            expected.update(zip((answer.answer_id for answer in group), found, strict=True))
            left = factor * (np.maximum(order.variances, 0.0) + noise)
            errors = tuple(np.sqrt(left).tolist())
            variances += [float(left[0])] * len(group)
        questions.append(QuestionForecast(name, n_marked.get(name, 0), len(group), errors))
        # Before anything is known each question counts alike: one answer of each in turn.
        orders += [
            ((place, name) if model is None else (-gain, name), answer_id)
            for place, (answer_id, gain) in enumerate(order.picks, n_marked.get(name, 0))
        ]
    return Forecast(
        expected=expected,
        questions=tuple(questions),
        next_ids=tuple(answer_id for _, answer_id in sorted(orders)),
        error=float(np.sqrt(np.mean(variances))) if variances else None,
    )


def _variance_factor(model: MarksModel, noise: float) -> float:
    """How much larger the squared errors on held-out marks are than the model's variances, shrunk towards 1.

    Few marks leave the variances near their prior, which may be far from how this person marks.
    """
    left_out = {
        found.answer.answer_id: (found.expected - found.answer.mark, found.spread**2) for found in model.leave_one_out()
    }
    by_map = score_map_errors(model.marked)
    alone = float(sum(PRIOR[:-1])) + noise  # of the only marked answer of a question
    squares = [
        left_out.get(answer.answer_id, (float(error), alone))
        for answer, error in zip(model.marked, by_map, strict=True)
    ]
    total = sum(error**2 / variance for error, variance in squares)
    return (_PRIOR_MARKS + total) / (_PRIOR_MARKS + len(squares))
