"""Everything that moves a score, in one frozen place, and the short form of it that goes into the signature."""

from pydantic import Field

from grader import PACKAGED_MODEL
from grader.schema import Noun

# Raise it whenever a formula or constant of coverage.py or substance.py changes: no settings, but they move scores.
COVERAGE_VERSION = 1


class Settings(Noun):
    """How coverage is measured and turned into credit.

    The defaults were measured over nine scored sets (docs/accuracy.md); change one and the signature changes.
    """

    encoder: str = Field(default=PACKAGED_MODEL, description="encoder: a name or a folder")
    question_discount: float = Field(
        default=0.2, ge=0, le=1, description="weight of a point's words that the question already says"
    )
    echo_share: float = Field(
        default=0.3, ge=0, lt=1, description="share that is taken off of the coverage which the question alone reaches"
    )
    shared_discount: float = Field(
        default=0.5, ge=0, le=1, description="weight of a point's words that all other points say, too"
    )
    match_center: float = Field(default=0.4, ge=0, le=1, description="cosine at which a token counts as half matched")
    match_slope: float = Field(default=8.0, gt=0, description="how sharply a token's match rises around the center")
    no_credit: float = Field(default=0.08, ge=0, le=1, description="coverage up to which a point earns nothing")
    full_credit: float = Field(default=1.0, ge=0, le=1, description="coverage from which a point earns everything")
    brief_below: float = Field(
        default=0.5, gt=0, le=1, description="share of the points' new content from which an answer is not too brief"
    )
    brief_loss: float = Field(default=0.6, ge=0, le=1, description="share of a credit that the briefest answers lose")
    partial_at: float = Field(default=0.5, ge=0, le=1, description="credit from which a point counts as partial")
    guards: bool = Field(default=True, description="whether guards may veto points and flag answers")
    verifier: bool = Field(default=True, description="whether the trained verifier may judge near copies of a point")
    # At .5 between 2 and 33 % of the answers of nine sets go to people (median 18 %) and agreement of the rest rises on
    # eight of them, by .023 in the median; at .6 it is 40 % and .029 (docs/accuracy.md).
    review_below: float = Field(default=0.5, ge=0, le=1, description="confidence below which a person should look")
    covered_at: float = Field(default=0.8, ge=0, le=1, description="credit from which a point counts as covered")

    def signature(self) -> str:
        """The coverage part of a signature, such as `v1,q.2/.3,o.5,m.4/8,c.08-1,b.5/.3,s.5/.8`."""
        numbers = {name: f"{value:g}".removeprefix("0") or "0" for name, value in self if type(value) is float}
        return f"v{COVERAGE_VERSION}," + (
            "q{question_discount}/{echo_share},o{shared_discount},m{match_center}/{match_slope}"
            ",c{no_credit}-{full_credit},b{brief_below}/{brief_loss},s{partial_at}/{covered_at}"
        ).format(**numbers)
