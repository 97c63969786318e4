"""Exports of learning platforms are recognised, and each answer comes out with its student and question."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError, InputWarning
from grader.files.answer_files.answers import exported_questions, open_answers, read_answers
from grader.files.answer_files.layouts import recognised
from tests.support import exports
from tests.support.exports import ANSWERS, EXPORTS, QUESTIONS, REFERENCES, Answers, Export

MAKERS = [(name, make) for name, makers in EXPORTS.items() for make in makers]


def read(path: Path, **options: Any) -> Answers:
    """The answers of a file, by student and question."""
    found: Answers = {}
    for answer in read_answers(path, questions=options.pop("questions", QUESTIONS), **options):
        assert answer.candidate is not None
        assert answer.answer_id == f"{answer.candidate}/{answer.question_id}"
        found.setdefault(answer.candidate, {})[answer.question_id] = answer.answer
    return found


def fault(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as raised:
        list(read_answers(path, questions=QUESTIONS, **options))
    return str(raised.value)


def table(folder: Path, *rows: list[Any], name: str = "a.csv", **style: Any) -> Path:
    return Export(list(rows), name, style=style).write(folder)


@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_every_export(tmp_path: Path, name: str, make: Callable[[Answers], Export]) -> None:
    path = make(ANSWERS).write(tmp_path)
    found = open_answers(path, questions=QUESTIONS)
    answers = [answer for _, answer in found.answers]
    assert found.layout == name
    assert f"read as {name}: " in found.about
    assert read(path) == ANSWERS
    assert {name: how for name, (_, how) in found.reading.questions.items()} == dict.fromkeys(
        QUESTIONS, "id" if make is exports.wide else "text"
    )
    assert {answer.question_id for answer in answers} == QUESTIONS.keys()


@pytest.mark.parametrize(("name", "make"), MAKERS)
def test_an_export_without_known_questions_has_texts_as_ids(
    tmp_path: Path, name: str, make: Callable[[Answers], Export]
) -> None:
    found = list(read_answers(make(ANSWERS).write(tmp_path), questions=None))
    texts = [*QUESTIONS] if make is exports.wide else [*QUESTIONS.values()]
    assert {answer.question_id for answer in found} >= set(texts)


TEXTS = st.text(st.sampled_from('ab é;,"\n\t'), min_size=1, max_size=12).map(str.strip).filter(bool)
STUDENTS = st.dictionaries(
    st.text(st.sampled_from("abcxyz"), min_size=1, max_size=5),
    st.fixed_dictionaries({name: TEXTS | st.just("") for name in QUESTIONS}),
    min_size=1,
    max_size=5,
)


@pytest.mark.parametrize(("name", "make"), MAKERS)
@settings(derandomize=True, deadline=None)
@given(answers=STUDENTS)
def test_what_is_written_is_read_back(name: str, make: Callable[[Answers], Export], answers: Answers) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read(make(answers).write(Path(folder))) == answers


def test_columns_of_a_student_are_carried_through(tmp_path: Path) -> None:
    answer = next(read_answers(exports.moodle(ANSWERS).write(tmp_path), questions=QUESTIONS))
    assert answer.extra["First name"] == "Ann"
    assert answer.extra["State"] == "Finished"
    assert not {"Right answer 1", "Question 1", "Response 1"} & answer.extra.keys()


def test_what_is_not_needed_is_listed(tmp_path: Path) -> None:
    found = open_answers(exports.google_forms(ANSWERS).write(tmp_path), questions=QUESTIONS)
    list(found.answers)
    assert found.reading.n_rows == 2
    assert found.reading.ignored[:2] == ("Timestamp", "Score")
    assert "Why are there two high tides a day? [Score]" in found.reading.left_out


def test_the_layout_may_be_named(tmp_path: Path) -> None:
    path = table(tmp_path, ["Timestamp", "Mail", "tides"], ["x", "ann@u.edu", "12"])
    assert "hold numbers alone ('12')" in fault(path)
    assert read(path, layout="wide") == {"ann@u.edu": {"tides": "12"}}
    assert "no column with answers to a question, as the layout 'moodle' has" in fault(path, layout="moodle")


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["id", "question_id", "response", "Timestamp"], "long"),
        (["Frage", "Antwort"], "question-answer"),
        (["question_id", "answer"], "question-answer"),
        (["Nachname", "Vorname", "E-Mail-Adresse", "Frage 1", "Antwort 1"], "moodle"),
        (["Apellido(s)", "Respuesta 1", "Respuesta correcta 1"], "moodle"),
        (["Nom", "Réponse 1", "Réponse 2", "Note/10,00"], "moodle"),
        (["name", "id", "7: Why?", "1.0", "n correct"], "canvas"),
        (["Zeitstempel", "Warum?"], "google-forms"),
        (["ID", "Startzeit", "Fertigstellungszeit", "Name", "Warum?"], "microsoft-forms"),
        (["SID", "1: Why? (2 pts)"], "gradescope"),
        (["Student", "Why?"], None),
        (["id", "question_id", "text"], None),
    ],
)
def test_names_tell_the_layout(names: list[str], layout: str | None) -> None:
    assert recognised(names) == layout


def test_each_row_may_have_other_questions(tmp_path: Path) -> None:
    """As with questions that Moodle draws at random."""
    path = table(
        tmp_path,
        ["Email address", "State", "Question 1", "Response 1", "Question 2", "Response 2"],
        ["ann", "Finished", QUESTIONS["tides"], "a", QUESTIONS["lava-types"], "b"],
        ["ben", "Finished", QUESTIONS["lava-types"], "c", "-", "-"],
        ["cem", "-", "-", "-", "-", "-"],
    )
    with pytest.warns(InputWarning, match=r"1 row without an attempt left out \(lines 4\)"):
        assert read(path) == {"ann": {"tides": "a", "lava-types": "b"}, "ben": {"lava-types": "c"}}


def test_questions_without_a_rubric_are_left_out_and_told(tmp_path: Path) -> None:
    header = ["Email address", "State", "Question 1", "Response 1", "Question 2", "Response 2"]
    path = table(tmp_path, header, ["ann", "Finished", QUESTIONS["tides"], "a", "What is a tide?", "b"])
    with pytest.warns(InputWarning, match="1 answer left out: 'What is a tide.' is no question's id or text"):
        assert read(path) == {"ann": {"tides": "a"}}
    path = table(tmp_path, ["Student", "tides", "How was it?"], ["ann", "a", "fine"])
    with pytest.warns(InputWarning, match=r"a.csv:1: columns that are no question of the rubrics: 'How was it\?'"):
        answer = next(read_answers(path, questions=QUESTIONS))
    assert answer.extra == {"Student": "ann", "How was it?": "fine"}


def test_attempts_and_students_without_a_name(tmp_path: Path) -> None:
    header = ["name", "id", "section_id", "submitted", "attempt", f"1: {QUESTIONS['tides']}", "2.0", "n correct"]
    path = table(tmp_path, header, ["Ann", 7, 1, "x", 1, "a", 0, 0], ["Ann", 7, 1, "x", 2, "b", 0, 0])
    assert [answer.answer_id for answer in read_answers(path, questions=QUESTIONS)] == ["7/tides", "7/tides-2"]
    path = table(tmp_path, ["Timestamp", "tides"], ["x", "a"], ["y", "b"])
    assert [(answer.answer_id, answer.candidate) for answer in read_answers(path, questions=QUESTIONS)] == [
        ("r1/tides", None),
        ("r2/tides", None),
    ]
    path = table(tmp_path, ["ID", "Completion time", "Email", "tides"], [1, "x", "anonymous", "a"], [2, "x", "", "b"])
    assert read(path) == {"1": {"tides": "a"}, "2": {"tides": "b"}}
    path = table(tmp_path, ["First name", "Last name", "tides"], ["Ann", "Doe", "a"], ["Ann", "Roe", "b"])
    assert read(path) == {"Ann Doe": {"tides": "a"}, "Ann Roe": {"tides": "b"}}


LONG = "An answer that is a sentence."


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (
            [["Student", "tides", QUESTIONS["tides"]], ["ann", LONG, LONG]],
            "a.csv:1: field 'Why are there two high tides a day?': is question 'tides', as the column 'tides' is",
        ),
        (
            [["Student", "tides", "tides"], ["ann", LONG, LONG]],
            "a.csv:1: field 'tides (2)': is question 'tides', as the column 'tides' is: rename one of them",
        ),
        (
            [["Timestamp", "Mail", "Why does ice float?"], ["x", "ann", LONG]],
            "a.csv:1: no column is a question of the rubrics: 'Why does ice float?' is no question's id or text",
        ),
        (
            [["Student ID", "tides"], ["1.23E+11", LONG]],
            "a.csv:2: field 'Student ID': '1.23E+11' is an id that a spreadsheet has shortened",
        ),
        (
            [["Student", "tides"], ["ann", LONG], ["ann", LONG]],
            "a.csv:3: field 'answer_id': 'ann/tides' appears twice, the first time on line 2",
        ),
        (
            [["SID", "Submission ID", "1: tides (4.0 pts)"], ["ann", 1, "3.5"], ["ben", 2, ""]],
            "a.csv:2: field '1: tides (4.0 pts)': the columns of the questions hold numbers alone ('3.5')",
        ),
        (
            [["Last name", "Email address", "State", "Grade/12.00", "Q. 1 /4.00"], ["Doe", "ann", "x", "3", "3"]],
            "a.csv:1: holds scores, no answers: download Moodle's report 'Responses' instead of 'Grades'",
        ),
        (
            [["Name", "tides"], ["Name", "Why?"], ['{"ImportId":"x"}', '{"ImportId":"QID1"}'], ["ann", LONG]],
            "a.csv:3: this row and any between it and the first are headers, too, as survey tools write",
        ),
        (
            [["Respondent ID", "tides"], ["", "Open-Ended Response"], ["1", LONG]],
            "a.csv:2: this row and any between it and the first are headers, too",
        ),
        (
            [["Quiz 1", "", ""], ["Student", "tides", ""], ["ann", LONG, ""]],
            "a.csv:2: column 2 has no name in the header, but holds 'tides'; if 'Quiz 1' is a title, delete the lines",
        ),
        (
            [["Email address", "State", "Question 1", "Response 1"], ["ann", "x", "-", LONG]],
            "a.csv:2: field 'Question 1': an answer without its question",
        ),
        (
            [["Email address", "State", "Question 1", "Response 1"], ["ann", "x", "Why?", LONG]],
            "a.csv: holds no answer to a question of the rubrics",
        ),
        ([["Question", "Answer"], ["Why does ice float?", LONG]], "a.csv:2: the question 'Why does ice float?' is no"),
        (
            [["Question", "Answer", "Student answer"], ["Why are there tides?", LONG, "The moon."]],
            "a.csv:1: field 'answer': 'Answer' and 'Student answer' may each hold the answers",
        ),
        ([["Question", "Answer"], ["", LONG]], "a.csv:2: field 'question': expected a question, found blank"),
        ([["Student", "Grade"], ["ann", LONG]], "no column is called as a question of the rubrics is"),
    ],
)
@pytest.mark.filterwarnings("ignore::grader.errors.InputWarning")
def test_what_is_refused(tmp_path: Path, rows: list[list[Any]], problem: str) -> None:
    assert problem in fault(table(tmp_path, *rows))


def test_only_numbers_of_questions(tmp_path: Path) -> None:
    """Moodle's report without the texts of the questions, and rubrics that are numbered."""
    header = ["Email address", "Status", "Grade/8.00", "Response 1", "Response 2"]
    path = table(tmp_path, header, ["ann", "Finished", "-", "a", "b"])
    assert read(path, questions={"q1": "Why?", "2": "How?"}) == {"ann": {"q1": "a", "2": "b"}}
    assert "'Question 2' is no question's id or text; let Moodle export the question text, too" in fault(path)


