"""A judge on a labelled set: the embedding alone, the judge alone and both together, with intervals.

It also fits the weight of the judge's verdicts. Until labelled answers show a gain, it decides unclear points only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.evaluation.agreement import Interval
from grader.grading import VERDICT_CREDITS, fraction, majority_verdict, stated_probabilities
from grader.judges import UNPROVEN_WEIGHT, JudgeWeight, best_influence
from grader.schema import Grade, PointGrade, Rubric, VerdictWord
from grader.settings import JudgeSettings
from grader.statistics import Estimate, auc, cohen_kappa, pearson_r, root_mean_squared_error

Floats = NDArray[np.float64]
Band = tuple[float, float]
DEFAULT_BAND = (JudgeSettings().unclear_from, JudgeSettings().unclear_to)
EVERYTHING = (0.0, 1.0)
_FOLDS = 5
# Fewer answers or points than this prove nothing about a judge: agreement of 50 still has an interval of +-.14
# (measurement of double marking with QWK .70).
_FEWEST = 50
# Prior of a verdict's chance: as if one point had been stated and one not.
_PRIOR = 1.0


class JudgedAnswer(NamedTuple):
    """One labelled answer as judges were asked about it.

    Attributes:
        human: the human score, 0..1.
        grade: with the verdicts in its points.
        rubric: by which it was graded.
        question: the set's question.
        labels: people's marks of points, 0..1, by id; may be empty.
        alone: the grade without judges.

    """

    human: float
    grade: Grade
    rubric: Rubric
    question: str
    labels: Mapping[str, float]
    alone: Grade


class GradingMethod(NamedTuple):
    """One method of grading: its statistics, and what it gains in `headline` over the embedding alone."""

    statistics: Mapping[str, Estimate]
    gain: Estimate


@dataclass(frozen=True)
class JudgeComparison:
    """What judges are worth on one set.

    Attributes:
        headline: the statistic that decides, `auc` where people said only right or wrong, else `pearson`.
        methods: `embedding`, `judge` (its verdict wherever it has one), `unclear` (it moves unclear points, as far as
            an unproven judge may), `settled` (its verdict on unclear points) and `weighted` (both, by an influence
            learned on other questions).
        n_judged: answers of which the judge decided a point; the methods are compared on these.
        n_verdicts: verdicts by word over all points; `not_judged` and `cannot_tell` among them.
        n_unsupported: awards that no words of the answer support.
        weight: of the judge's verdicts from now on.
        verdict: one sentence that says whether it helps.

    """

    headline: str
    methods: Mapping[str, GradingMethod]
    n_judged: int
    n_verdicts: Mapping[str, int]
    n_unsupported: int
    weight: JudgeWeight
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        methods = {
            name: {**{key: value.as_dict() for key, value in method.statistics.items()}, "gain": method.gain.as_dict()}
            for name, method in self.methods.items()
        }
        weight = {"name": self.weight.name, "influence": self.weight.influence, "everywhere": self.weight.everywhere}
        return {
            "verdict": self.verdict,
            "headline": self.headline,
            "n_judged": self.n_judged,
            "n_verdicts": dict(self.n_verdicts),
            "n_unsupported": self.n_unsupported,
            "ways": methods,
            "weight": {**weight, "chances": dict(self.weight.chances)},
        }


def compare_judge(
    answers: Sequence[JudgedAnswer], *, interval: Interval, name: str, band: Band = DEFAULT_BAND
) -> JudgeComparison:
    """Compare the methods of grading on the answers of which judges decided a point.

    Args:
        answers: graded with judges asked about all points and the weight of an unproven judge.
        interval: the bootstrap over questions.
        name: of the judges, for the sentence and the weight.
        band: chances of being stated between which a point is unclear.

    """
    verdicts = [verdict for item in answers for point in item.grade.points for verdict in point.verdicts]
    n_verdicts = {
        word: n
        for word in ("covered", "partial", "missing", "contradicted", "cannot_tell", "not_judged")
        if (n := sum(verdict.verdict == word for verdict in verdicts))
    }
    n_unsupported = sum(not v.supported and v.verdict in ("covered", "partial") for v in verdicts)
    judged = [item for item in answers if any(_judge_credit(point) is not None for point in item.grade.points)]
    right_or_wrong = bool(judged) and all(item.human in (0, 1) for item in judged)
    headline = "auc" if right_or_wrong else "pearson"
    if len(judged) < 2:
        sentence = f"{name}: no usable verdict on {len(answers)} answers, so nothing can be said of it"
        return JudgeComparison(headline, {}, len(judged), n_verdicts, n_unsupported, UNPROVEN_WEIGHT, sentence)
    methods = _compared(judged, headline, interval, band)
    weight = _learned(judged, methods, name)
    sentence = _sentence(name, headline, methods, len(judged))
    return JudgeComparison(headline, methods, len(judged), n_verdicts, n_unsupported, weight, sentence)


def settled_credits(item: "JudgedAnswer", band: Band) -> dict[str, float | None]:
    """The judge's credit where it has one and the chance without it is in the band, elsewhere that without a judge."""
    alone = {point.point_id: point for point in item.alone.points}
    chances = stated_probabilities(item.alone.points)
    return {
        point.point_id: alone[point.point_id].credit
        if (chance := chances[point.point_id]) is None
        or not band[0] <= chance <= band[1]
        or (credit := _judge_credit(point)) is None
        else credit
        for point in item.grade.points
    }


