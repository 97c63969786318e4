"""The pipeline: rubrics and answers -> grades.

It brings encoder, coverage and scoring together and decides nothing that belongs to them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from grader import __version__
from grader.coverage import Covered, PointTokens, cover, credit, segment_starts
from grader.encoding import Encoder, TokenVectors, load_encoder
from grader.errors import InputError
from grader.feedback import plain_feedback
from grader.grammar.lexicon import content_stems
from grader.guards import Checked, Claim, check, read_claim
from grader.manner import Manner, is_foreign, manner
from grader.preparing import encode_points
from grader.rubric import rubric_hash
from grader.schema import Answer, Evidence, Grade, PointGrade, Rubric, RubricPoint, Status
from grader.scoring import fraction, score
from grader.settings import Settings
from grader.text import NormalisedText, Span, normalise, segments, words

# Answers that are encoded together: enough for batches of like length, few enough to hold their vectors. A character
# takes some 400 bytes of vectors, so the longest chunk takes some 100 MB.
_CHUNK = 256
_CHUNK_CHARACTERS = 250_000

OPEN_QUESTION = "open question: it has no fixed reference answer, so only a judge can grade it"
NO_ANSWER = "no answer: nothing but white space, punctuation or symbols"
NO_WORDS = "no answer: only digits and symbols, and the reference answer asks for no number"


FOREIGN = "the answer is not in English, which the encoder reads"
# Flags that only inform; every other one sends the answer to a person.
PLAIN_FLAGS = frozenset(["no_answer", "long_answer"])


class _Ready(NamedTuple):
    """An answer on its way to the encoder."""

    answer: Answer
    rubric: Rubric
    text: NormalisedText


class _PointClaims(NamedTuple):
    """A point's wordings as the guards read them, and whether it says anything that the question does not."""

    wordings: tuple[Claim, ...]
    novel: bool


