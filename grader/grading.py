"""The pipeline: rubrics and answers -> grades.

It brings encoder, coverage and scoring together and decides nothing that belongs to them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from grader import __version__
from grader.ahead import ahead
from grader.claims import read_claim
from grader.confidence import STATED, Weighed, answer_confidence
from grader.coverage import (
    Covered,
    Floats,
    Ints,
    cover_matched,
    heard,
    match,
    match_cosines,
    segment_starts,
)
from grader.drafts import About, Draft
from grader.encoding import REMOTE, Encoder, load_encoder, reads_english_only
from grader.errors import InputError
from grader.feedback import plain_feedback
from grader.flags import PLAIN_FLAGS
from grader.guards import RULES_VERSION, Checked
from grader.judged import judge_drafts
from grader.likeness import words_told
from grader.manner import Manner, is_foreign, manner, own_share
from grader.marked_grading import with_marks
from grader.marks_file import FittedMarks
from grader.model_files import model_revision, packaged_model
from grader.own_threads import one_thread
from grader.panel import Panel
from grader.preparing import Prepared, encode_points
from grader.rubric import rubric_hash
from grader.schema import Answer, Grade, PointGrade, Rubric, RubricPoint, Status
from grader.scoring import fraction, score_of
from grader.settings import Settings
from grader.substance import Subject, asked, kept_credit, new_content, respell
from grader.text import NormalisedText, Span, normalise, segments, words
from grader.tokens import TokenVectors
from grader.verdicts import Heard, PointClaims, doubts, earned, point_flags, read_points, verdict
from grader.verifier import Verifier
from grader.weight import UNPROVEN, Weight
from grader.wordorder import table_revision

# Answers that are encoded together: enough for batches of like length, few enough to hold their vectors. A character
# takes some 400 bytes of vectors, so the longest chunk takes some 100 MB.
CHUNK = 256
_CHUNK_CHARACTERS = 250_000

OPEN_QUESTION = "open question: it has no fixed reference answer, so only a judge can grade it"
NO_ANSWER = "no answer: nothing but white space, punctuation or symbols"
NO_WORDS = "no answer: only digits and symbols, and the reference answer asks for no number"


FOREIGN = "the answer is not in English, which the encoder reads"


class _Ready(NamedTuple):
    """An answer on its way to the encoder."""

    answer: Answer
    rubric: Rubric
    text: NormalisedText


class _Reading(NamedTuple):
    """Answers, half-way.

    Attributes:
        drafts: of those that need no model, in order; `None` stands for the next of `ready`.
        ready: the others.
        vectors: of each of their texts.

    """

    drafts: list[Draft | None]
    ready: list[_Ready]
    vectors: dict[str, TokenVectors]


class Grader:
    """Grades answers with rubrics; offline, deterministic, each answer on its own.

    Args:
        rubrics: one a question; a mapping from question id or any iterable.
        encoder: what turns texts into token vectors; the one that `settings` names if left out.
        settings: how coverage becomes credit.
        panel: judges that look at what is unclear; without them nothing leaves the machine.
        weight: what labelled answers have shown of the judges; by default they settle unclear points alone.
        marks: what people's marks have taught, which brings scores to their scale.

    Raises:
        InputError: when two rubrics are for the same question, or the marks were learned with other settings, another
            encoder or judge, or other rubrics.

    >>> from grader import Answer, Grader, Rubric
    >>> rubric = Rubric(question_id="q1", question="What does dropout do?", points=[
    ...     {"id": "p1", "text": "Dropout randomly disables units during training.", "weight": 1}])
    >>> answer = Answer(answer_id="a1", question_id="q1", answer="Not sure. It turns random units off while training.")
    >>> Grader([rubric]).grade(answer).points[0].evidence.text
    'It turns random units off while training.'

    """

    def __init__(
        self,
        rubrics: Mapping[str, Rubric] | Iterable[Rubric],
        *,
        encoder: Encoder | None = None,
        settings: Settings | None = None,
        panel: Panel | None = None,
        weight: Weight = UNPROVEN,
        marks: FittedMarks | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.panel = panel
        self.weight = weight
        self.encoder = encoder or load_encoder(self.settings.encoder)
        self.rubrics: dict[str, Rubric] = {}
        self._prepared: dict[str, Prepared] = {}
        self._claims: dict[str, tuple[PointClaims, ...]] = {}
        self._hashes: dict[str, str] = {}  # of rubrics that answers were given to
        for rubric in rubrics.values() if isinstance(rubrics, Mapping) else rubrics:
            if rubric.question_id in self.rubrics:
                raise InputError(f"two rubrics are for the question '{rubric.question_id}'")
            self.rubrics[rubric.question_id] = rubric
        self._marks: FittedMarks | None = None
        if marks is not None:
            marks.refuse_others(self.signature, {name: rubric_hash(rubric) for name, rubric in self.rubrics.items()})
            self._marks = marks

    @property
    def signature(self) -> str:
        """What reproduces the numbers of a whole run: as in each grade, with one hash over all rubrics."""
        return self._signature(self._all_rubrics)

    def signature_of(self, question_id: str) -> str:
        """What reproduces the number of an answer to one question: the signature that its grade bears."""
        if question_id not in self.rubrics:
            return self._signature("none")
        if question_id not in self._hashes:
            self._hashes[question_id] = rubric_hash(self.rubrics[question_id])
        return self._signature(self._hashes[question_id])

    def prepare(self) -> None:
        """Load the encoder and encode the points of all rubrics now; otherwise each is encoded when first used.

        Raises:
            InputError: when a point has a wording that cannot be read.
            SetupError: when the encoder cannot be loaded.
        """
        self._prepared.update(encode_points(self.rubrics.values(), self.encoder, self.settings))

    def grade(self, answer: Answer) -> Grade:
        """Grade one answer: a batch of one."""
        return next(self.grade_many([answer]))

    def grade_many(self, answers: Iterable[Answer]) -> Iterator[Grade]:
        """Grade answers as they come, in order; the same answer gets the same grade in any company.

        Up to two chunks (`CHUNK` answers each) are drawn before their first grade comes out.

        An answer that cannot be graded (unknown question, open question) comes out with `ungraded_reason`.

        Raises:
            SetupError: when the encoder cannot be loaded.

        """
        for _, drafts in self.draft_chunks(chunks(answers)):
            yield from map(self.finish, self._judged(drafts))

    def read_many(self, answers: Iterable[Answer]) -> Iterator[tuple[Grade, About | None]]:
        """The same grades, each with what its answer says as a whole; `None` where no model looked at it.

        Raises:
            SetupError: when the encoder cannot be loaded.

        """
        for _, drafts in self.draft_chunks(chunks(answers)):
            for draft in self._judged(drafts):
                yield self.finish(draft), draft.about

    def grade_chunks(self, several: Iterable[list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Each chunk of answers with its grades, in order; the next chunk is read by the encoder meanwhile.

        Raises:
            SetupError: when the encoder cannot be loaded.

        """
        for chunk, drafts in self.draft_chunks(several):
            yield chunk, list(map(self.finish, self._judged(drafts)))

    def draft_chunks(self, several: Iterable[list[Answer]]) -> Iterator[tuple[list[Answer], list[Draft]]]:
        """Each chunk with its drafts, in order, as `grade_chunks`."""
        if self.encoder.name.startswith(REMOTE):  # it has threads and limits of its own, and Ctrl-C must reach it
            for chunk in several:
                yield chunk, self.draft(chunk)
            return
        for chunk, reading in ahead(self._reading, several):
            yield chunk, self._drafts(reading)

    def _judged(self, drafts: list[Draft]) -> list[Draft]:
        if self.panel is None:
            return drafts
        return judge_drafts(drafts, self.panel, self.settings, weight=self.weight)

    def draft(self, answers: Sequence[Answer]) -> list[Draft]:
        """What embedding, guards and rules find of some answers, in order, before judges and scores.

        All of them are held in memory at once.

        Raises:
            SetupError: when the encoder cannot be loaded.

        """
        return self._drafts(self._reading(answers))

    def _reading(self, answers: Sequence[Answer]) -> _Reading:
        """What the encoder reads in some answers, those set aside that need no model."""
        drafts: list[Draft | None] = []
        ready: list[_Ready] = []
        for answer in answers:
            text = normalise(answer.answer)
            draft = self._without_model(answer, text)
            drafts.append(draft)
            if draft is None:
                ready.append(_Ready(answer, self.rubrics[answer.question_id], text))
        new = [item.rubric for item in ready if item.rubric.question_id not in self._prepared]
        self._prepared.update(encode_points(new, self.encoder, self.settings))
        unique = list(dict.fromkeys(item.text.text for item in ready))
        vectors = dict(zip(unique, self.encoder.encode(unique), strict=True)) if unique else {}
        return _Reading(drafts, ready, vectors)

    def _drafts(self, reading: _Reading) -> list[Draft]:
        """The drafts of all answers of a reading, in order."""
        made: dict[tuple[str, str], Draft] = {}  # the same words to the same question are looked at once
        for item in reading.ready:
            key = (item.answer.question_id, item.answer.answer)
            if key not in made:
                with one_thread():
                    made[key] = self._with_vectors(item, reading.vectors[item.text.text])
        found = (
            made[item.answer.question_id, item.answer.answer]._replace(answer=item.answer) for item in reading.ready
        )
        return [next(found) if draft is None else draft for draft in reading.drafts]

    def _without_model(self, answer: Answer, text: NormalisedText) -> Draft | None:
        """What needs no model: an unknown or open question, or no answer at all."""
        rubric = self.rubrics.get(answer.question_id)
        if rubric is None:
            reason = f"unknown question '{answer.question_id}': there is no rubric for it"
            return Draft(answer, None, text, ungraded_reason=reason)
        nothing = _says_nothing(text.text, rubric)
        if nothing is not None:
            points = tuple(_point_grade(point, "missing", 0.0, rule=nothing) for point in rubric.points)
            return Draft(answer, rubric, text, points, ("no_answer",))
        if rubric.kind == "open":
            points = tuple(_point_grade(point, "not_judged", None, rule=OPEN_QUESTION) for point in rubric.points)
            return Draft(answer, rubric, text, points, ungraded_reason=OPEN_QUESTION)
        if (
            self._is_english_only
            and is_foreign(text.text)
            and not is_foreign(" ".join(point.text for point in rubric.points))
        ):
            points = tuple(_point_grade(point, "not_judged", None, rule=FOREIGN) for point in rubric.points)
            return Draft(answer, rubric, text, points, ("language",), ungraded_reason=FOREIGN)
        return None

    @property
    def _is_english_only(self) -> bool:
        """Whether texts in other languages are left alone."""
        return self.settings.guards and reads_english_only(self.encoder.name)

    def _with_vectors(self, item: _Ready, encoded: TokenVectors) -> Draft:
        """Coverage, guards, evidence and credits of one answer."""
        answer, rubric, text = item
        spans = segments(text.text)
        starts, held = segment_starts(encoded.spans[:, 0], spans)
        if not held:  # the encoder saw nothing in it
            points = tuple(_point_grade(point, "missing", 0.0, rule=NO_ANSWER) for point in rubric.points)
            return Draft(answer, rubric, text, points, ("no_answer",))
        spans = [spans[index] for index in held]
        seen = self._manner(rubric, text.text, spans, encoded)
        prepared, claims = self._prepared[rubric.question_id], self._read(rubric)
        vectors = respell(encoded.texts, encoded.n_pieces, encoded.vectors, prepared.subject.spellings)
        cosines = prepared.points.vectors @ vectors.T
        matched = match_cosines(cosines, starts, **self._curve)
        muted = np.outer([claim.novel for claim in claims], seen.empty) if any(seen.empty) else None
        covered = cover_matched(prepared.points, matched, muted=muted)
        said = self._said(prepared, encoded, vectors, cosines, heard(prepared.points, matched).max(axis=0), starts)
        hearing = Heard(
            original=answer.answer,
            text=text,
            spans=spans,
            statements=[read_claim(text.text[start:end]) for start, end in spans] if self.settings.guards else [],
            cosines=cosines,
            starts=starts,
            share=seen.share * self._kept(said, prepared.subject),
        )
        recalls = np.stack([found.by_segment for found in covered])
        points = tuple(
            verdict(
                point,
                found,
                self._doubts(point, claim, prepared, found, hearing, recalls),
                hearing,
                self.settings,
            )
            for point, found, claim in zip(rubric.points, covered, claims, strict=True)
        )
        flags = (*point_flags(points), *seen.flags, *(["long_answer"] * (encoded.n_windows > 1)))
        topic = float((prepared.topics @ encoded.mean).max())
        own = own_share(text.text, prepared.question)
        about = About(topic, own, encoded.mean, words_told(encoded.texts, encoded.rarity))
        return Draft(answer, rubric, text, points, flags, share=seen.share, about=about)

    def _manner(self, rubric: Rubric, text: str, spans: Sequence[Span], encoded: TokenVectors) -> Manner:
        """How an answer is written; without guards nobody looks."""
        if not self.settings.guards:
            return Manner((), 1.0, (False,) * len(spans))
        n_pieces = int(encoded.n_pieces[encoded.rarity > 0].sum())
        return manner(text, spans, question=rubric.question, reference=rubric.reference_answer, n_pieces=n_pieces)

    def _doubts(
        self,
        point: RubricPoint,
        claims: PointClaims,
        prepared: Prepared,
        found: Covered,
        heard: Heard,
        recalls: Floats,
    ) -> Checked | None:
        """What speaks against one point; `recalls` are those of all points, shape `(n_points, n_segments)`.

        Where nothing is earned there is nothing to doubt.
        """
        if not self.settings.guards or earned(point, found, heard, self.settings) == 0:
            return None
        others = recalls.copy()
        others[prepared.points.owners[found.wording]] = 0
        return doubts(claims, prepared.points, found, heard, self._verifier, of_others=others.max(axis=0, initial=0.0))

    @cached_property
    def _verifier(self) -> Verifier | None:
        """The trained verifier, if it is wanted and was trained on the packaged model at hand."""
        if not self.settings.verifier:
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
            said, subject.content, brief_below=self.settings.brief_below, brief_loss=self.settings.brief_loss
        )

    @cached_property
    def _curve(self) -> dict[str, float]:
        """From cosines to matches."""
        return {"center": self.settings.match_center, "slope": self.settings.match_slope}

    def finish(self, draft: Draft) -> Grade:
        """Put a grade together; the score comes from `scoring` alone."""
        answer, rubric, text, points = draft.answer, draft.rubric, draft.text, draft.points
        graded = draft.ungraded_reason is None
        credits = {point.point_id: point.credit for point in points}
        share = fraction(rubric, credits) if rubric is not None and graded else None
        judged = [Weighed(p.weight, p.confidence) for p in points if p.confidence is not None]
        confidence = answer_confidence(judged) if graded else None
        unsure = confidence is not None and confidence < self.settings.review_below
        seen = {"hidden_characters": text.n_hidden > 0, "mixed_script": text.n_disguised > 0}
        flags = (*draft.flags, *(flag for flag, raised in seen.items() if raised))
        plain = "" if rubric is None or share is None else plain_feedback(rubric, points)
        grade = Grade(
            answer_id=answer.answer_id,
            question_id=answer.question_id,
            candidate=answer.candidate,
            score=None if share is None or rubric is None else score_of(share, rubric.max_score),
            max_score=None if rubric is None else rubric.max_score,
            fraction=share,
            points=points,
            feedback=draft.feedback or plain,
            flags=flags,
            needs_review=not graded or not PLAIN_FLAGS.issuperset(flags) or unsure,
            confidence=confidence,
            ungraded_reason=draft.ungraded_reason,
            signature=self.signature_of(answer.question_id),
            question="" if rubric is None else rubric.question,
            answer=answer.answer,
            extra=answer.extra,
        )
        return grade if self._marks is None else with_marks(grade, draft.about, self._marks)

    @property
    def embedding_signature(self) -> str:
        """The `signature` that the run would have without judges and marks."""
        return self._signature(self._all_rubrics, judge="none", calibration=STATED.name)

    @property
    def _all_rubrics(self) -> str:
        return rubric_hash(*(self.rubrics[name] for name in sorted(self.rubrics)))

    def _signature(self, rubric: str, *, judge: str | None = None, calibration: str | None = None) -> str:
        encoder = f"{self.encoder.name}@{self.encoder.revision}"
        if judge is None:
            judge = "none" if self.panel is None else f"{self.panel.signature},{self.weight.name}"
        return (
            f"grader:{__version__}|encoder:{encoder}|coverage:{self._coverage}"
            f"|guards:{self._guards}|calibration:{calibration or self._calibration}|judge:{judge}|rubric:{rubric}"
        )

    @cached_property
    def _coverage(self) -> str:
        """How coverage is found and becomes credit."""
        return self.settings.signature()

    @property
    def _calibration(self) -> str:
        """What chances and scores are calibrated by."""
        return STATED.name if self._marks is None else f"{STATED.name}+{self._marks.name}"

    @property
    def _guards(self) -> str:
        """Which guards speak: the rules' version, the word-order table and the verifier, or none."""
        if not self.settings.guards:
            return "none"
        verifier = f"+verifier@{self._verifier.revision}" if self._verifier is not None else ""
        return f"rules.{RULES_VERSION}+order@{table_revision()}{verifier}"


