"""Results by student as tables: a plain one, what Moodle and Canvas import, what Gradescope exports, mail merge.

Moodle: `grade/import/csv` of its source: people map columns to grade items; one unknown student stops the import, and a
blank identifier gives the grade to the student above. Canvas: `lib/gradebook_importer.rb` of its source: the first
columns in this order, a row "Points Possible", one column an assignment (`Title (id)` is an existing one, else a new
one). Gradescope takes no grades; its form is that of the scores which it exports.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grader.errors import InputError
from grader.files import safe_cell
from grader.phrases import number_text
from grader.reports.students.identity import CANVAS_ID, Identity, column_called, identity_columns
from grader.reports.students.results import StudentResult, StudentResults

Platform = Literal["plain", "moodle", "canvas", "gradescope"]
Row = dict[str, Any]
_SHARE_DECIMALS = 4


@dataclass(frozen=True)
class StudentTable:
    """A table with one row a student. `notes` are sentences for people: what is left out, and why."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


def student_table(results: StudentResults, *, rounded: bool) -> StudentTable:
    """One row a student: who it is, a column a question with its score, total, its full score and share.

    Args:
        results: of `group_by_student`.
        rounded: whether people read it; programs get full precision.

    """
    about = list(dict.fromkeys(name for each in results.students for name in _identity(each).values()))
    column: dict[str, str] = {}
    for name in results.questions:
        column[name] = name
        while column[name] in {"candidate", *about, *_TOTALS, *(other for at, other in column.items() if at != name)}:
            column[name] = f"question_{column[name]}"
    about = [name for name in about if name != "candidate"]
    rows = []
    for each in results.students:
        total = results.total(each, rounded=rounded)
        share = total.share
        rows.append(
            {"candidate": each.student}
            | {name: each.about.get(name) for name in about}
            | {column[name]: _score(each, name, rounded=rounded) for name in results.questions}
            | {
                "total": total.score,
                "max_total": total.max_score,
                "share": share if share is None or not rounded else round(share, _SHARE_DECIMALS),
                "ungraded": "; ".join(name for name, grade in each.grades.items() if grade.score is None),
                "needs_review": "; ".join(name for name, grade in each.grades.items() if grade.needs_review),
            }
        )
    return StudentTable(("candidate", *about, *column.values(), *_TOTALS), tuple(rows), tuple(_notes(results)))


_TOTALS = ("total", "max_total", "share", "ungraded", "needs_review")


def upload_table(results: StudentResults, platform: Platform, *, title: str, feedback: "Feedback") -> StudentTable:
    """The results in the form of a learning platform, with rounded scores.

    Args:
        results: of `group_by_student`.
        platform: whose form; `plain` is `student_table`.
        title: what the work is called in the gradebook.
        feedback: the words for a student.

    Raises:
        InputError: the platform would not find the students, or would take the title for something else.

    """
    return _FORMS[platform](results, title, feedback)


Feedback = Callable[[StudentResult], str]


def _moodle(results: StudentResults, title: str, feedback: Feedback) -> StudentTable:
    known = _columns(results)
    keys = [known[what] for what in ("email", "username", "id_number") if what in known]
    names = [known[what] for what in ("first_name", "last_name", "name") if what in known]
    notes = _notes(results)
    if not keys:
        keys = ["Candidate"]
        notes.append("no column has email addresses, user names or ID numbers: in Moodle map 'Candidate' to what it is")
    _check_keys(results, keys[0], "Moodle gives the grade of a row without it to the student above")
    if results.max_score > 100:
        notes.append(
            f"the full score is {number_text(results.max_score)}: make the grade item first, new ones have 100"
        )
    score, words = f"{title} (Real)", f"{title} (Feedback)"
    rows: list[Row] = []
    for each in results.students:
        about = {name: _about(each, name) for name in (*names, *keys)}
        rows.append({**about, score: _total(results, each), words: feedback(each)})
    return StudentTable((*dict.fromkeys((*names, *keys)), score, words), tuple(rows), tuple(notes))


# What Canvas takes for a computed column wherever it stands in a title.
_CANVAS_COMPUTED = re.compile(r"(?:Current|Final) (?:Score|Points|Grade)|Override (?:Score|Grade|Status)")


def _canvas(results: StudentResults, title: str, feedback: Feedback) -> StudentTable:
    if _CANVAS_COMPUTED.search(title):
        raise InputError(f"Canvas takes the title '{title}' for a column that it computes: give another --title")
    known = _columns(results)
    number = column_called(_all_columns(results), CANVAS_ID)
    notes = _notes(results)
    login = known.get("username")
    by_email = login is None and any(_email(each, known) for each in results.students)
    if number is None and login is None and "id_number" not in known and not by_email:
        notes.append("no column has ids or logins of Canvas, which will go by the names of students")
    sources = {
        "ID": number,
        "SIS User ID": known.get("id_number"),
        "SIS Login ID": login,
        "Section": known.get("section"),
    }
    columns = ("Student", *sources, title)
    possible: Row = {"Student": "    Points Possible", title: results.max_score}
    rows = [
        {"Student": _full_name(each, known)}
        | {column: _about(each, source) if source else "" for column, source in sources.items()}
        | ({"SIS Login ID": _email(each, known)} if by_email else {})
        | {title: _total(results, each)}
        for each in results.students
    ]
    if len(set(columns)) < len(columns):
        raise InputError(f"Canvas has a column '{title}' of its own: give another --title")
    return StudentTable(columns, (possible, *rows), tuple(notes))