def _compared(
    judged: Sequence[JudgedAnswer], headline: str, interval: Interval, band: Band
) -> dict[str, GradingMethod]:
    embedding = [{p.point_id: _embedding_credit(p) for p in item.grade.points} for item in judged]
    judge = [{p.point_id: _judge_credit(p) for p in item.grade.points} for item in judged]
    credits: dict[str, Sequence[Mapping[str, float | None]]] = {
        "embedding": embedding,
        "judge": [settled_credits(item, EVERYTHING) for item in judged],
        "unclear": [{p.point_id: p.credit for p in item.grade.points} for item in judged],
        "settled": [settled_credits(item, band) for item in judged],
        "weighted": _weighted(judged, embedding, judge),
    }
    questions = np.array([item.question for item in judged])
    human = np.array([item.human for item in judged])
    statistic = auc if headline == "auc" else pearson_r
    fractions = {
        method: np.array([fraction_of(item.rubric, mine) for item, mine in zip(judged, given, strict=True)])
        for method, given in credits.items()
    }

    def difference(method: str) -> Estimate:
        mine, base = fractions[method], fractions["embedding"]
        return interval(lambda i: statistic(human[i], mine[i]) - statistic(human[i], base[i]), questions)

    return {
        method: GradingMethod(_statistics(judged, given, fractions[method], interval), difference(method))
        for method, given in credits.items()
    }


def _statistics(
    judged: Sequence[JudgedAnswer],
    credits: Sequence[Mapping[str, float | None]],
    fractions: Floats,
    interval: Interval,
) -> dict[str, Estimate]:
    human = np.array([item.human for item in judged])
    questions = np.array([item.question for item in judged])
    found = {
        "pearson": interval(lambda i: pearson_r(human[i], fractions[i]), questions),
        "rmse": interval(lambda i: root_mean_squared_error(human[i], fractions[i]), questions),
    }
    if np.isin(human, (0, 1)).all():
        found["auc"] = interval(lambda i: auc(human[i], fractions[i]), questions)
    rows = [
        (item.question, item.labels[point_id] >= 0.5, credit)
        for item, mine in zip(judged, credits, strict=True)
        for point_id, credit in mine.items()
        if credit is not None and point_id in item.labels
    ]
    if rows:
        groups = np.array([question for question, _, _ in rows])
        label = np.array([stated for _, stated, _ in rows], float)
        given = np.array([credit for _, _, credit in rows], float)
        found["point_auc"] = interval(lambda i: auc(label[i], given[i]), groups)
        found["point_kappa"] = interval(lambda i: cohen_kappa(label[i], given[i] >= _STATED), groups)
    return found


# A credit from which a point counts as stated in `point_kappa`: halfway between the words covered and missing.
_STATED = 0.5


def fraction_of(rubric: Rubric, credits: Mapping[str, float | None]) -> float:
    """The fraction that credits earn; 0 where no point has any."""
    share = fraction(rubric, credits)
    return 0.0 if share is None else share


def _embedding_credit(point: PointGrade) -> float | None:
    return point.credit if point.by_embedding is None else point.by_embedding.credit


def _judge_credit(point: PointGrade) -> float | None:
    """What the judges alone give a point; `None` where none of them has a usable verdict."""
    words: list[VerdictWord] = [v.verdict for v in point.verdicts if v.supported and v.verdict in VERDICT_CREDITS]
    return majority_verdict(words)[1] if words else None


