"""A rubric while it is edited: the rows of the page, what is done to them, and the file that is written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from grader.errors import InputError
from grader.files import validate
from grader.grading import Grader
from grader.rubrics import read_rubric, write_rubric
from grader.schema import Rubric, RubricPoint

# Where a point falls into two, the best first; a person can also write a bar.
_JOINTS = (r"\s*\|\s*", r"\s*;\s*", r"(?<=[.!?])\s+", r",?\s+(?:and|but|while|whereas)\s+", r",\s+")


@dataclass(frozen=True)
class Row:
    """One point as the page has it: `weight` as typed, `is_new` where the wordings of the file no longer fit it."""

    id: str
    text: str
    weight: str
    span: tuple[int, int] | None = None
    is_new: bool = False


@dataclass(frozen=True)
class RubricFile:
    """A rubric's file as it is now.

    Attributes:
        path: of the file; `None`: it has none, so an edit cannot be saved.
        rubric: what is in it.
        content: the file, as it is.

    """

    path: Path | None
    rubric: Rubric
    content: bytes

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8", "replace")

    @property
    def version(self) -> str:
        """Sixteen hex digits of the content: others mean that somebody has changed it."""
        return sha256(self.content).hexdigest()[:16]


def open_rubric(rubric: Rubric, path: Path | None) -> RubricFile:
    """The file of a rubric, read again; without one the rubric as it would be written.

    Raises:
        InputError: the file is gone or no longer a rubric.

    """
    if path is None:
        return RubricFile(None, rubric, rubric_text(rubric).encode())
    now = read_rubric(path)
    return RubricFile(path, now, path.read_bytes())


def rubric_text(rubric: Rubric, ending: str = ".yaml") -> str:
    """What `write_rubric` writes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"rubric{ending}"
        write_rubric(rubric, path)
        return path.read_text("utf-8")


def with_rubric(grader: Grader, rubric: Rubric) -> Grader:
    """The grader, or one like it where it has another rubric for the question."""
    if grader.rubrics.get(rubric.question_id) == rubric:
        return grader
    return Grader([rubric], encoder=grader.encoder, reader=grader.reader, settings=grader.settings)


def rows_of(rubric: Rubric) -> list[Row]:
    """The points as rows."""
    return [Row(p.id, p.text, f"{p.weight:g}", p.source_span) for p in rubric.points]


def drafted(base: Rubric, rows: Sequence[Row]) -> Rubric:
    """The rubric with the points of the page; what the page does not show of a point stays as it was.

    Raises:
        InputError: a weight is no number, or the points make no rubric.

    """
    known = {point.id: point for point in base.points}
    points = []
    for number, row in enumerate(rows, 1):
        try:
            weight = float(row.weight.replace(",", "."))
        except ValueError:
            raise InputError(f"point {number}: the weight is a number, not '{row.weight[:40]}'") from None
        old = known.get(row.id)
        if old is not None and not row.is_new and weight == float(f"{old.weight:g}"):
            weight = old.weight
        fields = {} if old is None else old.model_dump(exclude_none=True)
        if row.is_new:
            fields.pop("aliases", None)
        fields |= {"id": row.id, "text": row.text.strip(), "weight": weight, "source_span": row.span}
        points.append(fields)
    used = {point.get("group") for point in points}
    changes = {"points": points, "groups": {n: g.model_dump() for n, g in base.groups.items() if n in used}}
    values = {**base.model_dump(exclude={"points", "groups"}), **changes}
    return validate(Rubric, values, source="this edit", line_of=lambda _: None)


def split(rows: Sequence[Row], at: int, reference: str) -> list[Row]:
    """Make two points of one, each with half its weight.

    Raises:
        InputError: nothing shows where; a person can write a bar there.

    """
    row = rows[at]
    for joint in _JOINTS:
        places = [
            m for m in re.finditer(joint, row.text) if row.text[: m.start()].strip() and row.text[m.end() :].strip()
        ]
        if places:
            place = min(places, key=lambda m: abs(m.start() - len(row.text) / 2))
            break
    else:
        raise InputError(f"point {at + 1}: write | where it is to be split")
    try:
        weight = f"{float(row.weight.replace(',', '.')) / 2:g}"
    except ValueError:
        weight = row.weight
    texts = (row.text[: place.start()].strip(), row.text[place.end() :].strip())
    halves = [Row(row.id, texts[0], weight, _found(texts[0], reference), is_new=True)]
    halves.append(Row(_free_id(rows, row.id), texts[1], weight, _found(texts[1], reference), is_new=True))
    return [*rows[:at], *halves, *rows[at + 1 :]]


def merge(rows: Sequence[Row], at: int) -> list[Row]:
    """Make one point of a point and the next one, with the weight of both.

    Raises:
        InputError: it is the last one, or a weight is no number.

    """
    if at + 1 >= len(rows):
        raise InputError("the last point has no next one to be merged with")
    first, second = rows[at], rows[at + 1]
    try:
        weight = f"{float(first.weight.replace(',', '.')) + float(second.weight.replace(',', '.')):g}"
    except ValueError:
        raise InputError("give both points a number for their weight first") from None
    spans = [span for span in (first.span, second.span) if span is not None]
    both = (min(start for start, _ in spans), max(end for _, end in spans)) if len(spans) == 2 else None
    text = f"{first.text.rstrip().rstrip('.;')}; {second.text.strip()}"
    return [*rows[:at], replace(first, text=text, weight=weight, span=both, is_new=True), *rows[at + 2 :]]


def added(rows: Sequence[Row]) -> list[Row]:
    """With an empty point at the end."""
    return [*rows, Row(_free_id(rows, "p"), "", "1", is_new=True)]


def difference(before: str, after: str) -> list[str]:
    """The lines that change, with a sign each, and two lines around them; none where nothing does."""
    return [line.rstrip("\n") for line in unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2)][2:]


def save(file: RubricFile, draft: Rubric, *, keep_old: bool) -> Path | None:
    """Write the draft to the file; returns where the old text was kept.

    It is kept where somebody else has changed the file, and where it has more than the program writes: comments, or
    the form of another tool.

    Raises:
        InputError: there is no file, or it cannot be written.

    """
    if file.path is None:
        raise InputError("this rubric has no file: write rubrics first, and start with --rubrics FOLDER")
    kept = None
    if keep_old or file.content != rubric_text(file.rubric, file.path.suffix.lower()).encode():
        kept = file.path.with_name(f"{file.path.name}.{file.version[:8]}.bak")
        try:
            kept.write_bytes(file.content)
        except OSError as error:
            raise InputError(
                f"the old text cannot be kept: {error.strerror}; nothing was saved", source=kept
            ) from error
    write_rubric(draft, file.path)
    return kept


def spans_of(points: Sequence[RubricPoint]) -> Mapping[int, tuple[int, int]]:
    """The spans of points that have one, by their place from 0."""
    return {at: point.source_span for at, point in enumerate(points) if point.source_span is not None}


def _found(text: str, reference: str) -> tuple[int, int] | None:
    at = reference.casefold().find(text.casefold()) if len(reference.casefold()) == len(reference) else -1
    return None if at < 0 else (at, at + len(text))


def _free_id(rows: Sequence[Row], name: str) -> str:
    taken = {row.id for row in rows}
    stem = name.rstrip("0123456789") or "p"
    return next(new for number in range(1, len(rows) + 2) if (new := f"{stem}{number}") not in taken)
