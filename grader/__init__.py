"""Score written answers point by point, with the words that show each point.

The public names are loaded at first use, so that `import grader` and `grader --help` stay quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from grader.__about__ import __version__ as __version__

if TYPE_CHECKING:
    from grader.errors import GraderError, InputError, SetupError
    from grader.grading import Grader
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
]

_HOME = {
    "Grader": "grading.grader",
    "Settings": "settings",
    **dict.fromkeys(("GraderError", "InputError", "SetupError"), "errors"),
    **dict.fromkeys(
        ("Answer", "Evidence", "Grade", "PointGrade", "Question", "QuestionBank", "Rubric", "RubricPoint"),
        "schema",
    ),
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'grader' has no attribute '{name}'")
    return getattr(import_module(f"grader.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
