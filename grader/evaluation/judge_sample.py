"""Whether a judge would help on a labelled set, from a few of its answers: those that tell most are asked about.

An answer tells the more, the less sure its points are. It is drawn with a chance in proportion to that, and weighted by
the inverse of that chance, so that the figures are of the whole set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from grader.evaluation.agreement import Interval
from grader.evaluation.judge_comparison import (
    DEFAULT_BAND,
    EVERYTHING,
    Band,
    Floats,
    JudgedAnswer,
    fraction_of,
    settled_credits,
)
from grader.grading import stated_probabilities
from grader.judges import JudgingTask, PointToJudge, request_size
from grader.provider import Price
from grader.schema import Grade, Rubric
from grader.statistics import Estimate

# Chances of being stated between which a judge may be asked; docs/judge.md has what they cost and gain elsewhere.
BANDS: tuple[Band, ...] = ((0.45, 0.55), (0.4, 0.6), (0.35, 0.65), DEFAULT_BAND, (0.25, 0.75), (0.2, 0.8), EVERYTHING)
# A narrower band is proposed when it reaches this share of the best gain.
_NEARLY_ALL = 0.9


def inclusion_probabilities(uncertainty: Floats, n: int) -> Floats:
    """The chance of each answer to be among `n` drawn ones, in proportion to its uncertainty, shape as given.

    Args:
        uncertainty: >= 0; answers of 0 are drawn only where there is nothing else.
        n: how many are drawn, 1 to the number of answers.

    """
    size = np.maximum(uncertainty, 1e-6)
    chances: Floats = np.minimum(1.0, n * size / size.sum())
    while (rest := chances < 1).any() and chances.sum() < n - 1e-9:  # what is certain leaves its share to the others
        chances[rest] = np.minimum(1.0, (n - (~rest).sum()) * size[rest] / size[rest].sum())
    return chances


def draw_answers(grades: Sequence[Grade | None], n: int, *, seed: int) -> dict[int, float]:
    """Draw the answers to ask a judge about: positions with their chance (0..1, above 0) of being drawn.

    Args:
        grades: without judges; what has no score is not drawn.
        n: how many; all if there are fewer.
        seed: of the draw.

    Source: systematic sampling with probability proportional to size (Madow 1949).

    """
    places = [at for at, grade in enumerate(grades) if grade is not None and grade.fraction is not None]
    if n >= len(places):
        return dict.fromkeys(places, 1.0)
    rng = np.random.default_rng(seed)
    places = [places[at] for at in rng.permutation(len(places))]
    chances = inclusion_probabilities(np.array([_uncertainty(grades[at]) for at in places]), n)
    ends = np.cumsum(chances)
    drawn = np.unique(np.searchsorted(ends, np.arange(n) + rng.random(), side="right").clip(max=len(places) - 1))
    return {places[at]: float(chances[at]) for at in sorted(drawn, key=lambda at: places[at])}


def _uncertainty(grade: Grade | None) -> float:
    """Standard deviation of an answer's fraction as far as its points are unsure, 0..0.5."""
    points = [] if grade is None else [point for point in grade.points if point.weight > 0]
    chances = stated_probabilities(points)
    total = sum(point.weight for point in points)
    variance = sum(p.weight**2 * c * (1 - c) for p in points if (c := chances[p.point_id]) is not None)
    return float(np.sqrt(variance) / total) if total else 0.0


class BandOutcome(NamedTuple):
    """What a judge that decides the points in one band is worth, and what the answers that were not asked would take.

    Attributes:
        band: chances of being stated.
        gain: share of the squared error that it takes away, at most 1; below 0 it adds some.
        calls, input_tokens, output_tokens: for the rest of the set; tokens are upper limits.
        cost: of these, `None` where a price is not known.

    """

    band: Band
    gain: Estimate
    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {**self._asdict(), "band": list(self.band), "gain": self.gain.as_dict()}


