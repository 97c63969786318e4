"""A labelled set -> how far grades agree with people, beside the baselines that every grader must beat."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader import agreement, reliability
from grader.answers import LabelledAnswer
from grader.encoding import Encoder, load_encoder
from grader.errors import InputError
from grader.intervals import Estimate, cluster_bootstrap
from grader.judge_evaluation import JudgeComparison, JudgedAnswer, compare_judge
from grader.labelled import grade_labelled, judge_labelled
from grader.panel import Panel
from grader.schema import Grade, Rubric
from grader.settings import Settings
from grader.text import content_words, normalise, words
from grader.tokens import TokenVectors
from grader.trust import Diagram, Interval, ReviewCurve, chance_of_right, chances, reliability_diagram, review_curve
from grader.weight import UNPROVEN, Weight

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
class Evaluation:
    """Agreement of one grader with the people who scored one set.

    `statistics` has the names of the documentation; a statistic that does not apply to the set is absent. So does
    `reliability`: of `points` where people marked points, of `answers` where they said only right or wrong. `review` is
    `None` when nothing was graded. `judge` compares the ways of grading where judges were asked.
    """

    n_answers: int
    n_questions: int
    n_graded: int
    n_ungraded: int
    signature: str
    seconds: float
    statistics: Mapping[str, Estimate]
    review: ReviewCurve | None
    reliability: Mapping[str, Diagram]
    judge: JudgeComparison | None = None

    def as_dict(self) -> dict[str, Any]:
        """One flat JSON object, as `grader evaluate --json` prints it."""
        return {
            "n_answers": self.n_answers,
            "n_questions": self.n_questions,
            "n_graded": self.n_graded,
            "n_ungraded": self.n_ungraded,
            "signature": self.signature,
            "seconds": round(self.seconds, 3),
            "answers_per_second": round(self.n_answers / self.seconds, 2) if self.seconds else None,
            **{name: estimate.as_dict() for name, estimate in self.statistics.items()},
            "review": None if self.review is None else self.review.as_dict(),
            "reliability": {name: diagram.as_dict() for name, diagram in self.reliability.items()},
            **({} if self.judge is None else {"judge": self.judge.as_dict()}),
        }


@dataclass(frozen=True)
class _Scored:
    """One labelled answer with its grade (of the best-matching reference) and its baselines."""

    row: LabelledAnswer
    grade: Grade
    rubric: Rubric
    cosine: float
    lexical: float

    @property
    def human(self) -> float:
        return self.row.human_score / self.row.max_score


class _MeanKeeper:
    """Passes texts on to an encoder and keeps each text's own vector, for the cosine baseline."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.revision = encoder.revision
        self.means: dict[str, NDArray[np.float32]] = {}

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        encoded = self._encoder.encode(texts)
        self.means.update((text, tokens.mean) for text, tokens in zip(texts, encoded, strict=True))
        return encoded


def evaluate(
    rows: Sequence[LabelledAnswer],
    *,
    encoder: Encoder | None = None,
    settings: Settings | None = None,
    panel: Panel | None = None,
    weight: Weight = UNPROVEN,
    seed: int = 12345,
    n_resamples: int = 1000,
    progress: Callable[[Iterator[Grade | None]], Iterable[Grade | None]] = iter,
) -> Evaluation:
    """Grade a labelled set and compare with the people who scored it.

    A row's own rubric is used; without one, points are derived from each of its reference answers and the
    best-matching reference counts.

    Args:
        rows: the labelled answers.
        panel: judges that are asked under the best-matching reference; the statistics are of the grades with them.
        weight: what is known of the judges already.
        seed, n_resamples: of the bootstrap over questions.
        progress: sees every row's grade pass by, such as a progress bar; must pass them all on.

    Raises:
        InputError: when there is no row.
        SetupError: when the encoder cannot be loaded, or no request to a judge can succeed.

    """
    if not rows:
        raise InputError("the labelled set has no rows")
    settings = settings or Settings()
    keeper = _MeanKeeper(encoder or load_encoder(settings.encoder))
    begin = time.perf_counter()
    grader, passing = grade_labelled(rows, encoder=keeper, settings=settings)
    if panel is not None:
        grader, passing = judge_labelled(rows, list(passing), grader, panel=panel, weight=weight)
    grades = list(progress(passing))
    seconds = time.perf_counter() - begin
    keeper.encode(sorted({normalise(text).text for row in rows for text in _references(row)}))
    scored = [
        _Scored(row, grade, grader.rubrics[grade.question_id], _cosine(row, keeper.means), _lexical(row))
        for row, grade in zip(rows, grades, strict=True)
        if grade is not None and grade.fraction is not None
    ]
    interval = partial(cluster_bootstrap, n_resamples=n_resamples, seed=seed)
    return Evaluation(
        n_answers=len(rows),
        n_questions=len({row.question_id for row in rows}),
        n_graded=len(scored),
        n_ungraded=len(rows) - len(scored),
        signature=grader.signature,
        seconds=seconds,
        statistics={
            **_answer_statistics(scored, interval),
            **_rater_statistics(scored, interval),
            **_verdict_statistics(scored, interval),
            **_point_statistics(scored, interval),
        },
        review=_review(scored, interval) if scored else None,
        reliability=_reliability(scored),
        judge=None if panel is None else _judge_comparison(scored, panel, interval),
    )


def _judge_comparison(scored: Sequence[_Scored], panel: Panel, interval: Interval) -> JudgeComparison:
    answers = [
        JudgedAnswer(item.human, item.grade, item.rubric, item.row.question_id, item.row.point_labels)
        for item in scored
    ]
    return compare_judge(answers, interval=interval, name=" + ".join(panel.names))


