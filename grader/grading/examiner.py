"""One answer under a rubric, word by word: coverage, what speaks against it, evidence and credits -> a draft."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from grader.encoders import TokenVectors, model_revision, packaged_model
from grader.grading.content import Subject, asked, kept_credit, new_content, respell
from grader.grading.coverage import Covered, Floats, Ints, cover_matched, heard, match, match_cosines, segment_starts
from grader.grading.drafts import AnswerProfile, Draft
from grader.grading.encoded_rubrics import Prepared
from grader.grading.screening import draft_of_nothing
from grader.grading.verdicts import Heard, PointClaims, doubts, earned, point_flags, read_points, verdict
from grader.guards import (
    RULES_VERSION,
    AnswerStyle,
    ContradictionCheck,
    assess_style,
    parse_claim,
    share_beyond_question,
)
from grader.marks import word_weights
from grader.reader import Verifier
from grader.schema import Answer, Rubric, RubricPoint
from grader.settings import Settings
from grader.text import NormalisedText, Span, segments, word_order_revision


class Examiner:
    """Looks at one answer after the other; what it found of one is not in its mind for the next.

    Args:
        settings: how coverage becomes credit, and which guards speak.

    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._claims: dict[str, tuple[PointClaims, ...]] = {}

    @property
    def guards(self) -> str:
        """Which guards speak: the rules' version, the word-order table and the verifier, or none."""
        if not self._settings.guards:
            return "none"
        verifier = f"+verifier@{self._verifier.revision}" if self._verifier is not None else ""
        return f"rules.{RULES_VERSION}+order@{word_order_revision()}{verifier}"

    def examine(
        self, answer: Answer, rubric: Rubric, text: NormalisedText, encoded: TokenVectors, prepared: Prepared
    ) -> Draft:
        """Coverage, guards, evidence and credits of one answer.

        Args:
            answer, text: as written, and normalised.
            rubric, prepared: of its question, and its points as the encoder reads them.
            encoded: what the encoder read in the text.

        """
        spans = segments(text.text)
        starts, held = segment_starts(encoded.spans[:, 0], spans)
        if not held:  # the encoder saw nothing in it
            return draft_of_nothing(answer, rubric, text)
        spans = [spans[index] for index in held]
        seen = self._manner(rubric, text.text, spans, encoded)
        claims = self._read(rubric)
        vectors = respell(encoded.texts, encoded.n_pieces, encoded.vectors, prepared.subject.spellings)
        cosines = prepared.points.vectors @ vectors.T
        matched = match_cosines(cosines, starts, **self._curve)
        muted = np.outer([claim.novel for claim in claims], seen.empty_segments) if any(seen.empty_segments) else None
        covered = cover_matched(prepared.points, matched, muted=muted)
        said = self._said(prepared, encoded, vectors, cosines, heard(prepared.points, matched).max(axis=0), starts)
        hearing = Heard(
            original=answer.answer,
            text=text,
            spans=spans,
            statements=[parse_claim(text.text[start:end]) for start, end in spans] if self._settings.guards else [],
            cosines=cosines,
            starts=starts,
            share=seen.credit_share * self._kept(said, prepared.subject),
        )
        recalls = np.stack([found.by_segment for found in covered])
        points = tuple(
            verdict(
                point,
                found,
                self._doubts(point, claim, prepared, found, hearing, recalls),
                hearing,
                self._settings,
            )
            for point, found, claim in zip(rubric.points, covered, claims, strict=True)
        )
        flags = (*point_flags(points), *seen.flags, *(["long_answer"] * (encoded.n_windows > 1)))
        topic = float((prepared.topics @ encoded.mean).max())
        own = share_beyond_question(text.text, prepared.question)
        about = AnswerProfile(topic, own, encoded.mean, word_weights(encoded.texts, encoded.rarity))
        return Draft(answer, rubric, text, points, flags, share=seen.credit_share, about=about)

    def _manner(self, rubric: Rubric, text: str, spans: Sequence[Span], encoded: TokenVectors) -> AnswerStyle:
        """How an answer is written; without guards nobody looks."""
        if not self._settings.guards:
            return AnswerStyle((), 1.0, (False,) * len(spans))
        n_pieces = int(encoded.n_pieces[encoded.rarity > 0].sum())
        return assess_style(text, spans, question=rubric.question, reference=rubric.reference_answer, n_pieces=n_pieces)

    def _doubts(
        self,
        point: RubricPoint,
        claims: PointClaims,
        prepared: Prepared,
        found: Covered,
        heard: Heard,
        recalls: Floats,
    ) -> ContradictionCheck | None:
        """What speaks against one point; `recalls` are those of all points, shape `(n_points, n_segments)`.

        Where nothing is earned there is nothing to doubt.
        """
        if not self._settings.guards or earned(point, found, heard, self._settings) == 0:
            return None
        others = recalls.copy()
        others[prepared.points.owners[found.wording]] = 0
        return doubts(claims, prepared.points, found, heard, self._verifier, of_others=others.max(axis=0, initial=0.0))

    @cached_property
    def _verifier(self) -> Verifier | None:
        """The trained verifier, if it is wanted and was trained on the packaged model at hand."""
        if not self._settings.verifier:
            return None
        model = packaged_model()
        verifier = Verifier(model)
        return verifier if verifier.fits(model_revision(model)) else None

    def _read(self, rubric: Rubric) -> tuple[PointClaims, ...]:
        """The rubric's points as the guards read them."""
        if rubric.question_id not in self._claims:
            self._claims[rubric.question_id] = read_points(rubric)
        return self._claims[rubric.question_id]

    def _said(
        self,
        prepared: Prepared,
        encoded: TokenVectors,
        vectors: Floats,
        cosines: Floats,
        heard_by_segment: Floats,
        starts: Ints,
    ) -> float:
        """How much an answer says beyond the question, on the subject of the points."""
        matched = match(cosines.max(axis=0), **self._curve)
        matched *= np.repeat(heard_by_segment, np.diff(np.append(starts, len(vectors))))
        new = 1 - asked(vectors, prepared.subject.question, **self._curve)
        return new_content(encoded.texts, encoded.rarity * matched * new)

    def _kept(self, said: float, subject: Subject) -> float:
        """Share of its credits that an answer keeps for how much it says beyond the question."""
        return kept_credit(
            said, subject.content, brief_below=self._settings.brief_below, brief_loss=self._settings.brief_loss
        )

    @cached_property
    def _curve(self) -> dict[str, float]:
        """From cosines to matches."""
        return {"center": self._settings.match_center, "slope": self._settings.match_slope}
