"""How far grades and baselines agree with human scores, as statistics with intervals. Nothing here grades."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from grader.evaluation.labelled_grading import GradedAnswer
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
# Takes a statistic of row numbers and the group of each row; gives its value with a bootstrap interval over groups.
Interval = Callable[[Callable[[NDArray[np.int64]], float], NDArray[np.str_]], Estimate]
PairStatistic = Callable[[Floats, Floats], float]

# Folds over questions for the score map; fewer where there are fewer questions.
_FOLDS = 5
# Answers that a question needs for a correlation within it.
_LARGE = 8
_TOO_SMALL = Estimate(None, None, None, 0, f"no question has {_LARGE} answers")
# A fraction from which an answer or a point counts as correct.
CORRECT_AT = 0.5


def agreement_statistics(graded: Sequence[GradedAnswer], interval: Interval) -> dict[str, Estimate]:
    """Every statistic that applies to the set, by the names of docs/statistics.md."""
    return {
        **_answer_statistics(graded, interval),
        **_rater_statistics(graded, interval),
        **_verdict_statistics(graded, interval),
        **_point_statistics(graded, interval),
    }


def _answer_statistics(graded: Sequence[GradedAnswer], interval: Interval) -> dict[str, Estimate]:
    """System fractions, and the baselines, against human fractions."""
    human = np.array([item.human for item in graded])
    system = np.array([item.grade.fraction for item in graded], dtype=float)
    questions = np.array([item.row.question_id for item in graded])
    calibrated = cross_validated_map(system, human, questions)
    length = np.log1p([len(words(item.row.answer)) for item in graded])
    lexical = np.array([item.lexical for item in graded])
    cosine = np.array([item.cosine for item in graded])

    def compare(statistic: PairStatistic, values: Floats) -> Estimate:
        return interval(lambda index: statistic(human[index], values[index]), questions)

    def compare_calibrated(statistic: PairStatistic) -> Estimate:
        if np.isnan(calibrated).any():
            return Estimate(
                None, None, None, len(human), "a score map is learned on other questions: there is only one"
            )
        return compare(statistic, calibrated)

    # Only large questions are resampled: a small one that is drawn twice would look large.
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


def _rater_statistics(graded: Sequence[GradedAnswer], interval: Interval) -> dict[str, Estimate]:
    """People against each other on answers with several human scores; means over pairs of raters."""
    raters = sorted({rater for item in graded for rater in item.row.human_scores})
    if not any(len(item.row.human_scores) > 1 for item in graded):
        return {}
    twice = [item for item in graded if len(item.row.human_scores) > 1]
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


def _verdict_statistics(graded: Sequence[GradedAnswer], interval: Interval) -> dict[str, Estimate]:
    """Right or wrong, only where every human score is 0 or full marks."""
    human = np.array([item.human for item in graded])
    if not is_dichotomous(graded):
        return {}
    system = np.array([item.grade.fraction for item in graded], dtype=float)
    questions = np.array([item.row.question_id for item in graded])
    verdict = (system >= CORRECT_AT).astype(float)
    return {
        "auc": interval(lambda index: auc(human[index], system[index]), questions),
        "accuracy": interval(lambda index: exact_agreement(human[index], verdict[index]), questions),
        "macro_f1": interval(lambda index: macro_f1(human[index], verdict[index]), questions),
    }


def _point_statistics(graded: Sequence[GradedAnswer], interval: Interval) -> dict[str, Estimate]:
    """Point by point, where people marked points; the system's verdict is whether the status is `covered`."""
    rows = [
        (item.row.question_id, item.row.point_labels[point.point_id] >= CORRECT_AT, point)
        for item in graded
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


def is_dichotomous(graded: Sequence[GradedAnswer]) -> bool:
    """Whether every human score is 0 or full marks: answers were only called right or wrong."""
    return all(item.human in (0, 1) for item in graded)


def cross_validated_map(system: Floats, human: Floats, questions: NDArray[np.str_]) -> Floats:
    """Each question's system fractions on the human scale, by a line fitted on the questions of the other folds.

    **Undefined:** all NaN with a single question.
    """
    names = np.unique(questions)
    mapped = np.full(len(system), np.nan)
    n_folds = min(_FOLDS, len(names))
    if n_folds < 2:
        return mapped
    for fold in range(n_folds):
        held_out = np.isin(questions, names[fold::n_folds])
        mapped[held_out] = fit_line(system[~held_out], human[~held_out])(system[held_out])
    return mapped


def fit_line(system: Floats, human: Floats) -> Callable[[Floats], Floats]:
    """Least-squares line with a slope of 0 or more, clipped to 0..1; the human mean where `system` does not vary."""
    spread = float(np.var(system)) if np.ptp(system) > 1e-9 else 0.0  # less is rounding, not variation
    slope = max(0.0, float(np.mean((system - system.mean()) * (human - human.mean()))) / spread) if spread else 0.0
    center, level = float(system.mean()), float(human.mean())
    return lambda values: np.clip(level + slope * (values - center), 0, 1)
