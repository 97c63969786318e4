"""Learn a model of marks from ratings, answers and a grader; measure its error, and plan which answers to mark next."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from grader.calibration.marking.active_learning import MarkingPlan, UnmarkedAnswer, plan_marking
from grader.calibration.marking.people_marks import people_marks
from grader.calibration.ratings.reading import Ratings
from grader.errors import InputError
from grader.grading import AnswerProfile, Grader, answer_features
from grader.marks import (
    SNIPPET_LENGTH,
    AnswerFeatures,
    FittedMarks,
    MarkedAnswer,
    MarksModel,
    as_stored,
    score_map_errors,
)
from grader.phrases import shorten
from grader.rubrics import rubric_hash
from grader.schema import Answer, Grade


class HeldOut(NamedTuple):
    """Root mean squared errors on marks that were held out, as fractions of the scale.

    Attributes:
        without: the grader alone.
        by_map: the grader with its score map, learned on other questions.
        by_marks: the marks of all other answers.

    """

    without: float
    by_map: float
    by_marks: float


@dataclass(frozen=True)
class Fitting:
    """The fitted model of marks and its errors.

    Attributes:
        fitted: to be written and used.
        n_marks, n_questions, n_raters: what it was learned from.
        n_without_answer: rated answers whose text was not given.
        n_unusable: rated answers that could not be graded, or have no content.
        severity: by rater, the severity that was removed, as a fraction.
        held_out: errors on marks that were held out.
        width: mean width of the 90 % intervals on answers without marks, `None` where all are marked.
        share_open: of those, the share whose interval is too wide to be useful.
        plan: the benefit of further marks.

    """

    fitted: FittedMarks
    n_marks: int
    n_questions: int
    n_raters: int
    n_without_answer: int
    n_unusable: int
    severity: Mapping[str, float]
    held_out: HeldOut
    width: float | None
    share_open: float | None
    plan: MarkingPlan

    def as_dict(self, names: Mapping[str, str]) -> dict[str, Any]:
        """One JSON object, as docs/formats.md has it; `names` are the names to show for raters."""
        return {
            "n_marks": self.n_marks,
            "n_questions": self.n_questions,
            "n_raters": self.n_raters,
            "n_without_answer": self.n_without_answer,
            "n_unusable": self.n_unusable,
            "severity": {names.get(rater, rater): size for rater, size in self.severity.items()},
            "held_out_rmse": self.held_out._asdict(),
            "interval_width": self.width,
            "share_open": self.share_open,
            **self.plan.as_dict(),
            "signature": self.fitted.name,
        }


Read = tuple[Grade, AnswerProfile | None]


def fit_marks(
    ratings: Ratings,
    answers: Sequence[Answer],
    grader: Grader,
    *,
    n_next: int = 0,
    progress: Callable[[Iterator[Read]], Iterable[Read]] = iter,
    read: Iterable[Read] | None = None,
) -> Fitting:
    """Learn from the marks that people gave.

    Args:
        ratings: totals; machines and ratings of points do not count.
        answers: the rated ones, and perhaps others without marks.
        grader: without marks of its own.
        n_next: how many answers to suggest for marking next.
        progress: receives every answer and must yield it again, for example to show a progress bar.
        read: what `grader` has found of the answers, where it has read them before.

    Raises:
        InputError: no rated answer is among the answers, fewer than ten can be used, or a score is above the scale.
        SetupError: when the encoder cannot be loaded.

    """
    scales = {
        answer.answer_id: grader.rubrics[answer.question_id].max_score
        for answer in answers
        if answer.question_id in grader.rubrics
    }
    given = people_marks(ratings, scales)
    known = {answer.answer_id for answer in answers}
    if given.marks.keys().isdisjoint(known):
        problem = (
            "none of the rated answers is among the answers: are these the same answer_ids? The ratings have "
            f"'{min(given.marks, default='')}', the answers '{min(known, default='')}'"
        )
        raise InputError(problem, source=ratings.source, field="answer_id")
    features = _features_by_answer(progress(grader.read_many(answers) if read is None else iter(read)))
    marked = [
        as_stored(
            MarkedAnswer(
                answer.answer_id, answer.question_id, given.marks[answer.answer_id], features[answer.answer_id]
            )
        )
        for answer in answers
        if answer.answer_id in given.marks and answer.answer_id in features
    ]
    marks = MarksModel(marked)
    waiting = [
        UnmarkedAnswer(answer.answer_id, answer.question_id, features[answer.answer_id])
        for answer in answers
        if answer.answer_id in features and answer.answer_id not in given.marks
    ]
    expected = [marks.correct(answer.question_id, answer.features) for answer in waiting]
    # Marks of answers whose correction a rule limits would teach nothing about others.
    free = [answer for answer, found in zip(waiting, expected, strict=True) if found.bounded_by is None]
    used = {answer.answer_id for answer in marks.marked}
    return Fitting(
        fitted=_fitted(marks, answers, grader, given.n_raters),
        n_marks=len(used),
        n_questions=len({answer.question_id for answer in marks.marked}),
        n_raters=given.n_raters,
        n_without_answer=len(given.marks.keys() - known),
        n_unusable=len((given.marks.keys() & known) - used),
        severity=given.severity,
        held_out=_held_out(marks),
        width=_mean(found.high - found.low for found in expected),
        share_open=_mean(float(found.is_open) for found in expected),
        plan=plan_marking(marks, free, n_next=n_next),
    )


def _features_by_answer(read: Iterable[Read]) -> dict[str, AnswerFeatures]:
    """The features of each answer by its id, without answers that have no content or cannot be graded."""
    return {
        grade.answer_id: features
        for grade, about in read
        if about is not None and (features := answer_features(grade, about)) is not None
    }


def _fitted(marks: MarksModel, answers: Iterable[Answer], grader: Grader, n_raters: int) -> FittedMarks:
    used = {answer.answer_id for answer in marks.marked}
    questions = {answer.question_id for answer in marks.marked}
    return FittedMarks(
        marks=marks,
        signature=grader.signature,
        rubrics={name: rubric_hash(grader.rubrics[name]) for name in questions},
        texts={a.answer_id: shorten(a.answer, SNIPPET_LENGTH) for a in answers if a.answer_id in used},
        n_raters=n_raters,
    )


def _held_out(marks: MarksModel) -> HeldOut:
    """Errors without the answer's own mark; where it is the only one of its question, by the map."""
    by_map = score_map_errors(marks.marked)
    without = np.array([answer.features.fraction - answer.mark for answer in marks.marked])
    by_marks = by_map.copy()
    left_out = {found.answer.answer_id: found.fraction for found in marks.leave_one_out()}
    for index, answer in enumerate(marks.marked):
        if answer.answer_id in left_out:
            by_marks[index] = left_out[answer.answer_id] - answer.mark
    return HeldOut(*(float(np.sqrt(np.mean(errors**2))) for errors in (without, by_map, by_marks)))


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return float(np.mean(found)) if found else None