def chunks(answers: Iterable[Answer], *, size: int = CHUNK) -> Iterator[list[Answer]]:
    """The answers in order, in chunks that end when they are full by number (`size`) or by characters."""
    chunk: list[Answer] = []
    n_characters = 0
    for answer in answers:
        chunk.append(answer)
        n_characters += len(answer.answer)
        if len(chunk) >= size or n_characters >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, n_characters = [], 0
    if chunk:
        yield chunk


# Two letters side by side are no number of a list: with them a text has a segment.
_NEIGHBOURS = re.compile(r"[^\W\d_]{2}")


def _says_nothing(text: str, rubric: Rubric) -> str | None:
    """Why a text cannot be an answer, or `None` when a model should look at it."""
    if not _NEIGHBOURS.search(text) and not segments(text):
        return NO_ANSWER
    if rubric.kind == "open" or any(char.isalpha() for char in text):
        return None
    wordings = [text for point in rubric.points for text in (point.text, *point.aliases)]
    return None if any(map(_names_a_number, (*wordings, rubric.reference_answer))) else NO_WORDS


_NUMBER_WORDS = frozenset(
    "zero one two three four five six seven eight nine ten eleven twelve hundred thousand million half".split()
)


def _names_a_number(text: str) -> bool:
    return any(char.isdigit() for char in text) or not _NUMBER_WORDS.isdisjoint(map(str.lower, words(text)))


def _point_grade(point: RubricPoint, status: Status, earned: float | None, *, rule: str) -> PointGrade:
    """A point that a rule decided, without looking for evidence."""
    return PointGrade(
        point_id=point.id,
        text=point.text,
        status=status,
        coverage=earned,
        credit=earned,
        weight=point.weight,
        evidence=None,
        decided_by="rule",
        rationale=rule,
        confidence=None if earned is None else 1.0,
    )
