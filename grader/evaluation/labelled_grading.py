"""A labelled set -> its graded answers, with the baselines and with what marks would see of each.

What the numbers say is in `agreement` and `evaluation`.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.encoders import Encoder, TokenVectors, load_encoder
from grader.errors import InputError
from grader.evaluation.agreement import Scored
from grader.evaluation.labelled_grades import grade_labelled, judge_labelled
from grader.evaluation.labelled_set import LabelledAnswer
from grader.grading import topic_texts
from grader.guards import share_beyond_question
from grader.judges import UNPROVEN_WEIGHT, JudgeWeight, Panel
from grader.marks import AnswerFeatures, word_weights
from grader.schema import Grade
from grader.settings import Settings
from grader.text import content_words, normalise

Progress = Callable[[Iterator[Grade | None]], Iterable[Grade | None]]


class GradedSet(NamedTuple):
    """The graded answers of a labelled set.

    Attributes:
        scored: those that could be graded, in order.
        seen: the same as marks see them.
        signature: of the grader.
        seconds: that grading took.

    """

    scored: list[Scored]
    seen: list[AnswerFeatures]
    signature: str
    seconds: float


def grade_set(
    rows: Sequence[LabelledAnswer],
    *,
    encoder: Encoder | None = None,
    settings: Settings | None = None,
    panel: Panel | None = None,
    weight: JudgeWeight = UNPROVEN_WEIGHT,
    progress: Progress = iter,
) -> GradedSet:
    """Grade a labelled set and compare every answer with its references in the ways of the baselines, too.

    Arguments as for `evaluate`.

    Raises:
        InputError: when there is no row.
        SetupError: when the encoder cannot be loaded, or no request to a judge can succeed.

    """
    if not rows:
        raise InputError("the labelled set has no rows")
    settings = settings or Settings()
    keeper = _Keeper(encoder or load_encoder(settings.encoder))
    begin = time.perf_counter()
    grader, passing = grade_labelled(rows, encoder=keeper, settings=settings)
    if panel is not None:
        grader, passing = judge_labelled(rows, list(passing), grader, panel=panel, weight=weight)
    grades = list(progress(passing))
    seconds = time.perf_counter() - begin
    keeper.encode(sorted({normalise(text).text for row in rows for text in _references(row)}))
    scored = [
        Scored(row, grade, grader.rubrics[grade.question_id], _cosine(row, keeper.means), _lexical(row))
        for row, grade in zip(rows, grades, strict=True)
        if grade is not None and grade.fraction is not None
    ]
    return GradedSet(scored, [keeper.seen(item) for item in scored], grader.signature, seconds)


class _Keeper:
    """Passes texts on to an encoder and keeps what each says as a whole: its own vector and its words."""

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

    def seen(self, item: Scored) -> AnswerFeatures:
        """A graded answer as marks see it; one that was not encoded says nothing."""
        text = normalise(item.row.answer).text
        asked = [self.means[text] for text in topic_texts(item.rubric)]
        vector = self.means.get(text, np.zeros_like(asked[0]))
        topic = max(float(mean @ vector) for mean in asked)
        own = share_beyond_question(text, normalise(item.rubric.question).text)
        return AnswerFeatures(
            item.grade.fraction or 0.0, item.grade.flags, topic, own, vector, self.words.get(text, {})
        )


def _references(row: LabelledAnswer) -> list[str]:
    """What an answer is compared with as a whole: the references, or the rubric's points as one text."""
    given = [reference for reference in row.reference_answers if reference.strip()]
    return given if given or not row.rubric else [" ".join(point.text for point in row.rubric)]


def _cosine(row: LabelledAnswer, means: Mapping[str, NDArray[np.float32]]) -> float:
    """Highest cosine of the whole answer with a whole reference: what most tools do."""
    answer = means.get(normalise(row.answer).text)
    if answer is None:
        return 0.0
    return max((float(means[normalise(reference).text] @ answer) for reference in _references(row)), default=0.0)


def _lexical(row: LabelledAnswer) -> float:
    """Highest share of a reference's content words that occur in the answer."""
    said = set(content_words(row.answer))
    shares = []
    for reference in _references(row):
        wanted = set(content_words(reference))
        shares.append(len(wanted & said) / len(wanted) if wanted else 0.0)
    return max(shares, default=0.0)
