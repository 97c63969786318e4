"""Score written answers point by point, with the words that show each point.

The public names are loaded at first use, so that `import grader` and `grader --help` stay quick. docs/python.md shows
them at work.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from grader.__about__ import __version__ as __version__

if TYPE_CHECKING:
    from grader.calibration import calibrate, read_ratings
    from grader.errors import GraderError, InputError, SetupError
    from grader.evaluation import evaluate, read_labelled_set
    from grader.files import read_answers, read_grades
    from grader.grading import Grader, grade_frame
    from grader.reports import write_report
    from grader.rubrics import derive, read_bank, read_rubrics
    from grader.schema import Answer, Evidence, Grade, PointGrade, Question, QuestionBank, Rubric, RubricPoint
    from grader.settings import Settings

__all__ = [
    "Answer",
    "Evidence",
    "Grade",
    "Grader",
    "GraderError",
    "InputError",
    "PointGrade",
    "Question",
    "QuestionBank",
    "Rubric",
    "RubricPoint",
    "Settings",
    "SetupError",
    "calibrate",
    "derive",
    "evaluate",
    "grade_frame",
    "read_answers",
    "read_bank",
    "read_grades",
    "read_labelled_set",
    "read_ratings",
    "read_rubrics",
    "write_report",
]

_NAMES = {
    "calibration": ("calibrate", "read_ratings"),
    "errors": ("GraderError", "InputError", "SetupError"),
    "evaluation": ("evaluate", "read_labelled_set"),
    "files": ("read_answers", "read_grades"),
    "grading": ("Grader", "grade_frame"),
    "reports": ("write_report",),
    "rubrics": ("derive", "read_bank", "read_rubrics"),
    "schema": ("Answer", "Evidence", "Grade", "PointGrade", "Question", "QuestionBank", "Rubric", "RubricPoint"),
    "settings": ("Settings",),
}
_HOME = {name: home for home, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'grader' has no attribute '{name}'")
    return getattr(import_module(f"grader.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
