"""Read and write question banks."""

from pathlib import Path
from typing import Any

from grader.argument_types import check_path
from grader.files import (
    id_text,
    read_document,
    refuse_duplicate,
    validate,
    write_document,
)
from grader.schema import QuestionBank


def read_bank(path: str | Path) -> QuestionBank:
    """Read a bank written by `write_bank` or by hand.

    Raises:
        InputError: not a YAML or JSON bank, or an id appears twice; with line and field.
        TypeError: `path` is no path.

    >>> from grader import read_bank
    >>> bank = read_bank("data/deep_learning.yaml")
    >>> bank.title, len(bank.questions), bank.questions[0].id
    ('Deep learning interview questions', 19, 'learning-paradigms')
    """
    check_path(path, 'read_bank("bank.yaml")', fields="QuestionBank(**fields)")
    document = read_document(path)
    data = document.data
    if isinstance(data, dict) and isinstance(data.get("questions"), list):
        data = {**data, "questions": [_with_text_id(entry) for entry in data["questions"]]}
    bank = validate(QuestionBank, data, source=document.source, line_of=document.line_of)
    seen: dict[str, int | None] = {}
    for number, question in enumerate(bank.questions):
        line = document.line_of(("questions", number, "id"))
        refuse_duplicate(seen, question.id, line=line, field="id", source=document.source)
    return bank


def _with_text_id(entry: Any) -> Any:
    return {**entry, "id": id_text(entry["id"])} if isinstance(entry, dict) and "id" in entry else entry


def write_bank(bank: QuestionBank, path: str | Path) -> None:
    """Write a bank as YAML (JSON when the file ends in `.json`); the same bank gives the same bytes.

    Raises:
        InputError: the file cannot be written.

    """
    questions = [question.model_dump(mode="json", exclude_none=True) for question in bank.questions]
    write_document({"title": bank.title, "questions": questions}, path)
