"""The pipeline: rubrics and answers -> grades.

It brings encoder, coverage and scoring together and decides nothing that belongs to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from grader.__about__ import __version__
from grader.argument_types import check_encoder, check_settings
from grader.encoders import Encoder, TokenVectors, load_encoder, one_thread, reads_english_only
from grader.errors import InputError
from grader.flags import PLAIN_FLAGS
from grader.grading.apply_marks import with_marks
from grader.grading.argument_checks import check_answer, check_answers, check_rubrics
from grader.grading.confidence import STATED, WeightedConfidence, answer_confidence
from grader.grading.draft_builder import DraftBuilder
from grader.grading.drafts import AnswerProfile, Draft
from grader.grading.encoded_rubrics import EncodedRubric, HeldRubrics
from grader.grading.feedback import plain_feedback
from grader.grading.judge_verdicts import POLICY_VERSION, judge_drafts
from grader.grading.prefetch import prefetch
from grader.grading.reader_credit import READER_CALIBRATION, best_of_wordings
from grader.grading.reader_evidence import evidence_search
from grader.grading.scoring import fraction, scaled_score
from grader.grading.screening import draft_without_model
from grader.judges import UNPROVEN_WEIGHT, JudgeWeight, Panel
from grader.marks import FittedMarks
from grader.reader import Reader, Reading, Task, load_reader
from grader.rubrics import rubric_hash
from grader.schema import Answer, Grade, Rubric
from grader.settings import REMOTE, Settings
from grader.text import NormalisedText, normalise

# Answers that are encoded together: enough for batches of like length, few enough to hold their vectors. A character
# takes some 400 bytes of vectors, so the longest chunk takes some 100 MB.
CHUNK_SIZE = 256
_CHUNK_CHARACTERS = 250_000
_ENCODED_AT_ONCE = 100  # rubrics


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
        rubrics: of their questions, encoded.
        vectors: of each of their texts.
        readings: what a reader found of each point, by question and text; empty without a reader.

    """

    drafts: list[Draft | None]
    ready: list[_Ready]
    rubrics: Mapping[str, EncodedRubric]
    vectors: dict[str, TokenVectors]
    readings: Mapping[tuple[str, str], Sequence[Reading]]


