"""Write imported banks and derived rubrics without losing a person's edits in files that exist already."""

import json
import re
from collections.abc import Callable
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

from grader.errors import InputError
from grader.files import make_folder
from grader.rubrics.bank import read_bank, write_bank
from grader.rubrics.rubric_files import read_rubric, rubric_path, write_rubric
from grader.schema import QuestionBank, Rubric


def save_imported(bank: QuestionBank, path: Path, *, force: bool = False) -> None:
    """Write an imported bank; a file with the same bank stays as it is, with its comments.

    Args:
        bank: the imported bank.
        path: the file.
        force: overwrite any existing file.

    Raises:
        InputError: the existing file holds something else, or cannot be written.

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


class SaveResult(NamedTuple):
    """The outcome for a rubric; `difference` is a unified diff from a file that was kept to the new rubric."""

    outcome: Literal["new", "rewritten", "unchanged", "kept"]
    difference: str = ""


def save_derived(rubric: Rubric, folder: str | Path, *, force: bool = False) -> SaveResult:
    """Write a derived rubric, unless the existing file holds a person's edits or a judge's proposal.

    Args:
        rubric: the derived rubric.
        folder: created if it does not exist.
        force: overwrite edits and proposals too.

    Raises:
        InputError: the existing file cannot be read, or the new one cannot be written.

    """
    return _save(rubric, folder, force, lambda present: is_edited(present) or is_proposed(present), "derived now")


def save_proposed(rubric: Rubric, folder: str | Path, *, force: bool = False) -> SaveResult:
    """Write a judge's proposal, unless a file exists; arguments and errors as in `save_derived`."""
    return _save(rubric, folder, force, lambda present: True, "proposed now")


def _save(rubric: Rubric, folder: str | Path, force: bool, is_kept: Callable[[Rubric], bool], name: str) -> SaveResult:
    path = rubric_path(folder, rubric.question_id)
    stamped = rubric.model_copy(update={"derived_by": _stamped(rubric)})
    was_there = path.exists()
    if was_there and not force:
        present = read_rubric(path)
        if present == stamped:
            return SaveResult("unchanged")
        if is_kept(present):
            difference = _diff(_lines(present), _lines(rubric), f"{path} ({_origin(present)})", name)
            return SaveResult("kept", difference) if difference else SaveResult("unchanged")
    make_folder(folder)
    write_rubric(stamped, path)
    return SaveResult("rewritten" if was_there else "new")


def is_edited(rubric: Rubric) -> bool:
    """Whether a rubric was changed since it was derived, or was never derived."""
    return rubric.derived_by != _stamped(rubric)


def is_proposed(rubric: Rubric) -> bool:
    """Whether the points are a judge's proposal."""
    return _BY_RULES.fullmatch(_unstamped(rubric)) is None


def _origin(rubric: Rubric) -> str:
    return "edited" if is_edited(rubric) else "proposed" if is_proposed(rubric) else "derived"


# `derived_by` of rubrics derived by the rules alone, in any version.
_BY_RULES = re.compile(r"grader \S+ clauses")
_STAMP = re.compile(r" #[0-9a-f]{12}\Z")


def _unstamped(rubric: Rubric) -> str:
    return _STAMP.sub("", rubric.derived_by)


def _stamped(rubric: Rubric) -> str:
    """`derived_by` with a hash of everything else, which reveals later edits."""
    content = rubric.model_dump_json(exclude={"derived_by"} if rubric.step is not None else {"derived_by", "step"})
    return f"{_unstamped(rubric)} #{sha256(content.encode()).hexdigest()[:12]}"


# --- differences -----------------------------------------------------------------------------------------


def outline_difference(before: Rubric, after: Rubric, before_name: str, after_name: str) -> str:
    """A unified diff of wordings, groups and sources, without ids and weights, which change with every edit.

    Empty if there is no difference.
    """
    return _diff(_outline(before), _outline(after), before_name, after_name)


def _diff(before: list[str], after: list[str], before_name: str, after_name: str) -> str:
    return "\n".join(unified_diff(before, after, before_name, after_name, lineterm="", n=1))


def _lines(rubric: Rubric) -> list[str]:
    """The rubric as lines of JSON, without `derived_by`."""
    content = rubric.model_dump(mode="json", exclude={"derived_by"}, exclude_none=True)
    return json.dumps(content, indent=1, ensure_ascii=False).splitlines()


def _outline(rubric: Rubric) -> list[str]:
    lines: list[str] = []
    for point in rubric.points:
        lines.append(point.text)
        lines += [f"  or: {alias}" for alias in point.aliases]
        if point.group is not None:
            lines.append(f"  any {rubric.groups[point.group].need} of {point.group}")
        if point.source_span is not None:
            lines.append(f"  from {list(point.source_span)}")
    return lines