def test_questions_and_answers_and_nothing_else(tmp_path: Path) -> None:
    rows = [["Question", "Answer"], [QUESTIONS["tides"], "a"], ["tides", "b"], ["1. Why two high tides?", "c"]]
    path = table(tmp_path, *rows)
    with pytest.warns(InputWarning, match=r"a.csv:4: '1. Why two high tides\?' is read as 'tides' \(Why are there two"):
        found = list(read_answers(path, questions=QUESTIONS))
    assert [(answer.answer_id, answer.answer) for answer in found] == [
        ("tides", "a"),
        ("tides-2", "b"),
        ("tides-3", "c"),
    ]
    assert {answer.candidate for answer in found} == {None}


def test_a_table_in_markdown(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        '| Question | Answer |\n| --- | :-: |\n| Why are there two high tides a day? | "Moon" \\| Earth |\n'
    )
    assert [answer.answer for answer in read_answers(path, questions=QUESTIONS)] == ['"Moon" | Earth']


def test_json_and_sheets(tmp_path: Path) -> None:
    from grader.files.tables import write_rows

    rows = [{"Student": name, **given} for name, given in ANSWERS.items()]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    write_rows(tmp_path / "a.xlsx", rows, format="xlsx")
    write_rows(tmp_path / "a.parquet", rows, format="parquet")
    for ending in ("json", "xlsx", "parquet"):
        assert read(tmp_path / f"a.{ending}") == ANSWERS


