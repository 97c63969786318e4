"""Grade a labelled set, and compute for each answer the baselines and the features that the marks model uses.

Each row is graded by its own rubric, or by the best-matching one of its reference answers.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.encoders import Encoder, TokenVectors, load_encoder
from grader.errors import InputError
from grader.evaluation.labelled_set import LabelledAnswer, own_rubric
from grader.grading import Grader, topic_texts
from grader.guards import share_beyond_question
from grader.judges import UNPROVEN_WEIGHT, JudgeWeight, Panel
from grader.marks import AnswerFeatures, word_weights
from grader.rubrics import derive
from grader.schema import Answer, Grade, Question, Rubric
from grader.settings import Settings
from grader.text import content_words, normalise

Progress = Callable[[Iterator[Grade | None]], Iterable[Grade | None]]
# Which answers judges are asked about, given their grades without judges: positions with their chance of being drawn.
Draw = Callable[[Sequence[Grade | None]], Mapping[int, float]]


@dataclass(frozen=True)
class GradedAnswer:
    """One labelled answer with its grade and its baselines.

    Attributes:
        row: the answer as people scored it.
        grade: under `rubric`; of several reference answers, the best-matching one counts. With judges, unless they were
            asked about a sample only.
        alone: the grade without judges.
        judged: the grade with judges; `None` where none was asked.
        chance: with which the answer was drawn to be asked about, above 0 to 1.
        rubric: by which it was graded.
        cosine: baseline: highest cosine of the whole answer with a whole reference answer.
        lexical: baseline: highest share of a reference answer's content words that occur in the answer, 0..1.

    """

    row: LabelledAnswer
    grade: Grade
    alone: Grade
    rubric: Rubric
    cosine: float
    lexical: float
    judged: Grade | None = None
    chance: float = 1.0

    @property
    def human(self) -> float:
        """The human score as a fraction of the full score, 0..1."""
        return self.row.human_score / self.row.max_score

    def with_grade(self, grade: Grade) -> "GradedAnswer":
        """The same answer with another grade."""
        return replace(self, grade=grade)


class GradedSet(NamedTuple):
    """The graded answers of a labelled set.

    Attributes:
        answers: those that could be graded, in order.
        features: of each of these answers, for the marks model.
        signature: of the grader.
        seconds: that grading took.

    """

    answers: list[GradedAnswer]
    features: list[AnswerFeatures]
    signature: str
    seconds: float


def grade_labelled_set(
    rows: Sequence[LabelledAnswer],
    *,
    encoder: Encoder | None = None,
    settings: Settings | None = None,
    panel: Panel | None = None,
    weight: JudgeWeight = UNPROVEN_WEIGHT,
    draw: Draw | None = None,
    progress: Progress = iter,
) -> GradedSet:
    """Grade a labelled set and compute the baselines of each answer.

    Arguments as for `evaluate`; judges are asked about the answers that `draw` names, about all without it.

    Raises:
        InputError: when there is no row.
        SetupError: when the encoder cannot be loaded, or no request to a judge can succeed.

    """
    if not rows:
        raise InputError("the labelled set has no rows")
    settings = settings or Settings()
    recorder = _RecordingEncoder(encoder or load_encoder(settings.encoder))
    begin = time.perf_counter()
    grader, graded = grade_rows(rows, encoder=recorder, settings=settings)
    if panel is None:
        grades = alone = list(progress(graded))
        drawn: Mapping[int, float] = {}
        judged: list[Grade | None] = []
    elif draw is not None:
        grades = alone = list(progress(graded))
        drawn = draw(alone)
        only = [grade if at in drawn else None for at, grade in enumerate(alone)]
        judged = list(regrade_with_judges(rows, only, grader, panel=panel, weight=weight).grades)
    else:
        alone = list(graded)
        drawn = {at: 1.0 for at, grade in enumerate(alone) if grade is not None}
        grader, graded = regrade_with_judges(rows, alone, grader, panel=panel, weight=weight)
        grades = judged = list(progress(graded))
    seconds = time.perf_counter() - begin
    recorder.encode(sorted({normalise(text).text for row in rows for text in _references(row)}))
    answers = [
        GradedAnswer(
            row,
            grade,
            first,
            grader.rubrics[grade.question_id],
            _cosine(row, recorder.means),
            _lexical(row),
            judged[at] if at in drawn else None,
            drawn.get(at, 1.0),
        )
        for at, (row, grade, first) in enumerate(zip(rows, grades, alone, strict=True))
        if grade is not None and grade.fraction is not None and first is not None
    ]
    return GradedSet(answers, [recorder.features(item) for item in answers], grader.signature, seconds)


class _RecordingEncoder:
    """An encoder that also records the mean vector and the word weights of each text."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.revision = encoder.revision
        self.means: dict[str, NDArray[np.float32]] = {}
        self.words: dict[str, dict[str, float]] = {}

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        encoded = self._encoder.encode(texts)
        for text, tokens in zip(texts, encoded, strict=True):
            self.means[text] = tokens.mean
            self.words[text] = word_weights(tokens.texts, tokens.rarity)
        return encoded

    def features(self, item: GradedAnswer) -> AnswerFeatures:
        """A graded answer's features for the marks model; zeros and no words where it was not encoded."""
        text = normalise(item.row.answer).text
        asked = [self.means[text] for text in topic_texts(item.rubric)]
        vector = self.means.get(text, np.zeros_like(asked[0]))
        topic = max(float(mean @ vector) for mean in asked)
        own = share_beyond_question(text, normalise(item.rubric.question).text)
        return AnswerFeatures(
            item.grade.fraction or 0.0, item.grade.flags, topic, own, vector, self.words.get(text, {})
        )


