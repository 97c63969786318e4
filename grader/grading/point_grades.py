"""One point and one answer -> what the point earned, why, and how certain that is, from coverage and guards."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.grading.confidence import STATED, point_confidence
from grader.grading.coverage import Cosines, Floats, Ints, PointCoverage, PointTokens, credit
from grader.grading.reader_credit import ReadPoint
from grader.guards import (
    NO_CONTRADICTION,
    Claim,
    ContradictionCheck,
    UnassertedKind,
    check_point,
    leaves_open,
    near_best_segments,
    parse_claim,
    rejecting_agrees,
    unasserted,
    with_numbers_as_in,
)
from grader.reader import Verifier
from grader.schema import Evidence, PointGrade, Rubric, RubricPoint, Status
from grader.settings import Settings
from grader.text import NormalisedText, Span, content_stems, normalise, segments

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
# What a point earns whose statement says less of the same ("some" for "all").
_HALF = 0.5
# From this credit on a point earns everything; sums of shares come out a hair below it.
_WHOLE = 1 - 1e-9
# Share of a point's wording that may be missing where brevity counts less and less.
_NEAR_COPY_GAP = 0.1


class PointClaims(NamedTuple):
    """A point's wordings parsed into claims for the guards, and the stems of the question."""

    wordings: tuple[Claim, ...]
    question_stems: frozenset[str]

    @property
    def adds_to_question(self) -> bool:
        """Whether the point says anything that the question does not."""
        return any(claim.stems - self.question_stems for claim in self.wordings)

    @property
    def is_assertion(self) -> bool:
        """Whether no wording of the point is itself a question, a hypothesis or the like, which asserts nothing."""
        return not any(unasserted(claim.text, segments(claim.text)) for claim in self.wordings)


class SilentSegments(NamedTuple):
    """Which segments of an answer state nothing about which points; arrays have shape `(n_points, n_segments)`.

    Attributes:
        excluded: segments that cannot state the point; `None` for none.
        excluded_unless_rejected: the same without the segments that reject what they say; `None` for none.
        rejected: segments that reject the point as far as they resemble it; `None` for none.
        supported: segments whose rejection states the point, as "it is false that it never P" does; `None` for none.

    """

    excluded: NDArray[np.bool_] | None
    excluded_unless_rejected: NDArray[np.bool_] | None
    rejected: NDArray[np.bool_] | None
    supported: NDArray[np.bool_] | None

    def agreeing(self, index: int) -> NDArray[np.bool_] | None:
        """The segments whose rejection states the point with this index."""
        return None if self.supported is None else self.supported[index]


def silent_segments(
    points: Sequence[PointClaims],
    statements: Sequence[Claim],
    empty: Sequence[bool],
    kinds: Sequence[UnassertedKind | None],
) -> SilentSegments:
    """Which segments state nothing about which points.

    Args:
        points: parsed into claims.
        statements: the answer's segments as claims.
        empty: for each segment whether it only repeats the question or introduces an answer.
        kinds: for each segment why it asserts nothing, if so. A point that is itself worded so is not concerned.

    """
    excluded = np.outer([point.adds_to_question for point in points], np.asarray(empty, bool))
    if not any(kinds):
        return SilentSegments(excluded if excluded.any() else None, None, None, None)
    asserting = np.array([point.is_assertion for point in points])
    rejected = np.outer(asserting, np.array([kind == "rejected" for kind in kinds]))
    left_open = np.outer(asserting, np.array([kind is not None and kind != "rejected" for kind in kinds]))
    supported = np.zeros_like(rejected)
    for row, column in zip(*np.nonzero(rejected | left_open), strict=True):
        kind = kinds[column]
        if kind != "rejected":
            left_open[row, column] = kind is None or leaves_open(kind, points[row].wordings, statements[column])
            continue
        agrees = rejecting_agrees(points[row].wordings, statements[column])
        supported[row, column] = agrees is True
        rejected[row, column] = agrees is False
        left_open[row, column] = agrees is None
    excluded_unless_rejected = excluded | left_open
    return SilentSegments(
        excluded_unless_rejected | rejected,
        excluded_unless_rejected,
        rejected if rejected.any() else None,
        supported if supported.any() else None,
    )


