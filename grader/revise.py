"""Write imported banks and derived rubrics without losing what is there already and a person may have edited."""

import json
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

from grader.bank import read_bank, write_bank
from grader.errors import InputError
from grader.rubric import read_rubric, rubric_path, write_rubric
from grader.schema import QuestionBank, Rubric
from grader.writing import make_folder


def save_imported(bank: QuestionBank, path: Path, *, force: bool = False) -> None:
    """Write an imported bank; a file that holds the same bank is left as it is, with its comments.

    Args:
        bank: what was imported.
        path: the file.
        force: overwrite whatever is there.

    Raises:
        InputError: when the file that is there holds something else, or cannot be written.

    """
    if path.is_file() and not force:
        if _present_bank(path) == bank:
            return
        problem = "is there already and holds something else: write to another file, or overwrite it with --force"
        raise InputError(problem, source=path)
    write_bank(bank, path)


def _present_bank(path: Path) -> QuestionBank | None:
    try:
        return read_bank(path)
    except InputError:
        return None


class Saved(NamedTuple):
    """What became of a derived rubric; `difference` (a unified diff) tells what a kept file has otherwise."""

    outcome: Literal["new", "rewritten", "unchanged", "kept"]
    difference: str = ""


def save_derived(rubric: Rubric, folder: str | Path, *, force: bool = False) -> Saved:
    """Write a derived rubric, unless the file that is there holds a person's edits.

    Args:
        rubric: what was derived.
        folder: made if it is not there.
        force: overwrite edits too.

    Raises:
        InputError: when the file that is there cannot be read, or the new one cannot be written.

    """
    path = rubric_path(folder, rubric.question_id)
    stamped = rubric.model_copy(update={"derived_by": _stamped(rubric)})
    was_there = path.exists()
    if was_there and not force:
        present = read_rubric(path)
        if is_edited(present):
            difference = _difference(present, rubric, path)
            return Saved("kept", difference) if difference else Saved("unchanged")
        if present == stamped:
            return Saved("unchanged")
    make_folder(folder)
    write_rubric(stamped, path)
    return Saved("rewritten" if was_there else "new")


def is_edited(rubric: Rubric) -> bool:
    """Whether a rubric differs from what was written when it was derived, or was never derived."""
    return rubric.derived_by != _stamped(rubric)


def _stamped(rubric: Rubric) -> str:
    """`derived_by` with a fingerprint of everything else, by which a later edit shows."""
    rules = rubric.derived_by.partition(" #")[0]
    content = rubric.model_dump_json(exclude={"derived_by"})
    return f"{rules} #{sha256(content.encode()).hexdigest()[:12]}"


def _difference(present: Rubric, derived: Rubric, path: Path) -> str:
    """A unified diff; empty when nothing but `derived_by` differs."""
    before, after = _lines(present), _lines(derived)
    return "\n".join(unified_diff(before, after, f"{path} (edited)", "derived now", lineterm="", n=1))


def _lines(rubric: Rubric) -> list[str]:
    content = rubric.model_dump(mode="json", exclude={"derived_by"}, exclude_none=True)
    return json.dumps(content, indent=1, ensure_ascii=False).splitlines()