def _references(row: LabelledAnswer) -> list[str]:
    """What the baselines compare an answer with: the reference answers, or the rubric's points as one text."""
    given = [reference for reference in row.reference_answers if reference.strip()]
    return given if given or not row.rubric else [" ".join(point.text for point in row.rubric)]


def _cosine(row: LabelledAnswer, means: Mapping[str, NDArray[np.float32]]) -> float:
    """Highest cosine of the whole answer with a whole reference answer: what most tools compute."""
    answer = means.get(normalise(row.answer).text)
    if answer is None:
        return 0.0
    return max((float(means[normalise(reference).text] @ answer) for reference in _references(row)), default=0.0)


def _lexical(row: LabelledAnswer) -> float:
    """Highest share of a reference's content words that occur in the answer."""
    found = set(content_words(row.answer))
    shares = []
    for reference in _references(row):
        wanted = set(content_words(reference))
        shares.append(len(wanted & found) / len(wanted) if wanted else 0.0)
    return max(shares, default=0.0)


# --- grading rows -----------------------------------------------------------------------------------------


class GradedRows(NamedTuple):
    """A grader and its grade of each row, in order; `None` for a row without rubric and reference answer."""

    grader: Grader
    grades: Iterator[Grade | None]


def grade_rows(rows: Sequence[LabelledAnswer], *, encoder: Encoder, settings: Settings) -> GradedRows:
    """Grade each row by its own rubric, or by the best-matching one of those derived from its reference answers."""
    rubrics = _rubrics_of(rows)
    grader = Grader({r.question_id: r for mine in rubrics for r in mine}, encoder=encoder, settings=settings)
    return GradedRows(grader, _best_grades(grader, rows, rubrics))


def regrade_with_judges(
    rows: Sequence[LabelledAnswer], grades: Sequence[Grade | None], grader: Grader, *, panel: Panel, weight: JudgeWeight
) -> GradedRows:
    """Grade again with judges, each row only by the rubric under which it scored best."""
    judging = Grader(grader.rubrics, encoder=grader.encoder, settings=grader.settings, panel=panel, weight=weight)
    answers = (
        Answer(answer_id=row.answer_id, question_id=grade.question_id, answer=row.answer)
        for row, grade in zip(rows, grades, strict=True)
        if grade is not None
    )
    judged = judging.grade_many(answers)
    return GradedRows(judging, (None if grade is None else next(judged) for grade in grades))


def _rubrics_of(rows: Sequence[LabelledAnswer]) -> list[tuple[Rubric, ...]]:
    """Each row's own rubric, or one derived from each of its reference answers; equal rows share theirs."""
    known: dict[object, tuple[Rubric, ...]] = {}
    result = []
    for row in rows:
        key = (row.question_id, row.question, row.reference_answers, row.rubric, row.max_score)
        if key not in known:
            name = f"{row.question_id}#{len(known)}"
            known[key] = (own_rubric(row, name),) if row.rubric else _derived(row, name)
        result.append(known[key])
    return result


def _derived(row: LabelledAnswer, name: str) -> tuple[Rubric, ...]:
    """A rubric from each of the row's reference answers that holds a letter or digit."""
    rubrics = []
    for number, reference in enumerate(row.reference_answers):
        if any(char.isalnum() for char in reference):
            # A question may be blank in a labelled set, but not in `Question`: a question mark stands in for it.
            question = Question(
                id=f"{name}.{number}",
                question=row.question.strip() or "?",
                reference_answer=reference,
                max_score=row.max_score,
            )
            rubrics.append(derive(question).model_copy(update={"question": row.question}))
    return tuple(rubrics)


def _best_grades(
    grader: Grader,
    rows: Sequence[LabelledAnswer],
    rubrics: Sequence[tuple[Rubric, ...]],
) -> Iterator[Grade | None]:
    """Each row's grade under the rubric with the highest score; `None` for a row without any rubric."""
    answers = (
        Answer(answer_id=row.answer_id, question_id=rubric.question_id, answer=row.answer)
        for row, mine in zip(rows, rubrics, strict=True)
        for rubric in mine
    )
    grades = grader.grade_many(answers)
    for mine in rubrics:
        candidates = [next(grades) for _ in mine]
        yield max(candidates, key=lambda grade: grade.fraction or 0.0, default=None)
