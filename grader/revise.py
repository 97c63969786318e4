"""Write derived rubrics to a folder without losing what a person has edited there."""

from difflib import unified_diff
from pathlib import Path

from grader.derive import derive
from grader.rubric import read_rubric, rubric_path, write_rubric
from grader.schema import Question, Rubric


def save_derived(rubric: Rubric, folder: str | Path, *, force: bool = False) -> str | None:
    """Write a derived rubric, unless the file that is there holds a person's edits.

    Args:
        rubric: what was derived.
        folder: made if it is not there.
        force: overwrite edits too.

    Returns:
        `None` when the file now holds `rubric`; else the difference between the edited file and `rubric`, as a
        unified diff of their points.

    Raises:
        InputError: when the file that is there cannot be read, or the new one cannot be written.

    """
    path = rubric_path(folder, rubric.question_id)
    if path.exists() and not force:
        present = read_rubric(path)
        if present == rubric:
            return None
        if is_edited(present):
            return _difference(present, rubric, path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_rubric(rubric, path)
    return None


def is_edited(rubric: Rubric) -> bool:
    """Whether a rubric differs from what is derived from its own reference answer."""
    question = Question(
        id=rubric.question_id,
        question=rubric.question,
        reference_answer=rubric.reference_answer,
        kind=rubric.kind,
        max_score=rubric.max_score,
    )
    return derive(question) != rubric


def _difference(present: Rubric, derived: Rubric, path: Path) -> str:
    lines = unified_diff(_lines(present), _lines(derived), f"{path} (edited)", "derived now", lineterm="", n=1)
    return "\n".join(lines)


def _lines(rubric: Rubric) -> list[str]:
    points = [
        f"{point.id} {point.weight:g} {point.text}"
        + (f" [group {point.group}]" if point.group else "")
        + "".join(f" [alias: {alias}]" for alias in point.aliases)
        for point in rubric.points
    ]
    groups = [f"group {name}: need {group.need}" for name, group in rubric.groups.items()]
    return [f"reference answer: {rubric.reference_answer}", *points, *groups]
