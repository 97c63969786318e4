"""Tables as people keep them: several sheets in a workbook, merged cells, and titles above the header.

`tables.py` reads tables whose first row has the names of the columns. Here the caller finds that row.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.files.cells import json_value, number_text
from grader.files.tables import Row, named_rows, read_rows, table_ending, text_records, text_rows
from grader.files.text_input import open_text, source_name, text_lines
from grader.files.xlsx import open_workbook, used_cells
from grader.phrases import count

_EXACT = 1e15  # Excel keeps 15 digits; "Excel specifications and limits"
Place = tuple[int, int]  # row and column, from 1


@dataclass(frozen=True)
class Sheet:
    """The cells of one table.

    Attributes:
        source: the file, and the sheet where there are several, for messages.
        name: of the sheet; "" for a text file.
        records: the line of each row with its cells, all as text; blank rows are left out.
        is_hidden: whether a spreadsheet shows the sheet.
        merged: cells that have their text from the first of several merged ones.
        n_hidden_rows, n_hidden_columns: how many are hidden; they are among the records.

    """

    source: str
    name: str
    records: tuple[tuple[int, list[str]], ...]
    is_hidden: bool = False
    merged: frozenset[Place] = field(default_factory=frozenset)
    n_hidden_rows: int = 0
    n_hidden_columns: int = 0

    def rows_below(self, header: int) -> Iterator[Row]:
        """The rows below the record number `header`, from 0, which has the names of the columns.

        Raises:
            InputError: a row has more cells than the header, a name appears twice.

        """
        line, names = self.records[header]
        names = _trimmed(names)
        pads = self.name != ""  # a row of a text file with too few cells has been cut at the wrong place
        below = (
            (number, cells[: len(names)] + _trimmed(cells[len(names) :]) + [""] * (pads * (len(names) - len(cells))))
            for number, cells in self.records[header + 1 :]
        )
        return named_rows(chain([(line, names)], below), self.source, is_sheet=self.name != "")


def read_sheets(path: str | Path) -> "Iterator[Row] | tuple[Sheet, ...]":
    """The tables of a file whose header has not been found yet, or the rows of one whose rows name their values.

    Args:
        path: a table (`tables.FORMATS`), or `-` for standard input. CSV and TSV have one sheet; JSONL, JSON and Parquet
            give rows.

    Raises:
        InputError: as `read_rows`; cells with errors or formulas without a result are given as they are.
        SetupError: as `read_rows`.

    """
    source = source_name(path)
    if str(path) == "-":
        lines = text_lines(path)
        first = next((line for line in lines if line[1].strip()), (0, ""))
        lines = chain([first], lines)
        if first[1].lstrip()[:1] in ("{", "["):
            return text_rows(lines, source)
        return (Sheet(source, "", _filled(text_records(lines, source))),)
    with open_text(path):  # a missing file is reported as such
        pass
    ending = table_ending(path)
    if ending == ".xlsx":
        return _workbook(path)
    if ending in (".csv", ".tsv", ".xls"):
        return (
            Sheet(source, "", _filled(text_records(text_lines(path), source, quotes_between_tabs=ending == ".csv"))),
        )
    return read_rows(path)


def _filled(records: Iterator[tuple[int, list[str]]]) -> tuple[tuple[int, list[str]], ...]:
    return tuple(record for record in records if any(cell.strip() for cell in record[1]))


def _trimmed(cells: Sequence[str]) -> list[str]:
    """The cells without blank ones at the end."""
    n = next((n for n in range(len(cells), 0, -1) if cells[n - 1].strip()), 0)
    return list(cells[:n])


def _workbook(path: str | Path) -> tuple[Sheet, ...]:
    with open_workbook(path) as (results, formulas):
        sheets = [_sheet(*pair, path) for pair in zip(results.worksheets, formulas.worksheets, strict=True)]
    return tuple(
        replace(sheet, source=f"{path}, sheet '{sheet.name}'") if len(sheets) > 1 else sheet for sheet in sheets
    )


_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_HIDDEN_ROW = re.compile(rb'<(?:\w+:)?row\s[^>]*?hidden="(?:1|true)"')
_HIDDEN_COLUMN = re.compile(rb'<(?:\w+:)?col\s(?=[^>]*?hidden="(?:1|true)")(?=[^>]*?min="(\d+)")(?=[^>]*?max="(\d+)")')


def _sheet(results: Any, formulas: Any, path: str | Path) -> Sheet:
    """One sheet; openpyxl tells merged and hidden cells only of sheets that it holds in memory as a whole."""
    from openpyxl.utils import column_index_from_string as number_of

    for each in (results, formulas):
        each.reset_dimensions()  # the size stated in the file may be wrong
    pairs = zip(results.iter_rows(), formulas.iter_rows(), strict=True)
    rows = [[_cell_text(*pair) for pair in used_cells(*cells)] for cells in pairs]
    with results._get_source() as stream:
        raw = stream.read()
    merged: set[Place] = set()
    for left, top, right, bottom in _MERGED.findall(raw):
        first_row, first_column = int(top), number_of(left.decode())
        text = _at(rows, first_row, first_column)
        for row in range(first_row, min(int(bottom), len(rows)) + 1):
            last_column = min(number_of(right.decode()), max(len(rows[row - 1]), first_column) if text else 0)
            for column in range(first_column, last_column + 1):
                if (row, column) != (first_row, first_column):
                    rows[row - 1] += [""] * (column - len(rows[row - 1]))
                    rows[row - 1][column - 1] = text
                    merged.add((row, column))
    width = max(map(len, rows), default=0)
    hidden = {n for low, high in _HIDDEN_COLUMN.findall(raw) for n in range(int(low), min(int(high), width) + 1)}
    return Sheet(
        source=str(path),
        name=results.title,
        records=_filled(enumerate(rows, 1)),
        is_hidden=results.sheet_state != "visible",
        merged=frozenset(merged),
        n_hidden_rows=len(_HIDDEN_ROW.findall(raw)),
        n_hidden_columns=len(hidden),
    )


def _at(rows: Sequence[Sequence[str]], row: int, column: int) -> str:
    return rows[row - 1][column - 1] if row <= len(rows) and column <= len(rows[row - 1]) else ""


def _cell_text(cell: Any, raw: Any) -> str:
    """What a spreadsheet shows: `80%` for .8 in the format of a share; a formula without a stored result as it is."""
    if raw.data_type == "f" and cell.value is None:
        return str(getattr(raw.value, "text", raw.value))
    value = json_value(cell.value)
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and abs(value) >= _EXACT:
        return f"{value:.14E}"  # all that is left of it; as an id it is refused (`refuse_shortened_id`)
    if str(cell.number_format).endswith("%"):
        return f"{number_text(round(100 * value, 10))}%"
    return number_text(value)


def hidden_note(sheet: Sheet) -> str | None:
    """That hidden rows and columns are read, too; `None` where there are none."""
    found = [(sheet.n_hidden_rows, "hidden row"), (sheet.n_hidden_columns, "hidden column")]
    listed = " and ".join(count(n, noun) for n, noun in found if n)
    return f"{listed} read, too" if listed else None


def chosen_sheets(sheets: Sequence[Sheet], names: Sequence[str], path: str | Path) -> tuple[Sheet, ...]:
    """The sheets with these names, in their order.

    Raises:
        InputError: there is no such sheet; lists those that there are.

    """
    known = {sheet.name.casefold(): sheet for sheet in sheets if sheet.name}
    for name in names:
        if name.strip().casefold() not in known:
            found = ", ".join(f"'{sheet.name}'" for sheet in known.values())
            problem = f"no sheet '{name}': " + (f"found {found}" if found else "only a workbook (.xlsx) has sheets")
            raise InputError(problem, source=source_name(path))
    return tuple(known[name.strip().casefold()] for name in names)