def _weighted(
    judged: Sequence[JudgedAnswer],
    embedding: Sequence[Mapping[str, float | None]],
    judge: Sequence[Mapping[str, float | None]],
) -> list[dict[str, float | None]]:
    """Both credits mixed, for each answer by the influence learned on the questions of the other folds."""
    names = sorted({item.question for item in judged})
    folds = {name: number % min(_FOLDS, len(names)) for number, name in enumerate(names)}
    influences = {
        fold: _influence([item for item in judged if folds[item.question] != fold] or judged)
        for fold in set(folds.values())
    }
    return [
        {
            point_id: _mixed(base, judge[at][point_id], influences[folds[item.question]])
            for point_id, base in embedding[at].items()
        }
        for at, item in enumerate(judged)
    ]


def _mixed(embedding: float | None, judge: float | None, influence: float) -> float | None:
    if embedding is None or judge is None:
        return judge if embedding is None else embedding
    return (1 - influence) * embedding + influence * judge


def _influence(items: Sequence[JudgedAnswer]) -> float:
    """The best influence of the judge: by labels of points where people gave them, otherwise by whole answers."""
    points = [
        (item.labels[point.point_id], _embedding_credit(point), _judge_credit(point))
        for item in items
        for point in item.grade.points
        if point.point_id in item.labels
    ]
    rows = [(h, e, j) for h, e, j in points if e is not None and j is not None]
    if not rows:
        rows = [
            (
                item.human,
                fraction_of(item.rubric, {p.point_id: _embedding_credit(p) for p in item.grade.points}),
                fraction_of(item.rubric, settled_credits(item, EVERYTHING)),
            )
            for item in items
        ]
    table = np.array(rows, float).reshape(-1, 3)
    return best_influence(table[:, 0], table[:, 1], table[:, 2])


def _learned(judged: Sequence[JudgedAnswer], methods: Mapping[str, GradingMethod], name: str) -> JudgeWeight:
    """The weight from all labels, as far as the gain on held-out questions supports it.

    A judge that makes agreement worse in any of the ways in which it could be used gets no influence; nor does one
    that adds nothing and is worse alone.
    """
    influence, gain = _influence(judged), methods["weighted"].gain
    about = f"{name} on {len(judged)} labelled answers: gain {_shown(gain)}"
    chances = {**UNPROVEN_WEIGHT.chances, **_chances(judged)}
    if gain.low is not None and gain.low > 0 and len(judged) >= _FEWEST:
        return JudgeWeight(influence, True, chances, f"proven.{influence:.2f}", about)
    ways = ("unclear", "settled", "weighted", *(["judge"] if influence == 0 else []))
    if any((high := methods[way].gain.high) is not None and high < 0 for way in ways):
        return JudgeWeight(0.0, False, chances, "harmful", f"{about}; it makes agreement worse")
    return JudgeWeight(UNPROVEN_WEIGHT.influence, False, chances, "unproven", about)


def _chances(judged: Sequence[JudgedAnswer]) -> dict[VerdictWord, float]:
    """The share of points that people found stated, by the judge's verdict; words that it never used are left out."""
    stated: dict[VerdictWord, list[float]] = {}
    for item in judged:
        for point in item.grade.points:
            words: list[VerdictWord] = [
                v.verdict for v in point.verdicts if v.supported and v.verdict in VERDICT_CREDITS
            ]
            if words and point.point_id in item.labels:
                stated.setdefault(majority_verdict(words)[0], []).append(item.labels[point.point_id])
    return {word: (sum(seen) + _PRIOR) / (len(seen) + 2 * _PRIOR) for word, seen in stated.items()}


def _sentence(name: str, headline: str, methods: Mapping[str, GradingMethod], n: int) -> str:
    """Whether the judge would help if its verdicts counted on unclear points, where the interval says so."""
    gain = methods["settled"].gain
    base, together = (methods[method].statistics[headline].value for method in ("embedding", "settled"))
    if gain.value is None or gain.low is None or gain.high is None or base is None or together is None:
        return f"{name}: whether it helps cannot be said: {gain.note or 'agreement is undefined'}"
    difference = f"difference {_shown(gain)}"
    figures = f"{headline} {base:.3f} without it, {together:.3f} where it decides unclear points, {difference}"
    if gain.high < 0:
        return f"{name} makes agreement worse: {figures}, n={n}"
    if gain.low > 0:
        return f"{name} makes agreement better: {figures}, n={n}"
    return f"{name} changes agreement by no more than chance: {figures}, n={n}"


def _shown(gain: Estimate) -> str:
    if gain.value is None or gain.low is None or gain.high is None:
        return "undefined"
    return f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
