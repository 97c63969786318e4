"""Labelled answers with their grades -> how far the two agree, as statistics with intervals.

Agreement of the grader with people stands beside the baselines that every grader must beat. Nothing here grades.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from grader.evaluation.confidence import (
    Interval,
    ReliabilityDiagram,
    ReviewCurve,
    chance_of_right,
    reliability_diagram,
    review_curve,
)
from grader.evaluation.labelled_set import LabelledAnswer
from grader.grading import chances
from grader.schema import Grade, Rubric
from grader.statistics import (
    Estimate,
    auc,
    cohen_kappa,
    exact_agreement,
    f1,
    krippendorff_alpha,
    macro_f1,
    pearson_r,
    quadratic_weighted_kappa,
    root_mean_squared_error,
    spearman_rho,
    within_group_pearson,
)
from grader.text import words

Floats = NDArray[np.float64]
PairStatistic = Callable[[Floats, Floats], float]

# Folds over questions for the score map; fewer where there are fewer questions.
_FOLDS = 5
# Answers that a question needs for a correlation within it.
_LARGE = 8
_TOO_SMALL = Estimate(None, None, None, 0, f"no question has {_LARGE} answers")
# A fraction from which an answer counts as correct, where people said only right or wrong.
_CORRECT_AT = 0.5


@dataclass(frozen=True)
class Scored:
    """One labelled answer with its grade (of the best-matching reference) and its baselines."""

    row: LabelledAnswer
    grade: Grade
    rubric: Rubric
    cosine: float
    lexical: float

    @property
    def human(self) -> float:
        """What people gave, 0..1."""
        return self.row.human_score / self.row.max_score

    def with_grade(self, grade: Grade) -> "Scored":
        """The same answer with another grade."""
        return replace(self, grade=grade)


def statistics(scored: Sequence[Scored], interval: Interval) -> dict[str, Estimate]:
    """Every statistic that applies to the set, under the names of the documentation."""
    return {
        **_answer_statistics(scored, interval),
        **_rater_statistics(scored, interval),
        **_verdict_statistics(scored, interval),
        **_point_statistics(scored, interval),
    }


def _answer_statistics(scored: Sequence[Scored], interval: Interval) -> dict[str, Estimate]:
    """System fractions against human fractions, and the baselines against the same."""
    human = np.array([item.human for item in scored])
    system = np.array([item.grade.fraction for item in scored], dtype=float)
    questions = np.array([item.row.question_id for item in scored])
    calibrated = cross_mapped(system, human, questions)
    length = np.log1p([len(words(item.row.answer)) for item in scored])
    lexical = np.array([item.lexical for item in scored])
    cosine = np.array([item.cosine for item in scored])

    def compare(statistic: PairStatistic, values: Floats) -> Estimate:
        return interval(lambda index: statistic(human[index], values[index]), questions)

    def compare_calibrated(statistic: PairStatistic) -> Estimate:
        if np.isnan(calibrated).any():
            return Estimate(
                None, None, None, len(human), "a score map is learned on other questions: there is only one"
            )
        return compare(statistic, calibrated)

    # A small question that is drawn twice would look large enough: only large ones are drawn.
    large = np.flatnonzero(np.isin(questions, [name for name, n in Counter(questions).items() if n >= _LARGE]))

    def within(index: NDArray[np.int64]) -> float:
        chosen = large[index]
        return within_group_pearson(human[chosen], system[chosen], questions[chosen], min_size=_LARGE)

    return {
        "pearson": compare(pearson_r, system),
        "spearman": compare(spearman_rho, system),
        "within_question_pearson": interval(within, questions[large]) if len(large) else _TOO_SMALL,
        "rmse": compare(root_mean_squared_error, system),
        "rmse_calibrated": compare_calibrated(root_mean_squared_error),
        "qwk_calibrated": compare_calibrated(quadratic_weighted_kappa),
        "length_pearson": compare(pearson_r, length),
        "lexical_pearson": compare(pearson_r, lexical),
        "cosine_pearson": compare(pearson_r, cosine),
    }


def _rater_statistics(scored: Sequence[Scored], interval: Interval) -> dict[str, Estimate]:
    """People against each other, on fractions of the answers that several marked; means over pairs of raters."""
    raters = sorted({rater for item in scored for rater in item.row.human_scores})
    if not any(len(item.row.human_scores) > 1 for item in scored):
        return {}
    twice = [item for item in scored if len(item.row.human_scores) > 1]
    ratings = np.array(
        [[item.row.human_scores.get(rater, np.nan) / item.row.max_score for rater in raters] for item in twice]
    )
    questions = np.array([item.row.question_id for item in twice])

    def over_pairs(statistic: PairStatistic, index: NDArray[np.int64]) -> float:
        drawn = ratings[index]
        values = []
        for one, other in combinations(range(len(raters)), 2):
            both = drawn[:, [one, other]]
            both = both[~np.isnan(both).any(axis=1)]
            values.append(statistic(both[:, 0], both[:, 1]) if len(both) else np.nan)
        defined = [value for value in values if not np.isnan(value)]
        return float(np.mean(defined)) if defined else float("nan")

    return {
        "human_pearson": interval(partial(over_pairs, pearson_r), questions),
        "human_qwk": interval(partial(over_pairs, quadratic_weighted_kappa), questions),
        "human_rmse": interval(partial(over_pairs, root_mean_squared_error), questions),
        "human_alpha": interval(lambda index: krippendorff_alpha(ratings[index]), questions),
    }


def _verdict_statistics(scored: Sequence[Scored], interval: Interval) -> dict[str, Estimate]:
    """Right or wrong: only where people gave nothing but 0 and full marks."""
    human = np.array([item.human for item in scored])
    if not _right_or_wrong(scored):
        return {}
    system = np.array([item.grade.fraction for item in scored], dtype=float)
    questions = np.array([item.row.question_id for item in scored])
    verdict = (system >= _CORRECT_AT).astype(float)
    return {
        "auc": interval(lambda index: auc(human[index], system[index]), questions),
        "accuracy": interval(lambda index: exact_agreement(human[index], verdict[index]), questions),
        "macro_f1": interval(lambda index: macro_f1(human[index], verdict[index]), questions),
    }


def _point_statistics(scored: Sequence[Scored], interval: Interval) -> dict[str, Estimate]:
    """Point by point, where people marked each point; a point counts as given when its status is `covered`."""
    rows = [
        (item.row.question_id, item.row.point_labels[point.point_id] >= _CORRECT_AT, point)
        for item in scored
        if item.row.point_labels
        for point in item.grade.points
        if point.point_id in item.row.point_labels and point.coverage is not None
    ]
    if not rows:
        return {}
    questions = np.array([question for question, _, _ in rows])
    human = np.array([label for _, label, _ in rows], dtype=float)
    coverage = np.array([point.coverage for _, _, point in rows], dtype=float)
    verdict = np.array([point.status == "covered" for _, _, point in rows], dtype=float)
    return {
        "point_auc": interval(lambda index: auc(human[index], coverage[index]), questions),
        "point_accuracy": interval(lambda index: exact_agreement(human[index], verdict[index]), questions),
        "point_f1": interval(lambda index: f1(human[index], verdict[index]), questions),
        "point_kappa": interval(lambda index: cohen_kappa(human[index], verdict[index]), questions),
    }


def _right_or_wrong(scored: Sequence[Scored]) -> bool:
    """Whether people gave nothing but 0 and full marks."""
    return all(item.human in (0, 1) for item in scored)


def review(scored: Sequence[Scored], interval: Interval) -> ReviewCurve:
    """Agreement of what is left when the least sure answers go to people; an unknown confidence goes first."""
    human = np.array([item.human for item in scored])
    system = np.array([item.grade.fraction for item in scored], dtype=float)
    confidence = np.array([item.grade.confidence or 0.0 for item in scored])
    questions = np.array([item.row.question_id for item in scored])
    return review_curve(human, system, confidence, questions, interval=interval)


def reliability_of(scored: Sequence[Scored]) -> dict[str, ReliabilityDiagram]:
    """Predicted chances beside what people decided, for points and for answers where they decided on these."""
    stated = [
        (chance, item.row.point_labels[point_id] >= _CORRECT_AT)
        for item in scored
        for point_id, chance in chances(item.grade.points).items()
        if chance is not None and point_id in item.row.point_labels
    ]
    right = [
        (chance, item.human == 1)
        for item in (scored if _right_or_wrong(scored) else ())
        if (chance := chance_of_right(item.grade, item.rubric)) is not None
    ]
    found = {"points": stated, "answers": right}
    return {name: reliability_diagram(*zip(*pairs, strict=True)) for name, pairs in found.items() if pairs}


def cross_mapped(system: Floats, human: Floats, questions: NDArray[np.str_]) -> Floats:
    """Each question's system fractions on the people's scale, by a line learned on the other folds' questions.

    With a single question there is nothing else to learn from: all NaN.
    """
    names = np.unique(questions)
    mapped = np.full(len(system), np.nan)
    n_folds = min(_FOLDS, len(names))
    if n_folds < 2:
        return mapped
    for fold in range(n_folds):
        held_out = np.isin(questions, names[fold::n_folds])
        mapped[held_out] = line(system[~held_out], human[~held_out])(system[held_out])
    return mapped


def line(system: Floats, human: Floats) -> Callable[[Floats], Floats]:
    """Least-squares line that never falls, clipped to 0..1; the mean where the system gives only one value."""
    spread = float(np.var(system)) if np.ptp(system) > 1e-9 else 0.0  # less is rounding, not variation
    slope = max(0.0, float(np.mean((system - system.mean()) * (human - human.mean()))) / spread) if spread else 0.0
    center, level = float(system.mean()), float(human.mean())
    return lambda values: np.clip(level + slope * (values - center), 0, 1)