@dataclass(frozen=True)
class JudgeSample:
    """What a sample says of a judge.

    Attributes:
        n_asked, n_rest: answers that were asked about, and the others.
        unproven: gain of what it may do while it is unproven, as in `BandOutcome`.
        bands: from narrow to wide.
        proposed: the narrowest band with nearly all of the gain; `None` where no gain is sure.
        verdict: one sentence that says whether it would help.

    """

    n_asked: int
    n_rest: int
    unproven: Estimate
    bands: tuple[BandOutcome, ...]
    proposed: Band | None
    verdict: str

    def as_dict(self) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it."""
        return {
            "verdict": self.verdict,
            "n_asked": self.n_asked,
            "n_rest": self.n_rest,
            "unproven": self.unproven.as_dict(),
            "bands": [outcome.as_dict() for outcome in self.bands],
            "proposed": None if self.proposed is None else list(self.proposed),
        }


class SampledAnswer(NamedTuple):
    """An answer that was asked about, and the chance with which it was drawn."""

    answer: JudgedAnswer
    chance: float


class UnaskedAnswer(NamedTuple):
    """An answer that was not asked about: its human score, 0..1, its grade and its rubric."""

    human: float
    grade: Grade
    rubric: Rubric


def assess_sample(
    asked: Sequence[SampledAnswer],
    rest: Sequence[UnaskedAnswer],
    *,
    name: str,
    prices: Mapping[str, Price | None],
    interval: Interval,
) -> JudgeSample:
    """What judges would be worth on the whole set, and what the rest would cost, by band.

    People's scores are first brought to the grader's scale (a straight line, from all answers), and of what the judge
    moves its mean is taken off: a judge that is merely kinder gains nothing.

    Args:
        asked: judged on all their points.
        rest: the other answers.
        name: of the judges.
        prices: of each judge, by name.
        interval: the bootstrap over questions.

    """
    alone = np.array([_alone(item.answer.alone, item.answer.rubric) for item in asked])
    human = np.array([item.answer.human for item in asked])
    slope, intercept = _line(
        np.r_[alone, [_alone(item.grade, item.rubric) for item in rest]], np.r_[human, [item.human for item in rest]]
    )
    residuals = human - (intercept + slope * alone)
    weights = 1 / np.array([item.chance for item in asked])
    questions = np.array([item.answer.question for item in asked])

    def gain(moved: Floats) -> Estimate:
        return interval(lambda i: error_removed(residuals[i], slope * (moved - alone)[i], weights[i]), questions)

    def outcome(band: Band) -> BandOutcome:
        moved = [fraction_of(item.answer.rubric, settled_credits(item.answer, band)) for item in asked]
        sizes = [size for item in rest if (size := _request_size(item, band)) is not None]
        n_in, n_out = sum(size[0] for size in sizes), sum(size[1] for size in sizes)
        costs = [None if price is None else price.cost_of_tokens(n_in, n_out) for price in prices.values()]
        cost = None if None in costs else sum(cost for cost in costs if cost is not None)
        n = len(prices)
        return BandOutcome(band, gain(np.array(moved)), n * len(sizes), n * n_in, n * n_out, cost)

    bands = tuple(map(outcome, BANDS))
    unproven = gain(np.array([_alone(item.answer.grade, item.answer.rubric) for item in asked]))
    proposed = _proposed(bands)
    sentence = _sentence(name, next(o for o in bands if o.band == DEFAULT_BAND).gain, len(asked), proposed)
    return JudgeSample(len(asked), len(rest), unproven, bands, proposed, sentence)


def error_removed(residuals: Floats, moves: Floats, weights: Floats) -> float:
    """The share of the mean squared residual that moves take away, each measured from the mean move; at most 1.

        1 - sum(w * (residual - (move - mean move))^2) / sum(w * residual^2)

    Args:
        residuals, moves: on one scale, shape `(n,)`.
        weights: above 0, shape `(n,)`.

    **Undefined:** NaN where there is no error to take away.

    """
    before = float(weights @ residuals**2)
    if before <= 0:
        return float("nan")
    centred = moves - np.average(moves, weights=weights)
    return 1 - float(weights @ (residuals - centred) ** 2) / before


def _line(x: Floats, y: Floats) -> tuple[float, float]:
    """Slope (at least 0) and intercept of the least-squares line."""
    spread = float(((x - x.mean()) ** 2).sum())
    slope = max(0.0, float(((x - x.mean()) * (y - y.mean())).sum()) / spread) if spread > 0 else 0.0
    return slope, float(y.mean() - slope * x.mean())


def _alone(grade: Grade, rubric: Rubric) -> float:
    return fraction_of(rubric, {point.point_id: point.credit for point in grade.points})


def _request_size(item: UnaskedAnswer, band: Band) -> tuple[int, int] | None:
    """Tokens of the request and at most of the reply, about the points in the band; `None` if there are none."""
    chances = stated_probabilities(item.grade.points)
    unclear = [
        point for point in item.rubric.points if (c := chances[point.id]) is not None and band[0] <= c <= band[1]
    ]
    if not unclear:
        return None
    task = JudgingTask(
        answer=item.grade.answer,
        question=item.rubric.question,
        reference_answer=item.rubric.reference_answer,
        points=tuple(PointToJudge(point.id, point.text, point.aliases, point.weight < 0) for point in unclear),
        decided_points=tuple((point.text, "not stated") for point in item.rubric.points if point not in unclear),
    )
    return request_size(task)


def _proposed(bands: Sequence[BandOutcome]) -> Band | None:
    """The narrowest band whose gain is sure and nearly the best one."""
    sure = [o for o in bands if o.gain.value is not None and o.gain.low is not None and o.gain.low > 0]
    best = max((o.gain.value or 0.0 for o in sure), default=0.0)
    return next((o.band for o in sure if (o.gain.value or 0.0) >= _NEARLY_ALL * best), None)


def _sentence(name: str, gain: Estimate, n: int, proposed: Band | None) -> str:
    low, high = DEFAULT_BAND
    if gain.value is None or gain.low is None or gain.high is None:
        return f"{name}: whether it would help cannot be said: {gain.note or 'the error is undefined'}"
    figures = (
        f"deciding the points between {low:g} and {high:g} changes the squared error by {-gain.value:+.0%} "
        f"[{-gain.high:+.0%}, {-gain.low:+.0%}], from {n} answers"
    )
    if gain.low > 0:
        band = f"; nearly all of that with --judge-band {proposed[0]:g}-{proposed[1]:g}" if proposed else ""
        return f"{name} would help on this set: {figures}{band}"
    if gain.high < 0:
        return f"{name} would harm on this set: {figures}"
    return f"{name}: so few answers do not tell whether it would help: {figures}"
