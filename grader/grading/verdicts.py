"""One point and one answer -> what the point earned, why, and how sure that is: coverage and guards together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from grader.grading.confidence import STATED, point_confidence
from grader.grading.coverage import Covered, Floats, Ints, PointTokens, credit
from grader.guards import NO_CONTRADICTION, Claim, ContradictionCheck, check_point, near_best_segments, parse_claim
from grader.reader import Verifier
from grader.schema import Evidence, PointGrade, Rubric, RubricPoint, Status
from grader.settings import Settings
from grader.text import NormalisedText, Span, content_stems, normalise

# The verifier may speak where the tokens of either side have on average this cosine to their nearest in the other: it
# was trained on near copies (docs/accuracy.md compares bounds).
_NEAR_COPY = 0.65
# Claims with fewer words and marks are names and numbers, which were not among the claims that it learned from.
_FEWEST_WORDS = 3
# A segment belongs to another point when it states this much more of that, or nearly all of it and more of that.
_CLEARLY_MORE, _NEARLY_ALL = 0.03, 0.95
# Chance that a person agrees when a guard says that a point is denied: of the answers that people gave full marks 98 to
# 100 % keep all their points, of refutations 9 in 10 are caught. It was not fitted.
_GUARD_IS_RIGHT = 0.9
_UNSURE = 0.5


class PointClaims(NamedTuple):
    """A point's wordings as the guards read them, and the stems of the question."""

    wordings: tuple[Claim, ...]
    asked: frozenset[str]

    @property
    def novel(self) -> bool:
        """Whether the point says anything that the question does not."""
        return any(claim.stems - self.asked for claim in self.wordings)


class Heard(NamedTuple):
    """An answer as its points are judged by it.

    Attributes:
        original: the answer as written.
        text: the same, normalised.
        spans: its segments, in characters of `text`.
        statements: the segments as the guards read them; none where nobody asks them.
        cosines: of the tokens of all wordings with its own, shape `(n_point_tokens, n_tokens)`.
        starts: first token of each segment, shape `(n_segments,)`.
        share: what remains of each credit for how the answer is written and how much it says, 0..1.

    """

    original: str
    text: NormalisedText
    spans: Sequence[Span]
    statements: Sequence[Claim]
    cosines: Floats
    starts: Ints
    share: float


def read_points(rubric: Rubric) -> tuple[PointClaims, ...]:
    """The rubric's points as the guards read them, in order."""
    asked = frozenset(content_stems(normalise(rubric.question).text))
    return tuple(
        PointClaims(tuple(parse_claim(normalise(text).text) for text in (point.text, *point.aliases)), asked)
        for point in rubric.points
    )


def doubts(
    claims: PointClaims,
    points: PointTokens,
    found: Covered,
    heard: Heard,
    verifier: Verifier | None,
    *,
    of_others: Floats,
) -> ContradictionCheck:
    """What speaks against a point in the segments that come near to stating it.

    A wording that the point borrowed from the reference is a stretch of text, not a claim: it is not compared. The
    verifier is not asked about a segment that states another point better than this one: it speaks of that.

    Args:
        claims, points, found: the point as the guards read it, all wordings of the rubric, what was found of the point.
        heard: the answer.
        verifier: asked about near copies; rules alone speak without it.
        of_others: for each segment the highest recall of any other point, shape `(n_segments,)`.

    """
    first = int(np.searchsorted(points.owners, points.owners[found.wording]))
    if found.wording - first >= len(claims.wordings):
        return NO_CONTRADICTION
    recalls = found.by_segment.tolist()
    denied: list[float | None] = [None] * len(recalls)
    point = claims.wordings[found.wording - first]
    if verifier is not None and len(point.words) >= _FEWEST_WORDS:
        wording = heard.cosines[points.rows(found.wording)]
        ends = np.append(heard.starts[1:], wording.shape[1])
        more = of_others - found.by_segment
        is_other = (more > _CLEARLY_MORE) | ((more > 0) & (of_others >= _NEARLY_ALL))
        for index in near_best_segments(np.where(is_other, 0, found.by_segment).tolist()):
            said = heard.statements[index]
            cosines = wording[:, heard.starts[index] : ends[index]]
            near = min(float(cosines.max(axis=side).mean()) for side in (0, 1)) >= _NEAR_COPY
            if near and len(said.words) >= _FEWEST_WORDS:
                denied[index] = float(verifier.contradicts([(point.text, said.text)])[0])
    return check_point(claims.wordings, heard.statements, recalls, denied)


def verdict(
    point: RubricPoint, found: Covered, checked: ContradictionCheck | None, heard: Heard, settings: Settings
) -> PointGrade:
    """From a point's coverage, and what speaks against it, to its status, credit, evidence and confidence."""
    credited = earned(point, found, heard, settings)
    status = status_of(credited, settings)
    stretch = Span(heard.spans[found.first_segment].start, heard.spans[found.last_segment].end)
    rationale = f"the answer matches {found.coverage:.0%} of this point's wording"
    confidence = point_confidence(STATED.stated(found.coverage), credited)
    finding = checked.finding if checked is not None and credited > 0 else None
    if finding is not None and checked is not None:
        if finding.certain:
            status, credited, stretch = "contradicted", 0.0, heard.spans[checked.segment]
            rationale, confidence = f"the answer {finding.reason}", _GUARD_IS_RIGHT
        else:
            rationale, confidence = f"unsure: the answer {finding.reason}", _UNSURE
            if finding.kind == "quantifier" and status == "covered":
                status, credited = "partial", settings.partial_at
    if point.weight < 0 and status != "covered":
        credited, status = 0.0, "missing"  # a mistake that was not clearly made was not made
        if finding is None:
            confidence = point_confidence(STATED.stated(found.coverage), credited)
    evidence = None
    if status != "missing":
        start, end = heard.text.original_span(*stretch)
        evidence = Evidence(text=heard.original[start:end], start=start, end=end)
    return PointGrade(
        point_id=point.id,
        text=point.text,
        status=status,
        coverage=found.coverage,
        credit=credited,
        weight=point.weight,
        evidence=evidence,
        decided_by="embedding" if finding is None else "guard",
        rationale=rationale,
        confidence=confidence,
    )


def earned(point: RubricPoint, found: Covered, heard: Heard, settings: Settings) -> float:
    """Credit of a point for its coverage, before anything speaks against it, 0..1."""
    credited = credit(found.coverage, no_credit=settings.no_credit, full_credit=settings.full_credit)
    return credited * heard.share if point.weight > 0 else credited  # a mistake costs as much in a brief answer


def status_of(earned: float, settings: Settings) -> Status:
    """The word for a credit."""
    if earned >= settings.covered_at:
        return "covered"
    return "partial" if earned >= settings.partial_at else "missing"


def point_flags(points: Sequence[PointGrade]) -> list[str]:
    """Flags of an answer that come from what the guards found at its points."""
    flags = []
    if any(point.status == "contradicted" for point in points):
        flags.append("contradiction")
    if any(point.decided_by == "guard" and point.status != "contradicted" for point in points):
        flags.append("unsure_meaning")
    return flags
