"""Write derived rubrics to a folder without losing what a person has edited there."""

import json
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path

from grader.rubric import read_rubric, rubric_path, write_rubric
from grader.schema import Rubric


def save_derived(rubric: Rubric, folder: str | Path, *, force: bool = False) -> str | None:
    """Write a derived rubric, unless the file that is there holds a person's edits.

    Args:
        rubric: what was derived.
        folder: made if it is not there.
        force: overwrite edits too.

    Returns:
        `None` when the file now holds `rubric`; else the difference between the edited file and `rubric`, as a
        unified diff.

    Raises:
        InputError: when the file that is there cannot be read, or the new one cannot be written.

    """
    path = rubric_path(folder, rubric.question_id)
    if path.exists() and not force:
        present = read_rubric(path)
        if is_edited(present):
            return _difference(present, rubric, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rubric(rubric.model_copy(update={"derived_by": _stamped(rubric)}), path)
    return None


def is_edited(rubric: Rubric) -> bool:
    """Whether a rubric differs from what was written when it was derived, or was never derived."""
    return rubric.derived_by != _stamped(rubric)


def _stamped(rubric: Rubric) -> str:
    """`derived_by` with a fingerprint of everything else, by which a later edit shows."""
    rules = rubric.derived_by.partition(" #")[0]
    content = rubric.model_dump_json(exclude={"derived_by"})
    return f"{rules} #{sha256(content.encode()).hexdigest()[:12]}"


def _difference(present: Rubric, derived: Rubric, path: Path) -> str | None:
    before, after = _lines(present), _lines(derived)
    if before == after:
        return None
    return "\n".join(unified_diff(before, after, f"{path} (edited)", "derived now", lineterm="", n=1))


def _lines(rubric: Rubric) -> list[str]:
    content = rubric.model_dump(mode="json", exclude={"derived_by"}, exclude_none=True)
    return json.dumps(content, indent=1, ensure_ascii=False).splitlines()
