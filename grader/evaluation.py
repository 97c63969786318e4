"""A labelled set -> how far grades agree with people, beside the baselines that every grader must beat."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grader.answers import LabelledAnswer
from grader.encoding import Encoder, load_encoder
from grader.errors import InputError
from grader.intervals import Estimate, cluster_bootstrap
from grader.judge_evaluation import JudgeComparison, JudgedAnswer, compare_judge
from grader.labelled import grade_labelled, judge_labelled
from grader.likeness import words_told
from grader.marked_evaluation import MarkedEvaluation, evaluate_marked
from grader.marks import Seen
from grader.panel import Panel
from grader.preparing import topic_texts
from grader.schema import Grade
from grader.scored import Scored, reliability_of, review, statistics
from grader.settings import Settings
from grader.text import content_words, normalise
from grader.tokens import TokenVectors
from grader.trust import Diagram, Interval, ReviewCurve
from grader.weight import UNPROVEN, Weight


@dataclass(frozen=True)
class Evaluation:
    """Agreement of one grader with the people who scored one set.

    `statistics` has the names of the documentation; a statistic that does not apply to the set is absent. So does
    `reliability`: of `points` where people marked points, of `answers` where they said only right or wrong. `review` is
    `None` when nothing was graded. `judge` compares the ways of grading where judges were asked. Where marks were
    given, `statistics` are of the other answers, `marked` says more of them, and `review` and `reliability` are left
    out.
    """

    n_answers: int
    n_questions: int
    n_graded: int
    n_ungraded: int
    signature: str
    seconds: float
    statistics: Mapping[str, Estimate]
    review: ReviewCurve | None
    reliability: Mapping[str, Diagram]
    judge: JudgeComparison | None = None
    marked: MarkedEvaluation | None = None

    def as_dict(self) -> dict[str, Any]:
        """One flat JSON object, as `grader evaluate --json` prints it."""
        return {
            "n_answers": self.n_answers,
            "n_questions": self.n_questions,
            "n_graded": self.n_graded,
            "n_ungraded": self.n_ungraded,
            "signature": self.signature,
            "seconds": round(self.seconds, 3),
            "answers_per_second": round(self.n_answers / self.seconds, 2) if self.seconds else None,
            **{name: estimate.as_dict() for name, estimate in self.statistics.items()},
            "review": None if self.review is None else self.review.as_dict(),
            "reliability": {name: diagram.as_dict() for name, diagram in self.reliability.items()},
            **({} if self.judge is None else {"judge": self.judge.as_dict()}),
            **({} if self.marked is None else {"marked": self.marked.as_dict()}),
        }


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
            self.words[text] = words_told(tokens.texts, tokens.rarity)
        return encoded

    def seen(self, item: Scored) -> Seen:
        """A graded answer as marks see it; one that was not encoded says nothing."""
        text = normalise(item.row.answer).text
        asked = [self.means[text] for text in topic_texts(item.rubric)]
        vector = self.means.get(text, np.zeros_like(asked[0]))
        topic = max(float(mean @ vector) for mean in asked)
        return Seen(item.grade.fraction or 0.0, item.grade.flags, topic, vector, self.words.get(text, {}))


def evaluate(
    rows: Sequence[LabelledAnswer],
    *,
    encoder: Encoder | None = None,
    settings: Settings | None = None,
    panel: Panel | None = None,
    weight: Weight = UNPROVEN,
    marked: int = 0,
    seed: int = 12345,
    n_resamples: int = 1000,
    progress: Callable[[Iterator[Grade | None]], Iterable[Grade | None]] = iter,
) -> Evaluation:
    """Grade a labelled set and compare with the people who scored it.

    A row's own rubric is used; without one, points are derived from each of its reference answers and the
    best-matching reference counts.

    Args:
        rows: the labelled answers.
        panel: judges that are asked under the best-matching reference; the statistics are of the grades with them.
        weight: what is known of the judges already.
        marked: answers a question whose marks are given; the statistics are of the others, means over 5 draws.
        seed, n_resamples: of the draws and of the bootstrap over questions.
        progress: sees every row's grade pass by, such as a progress bar; must pass them all on.

    Raises:
        InputError: when there is no row, or when fewer than ten marks are given in all.
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
    interval = partial(cluster_bootstrap, n_resamples=n_resamples, seed=seed)
    found = None
    if marked:
        seen = [keeper.seen(item) for item in scored]
        found = evaluate_marked(scored, seen, n_per_question=marked, seed=seed, interval=interval)
    return Evaluation(
        n_answers=len(rows),
        n_questions=len({row.question_id for row in rows}),
        n_graded=len(scored),
        n_ungraded=len(rows) - len(scored),
        signature=grader.signature,
        seconds=seconds,
        statistics=found.statistics if found else statistics(scored, interval),
        review=review(scored, interval) if scored and not found else None,
        reliability={} if found else reliability_of(scored),
        judge=None if panel is None else _judge_comparison(scored, panel, interval),
        marked=found,
    )


def _judge_comparison(scored: Sequence[Scored], panel: Panel, interval: Interval) -> JudgeComparison:
    answers = [
        JudgedAnswer(item.human, item.grade, item.rubric, item.row.question_id, item.row.point_labels)
        for item in scored
    ]
    return compare_judge(answers, interval=interval, name=" + ".join(panel.names))


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