class Grader:
    """Grades answers with rubrics; offline, deterministic, each answer on its own.

    Args:
        rubrics: one a question; a mapping from question id or any iterable.
        encoder: what turns texts into token vectors; the one that `settings` names if left out.
        settings: how coverage becomes credit.

    Raises:
        InputError: when two rubrics are for the same question.

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
    ) -> None:
        self.settings = settings or Settings()
        self.encoder = encoder or load_encoder(self.settings.encoder)
        self.rubrics: dict[str, Rubric] = {}
        self._points: dict[str, PointTokens] = {}
        self._claims: dict[str, tuple[_PointClaims, ...]] = {}
        for rubric in rubrics.values() if isinstance(rubrics, Mapping) else rubrics:
            if rubric.question_id in self.rubrics:
                raise InputError(f"two rubrics are for the question '{rubric.question_id}'")
            self.rubrics[rubric.question_id] = rubric

    @property
    def signature(self) -> str:
        """What reproduces the numbers of a whole run: as in each grade, with one hash over all rubrics."""
        return self._signature(rubric_hash(*(self.rubrics[name] for name in sorted(self.rubrics))))

    def prepare(self) -> None:
        """Load the encoder and encode the points of all rubrics now; otherwise each is encoded when first used.

        Raises:
            InputError: when a point has a wording that cannot be read.
            SetupError: when the encoder cannot be loaded.
        """
        self._points.update(encode_points(self.rubrics.values(), self.encoder, self.settings))

    def grade(self, answer: Answer) -> Grade:
        """Grade one answer: a batch of one."""
        return next(self.grade_many([answer]))

    def grade_many(self, answers: Iterable[Answer]) -> Iterator[Grade]:
        """Grade answers as they come, in order; the same answer gets the same grade in any company.

        An answer that cannot be graded (unknown question, open question) comes out with `ungraded_reason`.

        Raises:
            SetupError: when the encoder cannot be loaded.

        """
        for chunk in _chunks(answers):
            yield from self._grade_chunk(chunk)

    def _grade_chunk(self, answers: Sequence[Answer]) -> list[Grade]:
        grades: list[Grade | None] = []
        ready: list[_Ready] = []
        for answer in answers:
            text = normalise(answer.answer)
            grade = self._without_model(answer, text)
            grades.append(grade)
            if grade is None:
                ready.append(_Ready(answer, self.rubrics[answer.question_id], text))
        new = [item.rubric for item in ready if item.rubric.question_id not in self._points]
        self._points.update(encode_points(new, self.encoder, self.settings))
        unique = list(dict.fromkeys(item.text.text for item in ready))
        vectors = dict(zip(unique, self.encoder.encode(unique), strict=True)) if unique else {}
        judged = iter([self._with_vectors(item, vectors[item.text.text]) for item in ready])
        return [next(judged) if grade is None else grade for grade in grades]

    def _without_model(self, answer: Answer, text: NormalisedText) -> Grade | None:
        """The grade of an answer that needs no model: an unknown or open question, or no answer at all."""
        rubric = self.rubrics.get(answer.question_id)
        if rubric is None:
            reason = f"unknown question '{answer.question_id}': there is no rubric for it"
            return self._grade(answer, None, text, ungraded_reason=reason)
        nothing = _says_nothing(text.text, rubric)
        if nothing is not None:
            points = tuple(_point_grade(point, "missing", 0.0, rule=nothing) for point in rubric.points)
            return self._grade(answer, rubric, text, points=points, flags=["no_answer"])
        if rubric.kind == "open":
            points = tuple(_point_grade(point, "not_judged", None, rule=OPEN_QUESTION) for point in rubric.points)
            return self._grade(answer, rubric, text, points=points, ungraded_reason=OPEN_QUESTION)
        if is_foreign(text.text) and not is_foreign(" ".join(point.text for point in rubric.points)):
            points = tuple(_point_grade(point, "not_judged", None, rule=FOREIGN) for point in rubric.points)
            return self._grade(answer, rubric, text, points=points, flags=["language"], ungraded_reason=FOREIGN)
        return None

    def _with_vectors(self, item: _Ready, encoded: TokenVectors) -> Grade:
        """Coverage, guards, evidence, credit and score of one answer."""
        answer, rubric, text = item
        spans = segments(text.text)
        starts, held = segment_starts(encoded.spans[:, 0], spans)
        if not held:  # the encoder saw nothing in it
            points = tuple(_point_grade(point, "missing", 0.0, rule=NO_ANSWER) for point in rubric.points)
            return self._grade(answer, rubric, text, points=points, flags=["no_answer"])
        spans = [spans[index] for index in held]
        seen = manner(
            text.text,
            spans,
            question=rubric.question,
            reference=rubric.reference_answer,
            n_pieces=int(np.count_nonzero(encoded.rarity)),
        )
        claims = self._read(rubric)
        covered = cover(
            self._points[rubric.question_id],
            encoded.vectors,
            starts,
            center=self.settings.match_center,
            slope=self.settings.match_slope,
            muted=np.outer([claim.novel for claim in claims], seen.empty) if any(seen.empty) else None,
        )
        statements = [read_claim(text.text[start:end]) for start, end in spans]
        points = tuple(
            self._judge(point, found, check(claim.wordings, statements, found.by_segment.tolist()), spans, seen, item)
            for point, found, claim in zip(rubric.points, covered, claims, strict=True)
        )
        flags = [*_point_flags(points), *seen.flags, *(["long_answer"] * (encoded.n_windows > 1))]
        return self._grade(answer, rubric, text, points=points, flags=flags)

    def _read(self, rubric: Rubric) -> tuple[_PointClaims, ...]:
        """The rubric's points as the guards read them."""
        if rubric.question_id not in self._claims:
            asked = set(content_stems(normalise(rubric.question).text))
            read = []
            for point in rubric.points:
                wordings = tuple(read_claim(normalise(text).text) for text in (point.text, *point.aliases))
                read.append(_PointClaims(wordings, any(claim.stems - asked for claim in wordings)))
            self._claims[rubric.question_id] = tuple(read)
        return self._claims[rubric.question_id]

    def _judge(
        self, point: RubricPoint, found: Covered, checked: Checked, spans: Sequence[Span], seen: Manner, item: _Ready
    ) -> PointGrade:
        """From a point's coverage, and what speaks against it, to its status, credit and evidence."""
        settings = self.settings
        earned = seen.share * credit(found.coverage, no_credit=settings.no_credit, full_credit=settings.full_credit)
        status: Status = (
            "covered" if earned >= settings.covered_at else "partial" if earned >= settings.partial_at else "missing"
        )
        stretch = Span(spans[found.first_segment].start, spans[found.last_segment].end)
        rationale = f"the answer matches {found.coverage:.0%} of this point's wording"
        finding = checked.finding
        by_guard = finding is not None and earned > 0
        if finding is not None and by_guard:
            rationale = f"the answer {finding.reason}" if finding.certain else f"unsure: {finding.reason}"
            if finding.certain:
                status, earned, stretch = "contradicted", 0.0, spans[checked.segment]
            elif status == "covered" and finding.kind == "quantifier":
                status, earned = "partial", min(earned, settings.covered_at)
        if point.weight < 0 and status != "covered":
            earned, status = 0.0, "missing"  # a mistake that was not clearly made was not made
        evidence = None
        if status != "missing":
            start, end = item.text.original_span(*stretch)
            evidence = Evidence(text=item.answer.answer[start:end], start=start, end=end)
        return PointGrade(
            point_id=point.id,
            text=point.text,
            status=status,
            coverage=found.coverage,
            credit=earned,
            weight=point.weight,
            evidence=evidence,
            decided_by="guard" if by_guard else "embedding",
            rationale=rationale,
        )

    def _grade(
        self,
        answer: Answer,
        rubric: Rubric | None,
        text: NormalisedText,
        *,
        points: tuple[PointGrade, ...] = (),
        flags: Sequence[str] = (),
        ungraded_reason: str | None = None,
    ) -> Grade:
        """Put a grade together; the score comes from `scoring` alone."""
        share = None
        if rubric is not None and ungraded_reason is None:
            credits = {point.point_id: point.credit for point in points}
            share = fraction(rubric, credits)
        flags = [*flags, *(["hidden_characters"] * (text.n_hidden > 0)), *(["mixed_script"] * (text.n_disguised > 0))]
        return Grade(
            answer_id=answer.answer_id,
            question_id=answer.question_id,
            candidate=answer.candidate,
            score=None if share is None or rubric is None else score(rubric, credits),
            max_score=None if rubric is None else rubric.max_score,
            fraction=share,
            points=points,
            feedback="" if rubric is None or share is None else plain_feedback(rubric, points),
            flags=tuple(flags),
            needs_review=ungraded_reason is not None or not PLAIN_FLAGS.issuperset(flags),
            ungraded_reason=ungraded_reason,
            signature=self._signature("none" if rubric is None else rubric_hash(rubric)),
            question="" if rubric is None else rubric.question,
            answer=answer.answer,
            extra=answer.extra,
        )

    def _signature(self, rubric: str) -> str:
        encoder = f"{self.encoder.name}@{self.encoder.revision}"
        return (
            f"grader:{__version__}|encoder:{encoder}|coverage:{self.settings.signature()}"
            f"|guards:none|calibration:none|judge:none|rubric:{rubric}"
        )


def _point_flags(points: Sequence[PointGrade]) -> list[str]:
    """Flags of an answer that come from what the guards found at its points."""
    flags = []
    if any(point.status == "contradicted" for point in points):
        flags.append("contradiction")
    if any(point.decided_by == "guard" and point.status != "contradicted" for point in points):
        flags.append("unsure_meaning")
    return flags


def _chunks(answers: Iterable[Answer]) -> Iterator[list[Answer]]:
    """The answers in order, in chunks that end when they are full by number or by characters."""
    chunk: list[Answer] = []
    size = 0
    for answer in answers:
        chunk.append(answer)
        size += len(answer.answer)
        if len(chunk) >= _CHUNK or size >= _CHUNK_CHARACTERS:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _says_nothing(text: str, rubric: Rubric) -> str | None:
    """Why a text cannot be an answer, or `None` when a model should look at it."""
    if not segments(text):
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
    )
