"""A reader's two logits and coverage -> calibrated probabilities that an answer states or contradicts a point."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp
from typing import NamedTuple

from grader.reader import Reading


@dataclass(frozen=True)
class ReaderCalibration:
    """From coverage and a reader's logits to two probabilities, and the reader's part in a credit.

        stated       = 1 / (1 + exp(-(a + b * coverage + c * stated logit)))
        contradicted = 1 / (1 + exp(-(d + e * contradicted logit)))
        credit       = (1 - share) * credit of coverage + share * max(0, stated - least) / (1 - least)

    Attributes:
        name: what the signature calls it.
        stated: `(a, b, c)`.
        contradicted: `(d, e)`.
        shares: the reader's share where coverage is at most .5 and from .9 on, and evenly between; 0 without any
            coverage. Near copies are what coverage and the guards are good at, other words what the reader is good at.
        least: probability up to which the reader credits nothing.
        contradicted_at: probability from which a point is called contradicted.
        provenance: what the numbers were fitted on.

    """

    name: str
    stated: tuple[float, float, float]
    contradicted: tuple[float, float]
    shares: tuple[float, float]
    least: float
    contradicted_at: float
    provenance: str

    def read_point(self, coverage: float, reading: Reading) -> "ReadPoint":
        """What follows from a coverage in 0..1 and a reading; logits beyond 4 count as 4."""
        stated, contradicted = (max(-_FARTHEST, min(_FARTHEST, logit)) for logit in reading)
        intercept, by_coverage, by_stated = self.stated
        chance = _probability(intercept + by_coverage * coverage + by_stated * stated)
        intercept, by_contradicted = self.contradicted
        against = _probability(intercept + by_contradicted * contradicted)
        far, near = self.shares
        share = far + (near - far) * min(1.0, max(0.0, (coverage - _FAR) / (_NEAR - _FAR)))
        if coverage <= _UNRELATED:
            share = 0.0
        credit = max(0.0, chance - self.least) / (1 - self.least)
        return ReadPoint(chance, against, credit, share, against >= self.contradicted_at and against > chance)


# Coverage up to which a point is stated in other words, and from which in nearly its own.
_FAR, _NEAR = 0.5, 0.9
# Coverage up to which nothing in the answer is about the point: greetings, symbols, the question again.
_UNRELATED = 0.01
_FARTHEST = 4.0
# The two curves were fitted by tests/benchmarks/fit_reader_credit.py; docs/accuracy.md has what the shares and the
# bound were chosen from.
READER_CALIBRATION = ReaderCalibration(
    name="read.1",
    stated=(-0.455, 1.136, 0.866),
    contradicted=(-0.28, 1.015),
    shares=(0.65, 0.2),
    least=0.05,
    contradicted_at=0.65,
    provenance="4,422 pairs of points and answers that the reader was not trained on: 1,208 of held-out statements, "
    "947 facts in summaries, 800 polarity pairs, 400 answers each of SciEntsBank, Beetle and a reading test, and 267 "
    "points of physics answers",
)


class ReadPoint(NamedTuple):
    """What is known of a point with a reader.

    Attributes:
        stated: calibrated probability that the answer states it, 0..1.
        contradicted: calibrated probability that the answer contradicts it, 0..1.
        credit: what the reader alone would give, 0..1.
        share: the reader's share in the credit, 0..1.
        contradicts: whether the point is to be called contradicted.

    """

    stated: float
    contradicted: float
    credit: float
    share: float
    contradicts: bool

    def credit_with(self, by_coverage: float, style_share: float) -> float:
        """The credit, 0..1, from that of coverage and the factor for the answer's style, both 0..1."""
        return (1 - self.share) * by_coverage + self.share * self.credit * style_share

    def muted(self, stated: float) -> "ReadPoint":
        """The same where a guard found that the words about the point assert nothing.

        Args:
            stated: the chance, 0..1, that the rest of the answer states it, by its coverage.

        """
        return self._replace(stated=min(self.stated, stated), share=0.0)


def best_of_wordings(owners: Iterable[int], readings: Iterable[Reading]) -> list[Reading]:
    """One reading for each point: of the wording that is most clearly stated.

    Args:
        owners: the point that each wording belongs to, ascending from 0.
        readings: of each wording.

    """
    found: list[Reading] = []
    for owner, reading in zip(owners, readings, strict=True):
        if owner == len(found):
            found.append(reading)
        elif _lead(reading) > _lead(found[owner]):
            found[owner] = reading
    return found


def _lead(reading: Reading) -> float:
    return reading.stated - reading.contradicted


def _probability(z: float) -> float:
    return 1 / (1 + exp(-z))
