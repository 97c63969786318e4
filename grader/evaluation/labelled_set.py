"""Labelled sets: answers with people's scores, one answer per row."""

from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, ValidationError, model_validator

from grader.argument_types import check_path
from grader.errors import InputError
from grader.files import (
    ANSWER_COLUMNS,
    Place,
    Row,
    answer_text,
    id_text,
    pick_columns,
    read_rows,
    refuse_duplicate,
    refuse_shortened_id,
    source_name,
    validate,
)
from grader.rubrics import points_with_ids
from grader.schema import Noun, Rubric, RubricPoint

# Column names that other tools use, the preferred one first; those of answers as in answers files.
LABELLED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    **{field: ANSWER_COLUMNS[field] for field in ("answer_id", "question_id", "answer")},
    "question": ("question",),
    "reference_answers": (
        *("reference_answers", "reference_answer", "reference", "references"),
        *("expected_output", "desired_answer"),
    ),
    "rubric": ("rubric", "rubrics", "criteria", "nuggets", "points"),
    **{name: (name,) for name in ("human_score", "max_score", "human_scores", "label", "point_labels")},
}
_TEXTS = {"question", "answer"}  # a blank cell is an empty text here, and a missing value in other columns


class LabelledAnswer(Noun):
    """An answer with people's scores; fields that are not named here are ignored.

    `human_scores` holds each rater's score, `point_labels` the share (0..1) of each point that people saw.
    """

    model_config = ConfigDict(extra="ignore")

    question_id: str
    question: str = ""
    reference_answers: tuple[str, ...] = ()
    rubric: tuple[RubricPoint, ...] | None = None
    answer_id: str
    answer: str
    human_score: float
    max_score: float = Field(gt=0)
    human_scores: dict[str, float] = Field(default_factory=dict)
    label: str | None = None
    point_labels: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if not self.reference_answers and not self.rubric:
            raise ValueError("reference_answers: empty, and there is no rubric: expected one of them")
        if not 0 <= self.human_score <= self.max_score:
            raise ValueError(f"human_score: found {self.human_score}, expected 0 to max_score {self.max_score}")
        for rater, given in self.human_scores.items():
            if not 0 <= given <= self.max_score:
                raise ValueError(f"human_scores.{rater}: found {given}, expected 0 to max_score {self.max_score}")
        unknown = set(self.point_labels) - {point.id for point in self.rubric or ()}
        if unknown:
            raise ValueError(f"point_labels: '{min(unknown)}' is not a point of the rubric")
        return self


def read_labelled_set(path: str | Path) -> list[LabelledAnswer]:
    """Read a labelled set: answers with people's scores, for evaluation.

    Field names of other tools are accepted as in answers files, and those of points as in rubric files; a single
    reference answer need not be in a list.

    Raises:
        InputError: with line and field: a missing or wrong field, a repeated `answer_id`, an invalid rubric.
        TypeError: `path` is no path.

    >>> from pathlib import Path
    >>> from grader import read_labelled_set
    >>> table = ["answer_id,question_id,reference_answer,answer,human_score,max_score",
    ...          "a1,dropout,Dropout disables random units.,Units are disabled.,4,5"]
    >>> _ = Path("labelled.csv").write_text("\\n".join(table))
    >>> [(row.answer_id, row.human_score) for row in read_labelled_set("labelled.csv")]
    [('a1', 4.0)]
    """
    check_path(path, 'read_labelled_set("labelled.jsonl")')
    source = source_name(path)
    seen: dict[str, int | None] = {}
    rows = []
    for row in read_rows(path):
        values = _labelled_values(row, source)
        answer = validate(LabelledAnswer, values, source=source, line_of=partial(_labelled_line, row, set(values)))
        refuse_duplicate(seen, answer.answer_id, line=row.line, field="answer_id", source=source)
        if answer.rubric:
            _check_rubric(answer, source, row.line)
        rows.append(answer)
    return rows


def _labelled_values(row: Row, source: str) -> dict[str, Any]:
    """A row as fields of `LabelledAnswer`, without optional ones that are null or blank."""
    columns = pick_columns(row.values, LABELLED_COLUMNS, required=(), source=source)
    if columns.get("rubric", "").lower() == "points" and not isinstance(row.values[columns["rubric"]], list):
        del columns["rubric"]  # how many points a person gave
    if columns.keys().isdisjoint(("reference_answers", "rubric")):
        expected = ", ".join((*LABELLED_COLUMNS["reference_answers"], *LABELLED_COLUMNS["rubric"]))
        problem = f"no reference answer and no rubric: found {', '.join(row.values)[:200]}; expected one of {expected}"
        raise InputError(problem, source=source, line=row.names_line)
    values = {field: row.values[name] for field, name in columns.items()}
    for field, value in list(values.items()):
        if not LabelledAnswer.model_fields[field].is_required() and field not in _TEXTS and value in (None, ""):
            del values[field]
    for field in {"answer_id", "question_id"} & values.keys():
        values[field] = name = id_text(values[field])
        if isinstance(name, str):
            refuse_shortened_id(name, line=row.line, field=field, source=source)
    if "answer" in values:
        values["answer"] = answer_text(values["answer"], row.line, source)
    if isinstance(values.get("reference_answers"), str):
        values["reference_answers"] = [values["reference_answers"]]
    if "rubric" in values:
        values["rubric"] = points_with_ids(values["rubric"], source=source, line_of=lambda _: row.line, field="rubric")
    return values


def _labelled_line(row: Row, present: Collection[str], place: Place) -> int:
    return row.line if not place or place[0] in present else row.names_line


def own_rubric(row: LabelledAnswer, name: str) -> Rubric:
    """The rubric of a row, with the id `name`; points that are instructions use its reference answers.

    Raises:
        ValueError: the points do not make a rubric.

    """
    return Rubric(
        question_id=name,
        question=row.question,
        reference_answer="\n".join(row.reference_answers),
        max_score=row.max_score,
        points=row.rubric or (),
    )


def _check_rubric(row: LabelledAnswer, source: str, line: int) -> None:
    try:
        own_rubric(row, "q")
    except ValidationError as error:
        problem = error.errors()[0]["msg"].removeprefix("Value error, ").removeprefix("points: ")
        raise InputError(problem, source=source, line=line, field="rubric") from error
