"""How files hold answers and which of them are read; nothing is imported here, so that options can list the names."""

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
# Which attempts of a student are read; several rows of one student are attempts in their order.
Attempts = Literal["first", "last", "all"]
