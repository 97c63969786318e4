"""One answer and its encoded rubric -> a draft: coverage, contradictions, evidence and credits of every point."""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.encoders import TokenVectors, model_revision, packaged_model
from grader.grading.confidence import STATED
from grader.grading.content import RubricContent, brevity_factor, correct_spelling, new_content, question_overlap
from grader.grading.coverage import (
    Cosines,
    Floats,
    Ints,
    PointCoverage,
    add_coverage,
    blocks,
    match,
    match_by_segment,
    segment_relevance,
    segment_starts,
)
from grader.grading.drafts import AnswerProfile, Draft
from grader.grading.encoded_rubrics import EncodedRubric, SameQuantities
from grader.grading.point_grades import (
    EncodedAnswer,
    PointClaims,
    SilentSegments,
    check_contradiction,
    grade_point,
    parse_points,
    point_credit,
    point_flags,
    silent_segments,
)
from grader.grading.reader_credit import READER_CALIBRATION, ReadPoint
from grader.grading.screening import draft_of_nothing
from grader.guards import (
    RULES_VERSION,
    AnswerStyle,
    ContradictionCheck,
    UnassertedKind,
    assess_style,
    cut_segments,
    parse_claim,
    rejection,
    share_beyond_question,
    unasserted,
)
from grader.marks import word_weights
from grader.reader import Reading, Verifier
from grader.schema import Answer, Rubric, RubricPoint
from grader.settings import Settings
from grader.text import NormalisedText, Span, normalise, segments, word_order_revision, words

# What an answer calls false is what it says of a point where that resembles the point this much more than its claims
# do. Chosen on the statements that are not held out: of 37 such points with the words in both, it newly refused 5 that
# are contradicted and none that are stated; half of it 10 and 2. A few stated ones are still refused.
_CLEARLY_MORE = 0.1
# Where so much of a point's coverage is in clauses that assert nothing, they are what the answer says of it.
_MERELY_MENTIONED = 0.1
# What has to be found of a point in a clause that rejects it, 0..1: less may be about something else.
_TOLD = 0.5
# Rubrics whose points' claims are held.
_MOST_CLAIMS = 500


class _Coverages(NamedTuple):
    """How far an answer covers the points.

    Attributes:
        covered: by what it asserts.
        told: by that and by what it rejects.
        mentioned: by all that it says.
        cosines: of the points' tokens with its own.
        best: highest cosine of each of its tokens with any of the points', shape `(n_tokens,)`.
        relevance: how far each segment is about any wording, 0..1, shape `(n_segments,)`.

    """

    covered: list[PointCoverage]
    told: list[PointCoverage]
    mentioned: list[PointCoverage]
    cosines: Cosines
    best: Floats
    relevance: Floats


class _OtherRecalls:
    """The highest recall in each segment of any point but one.

    Args:
        recalls: of all points, shape `(n_points, n_segments)`.

    """

    def __init__(self, recalls: Floats) -> None:
        self._leader = recalls.argmax(axis=0)
        self._best = recalls.max(axis=0)
        recalls[self._leader, np.arange(recalls.shape[1])] = 0
        self._second = recalls.max(axis=0)

    def than(self, point: int) -> Floats:
        """Shape `(n_segments,)`, 0..1; 0 where there is no other point."""
        highest: Floats = np.maximum(np.where(self._leader == point, self._second, self._best), np.float32(0))
        return highest