class EncodedAnswer(NamedTuple):
    """An answer, encoded and split into segments, as each point is compared with it.

    Attributes:
        original: the answer as written.
        text: the same, normalised.
        spans: its segments, in characters of `text`.
        statements: the segments as claims for the guards; empty without guards.
        cosines: between the tokens of all wordings and the answer's tokens, shape `(n_point_tokens, n_tokens)`.
        starts: first token of each segment, shape `(n_segments,)`.
        style_share: factor on each credit for the answer's style, 0..1.
        brevity_share: factor on what coverage gives for how much the answer says, 0..1.
        is_reference: whether it is the reference answer, word for word.

    """

    original: str
    text: NormalisedText
    spans: Sequence[Span]
    statements: Sequence[Claim]
    cosines: Cosines
    starts: Ints
    style_share: float
    brevity_share: float
    is_reference: bool


def parse_points(rubric: Rubric) -> tuple[PointClaims, ...]:
    """The rubric's points parsed into claims for the guards, in order."""
    question_stems = frozenset(content_stems(normalise(rubric.question).text))
    return tuple(
        PointClaims(tuple(parse_claim(normalise(text).text) for text in (point.text, *point.aliases)), question_stems)
        for point in rubric.points
    )


def check_contradiction(
    claims: PointClaims,
    points: PointTokens,
    found: PointCoverage,
    answer: EncodedAnswer,
    verifier: Verifier | None,
    *,
    other_recalls: Floats,
) -> ContradictionCheck:
    """Look for contradictions of a point in the segments that nearly state it.

    A wording that the point borrowed from the reference is a stretch of text, not a claim: it is not compared. The
    verifier is not asked about a segment that states another point better than this one.

    Args:
        claims, points, found: the point's claims, all wordings of the rubric, the point's coverage.
        answer: with the cosines between its tokens and the rubric's.
        verifier: asked about near copies; rules alone speak without it.
        other_recalls: for each segment the highest recall of any other point, shape `(n_segments,)`.

    """
    first = int(np.searchsorted(points.owners, points.owners[found.wording]))
    if found.wording - first >= len(claims.wordings):
        return NO_CONTRADICTION
    recalls = found.by_segment.tolist()
    denied: list[float | None] = [None] * len(recalls)
    point = claims.wordings[found.wording - first]
    if verifier is not None and len(point.words) >= _FEWEST_WORDS:
        wording = answer.cosines[points.rows(found.wording)]
        ends = np.append(answer.starts[1:], wording.shape[1])
        more = other_recalls - found.by_segment
        is_other = (more > _CLEARLY_MORE) | ((more > 0) & (other_recalls >= _NEARLY_ALL))
        for index in near_best_segments(np.where(is_other, 0, found.by_segment).tolist()):
            statement = answer.statements[index]
            cosines = wording[:, answer.starts[index] : ends[index]]
            near = min(float(cosines.max(axis=side).mean()) for side in (0, 1)) >= _NEAR_COPY
            if near and len(statement.words) >= _FEWEST_WORDS:
                denied[index] = float(
                    verifier.contradicts([(point.text, with_numbers_as_in(statement, point).text)])[0]
                )
    return check_point(claims.wordings, answer.statements, recalls, denied)


