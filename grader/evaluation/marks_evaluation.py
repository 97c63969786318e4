"""What some marks a question are worth: marks of drawn answers are given, the rest is graded with them and compared.

Every figure is the mean over several draws, each of which leaves out other answers.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.evaluation.agreement import Scored, statistics
from grader.evaluation.confidence import Interval
from grader.grading import score_of
from grader.marks import ALPHA, AnswerFeatures, Correction, MarkedAnswer, MarksModel
from grader.schema import Grade
from grader.statistics import Estimate, covered

N_DRAWS = 5
# What is compared with the same answers without marks.
_BESIDE = ("pearson", "within_question_pearson", "rmse")


@dataclass(frozen=True)
class MarksEvaluation:
    """Agreement with people on answers whose marks were not given.

    Attributes:
        n_per_question: marks that were given of each question, or all of a smaller one.
        n_draws, seed: how often and by what they were drawn.
        n_marks: marks given in all, mean over the draws.
        statistics: with marks, by name; mean over the draws.
        without: some of them without marks, on the same answers.
        nominal, coverage: share of what people gave that the intervals promise to hold, and that they hold.
        width: mean width of the intervals, as a fraction of the scale.
        share_open, share_bounded: of the answers, with an interval too wide to say anything, and kept from gaining.

    """

    n_per_question: int
    n_draws: int
    seed: int
    n_marks: float
    statistics: Mapping[str, Estimate]
    without: Mapping[str, Estimate]
    nominal: float
    coverage: float
    width: float
    share_open: float
    share_bounded: float

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it; the statistics stand beside it."""
        return {
            "n_per_question": self.n_per_question,
            "n_draws": self.n_draws,
            "seed": self.seed,
            "n_marks": self.n_marks,
            "without_marks": {name: estimate.as_dict() for name, estimate in self.without.items()},
            "interval": {"nominal": self.nominal, "coverage": self.coverage, "width": self.width},
            "share_open": self.share_open,
            "share_bounded": self.share_bounded,
        }


@dataclass(frozen=True)
class _Draw:
    """The answers of one draw that were not given, without and with marks."""

    n_marks: int
    before: list[Scored]
    after: list[Scored]
    corrected: list[Correction]


def evaluate_marked(
    scored: Sequence[Scored],
    seen: Sequence[AnswerFeatures],
    *,
    n_per_question: int,
    seed: int,
    interval: Interval,
    n_draws: int = N_DRAWS,
) -> MarksEvaluation:
    """Give the marks of some answers of every question and see how well the rest is graded with them.

    Args:
        scored: graded answers of a labelled set.
        seen: the same answers as marks see them.
        n_per_question: answers of each question that are given, one or more.
        seed: of the draws.
        interval: from a statistic of row numbers and the groups of the rows to an estimate.

    Raises:
        InputError: when fewer than ten marks are given in all.

    """
    draws = [_draw(scored, seen, n_per_question, np.random.default_rng([seed, k])) for k in range(n_draws)]
    rest = [(item.human, found) for draw in draws for item, found in zip(draw.after, draw.corrected, strict=True)]
    low, high = (np.array([getattr(found, end) for _, found in rest]) for end in ("low", "high"))
    human = np.array([mark for mark, _ in rest])
    before = _mean([statistics(draw.before, interval) for draw in draws])
    return MarksEvaluation(
        n_per_question=n_per_question,
        n_draws=n_draws,
        seed=seed,
        n_marks=float(np.mean([draw.n_marks for draw in draws])),
        statistics=_mean([statistics(draw.after, interval) for draw in draws]),
        without={name: before[name] for name in _BESIDE},
        nominal=1 - ALPHA,
        coverage=float(covered(human, (low + high) / 2, (high - low) / 2).mean()) if rest else float("nan"),
        width=float((high - low).mean()) if rest else float("nan"),
        share_open=float(np.mean([found.is_open for _, found in rest])) if rest else float("nan"),
        share_bounded=float(np.mean([found.bounded_by is not None for _, found in rest])) if rest else float("nan"),
    )


def _draw(scored: Sequence[Scored], seen: Sequence[AnswerFeatures], n: int, rng: np.random.Generator) -> _Draw:
    rows: dict[str, list[int]] = {}
    for index, item in enumerate(scored):
        rows.setdefault(item.row.question_id, []).append(index)
    given = {index for mine in rows.values() for index in rng.permutation(mine)[:n].tolist()}
    marks = MarksModel(
        [
            MarkedAnswer(scored[i].row.answer_id, scored[i].row.question_id, scored[i].human, seen[i])
            for i in sorted(given)
        ]
    )
    rest = {name: [index for index in mine if index not in given] for name, mine in rows.items()}
    corrected = {
        index: found
        for name, mine in rest.items()
        for index, found in zip(mine, marks.correct_many(name, [seen[i] for i in mine]), strict=True)
    }
    order = sorted(corrected)
    return _Draw(
        len(given),
        [scored[i] for i in order],
        [scored[i].with_grade(_corrected(scored[i].grade, corrected[i])) for i in order],
        [corrected[i] for i in order],
    )


def _corrected(grade: Grade, found: Correction) -> Grade:
    return grade.model_copy(update={"fraction": found.fraction, "score": score_of(found.fraction, grade.max_score)})


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
