"""Answers in the same words from different candidates: how they are told, and how a grade is marked, not scored."""

from hashlib import blake2b
from typing import Any

from grader.schema import Answer, Grade
from grader.text import normalise, words

# Shorter answers are alike by chance: of those with fewer than 10 words 8 and 10 % have the words of another one in two
# sets of school science (Beetle, SciEntsBank), from 10 words on 5 and 1 %.
_LONG_ENOUGH = 10


def words_digest(answer: Answer) -> bytes | None:
    """What is equal for answers to one question in the same words; `None` for answers of fewer than ten words.

    Words are compared after normalisation and in lower case.
    """
    spoken = [word.lower() for word in words(normalise(answer.answer).text)]
    if len(spoken) < _LONG_ENOUGH:
        return None
    text = "\0".join([answer.question_id, *spoken])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def flag_duplicate(grade: Grade) -> Grade:
    """The grade of an answer that another candidate gave too: flagged `duplicate`, for a person to look at.

    The score stays: an answer is worth what it says.
    """
    return grade.model_copy(update={"flags": (*grade.flags, "duplicate"), "needs_review": True})


def flag_duplicate_row(row: dict[str, Any]) -> dict[str, Any]:
    """The same of a grade's row."""
    return row | {"flags": [*row["flags"], "duplicate"], "needs_review": True}