def _references(row: LabelledAnswer) -> list[str]:
    """What an answer is compared with as a whole: the references, or the rubric's points as one text."""
    given = [reference for reference in row.reference_answers if reference.strip()]
    return given if given or not row.rubric else [" ".join(point.text for point in row.rubric)]


def _cosine(row: LabelledAnswer, means: Mapping[str, NDArray[np.float32]]) -> float:
    """Highest cosine of the whole answer with a whole reference: what most tools do."""
    answer = means.get(normalise(row.answer).text)
    if answer is None:
        return 0.0
    return max((float(means[normalise(reference).text] @ answer) for reference in _references(row)), default=0.0)


def _lexical(row: LabelledAnswer) -> float:
    """Highest share of a reference's content words that occur in the answer."""
    said = set(content_words(row.answer))
    shares = []
    for reference in _references(row):
        wanted = set(content_words(reference))
        shares.append(len(wanted & said) / len(wanted) if wanted else 0.0)
    return max(shares, default=0.0)


def _answer_statistics(scored: Sequence[_Scored], interval: Interval) -> dict[str, Estimate]:
    """System fractions against human fractions, and the baselines against the same."""
    human = np.array([item.human for item in scored])
    system = np.array([item.grade.fraction for item in scored], dtype=float)
    questions = np.array([item.row.question_id for item in scored])
    calibrated = _cross_mapped(system, human, questions)
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
        return agreement.within_group_pearson(human[chosen], system[chosen], questions[chosen], min_size=_LARGE)

    return {
        "pearson": compare(agreement.pearson_r, system),
        "spearman": compare(agreement.spearman_rho, system),
        "within_question_pearson": interval(within, questions[large]) if len(large) else _TOO_SMALL,
        "rmse": compare(agreement.root_mean_squared_error, system),
        "rmse_calibrated": compare_calibrated(agreement.root_mean_squared_error),
        "qwk_calibrated": compare_calibrated(agreement.quadratic_weighted_kappa),
        "length_pearson": compare(agreement.pearson_r, length),
        "lexical_pearson": compare(agreement.pearson_r, lexical),
        "cosine_pearson": compare(agreement.pearson_r, cosine),
    }


def _rater_statistics(scored: Sequence[_Scored], interval: Interval) -> dict[str, Estimate]:
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
        "human_pearson": interval(partial(over_pairs, agreement.pearson_r), questions),
        "human_qwk": interval(partial(over_pairs, agreement.quadratic_weighted_kappa), questions),
        "human_alpha": interval(lambda index: reliability.krippendorff_alpha(ratings[index]), questions),
    }


def _verdict_statistics(scored: Sequence[_Scored], interval: Interval) -> dict[str, Estimate]:
    """Right or wrong: only where people gave nothing but 0 and full marks."""
    human = np.array([item.human for item in scored])
    if not _right_or_wrong(scored):
        return {}
    system = np.array([item.grade.fraction for item in scored], dtype=float)
    questions = np.array([item.row.question_id for item in scored])
    verdict = (system >= _CORRECT_AT).astype(float)
    return {
        "auc": interval(lambda index: agreement.auc(human[index], system[index]), questions),
        "accuracy": interval(lambda index: agreement.exact_agreement(human[index], verdict[index]), questions),
        "macro_f1": interval(lambda index: agreement.macro_f1(human[index], verdict[index]), questions),
    }


def _point_statistics(scored: Sequence[_Scored], interval: Interval) -> dict[str, Estimate]:
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
        "point_auc": interval(lambda index: agreement.auc(human[index], coverage[index]), questions),
        "point_accuracy": interval(lambda index: agreement.exact_agreement(human[index], verdict[index]), questions),
        "point_f1": interval(lambda index: agreement.f1(human[index], verdict[index]), questions),
        "point_kappa": interval(lambda index: agreement.cohen_kappa(human[index], verdict[index]), questions),
    }


def _right_or_wrong(scored: Sequence[_Scored]) -> bool:
    """Whether people gave nothing but 0 and full marks."""
    return all(item.human in (0, 1) for item in scored)


def _review(scored: Sequence[_Scored], interval: Interval) -> ReviewCurve:
    """Agreement of what is left when the least sure answers go to people; an unknown confidence goes first."""
    human = np.array([item.human for item in scored])
    system = np.array([item.grade.fraction for item in scored], dtype=float)
    confidence = np.array([item.grade.confidence or 0.0 for item in scored])
    questions = np.array([item.row.question_id for item in scored])
    return review_curve(human, system, confidence, questions, interval=interval)


def _reliability(scored: Sequence[_Scored]) -> dict[str, Diagram]:
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


def _cross_mapped(system: Floats, human: Floats, questions: NDArray[np.str_]) -> Floats:
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
        mapped[held_out] = _line(system[~held_out], human[~held_out])(system[held_out])
    return mapped


def _line(system: Floats, human: Floats) -> Callable[[Floats], Floats]:
    """Least-squares line that never falls, clipped to 0..1; the mean where the system gives only one value."""
    spread = float(np.var(system)) if np.ptp(system) > 1e-9 else 0.0  # less is rounding, not variation
    slope = max(0.0, float(np.mean((system - system.mean()) * (human - human.mean()))) / spread) if spread else 0.0
    center, level = float(system.mean()), float(human.mean())
    return lambda values: np.clip(level + slope * (values - center), 0, 1)