class Grader:
    """Grades answers with rubrics; offline, deterministic, each answer on its own.

    Args:
        rubrics: one a question; a mapping from question id or any iterable.
        encoder: what turns texts into token vectors; the one that `settings` names if left out.
        reader: what says whether an answer states or contradicts a point; the one that `settings` names if left out.
        settings: how coverage becomes credit.
        panel: judges that look at what is unclear; without them nothing leaves the machine.
        weight: what labelled answers have shown of the judges; by default they settle unclear points alone.
        marks: what people's marks have taught, which brings scores to their scale.

    Raises:
        InputError: when two rubrics are for the same question, or the marks were learned with other settings, another
            encoder or judge, or other rubrics.
        TypeError: an argument is of a wrong type; says how to write it.

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
        reader: Reader | None = None,
        settings: Settings | None = None,
        panel: Panel | None = None,
        weight: JudgeWeight = UNPROVEN_WEIGHT,
        marks: FittedMarks | None = None,
    ) -> None:
        check_settings(settings)
        check_encoder(encoder)
        self.settings = settings or Settings()
        self.panel = panel
        self.weight = weight
        self.encoder = encoder or load_encoder(self.settings.encoder)
        self.reader = reader or load_reader(self.settings.reader)
        self.rubrics: dict[str, Rubric] = {}
        self._held = HeldRubrics(self.encoder, self.settings)
        self._draft_builder = DraftBuilder(self.settings)
        self._hashes: dict[str, str] = {}  # of rubrics that answers were given to
        for rubric in check_rubrics(rubrics):
            if rubric.question_id in self.rubrics:
                raise InputError(f"two rubrics are for the question '{rubric.question_id}'")
            self.rubrics[rubric.question_id] = rubric
        self._marks: FittedMarks | None = None
        if marks is not None:
            marks.check_compatible(self.signature, {name: rubric_hash(rubric) for name, rubric in self.rubrics.items()})
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
        """Load the encoder and encode the points of all rubrics now, as many as are held; others when they are used.

        Raises:
            InputError: when a point has a wording that cannot be read.
            SetupError: when the encoder cannot be loaded.
        """
        rubrics = list(self.rubrics.values())
        for first in range(0, len(rubrics), _ENCODED_AT_ONCE):
            self._held.get(rubrics[first : first + _ENCODED_AT_ONCE])

    def grade(self, answer: Answer) -> Grade:
        """Grade one answer: a batch of one."""
        check_answer(answer)
        return next(self.grade_many([answer]))

    def grade_many(self, answers: Iterable[Answer]) -> Iterator[Grade]:
        """Grade answers as they come, in order; the same answer gets the same grade in any company.

        Up to two chunks (`CHUNK_SIZE` answers each) are drawn before their first grade comes out.

        An answer that cannot be graded (unknown question, open question) comes out with `ungraded_reason`.

        Raises:
            SetupError: when the encoder cannot be loaded.

        """
        return self._grades(check_answers(answers))

    def _grades(self, answers: Iterable[Answer]) -> Iterator[Grade]:
        for _, drafts in self.draft_chunks(chunks(answers)):
            yield from map(self.finish, self._judged(drafts))

    def read_many(self, answers: Iterable[Answer]) -> Iterator[tuple[Grade, AnswerProfile | None]]:
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
        for chunk, reading in prefetch(self._reading, several):
            yield chunk, self._drafts(reading)

    def _judged(self, drafts: list[Draft]) -> list[Draft]:
        if self.panel is None:
            return drafts
        return judge_drafts(drafts, self.panel, self.settings, draft=self.draft, weight=self.weight)

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
            longest = self.settings.max_answer_chars
            text = normalise("" if len(answer.answer) > longest else answer.answer)
            rubric = self.rubrics.get(answer.question_id)
            draft = draft_without_model(
                answer, rubric, text, english_only=self._is_english_only, max_answer_chars=longest
            )
            drafts.append(draft)
            if draft is None:
                ready.append(_Ready(answer, self.rubrics[answer.question_id], text))
        encoded = self._held.get(item.rubric for item in ready)
        unique = list(dict.fromkeys(item.text.text for item in ready))
        vectors = dict(zip(unique, self.encoder.encode(unique), strict=True)) if unique else {}
        return _Reading(drafts, ready, encoded, vectors, self._readings(ready, encoded))

    def _readings(
        self, ready: Sequence[_Ready], encoded: Mapping[str, EncodedRubric]
    ) -> Mapping[tuple[str, str], Sequence[Reading]]:
        """What the reader finds of each point in each answer; nothing without a reader."""
        if self.reader is None:
            return {}
        tasks = {
            (item.rubric.question_id, item.text.text): Task(
                item.rubric.question, item.text.text, encoded[item.rubric.question_id].wordings
            )
            for item in ready
        }
        found = self.reader.read(list(tasks.values()))
        return {
            key: best_of_wordings(encoded[key[0]].points.owners.tolist(), readings)
            for key, readings in zip(tasks, found, strict=True)
        }

    def _drafts(self, reading: _Reading) -> list[Draft]:
        """The drafts of all answers of a reading, in order."""
        made: dict[tuple[str, str], Draft] = {}  # the same words to the same question are looked at once
        for item in reading.ready:
            key = (item.answer.question_id, item.answer.answer)
            if key not in made:
                with one_thread():
                    encoded_rubric = reading.rubrics[item.rubric.question_id]
                    read = reading.readings.get((item.rubric.question_id, item.text.text), ())
                    made[key] = self._draft_builder.build(*item, reading.vectors[item.text.text], encoded_rubric, read)
        made = self._with_evidence(made)
        found = (
            made[item.answer.question_id, item.answer.answer]._replace(answer=item.answer) for item in reading.ready
        )
        return [next(found) if draft is None else draft for draft in reading.drafts]

    def _with_evidence(self, made: dict[tuple[str, str], Draft]) -> dict[tuple[str, str], Draft]:
        """The drafts, with the reader's evidence for points that are stated or contradicted in other words."""
        if self.reader is None:
            return made
        searches = {key: search for key, draft in made.items() if (search := evidence_search(draft)) is not None}
        readings = iter(self.reader.read([task for search in searches.values() for task in search.tasks]))
        return made | {key: search.found([next(readings) for _ in search.spans]) for key, search in searches.items()}

    @property
    def _is_english_only(self) -> bool:
        """Whether texts in other languages are left alone."""
        return self.settings.guards and reads_english_only(self.encoder.name)

    def finish(self, draft: Draft) -> Grade:
        """Put a grade together; the score comes from `scoring` alone."""
        answer, rubric, text, points = draft.answer, draft.rubric, draft.text, draft.points
        graded = draft.ungraded_reason is None
        credits = {point.point_id: point.credit for point in points}
        share = fraction(rubric, credits) if rubric is not None and graded else None
        judged = [WeightedConfidence(p.weight, p.confidence) for p in points if p.confidence is not None]
        confidence = answer_confidence(judged) if graded else None
        unsure = confidence is not None and confidence < self.settings.review_below
        seen = {"hidden_characters": text.n_hidden > 0, "mixed_script": text.n_disguised > 0}
        flags = (*draft.flags, *(flag for flag, raised in seen.items() if raised))
        plain = "" if rubric is None or share is None else plain_feedback(rubric, points)
        grade = Grade(
            answer_id=answer.answer_id,
            question_id=answer.question_id,
            candidate=answer.candidate,
            score=None if share is None or rubric is None else scaled_score(share, rubric.max_score),
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
            step=None if rubric is None else rubric.step,
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
        reader = (
            ""
            if self.reader is None
            else f"|reader:{self.reader.name}@{self.reader.revision},{READER_CALIBRATION.name}"
        )
        calibration = calibration or self._calibration
        if judge is None:
            judge = (
                "none" if self.panel is None else f"{self.panel.signature},{self.weight.name},policy.{POLICY_VERSION}"
            )
        return (
            f"grader:{__version__}|encoder:{encoder}{reader}|coverage:{self._coverage}"
            f"|guards:{self._draft_builder.guards}|calibration:{calibration}|judge:{judge}|rubric:{rubric}"
        )

    @cached_property
    def _coverage(self) -> str:
        """How coverage is found and becomes credit."""
        return self.settings.signature()

    @property
    def _calibration(self) -> str:
        """What chances and scores are calibrated by."""
        return STATED.name if self._marks is None else f"{STATED.name}+{self._marks.name}"


def chunks(answers: Iterable[Answer], *, size: int = CHUNK_SIZE) -> Iterator[list[Answer]]:
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
