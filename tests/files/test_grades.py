"""Grades in files: nothing is lost to a name, and reading gives back what was written."""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.files.grades import (
    ANSWER_FIELDS,
    UNSTORED_FIELDS,
    flat_columns,
    flat_row,
    grade_row,
    point_columns,
    read_grades,
    stored_grade_row,
)
from grader.files.tables import read_rows, write_rows
from grader.schema import Answer, Evidence, Grade, PointGrade, Rated, Verdict
from tests.support.sample_grades import SIGNATURE, grade, point, verdict

# Names that could be taken for ours, alone or behind the prefix.
NAMES = ["score", "question", "points", "extra", "p1", "p12", "x", "point_x"]
CLASHES = [f"{'input_' * times}{name}" for times in range(3) for name in NAMES]

# JSONL, and back

numbers = st.floats(-1e6, 1e6)
shares = st.floats(0, 1)
texts = st.text(max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
extras = st.dictionaries(st.sampled_from(CLASHES) | texts, values, max_size=8)
evidence = st.none() | st.builds(Evidence, text=texts, start=st.integers(0, 9), end=st.integers(0, 9))
statuses = st.sampled_from(["covered", "partial", "missing", "contradicted", "not_judged"])
verdicts = st.builds(Verdict, judge=texts, verdict=statuses, quote=evidence, supported=st.booleans(), reason=texts)
points = st.builds(
    PointGrade,
    point_id=texts,
    text=texts,
    status=statuses,
    coverage=st.none() | shares,
    credit=st.none() | shares,
    weight=numbers,
    evidence=evidence,
    rationale=texts,
    verdicts=st.lists(verdicts, max_size=2).map(tuple),
    by_embedding=st.none() | st.builds(Rated, statuses, st.none() | shares),
)


@st.composite
def any_grade(draw: st.DrawFn) -> Grade:
    score = draw(st.none() | numbers)
    return Grade(
        answer_id=draw(texts),
        question_id=draw(texts),
        candidate=draw(st.none() | texts),
        score=score,
        max_score=draw(st.none() | numbers),
        fraction=draw(st.none() | numbers),
        points=tuple(draw(st.lists(points, max_size=3))),
        feedback=draw(texts),
        flags=tuple(draw(st.lists(texts, max_size=2))),
        needs_review=draw(st.booleans()),
        confidence=draw(st.none() | numbers),
        ungraded_reason=draw(texts) if score is None else None,
        signature=draw(texts),
        question=draw(texts),
        answer=draw(texts),
        step=draw(st.none() | st.floats(0, 10)),
        extra=draw(extras),
    )


@given(any_grade())
def test_a_row_made_of_what_was_stored_is_the_grades(grade: Grade) -> None:
    answer = Answer.model_construct(**{name: getattr(grade, name) for name in ANSWER_FIELDS})
    stored = grade_row(grade.model_copy(update={"extra": {}}))
    stored = {name: stored[name] for name in stored if name not in UNSTORED_FIELDS}
    row = stored_grade_row(json.loads(json.dumps(stored)), answer, grade.step)
    assert json.dumps(row) == json.dumps(grade_row(grade))
    del stored["flags"]
    assert stored_grade_row(stored, answer) is None


@settings(max_examples=60, deadline=None)
@given(written=st.lists(any_grade(), min_size=1, max_size=2))
def test_reading_gives_the_grades_back(tmp_path_factory: pytest.TempPathFactory, written: list[Grade]) -> None:
    path = tmp_path_factory.mktemp("grades") / "grades.jsonl"
    write_rows(path, map(grade_row, written), format="jsonl")
    for before, after in zip(written, read_grades(path), strict=True):
        assert after.extra == before.extra
        assert after.model_dump(exclude={"extra"}) == to_eight_decimals(before.model_dump(exclude={"extra"}))


def to_eight_decimals(value: Any) -> Any:
    match value:
        case float():
            return round(value, 8)
        case dict():
            return {name: to_eight_decimals(item) for name, item in value.items()}
        case Rated():
            return Rated(*map(to_eight_decimals, value))
        case list() | tuple():
            return type(value)(to_eight_decimals(item) for item in value)
        case _:
            return value


def test_extra_columns_are_not_rounded_and_ours_are() -> None:
    row = grade_row(grade("a", 2 / 3, point(1, credit=1 / 3), extra={"time": 1 / 3, "score": 1 / 3}))
    assert (row["score"], row["points"][0]["credit"], row["fraction"]) == (6.66666667, 0.33333333, 0.66666667)
    assert (row["time"], row["input_score"]) == (1 / 3, 1 / 3)


def test_an_extra_column_bears_one_name_in_every_form() -> None:
    graded = grade("a", 0.5, extra=dict.fromkeys(CLASHES, "x"))
    nested, flat = grade_row(graded), flat_row(graded)
    assert {name for name in nested if nested[name] == "x"} == {name for name in flat if flat[name] == "x"}
    assert nested["input_p1"] == "x" and nested["point_x"] == "x" and nested["input_x"] == "x"


def test_a_row_that_is_no_grade_is_named(tmp_path: Path) -> None:
    path = tmp_path / "grades.jsonl"
    write_rows(path, [grade_row(grade()), {**grade_row(grade()), "score": "high"}], format="jsonl")
    with pytest.raises(InputError, match=r"grades\.jsonl:2: field 'score': .*found \"high\""):
        list(read_grades(path))


# Spreadsheets


def test_a_row_has_our_columns_points_extras_answer_and_signature() -> None:
    row = flat_row(
        grade(
            "a",
            2 / 3,
            point(1, credit=0.123456),
            point(2, "not_judged"),
            flags=("x", "y"),
            extra={"level": "weak"},
        )
    )
    assert list(row) == [
        *(
            "answer_id",
            "question_id",
            "candidate",
            "score",
            "max_score",
            "fraction",
            "needs_review",
            "confidence",
        ),
        *("flags", "ungraded_reason", "feedback", "q1.p1", "q1.p2", "level", "answer", "signature"),
    ]
    assert (row["score"], row["fraction"], row["q1.p1"], row["q1.p2"]) == (6.6667, 0.6667, 0.1235, None)
    assert (row["flags"], row["candidate"], row["level"]) == ("x; y", None, "weak")


def test_an_ungraded_row_has_no_numbers() -> None:
    row = flat_row(grade("a", None))
    assert (row["score"], row["fraction"], row["ungraded_reason"]) == (None, None, "the judge did not reply")


def test_verdicts_of_judges_are_in_no_column() -> None:
    judged = point(1, credit=0.4, verdicts=(verdict("a", "covered"),), by_embedding=Rated("missing", 0.1))
    assert flat_row(grade("a", 0.5, judged)) == flat_row(grade("a", 0.5, point(1, credit=0.4)))


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx"])
@pytest.mark.parametrize(
    ("told", "cell"),
    [
        ('Well said.\n=HYPERLINK(1)\n+1, and "more"\t;-2', None),
        ("=cmd|' /C calc'!A0\nmore", "'=cmd|' /C calc'!A0\nmore"),
        ("\n=1+1", "'\n=1+1"),
        ("-1 of 3\n\n@SUM(1)", "'-1 of 3\n\n@SUM(1)"),
    ],
)
def test_feedback_of_several_lines_stays_in_its_cell(
    tmp_path: Path, ending: Literal["csv", "tsv", "xlsx"], told: str, cell: str | None
) -> None:
    """A judge's feedback has line breaks and may hold anything: one cell, which nothing runs."""
    path = tmp_path / f"grades.{ending}"
    graded = [grade("a", 0.5, feedback=told, flags=("judge_failed", "=1")), grade("b", 0.5)]
    write_rows(path, map(flat_row, graded), columns=flat_columns(graded), format=ending)
    first, second = read_rows(path)
    assert first.values["feedback"] == (cell or told)
    assert (first.values["flags"], first.values["answer_id"]) == ("judge_failed; =1", "a")
    assert second.values["answer_id"] == "b"


def test_extra_columns_never_replace_ours() -> None:
    extra = {"score": "7", "input_score": "8", "q1.p1": "x", "p9": "y", "signature": "z", "note": "n"}
    row = flat_row(grade("a", 0.5, point(1), extra=extra))
    assert (row["score"], row["q1.p1"], row["signature"]) == (5.0, 1.0, SIGNATURE)
    assert {name: row[name] for name in row if name.startswith("input_")} == {
        "input_score": "7",
        "input_input_score": "8",
        "input_q1.p1": "x",
        "input_p9": "y",
        "input_signature": "z",
    }
    assert row["note"] == "n"


def test_points_never_replace_other_columns() -> None:
    ids = ("answer", "point_answer", "input_score")
    graded = grade("a", 0.5, *(point(1, point_id=name) for name in ids), extra={"score": "7"}, question_id="input_x")
    row = flat_row(graded)
    assert (row["answer"], row["input_score"]) == ("It turns units off.", "7")
    assert [row[f"point_input_x.{name}"] for name in ids] == [1.0, 1.0, 1.0]


def test_columns_of_points_say_the_question() -> None:
    grades = [grade(name, 0.5, point(1, credit=share), question_id=name) for name, share in (("a", 0.2), ("b", 0.9))]
    assert [name for name in flat_columns(grades) if name.endswith("p1")] == ["a.p1", "b.p1"]
    assert [flat_row(each).get("a.p1") for each in grades] == [0.2, None]


def test_only_people_get_rounded_scores() -> None:
    graded = grade("a", 0.52, step=0.25)
    assert (flat_row(graded)["score"], flat_row(graded, rounded=True)["score"]) == (5.2, 5.25)
    assert (grade_row(graded)["score"], flat_row(graded, rounded=True)["fraction"]) == (5.2, 0.52)


def test_a_hand_made_id_of_another_question_is_kept_for_its_point() -> None:
    with_point = grade("a", 0.5, point(1, point_id="momentum"), extra={"q1.momentum": "fast"})
    without = grade("b", 0.5, extra={"q1.momentum": "slow"})
    columns = flat_columns([without, with_point])
    rows = [flat_row(g, points=point_columns(with_point)) for g in (with_point, without)]
    assert [(row.get("q1.momentum"), row["input_q1.momentum"]) for row in rows] == [(1.0, "fast"), (None, "slow")]
    assert all(set(row) <= set(columns) for row in rows)


def test_columns_are_the_union_in_natural_order() -> None:
    grades = [
        grade("a", 0.5, point(10), point(2), extra={"z": 1}),
        grade("b", 0.5, point(1), point(3, point_id="idea"), extra={"a": 1, "z": 1, "score": 1}),
    ]
    columns = flat_columns(iter(grades))
    assert columns[11:] == ["q1.idea", "q1.p1", "q1.p2", "q1.p10", "z", "a", "input_score", "answer", "signature"]
    assert flat_columns(reversed(grades))[11:15] == columns[11:15]
    assert len(flat_columns([])) == 13


@given(
    st.dictionaries(
        st.sampled_from([*CLASHES, "answer", "input_answer", "point_score", "q1.p1", "input_q1.x", "point_q1.x"]),
        st.text(),
    ),
    st.sets(st.sampled_from("p1 p2 x score point_x point_score input_x answer question point_question".split())),
)
def test_no_value_is_lost_to_a_name(extra: dict[str, str], ids: set[str]) -> None:
    graded = grade("a", 0.5, *(point(1, point_id=name) for name in sorted(ids)), extra=extra)
    row = flat_row(graded)
    assert len(row) == 13 + len(extra) + len(ids)
    assert sorted(row) == sorted(flat_columns([graded]))
