"""Files as learning platforms write them, with the same answers of two or more students in each."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

QUESTIONS = {
    "tides": "Why are there two high tides a day?",
    "lava-types": "Compare pahoehoe and aa lava.",
    "seismic-waves": "What are P waves and S waves?",
}
REFERENCES = {
    "tides": "The moon pulls the near water more than the Earth. The Earth turns under both bulges.",
    "lava-types": "Pahoehoe is runny and smooth. Aa is sticky and rough.",
    "seismic-waves": "P waves push and pull. S waves shake sideways and cannot cross liquids.",
}
ANSWERS = {
    "ann": {"tides": "The moon pulls; the Earth turns, too.", "lava-types": "Aa is rough.", "seismic-waves": ""},
    "ben": {"tides": 'Because of the "bulges".', "lava-types": "", "seismic-waves": "P waves push.\nS waves shake."},
}
Answers = dict[str, dict[str, str]]


class Export(NamedTuple):
    """Rows of cells, how they are written, and what stands for an answer that was not given."""

    rows: list[list[Any]]
    name: str = "export.csv"
    encoding: str = "utf-8"
    style: dict[str, Any] = {}  # noqa: RUF012  # never changed

    def write(self, folder: Path) -> Path:
        """The file in a folder."""
        path = folder / self.name
        with path.open("w", encoding=self.encoding, newline="") as file:
            csv.writer(file, **self.style).writerows(self.rows)
        return path


def moodle(answers: Answers) -> Export:
    """The quiz report "Responses" with question text and right answers."""
    header = [
        "Last name",
        "First name",
        "Email address",
        "State",
        "Started on",
        "Completed",
        "Time taken",
        "Grade/12.00",
    ]
    for number, _ in enumerate(QUESTIONS, 1):
        header += [f"Question {number}", f"Response {number}", f"Right answer {number}"]
    rows: list[list[Any]] = [header]
    for student, given in answers.items():
        row = ["Doe", student.title(), student, "Finished", "1 May 2026 9:00 AM", "1 May 2026 9:10 AM", "10 mins", "-"]
        for name, text in QUESTIONS.items():
            row += [text, given[name] or "-", REFERENCES[name]]
        rows.append(row)
    return Export(rows, encoding="utf-8-sig")


def canvas(answers: Answers) -> Export:
    """The "student analysis" of a quiz: after each question a column that is called by its points."""
    header: list[Any] = ["name", "id", "sis_id", "section", "section_id", "section_sis_id", "submitted"]
    for number, text in enumerate(QUESTIONS.values(), 501):
        header += [f"{number}: {text}", 4.0]
    rows = [[*header, "n correct", "n incorrect", "score"]]
    for student, given in answers.items():
        row: list[Any] = [student.title(), student, f"sis-{student}", "A", 7, "", "2026-05-01 09:10:00 UTC"]
        for name in QUESTIONS:
            row += [given[name], 0.0]
        rows.append([*row, 0, 3, 0.0])
    return Export(rows)


def google_forms(answers: Answers) -> Export:
    """A sheet of responses of a quiz."""
    header = ["Timestamp", "Email Address", "Score", *QUESTIONS.values()]
    header += [f"{text} [{what}]" for text in QUESTIONS.values() for what in ("Score", "Feedback")]
    rows: list[list[Any]] = [header]
    for student, given in answers.items():
        rows.append(
            [
                "2026/05/01 9:10:00 AM GMT+1",
                student,
                "0 / 12",
                *(given[name] for name in QUESTIONS),
                *["-- / 4", ""] * 3,
            ]
        )
    return Export(rows)


def microsoft_forms(answers: Answers) -> Export:
    """The sheet of a quiz, saved from Excel in a country with decimal commas."""
    header = ["ID", "Start time", "Completion time", "Email", "Name", "Total points", "Quiz feedback"]
    for text in QUESTIONS.values():
        header += [f"{text}\xa0", f"Points - {text}", f"Feedback - {text}"]
    rows: list[list[Any]] = [header]
    for number, (student, given) in enumerate(answers.items(), 1):
        row = [number, "01.05.26 09:00", "01.05.26 09:10", student, student.title(), "", ""]
        for name in QUESTIONS:
            row += [given[name], 0, ""]
        rows.append(row)
    return Export(rows, style={"delimiter": ";"})


def gradescope(answers: Answers) -> Export:
    """The answers of an online assignment."""
    header = ["First Name", "Last Name", "SID", "Email", "Sections", "Status", "Submission ID", "Submission Time"]
    header += [f"{number}: {text} (4.0 pts)" for number, text in enumerate(QUESTIONS.values(), 1)]
    rows: list[list[Any]] = [header]
    for number, (student, given) in enumerate(answers.items(), 1):
        rows.append(
            [
                student.title(),
                "Doe",
                student,
                f"{student}@u.edu",
                "",
                "Ungraded",
                number,
                "x",
                *(given[name] for name in QUESTIONS),
            ]
        )
    return Export(rows)


def blackboard(answers: Answers) -> Export:
    """Test results by user: UTF-16 text between tabs in a file that is called .xls."""
    header = ["Username", "Last Name", "First Name"]
    for number, _ in enumerate(QUESTIONS, 1):
        header += [f"Question ID {number}", f"Question {number}", f"Answer {number}", f"Possible Points {number}"]
        header += [f"Auto Score {number}", f"Manual Score {number}"]
    rows: list[list[Any]] = [header]
    for student, given in answers.items():
        row = [student, "Doe", student.title()]
        for number, (name, text) in enumerate(QUESTIONS.items(), 1):
            row += [f"Question ID {number}", f"<p>{text}</p>", given[name] or "<Unanswered>", "4", "", ""]
        rows.append(row)
    return Export(rows, "results.xls", "utf-16", {"delimiter": "\t", "quoting": csv.QUOTE_ALL})


def blackboard_long(answers: Answers) -> Export:
    """Test results by question and user: one row an answer."""
    rows = [
        ["Username", "Last Name", "First Name", "Question ID", "Question", "Answer", "Possible Points", "Auto Score"]
    ]
    for student, given in answers.items():
        for number, (name, text) in enumerate(QUESTIONS.items(), 1):
            rows.append([student, "Doe", student.title(), f"ID {number}", text, given[name] or "<Unanswered>", "4", ""])
    return Export(rows)


def wide(answers: Answers) -> Export:
    """A sheet by hand, with the ids of the questions as names of columns."""
    return Export(
        [
            ["Student", "Class", *QUESTIONS],
            *([student, "9b", *(answers[student][name] for name in QUESTIONS)] for student in answers),
        ]
    )


def question_answer(answers: Answers) -> Export:
    """A table with one row an answer and the text of each question."""
    rows = [["Candidate", "Question", "Answer"]]
    rows += [[student, QUESTIONS[name], text] for student, given in answers.items() for name, text in given.items()]
    return Export(rows)


EXPORTS: dict[str, Sequence[Callable[[Answers], Export]]] = {
    "moodle": [moodle],
    "canvas": [canvas],
    "google-forms": [google_forms],
    "microsoft-forms": [microsoft_forms],
    "gradescope": [gradescope],
    "blackboard": [blackboard, blackboard_long],
    "wide": [wide],
    "question-answer": [question_answer],
}