def _gradescope(results: StudentResults, title: str, feedback: Feedback) -> StudentTable:
    known = _columns(results)
    full = {name: grade.max_score for each in results.students for name, grade in each.grades.items()}
    column = {
        name: f"{place}: {name} ({number_text(full[name] or 0.0)} pts)"
        for place, name in enumerate(results.questions, 1)
    }
    rows = []
    for each in results.students:
        total = results.total(each, rounded=True)
        rows.append(
            {
                "Name": _full_name(each, known),
                "SID": _about(each, known["id_number"]) if "id_number" in known else "",
                "Email": _email(each, known),
                "Sections": _about(each, known["section"]) if "section" in known else "",
                "Total Score": total.score,
                "Max Points": total.max_score,
                "Status": "Ungraded" if total.score is None else "Graded",
            }
            | {column[name]: _score(each, name, rounded=True) for name in results.questions}
        )
    return StudentTable(tuple(rows[0]) if rows else (), tuple(rows), tuple(_notes(results)))


def _plain(results: StudentResults, title: str, feedback: Feedback) -> StudentTable:
    return student_table(results, rounded=True)


_FORMS: Mapping[Platform, Callable[[StudentResults, str, Feedback], StudentTable]] = {
    "plain": _plain,
    "moodle": _moodle,
    "canvas": _canvas,
    "gradescope": _gradescope,
}


def mail_merge_table(results: StudentResults, feedback: Feedback, files: Mapping[str, str]) -> StudentTable:
    """One row a student for a mail merge: who it is, email address, scores, feedback in words.

    Args:
        results: of `group_by_student`.
        feedback: the words for a student.
        files: by student the name of the file with the feedback; empty where there are none.

    """
    known = _columns(results)
    table = student_table(results, rounded=True)
    with_email = () if "email" in known else ("email",)
    with_file = ("feedback_file",) if files else ()
    left_out = ("ungraded", "needs_review")  # for teachers
    rows = tuple(
        {name: value for name, value in row.items() if name not in left_out}
        | {name: _email(each, known) for name in with_email}
        | {"percent": "" if row["share"] is None else f"{row['share']:.0%}", "feedback": feedback(each)}
        | dict.fromkeys(with_file, files.get(each.student))
        for each, row in zip(results.students, table.rows, strict=True)
    )
    columns = [name for name in table.columns if name not in left_out]
    return StudentTable((*columns[:1], *with_email, *columns[1:], "percent", "feedback", *with_file), rows, table.notes)


# --- cells ------------------------------------------------------------------------------------------------------


def _identity(each: StudentResult) -> dict[Identity, str]:
    return identity_columns(each.about)


def _all_columns(results: StudentResults) -> Iterable[str]:
    return dict.fromkeys(name for each in results.students for name in each.about)


def _columns(results: StudentResults) -> dict[Identity, str]:
    return identity_columns(_all_columns(results))


def _about(each: StudentResult, column: str) -> str:
    if column == "Candidate":
        return each.student
    value = each.about.get(column)
    return "" if value is None else str(value).strip()


def _full_name(each: StudentResult, known: Mapping[Identity, str]) -> str:
    parts = [_about(each, known[what]) for what in ("first_name", "last_name") if what in known]
    whole = _about(each, known["name"]) if "name" in known else ""
    return whole or " ".join(filter(None, parts)) or each.student


def _email(each: StudentResult, known: Mapping[Identity, str]) -> str:
    told = _about(each, known["email"]) if "email" in known else ""
    return told or (each.student if re.fullmatch(r"[^@\s]+@[^@\s]+", each.student) else "")


def _score(each: StudentResult, question_id: str, *, rounded: bool) -> float | None:
    grade = each.grades.get(question_id)
    return None if grade is None else grade.rounded_score if rounded else grade.score


def _total(results: StudentResults, each: StudentResult) -> float | None:
    """The total, where it is out of the full score: a gradebook has one full score for all."""
    total = results.total(each, rounded=True)
    return total.score if total.max_score == results.max_score else None


def _check_keys(results: StudentResults, column: str, why: str) -> None:
    """What tells students apart must be there, once each, and must reach the platform as it is."""
    seen: dict[str, str] = {}
    for each in results.students:
        key = _about(each, column)
        if not key:
            raise InputError(f"student '{each.student}' has nothing in this column, and {why}", field=column)
        if safe_cell(key) != key:
            problem = f"'{key}' of student '{each.student}' begins like a formula, which a spreadsheet would run"
            raise InputError(f"{problem}: correct it in the answers", field=column)
        if key in seen:
            problem = f"the students '{seen[key]}' and '{each.student}' both have '{key}': correct it in the answers"
            raise InputError(problem, field=column)
        seen[key] = each.student


def _notes(results: StudentResults) -> list[str]:
    return list(_said(results))


_FEW = 5


def _said(results: StudentResults) -> Iterator[str]:
    if results.uncounted:
        names = ", ".join(name for name in results.questions if name in results.uncounted)
        yield f"in no total, for no answer to it was graded: {names}"
    left = results.without_total()
    if left:
        listed = ", ".join(left[:_FEW]) + (f" and {len(left) - _FEW} more" if len(left) > _FEW else "")
        full = number_text(results.max_score)
        yield f"without a total out of {full}, for an answer is ungraded or not there: {listed}"
