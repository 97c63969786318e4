"""The names of the layouts in which files hold answers; nothing is imported here, so that options can list them."""

from typing import Literal

Layout = Literal[
    "long",  # one row an answer: answer_id, question_id, answer
    "question-answer",  # one row an answer: question and answer
    "moodle",  # one row a student, as the rest; these by what wrote them
    "canvas",
    "google-forms",
    "microsoft-forms",
    "gradescope",
    "blackboard",
    "wide",  # a table by hand
    "text",  # no table
]