def test_html_in_cells_is_text_but_not_in_json(tmp_path: Path) -> None:
    path = table(tmp_path, ["Student", "tides"], ["ann", "<p>Two&nbsp;<b>bulges</b>.</p>"], ["ben", "a < b"])
    with pytest.warns(InputWarning, match="a.csv:2: HTML in 1 answer is read as text"):
        assert read(path) == {"ann": {"tides": "Two bulges."}, "ben": {"tides": "a < b"}}
    (tmp_path / "a.json").write_text('[{"Student": "ann", "tides": "<p>x</p>"}]')
    assert read(tmp_path / "a.json") == {"ann": {"tides": "<p>x</p>"}}


def test_right_answers_of_an_export_are_a_bank(tmp_path: Path) -> None:
    with pytest.warns(InputWarning, match="each gets an equal part of the total, 4"):
        found = exported_questions(exports.moodle(ANSWERS).write(tmp_path))
    assert [(each.question, each.reference_answer, each.max_score) for each in found] == [
        (QUESTIONS[name], REFERENCES[name], 4.0) for name in QUESTIONS
    ]
    for make in (exports.canvas, exports.wide, exports.question_answer):
        assert exported_questions(make(ANSWERS).write(tmp_path)) == []


def test_rows_do_not_fill_the_memory(tmp_path: Path) -> None:
    import tracemalloc

    one = exports.canvas({"ann": ANSWERS["ann"]}).rows
    path = Export([one[0], *one[1:] * 5_000]).write(tmp_path)
    tracemalloc.start()
    assert sum(1 for _ in open_answers(path, questions=QUESTIONS).answers) == 15_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_right_answers_without_the_questions_texts_are_said(tmp_path: Path) -> None:
    path = tmp_path / "quiz.csv"
    path.write_text("Surname,First name,Response 1,Right answer 1\nBo,Al,It melts.,Ice melts when it is warmed.\n")
    with pytest.warns(InputWarning, match="no texts of questions"):
        [question] = exported_questions(path)
    assert question.question == "Question 1"


