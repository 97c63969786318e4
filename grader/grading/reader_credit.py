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
        credit       = ((1 - share) * credit of coverage + share * stated) * (1 - denied)
        denied       = clamp((contradicted - low) / (high - low))

    Attributes:
        name: what the signature calls it.
        stated: `(a, b, c)`.
        contradicted: `(d, e)`.
        share: the reader's share in the credit.
        fades: `(low, high)`, between which a contradiction takes the credit away; from `high` on the point is called
            contradicted.
        provenance: what the numbers were fitted on.

    """

    name: str
    stated: tuple[float, float, float]
    contradicted: tuple[float, float]
    share: float
    fades: tuple[float, float]
    provenance: str

    def read_point(self, coverage: float, reading: Reading) -> "ReadPoint":
        """What follows from a coverage in 0..1 and a reading; logits beyond 5 count as 5."""
        stated, contradicted = (max(-_FARTHEST, min(_FARTHEST, logit)) for logit in reading)
        intercept, by_coverage, by_stated = self.stated
        chance = _probability(intercept + by_coverage * coverage + by_stated * stated)
        intercept, by_contradicted = self.contradicted
        against = _probability(intercept + by_contradicted * contradicted)
        low, high = self.fades
        denied = min(1.0, max(0.0, (against - low) / (high - low)))
        share = self.share if coverage > _UNRELATED else 0.0
        return ReadPoint(chance, against, share, denied)


# Coverage up to which nothing in the answer is about the point: greetings, symbols, the question again.
_UNRELATED = 0.01
_FARTHEST = 5.0
# The curves were fitted by tests/benchmarks/fit_reader_credit.py; docs/accuracy.md says what the rest was chosen from.
READER_CALIBRATION = ReaderCalibration(
    name="read.2",
    stated=(-0.592, 1.023, 0.788),
    contradicted=(-0.142, 1.009),
    share=0.5,
    fades=(0.65, 0.8),
    provenance="4,422 pairs of points and answers that the reader was not trained on: 1,208 of held-out statements, "
    "947 facts in summaries, 800 polarity pairs, 400 answers each of SciEntsBank, Beetle and a reading test, and 267 "
    "points of physics answers",
)


class ReadPoint(NamedTuple):
    """What is known of a point with a reader.

    Attributes:
        stated: calibrated probability that the answer states it, 0..1.
        contradicted: calibrated probability that the answer contradicts it, 0..1.
        share: the reader's share in the credit, 0..1.
        denied: share of the credit that a contradiction takes away, 0..1.

    """

    stated: float
    contradicted: float
    share: float
    denied: float

    @property
    def contradicts(self) -> bool:
        """Whether the point is to be called contradicted."""
        return self.denied == 1 and self.contradicted > self.stated

    def credit_with(self, by_coverage: float, style_share: float) -> float:
        """The credit, 0..1, from that of coverage and the factor for the answer's style, both 0..1."""
        return ((1 - self.share) * by_coverage + self.share * self.stated * style_share) * (1 - self.denied)

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