class DraftBuilder:
    """Builds the draft of one answer at a time; drafts do not depend on each other.

    Args:
        settings: how coverage becomes credit, and which guards are used.

    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._claims: dict[str, tuple[PointClaims, ...]] = {}

    @property
    def guards(self) -> str:
        """Which guards are used: the rules' version, the word-order table and the verifier, or none."""
        if not self._settings.guards:
            return "none"
        verifier = f"+verifier@{self._verifier.revision}" if self._verifier is not None else ""
        return f"rules.{RULES_VERSION}+order@{word_order_revision()}{verifier}"

    def build(
        self,
        answer: Answer,
        rubric: Rubric,
        text: NormalisedText,
        encoded: TokenVectors,
        encoded_rubric: EncodedRubric,
        readings: Sequence[Reading] = (),
    ) -> Draft:
        """Coverage, guards, evidence and credits of one answer.

        Args:
            answer, text: as written, and normalised.
            rubric, encoded_rubric: of its question, and its points' token vectors.
            encoded: what the encoder read in the text.
            readings: what a reader found of each point; empty without a reader.

        """
        pieces = self._pieces(rubric, text.text)
        starts, held = segment_starts(encoded.spans[:, 0], [span for span, _ in pieces])
        if not held:  # the encoder saw nothing in it
            return draft_of_nothing(answer, rubric, text)
        spans = [pieces[index][0] for index in held]
        kinds = [pieces[index][1] for index in held]
        style = self._style(rubric, text.text, spans, encoded)
        claims = self._claims_of(rubric)
        vectors = correct_spelling(encoded.texts, encoded.n_pieces, encoded.vectors, encoded_rubric.content.spellings)
        statements = [parse_claim(text.text[start:end]) for start, end in spans] if self._settings.guards else []
        silent = silent_segments(claims, statements, style.empty_segments, kinds)
        found = self._coverages(encoded_rubric, vectors, starts, silent, text.text, encoded.spans)
        covered = found.covered
        answer_content = self._answer_content(encoded_rubric, encoded, vectors, found, starts)
        encoded_answer = EncodedAnswer(
            original=answer.answer,
            text=text,
            spans=spans,
            statements=statements,
            cosines=found.cosines,
            starts=starts,
            style_share=style.credit_share,
            brevity_share=self._brevity_factor(answer_content, encoded_rubric.content),
            is_reference=_same_words(text.text, rubric.reference_answer),
        )
        others = _OtherRecalls(np.stack([shown.by_segment for shown in covered]))
        read: Sequence[ReadPoint | None] = [None] * len(covered)
        if readings:
            read = [_read_point(*parts) for parts in zip(covered, found.mentioned, readings, strict=True)]
        points = tuple(
            grade_point(
                point,
                *(
                    self._rejection(point, shown, found.told[index], silent, index, encoded_answer)
                    or (
                        shown,
                        self._contradiction(
                            point, claim, encoded_rubric, shown, encoded_answer, others, silent.agreeing(index), at
                        ),
                    )
                ),
                encoded_answer,
                self._settings,
                at,
            )
            for index, (point, shown, claim, at) in enumerate(zip(rubric.points, covered, claims, read, strict=True))
        )
        flags = (*point_flags(points), *style.flags, *(["long_answer"] * (encoded.n_windows > 1)))
        topic = float((encoded_rubric.topics @ encoded.mean).max())
        own = share_beyond_question(text.text, encoded_rubric.question)
        about = AnswerProfile(topic, own, encoded.mean, word_weights(encoded.texts, encoded.rarity))
        return Draft(answer, rubric, text, points, flags, share=style.credit_share, about=about)

    def _style(self, rubric: Rubric, text: str, spans: Sequence[Span], encoded: TokenVectors) -> AnswerStyle:
        """The answer's style; without guards it is not assessed."""
        if not self._settings.guards:
            return AnswerStyle((), 1.0, (False,) * len(spans))
        n_pieces = int(encoded.n_pieces[encoded.rarity > 0].sum())
        return assess_style(text, spans, question=rubric.question, reference=rubric.reference_answer, n_pieces=n_pieces)

    def _pieces(self, rubric: Rubric, text: str) -> list[tuple[Span, UnassertedKind | None]]:
        """The answer's segments, cut where a stretch asserts nothing; without guards every segment is a claim."""
        sentences = segments(text)
        found = unasserted(text, sentences, question=rubric.question) if self._settings.guards else []
        return cut_segments(text, sentences, found)

    def _rejection(
        self,
        point: RubricPoint,
        found: PointCoverage,
        told: PointCoverage,
        silent: SilentSegments,
        index: int,
        answer: EncodedAnswer,
    ) -> tuple[PointCoverage, ContradictionCheck] | None:
        """The coverage and the finding of a point that the answer only mentions in order to reject it.

        Args:
            point: with its index among the rubric's points.
            found: its coverage by what the answer asserts.
            told: its coverage by that and by what the answer rejects.
            silent: which segments assert nothing.
            index: of the point.
            answer: its segments.

        """
        if silent.rejected is None or told.by_segment.size == 0:
            return None
        best = int(told.by_segment.argmax())
        said_otherwise = told.by_segment[best] - found.by_segment.max() < _CLEARLY_MORE
        mentioned = point_credit(point, told, answer, self._settings)
        if not silent.rejected[index, best] or mentioned < _TOLD or said_otherwise:
            return None
        start, end = answer.spans[best]
        return told, ContradictionCheck(rejection(answer.text.text[start:end]), best)

    def _contradiction(
        self,
        point: RubricPoint,
        claims: PointClaims,
        encoded_rubric: EncodedRubric,
        found: PointCoverage,
        answer: EncodedAnswer,
        others: "_OtherRecalls",
        agreeing: NDArray[np.bool_] | None,
        read: ReadPoint | None,
    ) -> ContradictionCheck | None:
        """The contradiction check of one point; `others` are the recalls of all points.

        A point without credit is not checked, nor are the segments whose rejection agrees with it.
        """
        if not self._settings.guards or point_credit(point, found, answer, self._settings, read) == 0:
            return None
        if agreeing is not None:
            found = found._replace(by_segment=np.where(agreeing, np.float32(0), found.by_segment))
        other_recalls = others.than(int(encoded_rubric.points.owners[found.wording]))
        return check_contradiction(
            claims, encoded_rubric.points, found, answer, self._verifier, other_recalls=other_recalls
        )

    def _coverages(
        self,
        rubric: EncodedRubric,
        vectors: Floats,
        starts: Ints,
        silent: SilentSegments,
        text: str,
        spans: Ints,
    ) -> "_Coverages":
        """The coverage of all points, block by block, so that memory does not grow with points times tokens."""
        same = SameQuantities(rubric, text, spans)
        cosines = Cosines(rubric.points.vectors, vectors, same.match)
        asserted: dict[int, PointCoverage] = {}
        told = asserted if silent.rejected is None else {}
        mentioned = asserted if silent.excluded is None else {}
        best = np.full(len(vectors), -1, np.float32)
        relevance = np.zeros(len(starts), np.float32)
        for first, part in blocks(rubric.points, len(vectors), starts):
            at = rubric.points.rows(first).start
            rows = slice(at, at + len(part.weights))
            matched = match_by_segment(
                part, vectors, starts, **self._curve, change=partial(_matched, same, rows), best=best
            )
            np.maximum(relevance, segment_relevance(part, matched).max(axis=0), out=relevance)
            add_coverage(asserted, part, first, matched, excluded=silent.excluded)
            if told is not asserted:
                add_coverage(told, part, first, matched, excluded=silent.excluded_unless_rejected)
            if mentioned is not asserted:
                add_coverage(mentioned, part, first, matched)
        in_order = [[by_point[owner] for owner in sorted(by_point)] for by_point in (asserted, told, mentioned)]
        return _Coverages(in_order[0], in_order[1], in_order[2], cosines, best, relevance)

    @cached_property
    def _verifier(self) -> Verifier | None:
        """The trained verifier, if the settings ask for it and it fits the installed model."""
        if not self._settings.verifier:
            return None
        model = packaged_model()
        verifier = Verifier(model)
        return verifier if verifier.fits(model_revision(model)) else None

    def _claims_of(self, rubric: Rubric) -> tuple[PointClaims, ...]:
        """The rubric's points parsed into claims for the guards."""
        if rubric.question_id not in self._claims:
            if len(self._claims) >= _MOST_CLAIMS:
                self._claims.clear()
            self._claims[rubric.question_id] = parse_points(rubric)
        return self._claims[rubric.question_id]

    def _answer_content(
        self,
        encoded_rubric: EncodedRubric,
        encoded: TokenVectors,
        vectors: Floats,
        found: "_Coverages",
        starts: Ints,
    ) -> float:
        """New content of an answer, as far as it is about the points."""
        matched = match(found.best, **self._curve)
        matched *= np.repeat(found.relevance, np.diff(np.append(starts, len(vectors))))
        new = 1 - question_overlap(vectors, encoded_rubric.content.question, **self._curve)
        return new_content(encoded.texts, encoded.rarity * matched * new)

    def _brevity_factor(self, answer_content: float, content: RubricContent) -> float:
        """Factor on an answer's credits for how much it says beyond the question."""
        return brevity_factor(
            answer_content,
            content.new_content,
            brief_below=self._settings.brief_below,
            brief_loss=self._settings.brief_loss,
        )

    @cached_property
    def _curve(self) -> dict[str, float]:
        """From cosines to matches."""
        return {"center": self._settings.match_center, "slope": self._settings.match_slope}


def _matched(same: SameQuantities, rows: slice, cosines: Floats, columns: slice) -> Floats:
    return same.match(cosines, rows, columns)


def _read_point(found: PointCoverage, mentioned: PointCoverage, reading: Reading) -> ReadPoint:
    """What follows from a reading; not heard where the words about the point are mentioned and not asserted."""
    read = READER_CALIBRATION.read_point(found.coverage, reading)
    is_muted = mentioned.coverage - found.coverage > _MERELY_MENTIONED
    return read.muted(STATED.stated(found.coverage)) if is_muted else read


def _same_words(text: str, reference: str) -> bool:
    """Whether an answer is the reference, apart from case, punctuation and spaces."""
    found = words(text.lower())
    return bool(found) and found == words(normalise(reference).text.lower())
