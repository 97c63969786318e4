"""A pandas DataFrame of answers -> a DataFrame of grades. pandas is imported here alone, and only when it is used."""

from typing import TYPE_CHECKING, Any

from grader.argument_types import wrong_type
from grader.files import Row, flat_columns, flat_row, point_columns, row_answers
from grader.grading.grader import Grader

if TYPE_CHECKING:
    import pandas as pd

_SOURCE = "DataFrame"  # what errors call it


def grade_frame(grader: Grader, frame: "pd.DataFrame") -> "pd.DataFrame":
    """Grade the answers of a pandas DataFrame, one a row.

    Args:
        grader: any.
        frame: with the columns of an answers file (`answer_id`, `question_id`, `answer`, perhaps `candidate`, or their
            other names). Ids may be numbers: 7 and 7.0 are `7`. A missing candidate is none.

    Returns:
        one row an answer, in order and with the index of `frame`: the columns of a grades file in CSV (`score`,
        `fraction`, `feedback`, the credit of each point, ...) and the further columns of `frame`. What does not apply
        is missing, as `score` is where `ungraded_reason` says why.

    Raises:
        InputError: with the row, counted from 1: a missing column, id or answer (write "" for one that was left blank),
            or an `answer_id` that appears twice.
        TypeError: `grader` is no Grader, or `frame` no DataFrame.

    >>> import pandas
    >>> from grader import Grader, Rubric, grade_frame
    >>> rubric = Rubric(question_id="q1", points=[{"text": "Dropout disables random units."}])
    >>> answers = {"answer_id": [7, 8], "question_id": "q1", "answer": ["Random units are disabled.", ""]}
    >>> grade_frame(Grader([rubric]), pandas.DataFrame(answers))[["answer_id", "score"]].values.tolist()
    [['7', 10.0], ['8', 0.0]]
    """
    import pandas as pd

    _check(grader, frame, pd.DataFrame)
    answers = list(row_answers(_rows(frame), _SOURCE))
    grades = list(grader.grade_many(answers))
    points = {name for grade in grades for name in point_columns(grade)}
    rows = [flat_row(grade, points=points) for grade in grades]
    return pd.DataFrame(rows, columns=flat_columns(grades), index=frame.index)


def _check(grader: Any, frame: Any, kind: type) -> None:
    if not isinstance(grader, Grader):
        raise wrong_type("grader", grader, "a Grader", "grade_frame(Grader(rubrics), frame)")
    if not isinstance(frame, kind):
        raise wrong_type("frame", frame, "a DataFrame of pandas", "pandas.DataFrame(rows)")


def _rows(frame: "pd.DataFrame") -> list[Row]:
    """The rows, with `None` for what is missing (NaN, NaT, NA)."""
    import pandas as pd
    from pandas.api.types import is_scalar

    return [
        Row(number, {str(name): None if is_scalar(value) and pd.isna(value) else value for name, value in row.items()})
        for number, row in enumerate(frame.to_dict("records"), 1)
    ]