def grade_point(
    point: RubricPoint,
    found: PointCoverage,
    checked: ContradictionCheck | None,
    answer: EncodedAnswer,
    settings: Settings,
    read: ReadPoint | None = None,
) -> PointGrade:
    """Status, credit, evidence and confidence of a point, from coverage, the contradiction check and a reader."""
    stated = STATED.stated(found.coverage) if read is None else read.stated
    credited = on_scale(point_credit(point, found, answer, settings, read), settings)
    status = credit_status(credited)
    stretch = Span(answer.spans[found.first_segment].start, answer.spans[found.last_segment].end)
    rationale = f"the answer matches {found.coverage:.0%} of this point's wording"
    confidence = point_confidence(stated, credited)
    if read is not None:
        rationale = (
            f"read with its question, the answer states this point with probability {read.stated:.2f} and contradicts "
            f"it with {read.contradicted:.2f}; it matches {found.coverage:.0%} of its wording"
        )
        if read.contradicts:
            status, credited, confidence = "contradicted", 0.0, read.contradicted
    if answer.is_reference and point.weight > 0:
        return PointGrade(
            point_id=point.id,
            text=point.text,
            status="covered",
            coverage=found.coverage,
            credit=1.0,
            weight=point.weight,
            evidence=_evidence(answer, stretch),
            decided_by="rule",
            rationale="the answer is the reference answer",
            confidence=1.0,
            stated=None if read is None else 1.0,
            contradicted=None if read is None else 0.0,
        )
    finding = checked.finding if checked is not None and credited > 0 else None
    if finding is not None and checked is not None:
        if finding.certain:
            status, credited, stretch = "contradicted", 0.0, answer.spans[checked.segment]
            rationale, confidence = f"the answer {finding.reason}", _GUARD_IS_RIGHT
        else:
            rationale, confidence = f"unsure: the answer {finding.reason}", _UNSURE
            if finding.kind == "quantifier" and status == "covered":
                status, credited = "partial", _HALF
    if point.weight < 0 and status != "covered":
        credited, status = 0.0, "missing"  # a mistake that was not clearly made was not made
        if finding is None:
            confidence = point_confidence(stated, credited)
    return PointGrade(
        point_id=point.id,
        text=point.text,
        status=status,
        coverage=found.coverage,
        credit=credited,
        weight=point.weight,
        evidence=None if status == "missing" else _evidence(answer, stretch),
        decided_by="guard" if finding is not None else "embedding" if read is None else "reader",
        rationale=rationale,
        confidence=confidence,
        stated=None if read is None else read.stated,
        contradicted=None if read is None else read.contradicted,
    )


def _evidence(answer: EncodedAnswer, stretch: Span) -> Evidence:
    start, end = answer.text.original_span(*stretch)
    return Evidence(text=answer.original[start:end], start=start, end=end)


def point_credit(
    point: RubricPoint, found: PointCoverage, answer: EncodedAnswer, settings: Settings, read: ReadPoint | None = None
) -> float:
    """What is found of a point, by its coverage and a reader, 0..1, before the scale and the contradiction check."""
    credited = credit(found.coverage, no_credit=settings.no_credit, full_credit=settings.full_credit)
    brevity, style = (answer.brevity_share, answer.style_share) if point.weight > 0 else (1.0, 1.0)
    # A mistake (negative weight) costs as much in a brief answer, and a near copy of a point is not too brief for it.
    credited *= style * (1 - (1 - brevity) * min(1.0, (1 - found.coverage) / _NEAR_COPY_GAP))
    # Brevity counts for coverage alone: the reader itself tells a brief right answer from an empty one.
    return credited if read is None else read.credit_with(credited, style)


def on_scale(found: float, settings: Settings) -> float:
    """The credit for what was found of a point, both 0..1.

    Nothing up to `partial_at`, everything from `covered_at`, and between these as far as it got: a point that is shown
    as covered earns its whole weight, one that is shown as missing nothing.
    """
    return min(1.0, max(0.0, (found - settings.partial_at) / (settings.covered_at - settings.partial_at)))


def credit_status(credit: float) -> Status:
    """The status that a credit stands for: all of it, nothing, or a part."""
    return "covered" if credit >= _WHOLE else "partial" if credit > 0 else "missing"


def point_flags(points: Sequence[PointGrade]) -> list[str]:
    """Flags of an answer that come from what the guards found at its points."""
    flags = []
    if any(point.status == "contradicted" for point in points):
        flags.append("contradiction")
    if any(point.decided_by == "guard" and point.status != "contradicted" for point in points):
        flags.append("unsure_meaning")
    return flags
