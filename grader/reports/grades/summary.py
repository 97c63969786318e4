"""Grades counted: totals, questions, points, judges; one pass over any number of grades.

Nothing here computes a score, rounds a number or knows how it is shown.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

import numpy as np

from grader.grading import VERDICT_CREDITS
from grader.schema import Grade, PointGrade, Status, VerdictWord
from grader.statistics import krippendorff_alpha

_BINS = 10


@dataclass(frozen=True)
class PointRow:
    """How often one rubric point was met: shares of the `n_judged` answers, `None` when there are none."""

    point_id: str
    text: str
    weight: float
    n_judged: int
    covered: float | None
    partial: float | None
    missing: float | None
    contradicted: float | None

    @property
    def missed(self) -> float:
        """The share of answers that lack or contradict the point; 0 when none was judged."""
        return (self.missing or 0.0) + (self.contradicted or 0.0)


@dataclass(frozen=True)
class QuestionRow:
    """One question over all its answers. `mean_fraction` is `None` when none was graded."""

    question_id: str
    question: str
    n_answers: int
    n_graded: int
    mean_fraction: float | None
    points: tuple[PointRow, ...]

    @property
    def most_missed(self) -> PointRow | None:
        """The wanted point that most answers lack or contradict; `None` when no answer does."""
        wanted = [point for point in self.points if point.weight > 0]
        worst = max(wanted, key=lambda point: point.missed, default=None)
        return worst if worst is not None and worst.missed > 0 else None


@dataclass(frozen=True)
class JudgeRow:
    """The verdicts of one judge, counted.

    Attributes:
        verdicts: number of points by verdict; those without a usable one are `not_judged`.
        n_unsupported: how many of its awards no words of the answer support.
        n_compared: on how many points both it and the embedding have a verdict.
        same_as_embedding: on which share of these it is the same; `None` when there are none.

    """

    judge: str
    verdicts: Counter[VerdictWord]
    n_unsupported: int
    n_compared: int
    same_as_embedding: float | None


class InterJudgeAgreement(NamedTuple):
    """How far judges agree with each other on the `n_points` on which two or more have a verdict.

    Attributes:
        exact: on which share of the points all of them say the same; `None` without points.
        alpha: Krippendorff's alpha of the verdicts as names, 1 agreement, 0 chance; `None` where it is undefined, as
            when all verdicts are the same.
        spread: mean distance of the highest from the lowest credit, 0..1; `None` without points.

    """

    n_points: int
    exact: float | None
    alpha: float | None
    spread: float | None


@dataclass(frozen=True)
class JudgesSummary:
    """What a report says about judges.

    Attributes:
        n_answers, n_points: how much they were asked about.
        judges: in order of first appearance.
        agreement: `None` for a single judge.

    """

    n_answers: int
    n_points: int
    judges: tuple[JudgeRow, ...]
    agreement: InterJudgeAgreement | None


@dataclass(frozen=True)
class GradesSummary:
    """What a report says about grades.

    Attributes:
        mean_fraction: over graded answers, 0..1; `None` when none was graded.
        histogram: number of graded answers in ten bins of fractions, [0, .1), [.1, .2), ... [.9, 1].
        questions: in order of first appearance.
        ungraded_reasons: reason and number of answers, the most frequent first.
        signatures: distinct ones; those that differ in the rubric hash alone are one, without that hash.
        grades: the first ones, in input order; the others are only counted.
        judges: their verdicts, counted; `None` when none was asked.

    """

    n_answers: int
    n_graded: int
    n_ungraded: int
    n_needs_review: int
    mean_fraction: float | None
    histogram: tuple[int, ...]
    questions: tuple[QuestionRow, ...]
    ungraded_reasons: tuple[tuple[str, int], ...]
    signatures: tuple[str, ...]
    grades: tuple[Grade, ...]
    judges: JudgesSummary | None = None

    @property
    def n_not_shown(self) -> int:
        """How many answers were counted but not kept."""
        return self.n_answers - len(self.grades)


def summarise_grades(grades: Iterable[Grade], *, keep: int = 500) -> GradesSummary:
    """Count grades in one pass; memory grows with the questions and the kept grades, not with the answers.

    Args:
        grades: in the order in which they are shown.
        keep: how many grades the summary holds, the first ones.

    """
    total = _Tally()
    histogram = [0] * _BINS
    judges = JudgesTally()
    questions: dict[str, _QuestionTally] = {}
    reasons: Counter[str] = Counter()
    signatures: dict[str, dict[str, None]] = {}
    n_needs_review = 0
    kept: list[Grade] = []
    for grade in grades:
        total.add(grade)
        judges.add(grade)
        questions.setdefault(grade.question_id, _QuestionTally()).add(grade)
        n_needs_review += grade.needs_review
        if grade.fraction is None:
            reasons[grade.ungraded_reason or "the grade has no fraction"] += 1
        else:
            histogram[_bin(grade.fraction)] += 1
        _note_signature(signatures, grade.signature)
        if len(kept) < keep:
            kept.append(grade)
    return GradesSummary(
        n_answers=total.n_answers,
        n_graded=total.n_graded,
        n_ungraded=total.n_answers - total.n_graded,
        n_needs_review=n_needs_review,
        mean_fraction=total.mean,
        histogram=tuple(histogram),
        questions=tuple(tally.row(question_id) for question_id, tally in questions.items()),
        ungraded_reasons=tuple(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))),
        signatures=tuple(next(iter(full)) if len(full) == 1 else short for short, full in signatures.items()),
        grades=tuple(kept),
        judges=judges.summary(),
    )


@dataclass
class _Tally:
    """Running count and mean of fractions."""

    n_answers: int = 0
    n_graded: int = 0
    sum_of_fractions: float = 0.0

    def add(self, grade: Grade) -> None:
        self.n_answers += 1
        if grade.fraction is not None:
            self.n_graded += 1
            self.sum_of_fractions += grade.fraction

    @property
    def mean(self) -> float | None:
        return self.sum_of_fractions / self.n_graded if self.n_graded else None


class _PointKey(NamedTuple):
    """A point that was reworded or weighted anew between two runs is another point."""

    point_id: str
    text: str
    weight: float


@dataclass
class _QuestionTally:
    """What is counted about one question."""

    question: str = ""
    total: _Tally = field(default_factory=_Tally)
    points: dict[_PointKey, Counter[Status]] = field(default_factory=dict)

    def add(self, grade: Grade) -> None:
        self.total.add(grade)
        self.question = self.question or grade.question
        for point in grade.points:
            key = _PointKey(point.point_id, point.text, point.weight)
            self.points.setdefault(key, Counter())[point.status] += 1

    def row(self, question_id: str) -> QuestionRow:
        points = tuple(_point_row(key, counts) for key, counts in self.points.items())
        n_answers, n_graded = self.total.n_answers, self.total.n_graded
        return QuestionRow(question_id, self.question, n_answers, n_graded, self.total.mean, points)


def _point_row(key: _PointKey, counts: Counter[Status]) -> PointRow:
    judged = counts.total() - counts["not_judged"]

    def share(status: Status) -> float | None:
        return counts[status] / judged if judged else None

    return PointRow(
        *key,
        n_judged=judged,
        covered=share("covered"),
        partial=share("partial"),
        missing=share("missing"),
        contradicted=share("contradicted"),
    )


def _bin(fraction: float) -> int:
    """The bin of a fraction; rounded first, so that a sum that should be .3 does not fall below it."""
    return min(max(int(round(fraction * _BINS, 9)), 0), _BINS - 1)


def _note_signature(seen: dict[str, dict[str, None]], signature: str) -> None:
    """File a signature under itself without the rubric hash; two of a kind are enough to see a difference."""
    short = "|".join(part for part in signature.split("|") if not part.startswith("rubric:"))
    full = seen.setdefault(short, {})
    if len(full) < 2:
        full[signature] = None


def n_wanted(grade: Grade) -> int:
    """How many points an answer should state: those that earn, without the mistakes."""
    return sum(point.weight > 0 for point in grade.points)


def n_covered(grade: Grade) -> int:
    """How many of the wanted points earn their whole weight."""
    return sum(point.weight > 0 and point.is_full for point in grade.points)


def n_partial(grade: Grade) -> int:
    """How many of the wanted points it states and earns a part of."""
    return sum(point.weight > 0 and point.status in ("covered", "partial") for point in grade.points) - n_covered(grade)


# --- judges --------------------------------------------------------------------------------------------------


@dataclass
class _JudgeTally:
    """What is counted about one judge."""

    verdicts: Counter[VerdictWord] = field(default_factory=Counter)
    n_unsupported: int = 0
    n_compared: int = 0
    n_same: int = 0

    def row(self, judge: str) -> JudgeRow:
        same = self.n_same / self.n_compared if self.n_compared else None
        return JudgeRow(judge, Counter(self.verdicts), self.n_unsupported, self.n_compared, same)


class JudgesTally:
    """A running count over grades; its memory grows with the judges and not with the grades."""

    def __init__(self) -> None:
        self._n_answers = 0
        self._n_points = 0
        self._judges: dict[str, _JudgeTally] = {}
        # How often each set of verdicts occurred; no figure depends on which judge gave which.
        self._together: Counter[tuple[VerdictWord, ...]] = Counter()

    def add(self, grade: Grade) -> None:
        """Count one grade."""
        asked = [point for point in grade.points if point.verdicts]
        self._n_answers += bool(asked)
        self._n_points += len(asked)
        for point in asked:
            self._add_point(point)

    def _add_point(self, point: PointGrade) -> None:
        embedding = point.by_embedding.status if point.by_embedding is not None else "not_judged"
        said = []
        for verdict in point.verdicts:
            tally = self._judges.setdefault(verdict.judge, _JudgeTally())
            tally.verdicts[verdict.verdict] += 1
            tally.n_unsupported += not verdict.supported and VERDICT_CREDITS.get(verdict.verdict, 0) > 0
            if verdict.verdict not in VERDICT_CREDITS:
                continue
            said.append(_rating(verdict.verdict, point))
            if embedding in VERDICT_CREDITS:
                tally.n_compared += 1
                tally.n_same += said[-1] == _rating(embedding, point)
        if len(said) > 1:
            self._together[tuple(sorted(said))] += 1

    def summary(self) -> JudgesSummary | None:
        """What was counted; `None` when no judge was asked."""
        if not self._n_points:
            return None
        rows = tuple(tally.row(judge) for judge, tally in self._judges.items())
        agreement = _inter_judge_agreement(self._together) if len(rows) > 1 else None
        return JudgesSummary(self._n_answers, self._n_points, rows, agreement)


def _rating(word: VerdictWord, point: PointGrade) -> VerdictWord:
    """A verdict as raters are compared by it: a mistake was made or not, however little there is of it."""
    return "missing" if point.weight < 0 and word != "covered" else word


def _inter_judge_agreement(together: Counter[tuple[VerdictWord, ...]]) -> InterJudgeAgreement:
    n_points = together.total()
    if not n_points:
        return InterJudgeAgreement(0, None, None, None)
    n_equal = sum(n for words, n in together.items() if len(set(words)) == 1)
    credits = {words: [VERDICT_CREDITS[word] for word in words] for words in together}
    ranges = sum(n * (max(credits[words]) - min(credits[words])) for words, n in together.items())
    return InterJudgeAgreement(n_points, n_equal / n_points, _alpha(together), ranges / n_points)


def _alpha(together: Counter[tuple[VerdictWord, ...]]) -> float | None:
    """Krippendorff's nominal alpha, from how often each set of verdicts occurred."""
    code = {word: number for number, word in enumerate(VERDICT_CREDITS)}
    table = np.full((len(together), max(map(len, together))), np.nan)
    for row, words in zip(table, together, strict=True):
        row[: len(words)] = [code[word] for word in words]
    alpha = krippendorff_alpha(np.repeat(table, list(together.values()), axis=0), level="nominal")
    return None if isnan(alpha) else alpha
