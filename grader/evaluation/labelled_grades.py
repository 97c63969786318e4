"""A labelled set -> its grades: each row by its own rubric, or by the best-matching one of its reference answers."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from grader.encoders import Encoder
from grader.evaluation.labelled_set import LabelledAnswer, own_rubric
from grader.grading import Grader
from grader.judges import JudgeWeight, Panel
from grader.rubrics import derive
from grader.schema import Answer, Grade, Question, Rubric
from grader.settings import Settings


class Labelled(NamedTuple):
    """The grader of a labelled set, and each row's grade; `None` for a row without anything to compare with."""

    grader: Grader
    grades: Iterator[Grade | None]


def grade_labelled(rows: Sequence[LabelledAnswer], *, encoder: Encoder, settings: Settings) -> Labelled:
    """Grade the rows of a labelled set, in order, each by its own rubric or the best-matching derived one."""
    rubrics = _rubrics_of(rows)
    grader = Grader({r.question_id: r for mine in rubrics for r in mine}, encoder=encoder, settings=settings)
    return Labelled(grader, _best_grades(grader, rows, rubrics))


def judge_labelled(
    rows: Sequence[LabelledAnswer], grades: Sequence[Grade | None], grader: Grader, *, panel: Panel, weight: JudgeWeight
) -> Labelled:
    """Grade again with judges, each row by the rubric that gave it most: nobody is asked about the other references."""
    judging = Grader(grader.rubrics, encoder=grader.encoder, settings=grader.settings, panel=panel, weight=weight)
    answers = (
        Answer(answer_id=row.answer_id, question_id=grade.question_id, answer=row.answer)
        for row, grade in zip(rows, grades, strict=True)
        if grade is not None
    )
    judged = judging.grade_many(answers)
    return Labelled(judging, (None if grade is None else next(judged) for grade in grades))


def _rubrics_of(rows: Sequence[LabelledAnswer]) -> list[tuple[Rubric, ...]]:
    """For each row its own rubric, or one derived from each of its references; rows that agree in these share them."""
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
    """A rubric from each of the row's references that says anything."""
    rubrics = []
    for number, reference in enumerate(row.reference_answers):
        if any(char.isalnum() for char in reference):
            # A bank's question must not be blank, a labelled set's may be: any mark stands in for it.
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
    """Each row's grade under the rubric that gives it most; `None` for a row without any rubric."""
    answers = (
        Answer(answer_id=row.answer_id, question_id=rubric.question_id, answer=row.answer)
        for row, mine in zip(rows, rubrics, strict=True)
        for rubric in mine
    )
    grades = grader.grade_many(answers)
    for mine in rubrics:
        candidates = [next(grades) for _ in mine]
        yield max(candidates, key=lambda grade: grade.fraction or 0.0, default=None)