def _ids(path: Path, attempts: str | None) -> dict[str, str]:
    with pytest.warns(InputWarning, match="several rows of one student are attempts in the order of the rows"):
        found = open_answers(path, questions=QUESTIONS, attempts=attempts)  # type: ignore[arg-type]  # one of them
        return {answer.answer_id: answer.answer for _, answer in found.answers}


def test_rows_of_one_student_are_attempts_if_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "forms.csv"
    rows = ["a@x.org,one,two", "b@x.org,three,four", "a@x.org,five,six"]
    tides, lava = list(QUESTIONS)[:2]
    path.write_text("\n".join([f'Email Address,"{QUESTIONS[tides]}","{QUESTIONS[lava]}"', *rows]))
    first = {f"a@x.org/{tides}": "one", f"a@x.org/{lava}": "two"}
    other = {f"b@x.org/{tides}": "three", f"b@x.org/{lava}": "four"}
    last = {f"a@x.org/{tides}-2": "five", f"a@x.org/{lava}-2": "six"}
    assert _ids(path, "first") == {**first, **other}
    assert _ids(path, "last") == {**other, **last}
    assert _ids(path, "all") == {**first, **other, **last}
    with pytest.raises(InputError, match=rf"forms\.csv:4: .*'a@x\.org/{tides}' appears twice"):
        read(path)


def test_the_last_answer_to_each_question(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    tides, lava = list(QUESTIONS)[:2]
    path.write_text(f"student,question_id,answer\nann,{tides},one\nann,{lava},two\nann,{tides},three\n")
    assert _ids(path, "last") == {f"ann/{lava}": "two", f"ann/{tides}": "three"}
    assert _ids(path, "first") == {f"ann/{tides}": "one", f"ann/{lava}": "two"}
    assert list(_ids(path, "all")) == [f"ann/{tides}", f"ann/{lava}", f"ann/{tides}-2"]


def test_a_long_table_with_two_columns_of_answers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("answer_id,question_id,answer,response\n1,tides,The moon,Wind\n")
    with pytest.raises(InputError, match=r"a\.csv:1: .*'answer' and 'response' may each hold the answers"):
        list(read_answers(tmp_path / "a.csv"))
    (tmp_path / "a.jsonl").write_text('{"id": "1", "question_id": "t", "response": "x", "student_answer": "y"}\n')
    with pytest.raises(InputError, match=r"a\.jsonl:1: .*'response' and 'student_answer'"):
        list(read_answers(tmp_path / "a.jsonl"))
