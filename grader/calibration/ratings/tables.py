"""The tables of a file that hold ratings, each with its header found and its columns known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from grader.calibration.ratings.columns import LABELLED, Columns, find_columns, is_long, is_summary, may_be_header
from grader.calibration.ratings.scores import Scale
from grader.errors import InputError
from grader.files import Row, Sheet, chosen_sheets, hidden_note, read_sheets, source_name
from grader.phrases import count

_TOP: Final = 30  # rows in which a header is looked for
_SOME: Final = 50  # rows below from which it is told


@dataclass(frozen=True)
class Table:
    """Rows and what their columns hold.

    Attributes:
        source: the file, and the sheet where there are several.
        names: the columns.
        rows: without those that were computed from others.
        columns: what they hold.
        sheet: what the sheet adds to the id of an answer; "" where nothing.
        places: the number of each column, from 1.
        merged: cells, by line and number of the column, that have their text from the first of several merged ones.

    """

    source: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]
    columns: Columns
    sheet: str = ""
    places: Mapping[str, int] = field(default_factory=dict)
    merged: frozenset[tuple[int, int]] = frozenset()


def read_tables(
    path: str | Path, *, raters: Sequence[str], sheets: Sequence[str], scale: Scale | None
) -> tuple[list[Table], list[str]]:
    """The tables with ratings, and what a person should know about how they were found.

    Raises:
        InputError: as `read_sheets` and `find_columns`; it cannot be told which of several sheets hold ratings.

    """
    found = read_sheets(path)
    if not isinstance(found, tuple):
        if sheets:
            raise InputError("has no sheets: leave --sheet out", source=source_name(path))
        return _of_rows(list(found), raters, scale, source_name(path))
    named = chosen_sheets(found, sheets, path)
    if named:
        tables = [_with_columns(sheet, _header(sheet, raters, scale), raters, scale) for sheet in named]
    elif len(found) == 1:
        tables = [_with_columns(found[0], _header(found[0], raters, scale), raters, scale)]
    else:
        tables = _with_ratings(found, raters, scale, path)
    by_source = {sheet.source: sheet for sheet in found}
    used = [by_source[table.source] for table in tables]
    if len(tables) > 1:
        tables = _together(tables, {sheet.source: sheet.name for sheet in used}, path)
    return tables, _notes(tables, used, found)


def _of_rows(rows: list[Row], raters: Sequence[str], scale: Scale | None, source: str) -> tuple[list[Table], list[str]]:
    """The table of rows that name their values."""
    names, told = list(rows[0].values), rows
    if not raters and (LABELLED in names or is_long(names)):
        told = rows[:1]  # later ones may have other names
    else:
        names = list(dict.fromkeys(name for row in rows for name in row.values))
    columns = find_columns(names, told, raters=raters, scale=scale, source=source, line=rows[0].names_line)
    return [Table(source, tuple(names), tuple(rows), columns)], list(columns.notes)


def _header(sheet: Sheet, raters: Sequence[str], scale: Scale | None) -> int | None:
    """The number of the record with the names of the columns; `None` if none looks like that."""
    for number, (_, cells) in enumerate(sheet.records[:_TOP]):
        names = [cell.strip() for cell in cells]
        filled = [name for name in names if name]
        below = sheet.records[number + 1 : number + 1 + _SOME]
        if len(filled) < 2 or len(set(filled)) < len(filled) or not below:
            continue
        named = {place for place, name in enumerate(names) if name}
        if any(cell.strip() and place not in named for _, row in below for place, cell in enumerate(row)):
            continue
        rows = [Row(line, dict(zip(names, row, strict=False))) for line, row in below]
        if may_be_header(filled, [row for row in rows if not is_summary(row)], raters, scale):
            return number
    return None


def _with_columns(sheet: Sheet, header: int | None, raters: Sequence[str], scale: Scale | None) -> Table:
    if not sheet.records:
        raise InputError("is empty: expected at least one row", source=sheet.source)
    if header is None:  # the first row with several cells is what the error is about
        several = (n for n, (_, cells) in enumerate(sheet.records) if sum(map(bool, map(str.strip, cells))) > 1)
        header = next(several, 0)
    number = header
    line, names = sheet.records[number]
    places = {name.strip(): place for place, name in enumerate(names, 1) if name.strip()}
    rows = list(sheet.rows_below(number))
    if not rows:
        raise InputError("is empty: expected at least one row", source=sheet.source)
    kept = [row for row in rows if not is_summary(row)]
    columns = find_columns(list(places), kept, raters=raters, scale=scale, source=sheet.source, line=line)
    notes = list(columns.notes)
    if number:
        above = ", ".join(f"'{next(filter(None, map(str.strip, cells)))[:40]}'" for _, cells in sheet.records[:number])
        notes.insert(0, f"the header is on line {line}; above it stands {above}")
    computed = [str(row.line) for row in rows if is_summary(row)]
    if computed:
        notes.append(f"left out: line {', '.join(computed)} (computed from the rows above)")
    return Table(
        sheet.source,
        tuple(places),
        tuple(kept),
        Columns(columns.fields, columns.made_from, columns.raters, tuple(notes)),
        places=places,
        merged=sheet.merged,
    )


# --- several sheets --------------------------------------------------------------------------------


def _with_ratings(found: Sequence[Sheet], raters: Sequence[str], scale: Scale | None, path: str | Path) -> list[Table]:
    """The tables of the sheets that are shown and hold ratings."""
    candidates = [(sheet, _header(sheet, raters, scale)) for sheet in found]
    shown = [(sheet, header) for sheet, header in candidates if header is not None and not sheet.is_hidden]
    tables, refused = [], []
    for sheet, header in shown:
        try:
            tables.append(_with_columns(sheet, header, raters, scale))
        except InputError as error:
            refused.append(error)
    if refused and (not tables or any(error.field not in ("rater", "score") for error in refused)):
        raise refused[0]
    if not tables:
        hidden = [f"'{sheet.name}'" for sheet, header in candidates if header is not None]
        listed = ", ".join(f"'{sheet.name}'" for sheet in found)
        problem = f"no sheet holds ratings: found {listed}"
        problem += (
            f"; {', '.join(hidden)} may, but a spreadsheet hides it: name it with --sheet"
            if hidden
            else "; expected columns such as answer_id, rater and score, or candidate and a column for each rater"
        )
        raise InputError(problem, source=source_name(path))
    return tables


def _together(tables: Sequence[Table], names: Mapping[str, str], path: str | Path) -> list[Table]:
    """Tables of one form: the sheet is a part of the id where ids are made of the candidate alone.

    Raises:
        InputError: they are of several forms, or copies of each other.

    """
    first = tables[0]
    for other in tables[1:]:
        same = other.columns.fields == first.columns.fields and other.columns.made_from == first.columns.made_from
        if not same or (first.columns.raters and set(first.columns.raters).isdisjoint(other.columns.raters)):
            reason = "with different columns"
        elif [row.values for row in other.rows] == [row.values for row in first.rows]:
            reason = "with the same rows"
        else:
            continue
        listed = " and ".join(f"'{names[each.source]}'" for each in (first, other))
        problem = f"the sheets {listed} hold ratings, {reason}: name those to read with --sheet"
        raise InputError(problem, source=source_name(path))
    if not first.columns.made_from or "question_id" in first.columns.fields:
        return list(tables)
    return [
        Table(each.source, each.names, each.rows, each.columns, names[each.source], each.places, each.merged)
        for each in tables
    ]


def _notes(tables: Sequence[Table], used: Sequence[Sheet], found: Sequence[Sheet]) -> list[str]:
    notes = []
    if len(found) > 1:
        as_question = ", each as a question" if tables[0].sheet else ""
        notes.append(f"read from {_listed('sheet', used)}{as_question}")
        rest = [sheet for sheet in found if sheet not in used]
        if rest:
            notes[-1] += f"; left out: {', '.join(_called(sheet) for sheet in rest)} (--sheet names others)"
    of_tables: dict[str, list[str]] = {}
    for table, sheet in zip(tables, used, strict=True):
        for note in (*table.columns.notes, *filter(None, [hidden_note(sheet)])):
            of_tables.setdefault(note, []).append(sheet.name)
    for note, sheets in of_tables.items():
        where = f"sheet {', '.join(sheets)}: " if len(tables) > len(sheets) else ""
        notes.append(where + note)
    return notes


def _listed(noun: str, sheets: Sequence[Sheet]) -> str:
    return f"{noun if len(sheets) == 1 else count(len(sheets), noun)} {', '.join(_called(sheet) for sheet in sheets)}"


def _called(sheet: Sheet) -> str:
    return f"'{sheet.name}'" + (" (hidden)" if sheet.is_hidden else "")
