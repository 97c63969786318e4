"""What a few marks per question are worth: some answers keep their human marks, the others are graded with them.

Every figure is the mean over several draws of the marked answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.evaluation.agreement import Interval, agreement_statistics
from grader.evaluation.labelled_grading import GradedAnswer
from grader.grading import scaled_score
from grader.marks import ALPHA, AnswerFeatures, Correction, MarkedAnswer, MarksModel
from grader.schema import Grade
from grader.statistics import Estimate, covered

N_DRAWS = 5
# Statistics that are also reported without marks.
_COMPARED = ("pearson", "within_question_pearson", "rmse")


@dataclass(frozen=True)
class MarksEvaluation:
    """Agreement with people on the answers whose marks were held out.

    Attributes:
        n_per_question: marks used per question; all of a question with fewer.
        n_draws, seed: of the random choice of marked answers.
        n_marks: marks used in all, mean over the draws.
        statistics: with marks, by name; mean over the draws.
        without_marks: some of them without marks, on the same answers.
        nominal, coverage: share of human scores that the intervals should contain, and share that they contain.
        width: mean width of the intervals, as a fraction of the scale.
        share_open: of the answers, those whose interval is too wide to be useful.
        share_bounded: of the answers, those whose correction was limited by a rule.

    """

    n_per_question: int
    n_draws: int
    seed: int
    n_marks: float
    statistics: Mapping[str, Estimate]
    without_marks: Mapping[str, Estimate]
    nominal: float
    coverage: float
    width: float
    share_open: float
    share_bounded: float

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it; the statistics are beside it."""
        return {
            "n_per_question": self.n_per_question,
            "n_draws": self.n_draws,
            "seed": self.seed,
            "n_marks": self.n_marks,
            "without_marks": {name: estimate.as_dict() for name, estimate in self.without_marks.items()},
            "interval": {"nominal": self.nominal, "coverage": self.coverage, "width": self.width},
            "share_open": self.share_open,
            "share_bounded": self.share_bounded,
        }


@dataclass(frozen=True)
class _Draw:
    """The held-out answers of one draw, graded without and with marks."""

    n_marks: int
    before: list[GradedAnswer]
    after: list[GradedAnswer]
    corrected: list[Correction]


def evaluate_with_marks(
    graded: Sequence[GradedAnswer],
    features: Sequence[AnswerFeatures],
    *,
    n_per_question: int,
    seed: int,
    interval: Interval,
    n_draws: int = N_DRAWS,
) -> MarksEvaluation:
    """Use the marks of some answers of each question and evaluate the grades of the others.

    Args:
        graded: the graded answers of a labelled set.
        features: of the same answers, for the marks model.
        n_per_question: marks used per question, one or more.
        seed: of the draws.
        interval: bootstrap over questions, see `Interval`.

    Raises:
        InputError: when fewer than ten marks are used in all.

    """
    draws = [_draw(graded, features, n_per_question, np.random.default_rng([seed, k])) for k in range(n_draws)]
    rest = [(item.human, found) for draw in draws for item, found in zip(draw.after, draw.corrected, strict=True)]
    low, high = (np.array([getattr(found, end) for _, found in rest]) for end in ("low", "high"))
    human = np.array([mark for mark, _ in rest])
    before = _mean([agreement_statistics(draw.before, interval) for draw in draws])
    return MarksEvaluation(
        n_per_question=n_per_question,
        n_draws=n_draws,
        seed=seed,
        n_marks=float(np.mean([draw.n_marks for draw in draws])),
        statistics=_mean([agreement_statistics(draw.after, interval) for draw in draws]),
        without_marks={name: before[name] for name in _COMPARED},
        nominal=1 - ALPHA,
        coverage=float(covered(human, (low + high) / 2, (high - low) / 2).mean()) if rest else float("nan"),
        width=float((high - low).mean()) if rest else float("nan"),
        share_open=float(np.mean([found.is_open for _, found in rest])) if rest else float("nan"),
        share_bounded=float(np.mean([found.bounded_by is not None for _, found in rest])) if rest else float("nan"),
    )


def _draw(
    graded: Sequence[GradedAnswer], features: Sequence[AnswerFeatures], n: int, rng: np.random.Generator
) -> _Draw:
    rows: dict[str, list[int]] = {}
    for index, item in enumerate(graded):
        rows.setdefault(item.row.question_id, []).append(index)
    given = {index for mine in rows.values() for index in rng.permutation(mine)[:n].tolist()}
    marks = MarksModel(
        [
            MarkedAnswer(graded[i].row.answer_id, graded[i].row.question_id, graded[i].human, features[i])
            for i in sorted(given)
        ]
    )
    rest = {name: [index for index in mine if index not in given] for name, mine in rows.items()}
    corrected = {
        index: found
        for name, mine in rest.items()
        for index, found in zip(mine, marks.correct_many(name, [features[i] for i in mine]), strict=True)
    }
    order = sorted(corrected)
    return _Draw(
        len(given),
        [graded[i] for i in order],
        [graded[i].with_grade(_corrected(graded[i].grade, corrected[i])) for i in order],
        [corrected[i] for i in order],
    )


def _corrected(grade: Grade, found: Correction) -> Grade:
    return grade.model_copy(update={"fraction": found.fraction, "score": scaled_score(found.fraction, grade.max_score)})


def _mean(draws: Iterable[Mapping[str, Estimate]]) -> dict[str, Estimate]:
    """Each statistic's mean over the draws; one that is undefined in a draw is undefined."""
    kept = list(draws)
    return {name: _mean_estimate([found[name] for found in kept]) for name in kept[0]}


def _mean_estimate(estimates: Sequence[Estimate]) -> Estimate:
    undefined = next((estimate for estimate in estimates if estimate.value is None), None)
    if undefined is not None:
        return undefined
    value, low, high = (_mean_end([getattr(found, end) for found in estimates]) for end in ("value", "low", "high"))
    return Estimate(value, low, high, round(float(np.mean([found.n for found in estimates]))), estimates[0].note)


def _mean_end(ends: Sequence[float | None]) -> float | None:
    known = [end for end in ends if end is not None]
    return float(np.mean(known)) if len(known) == len(ends) else None
