"""Everything that moves a score, in one frozen place, and the short form of it that goes into the signature."""

from typing import Literal, Self

from pydantic import Field, model_validator

from grader.__about__ import PACKAGED_MODEL
from grader.schema import Noun

# Raise it whenever a formula or constant of coverage.py or substance.py changes: no settings, but they move scores.
COVERAGE_VERSION = 2
# The encoder that looks words up and runs no model.
STATIC = "static"
# The packaged model with the weights and the inputs of its linear maps as whole numbers.
INT8 = "int8"
# What a model behind an OpenAI-compatible server is called by: `openai:MODEL`.
REMOTE = "openai:"
# No reader: coverage and guards decide. The packaged one reads answer and point together.
NO_READER, PACKAGED_READER = "none", "packaged"
# A book chapter. What such an answer takes in time and memory: docs/limits.md.
MAX_ANSWER_CHARS = 200_000
# In place of the defaults: its cosines of related words are lower (docs/speed.md), and the verifier is a model, too.
_FIT_FOR = {STATIC: {"match_center": 0.35, "match_slope": 6.0, "verifier": False}}


class Settings(Noun):
    """How coverage is measured and turned into credit.

    The defaults were measured over nine scored sets (docs/accuracy.md), two anew for the encoder `static`, which has
    no verifier by default; change one and the signature changes.

    >>> from grader import Settings
    >>> settings = Settings(encoder="static", review_below=0.6)
    >>> settings.verifier, settings.match_center
    (False, 0.35)
    """

    encoder: str = Field(default=PACKAGED_MODEL, description="encoder: a name or a folder")
    reader: str = Field(default=NO_READER, description="reader: packaged, none, or a sequence-pair classifier's name")
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
    partial_at: float = Field(
        default=0.15, ge=0, le=1, description="share found of a point up to which it is missing and earns nothing"
    )
    guards: bool = Field(default=True, description="whether guards may veto points and flag answers")
    verifier: bool = Field(default=True, description="whether the trained verifier may judge near copies of a point")
    # At .5 between 2 and 33 % of the answers of nine sets go to people (median 18 %) and agreement of the rest rises on
    # eight of them, by .023 in the median; at .6 it is 40 % and .029 (docs/accuracy.md).
    review_below: float = Field(default=0.5, ge=0, le=1, description="confidence below which a person should look")
    max_answer_chars: int = Field(
        default=MAX_ANSWER_CHARS, ge=1, description="characters beyond which an answer stays ungraded"
    )
    covered_at: float = Field(
        default=0.9, ge=0, le=1, description="share found of a point from which it is covered and earns everything"
    )

    @model_validator(mode="before")
    @classmethod
    def _fit_to_encoder(cls, given: object) -> object:
        """What is not given is what fits the encoder."""
        if not isinstance(given, dict):
            return given
        return {**_FIT_FOR.get(given.get("encoder", PACKAGED_MODEL), {}), **given}

    @model_validator(mode="after")
    def _scale_rises(self) -> Self:
        if self.partial_at >= self.covered_at:
            raise ValueError(f"partial_at ({self.partial_at:g}) must be below covered_at ({self.covered_at:g})")
        return self

    def signature(self) -> str:
        """The coverage part of a signature, such as `v1,q.2/.3,o.5,m.4/8,c.08-1,b.5/.6,s.15/.9`."""
        numbers = {name: f"{value:g}".removeprefix("0") or "0" for name, value in self if type(value) is float}
        longest = "" if self.max_answer_chars == MAX_ANSWER_CHARS else f",l{self.max_answer_chars}"
        return (
            f"v{COVERAGE_VERSION},"
            + (
                "q{question_discount}/{echo_share},o{shared_discount},m{match_center}/{match_slope}"
                ",c{no_credit}-{full_credit},b{brief_below}/{brief_loss},s{partial_at}/{covered_at}"
            ).format(**numbers)
            + longest
        )


class JudgeSettings(Noun):
    """When a judge is asked, about what, and what it may tell; all but `reveal` moves scores."""

    when: Literal["unclear", "all", "never-for-score"] = Field(
        default="unclear",
        description="points whose chance of being stated is in the band; all points; all, but for explanations alone",
    )
    # The knee of the measured curve of agreement against calls: docs/judge.md.
    unclear_from: float = Field(default=0.3, ge=0, le=1, description="lower end of the band of chances")
    unclear_to: float = Field(default=0.7, ge=0, le=1, description="upper end of the band of chances")
    votes: int = Field(default=1, ge=1, le=9, description="how often each judge is asked, in another order each time")
    one_call_for: Literal["answer", "point"] = Field(
        default="answer", description="what one call is about: an answer with all its points, or one point of it"
    )
    seed: int = Field(default=0, description="of the order and the ids in which a judge sees the points")
    reveal: bool = Field(default=False, description="whether feedback may quote the reference answer")

    @model_validator(mode="after")
    def _band_is_one(self) -> Self:
        if self.unclear_from > self.unclear_to:
            raise ValueError(f"unclear_from ({self.unclear_from:g}) must not be above unclear_to ({self.unclear_to:g})")
        return self

    def signature(self) -> str:
        """The short form, such as `unclear.3-.7` or `all,v3,point,s1`."""
        band = "-".join(f"{end:g}".removeprefix("0") or "0" for end in (self.unclear_from, self.unclear_to))
        parts = [
            f"{self.when}{band if self.when == 'unclear' else ''}",
            f"v{self.votes}" if self.votes > 1 else "",
            "point" if self.one_call_for == "point" else "",
            f"s{self.seed}" if self.seed else "",
        ]
        return ",".join(part for part in parts if part)
