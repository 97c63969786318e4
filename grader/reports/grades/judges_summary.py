"""What judges said, counted: the verdicts of each, and how far they agree with the embedding and with each other.

Each is a rater of its own: a verdict counts as it was given, whether or not it earned anything.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import isnan
from typing import NamedTuple

import numpy as np

from grader.grading import CREDITS
from grader.schema import Grade, PointGrade, VerdictWord
from grader.statistics import krippendorff_alpha


@dataclass(frozen=True)
class JudgeRow:
    """What one judge said.

    Attributes:
        verdicts: number of points by verdict; those without a usable one are `not_judged`.
        n_unsupported: how many of its awards no words of the answer show.
        n_compared: on how many points both it and the embedding have a verdict.
        same_as_embedding: on which share of these it is the same; `None` when there are none.

    """

    judge: str
    verdicts: Counter[VerdictWord]
    n_unsupported: int
    n_compared: int
    same_as_embedding: float | None


class Between(NamedTuple):
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
        judges: in the order in which they were first heard.
        between: `None` for a single judge.

    """

    n_answers: int
    n_points: int
    judges: tuple[JudgeRow, ...]
    between: Between | None


@dataclass
class _Tally:
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
        self._judges: dict[str, _Tally] = {}
        # How often judges said what together: who said it does not matter to any figure.
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
            tally = self._judges.setdefault(verdict.judge, _Tally())
            tally.verdicts[verdict.verdict] += 1
            tally.n_unsupported += not verdict.supported and CREDITS.get(verdict.verdict, 0) > 0
            if verdict.verdict not in CREDITS:
                continue
            said.append(_rating(verdict.verdict, point))
            if embedding in CREDITS:
                tally.n_compared += 1
                tally.n_same += said[-1] == _rating(embedding, point)
        if len(said) > 1:
            self._together[tuple(sorted(said))] += 1

    def summary(self) -> JudgesSummary | None:
        """What was counted; `None` when no judge was asked."""
        if not self._n_points:
            return None
        rows = tuple(tally.row(judge) for judge, tally in self._judges.items())
        between = _between(self._together) if len(rows) > 1 else None
        return JudgesSummary(self._n_answers, self._n_points, rows, between)


def _rating(word: VerdictWord, point: PointGrade) -> VerdictWord:
    """A verdict as raters are compared by it: a mistake was made or not, however little there is of it."""
    return "missing" if point.weight < 0 and word != "covered" else word


def _between(together: Counter[tuple[VerdictWord, ...]]) -> Between:
    n_points = together.total()
    if not n_points:
        return Between(0, None, None, None)
    n_equal = sum(n for words, n in together.items() if len(set(words)) == 1)
    credits = {words: [CREDITS[word] for word in words] for words in together}
    ranges = sum(n * (max(credits[words]) - min(credits[words])) for words, n in together.items())
    return Between(n_points, n_equal / n_points, _alpha(together), ranges / n_points)


def _alpha(together: Counter[tuple[VerdictWord, ...]]) -> float | None:
    """Krippendorff's nominal alpha of verdicts that stand together, from how often they do."""
    code = {word: number for number, word in enumerate(CREDITS)}
    table = np.full((len(together), max(map(len, together))), np.nan)
    for row, words in zip(table, together, strict=True):
        row[: len(words)] = [code[word] for word in words]
    alpha = krippendorff_alpha(np.repeat(table, list(together.values()), axis=0), level="nominal")
    return None if isnan(alpha) else alpha
