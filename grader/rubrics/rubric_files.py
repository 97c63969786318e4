"""Rubric files: read (also in the formats of other tools), write, hash, and name."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from grader.argument_types import check_path
from grader.errors import InputError
from grader.files import Document, Place, id_text, read_document, refuse_duplicate, slug, validate, write_document
from grader.ids import with_point_ids
from grader.schema import Rubric

_ENDINGS = (".yaml", ".yml", ".json")
# Accepted keys of the list of points: ours, then those of autorubric and rubric, HealthBench, nuggetizer.
_POINT_KEYS = ("points", "criteria", "rubric", "rubrics", "nuggets")
# Accepted keys of rubric fields, including those of other tools; other keys of such files are ignored.
_OTHER_TOOLS_KEYS: Mapping[str, tuple[str, ...]] = {
    "question_id": ("question_id", "qid", "topic_id", "prompt_id"),
    "question": ("question", "query", "topic", "prompt"),
    "reference_answer": ("reference_answer", "reference", "reference_submission", "expected_output"),
    "max_score": ("max_score",),
    "step": ("step",),
}


def read_rubric(path: str | Path) -> Rubric:
    """Read one rubric.

    A point may also have the fields `criterion` + `points`, `requirement` + `weight` or `text` + `importance`. Missing
    point ids become `p1`, `p2`, ... A file of another tool without a question id gets its file name as the id.

    Args:
        path: a `.yaml`, `.yml` or `.json` file, or `-` for standard input.

    Raises:
        InputError: not a rubric, or a point id appears twice; with line and field.

    """
    document = read_document(path)
    key, values = _rubric_fields(document)
    at: Place = (key,) if key else ()
    values["points"] = points_with_ids(
        values["points"],
        source=document.source,
        line_of=lambda number: document.line_of(at if number is None else (*at, number, "id")),
        field=key or None,
    )
    return validate(Rubric, values, source=document.source, line_of=partial(_line_of, document, at))


def points_with_ids(
    points: object, *, source: str, line_of: Callable[[int | None], int | None], field: str | None
) -> list[Any]:
    """Give each point of a raw list an id, as text; other fields are not changed or checked.

    Args:
        points: the raw value.
        source: the file, for error messages.
        line_of: gives the line of the point at a position (from 0), or of the list (`None`).
        field: the name of the list in the file, if it has one.

    Raises:
        InputError: not a list, or an id appears twice.

    """
    if not isinstance(points, list):
        raise InputError("expected a list of points", source=source, line=line_of(None), field=field)
    points = with_point_ids(points)
    seen: dict[str, int | None] = {}
    for number, point in enumerate(points):
        if isinstance(point, dict) and isinstance(point.get("id"), str) and point["id"]:
            place = f"{field or 'points'}[{number + 1}].id"
            refuse_duplicate(seen, point["id"], line=line_of(number), field=place, source=source)
    return points


def _rubric_fields(document: Document) -> tuple[str, dict[str, Any]]:
    """The key of the list of points ("" for a bare list), and the fields of `Rubric`."""
    data = document.data
    named = re.sub(r"\.(rubric|points)$", "", Path(document.source).stem)
    if isinstance(data, list):
        return "", {"question_id": named, "points": data}
    key = next((key for key in _POINT_KEYS if key in data), "") if isinstance(data, dict) else ""
    if not key:
        problem = "not a rubric: expected 'points:' with a list"
        raise InputError(problem, source=document.source, line=document.line_of(()), field="points")
    if key == "points":
        return key, {**data, "question_id": id_text(data["question_id"])} if "question_id" in data else dict(data)
    values = {"question_id": named, "points": data[key]}
    for field, names in _OTHER_TOOLS_KEYS.items():
        found = next((data[name] for name in names if isinstance(data.get(name), str | int | float)), None)
        if found is not None:
            values[field] = id_text(found) if field == "question_id" else found
    return key, values


def _line_of(document: Document, at: Place, place: Place) -> int | None:
    return document.line_of((*at, *place[1:]) if place[:1] == ("points",) else place)


def read_rubrics(path: str | Path) -> dict[str, Rubric]:
    """Read all rubrics of a folder (or of one file), by question id, in the order of file names.

    Raises:
        InputError: there is no such folder, it has no rubric, or two files have the same question id.
        TypeError: `path` is no path.

    >>> from grader import read_rubrics
    >>> rubrics = read_rubrics("rubrics/")
    >>> rubrics["optimizers"].points[0].text
    'Plain SGD steps against the mini-batch gradient with one learning rate for all parameters'
    """
    check_path(path, 'read_rubrics("rubrics/")', fields="Rubric(**fields)")
    return {name: rubric for name, (_, rubric) in find_rubrics(path).items()}


def find_rubrics(path: str | Path) -> dict[str, tuple[Path, Rubric]]:
    """As `read_rubrics`, each rubric with its file."""
    if str(path) == "-" or Path(path).is_file():
        rubric = read_rubric(path)
        return {rubric.question_id: (Path(path), rubric)}
    way_out = "make rubrics with: grader derive bank.yaml -o rubrics/"
    if not Path(path).is_dir():
        raise InputError(f"there is no such file or folder; {way_out}", source=path)
    rubrics: dict[str, tuple[Path, Rubric]] = {}
    for file in sorted(Path(path).iterdir()):
        if file.suffix.lower() not in _ENDINGS or file.name.startswith("."):
            continue
        rubric = read_rubric(file)
        if rubric.question_id in rubrics:
            problem = (
                f"a rubric for '{rubric.question_id}' is in {rubrics[rubric.question_id][0]} too: keep one of them"
            )
            raise InputError(problem, source=file, field="question_id")
        rubrics[rubric.question_id] = (file, rubric)
    if not rubrics:
        raise InputError(f"holds no rubric ({', '.join(_ENDINGS)}); {way_out}", source=path)
    return rubrics


def write_rubric(rubric: Rubric, path: str | Path) -> None:
    """Write a rubric as YAML for people to edit (JSON if the file ends in `.json`); same rubric, same bytes.

    Raises:
        InputError: the file cannot be written.

    """
    data = rubric.model_dump(mode="json", exclude_none=True)
    # Without empty lists, which only distract people who edit the file.
    data["points"] = [{key: value for key, value in point.items() if value != []} for point in data["points"]]
    write_document({key: value for key, value in data.items() if value != {}}, path)


def rubric_hash(*rubrics: Rubric) -> str:
    """Twelve hex digits that change if and only if something changes that can affect a score.

    It covers the question, reference answer, kind, max_score, groups and each point without `importance`, but not
    the origin of the rubric. Several rubrics give one hash, which depends on their order.
    """
    fields = {"question", "reference_answer", "kind", "max_score", "groups"}
    without = {"importance"}
    content = [
        {
            **rubric.model_dump(mode="json", include=fields),
            "points": [point.model_dump(mode="json", exclude=without) for point in rubric.points],
        }
        for rubric in rubrics
    ]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


# A name that is safe on every file system: lower case, no path separators, not too long.
_SAFE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")  # reserved names on Windows
_NAME_LENGTH = 80


def rubric_path(folder: str | Path, question_id: str) -> Path:
    """The file of a question's rubric, always directly in `folder`.

    The file name is the id if that is safe, else a slug and 8 hex digits of the id's hash.
    """
    safe = _SAFE_NAME.fullmatch(question_id) and not _DEVICE.match(question_id)
    if safe and len(question_id) <= _NAME_LENGTH:
        return Path(folder) / f"{question_id}.yaml"
    digest = hashlib.sha256(question_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return Path(folder) / f"{slug(question_id)[:40].strip('-') or 'question'}-{digest}.yaml"
