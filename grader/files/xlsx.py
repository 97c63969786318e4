"""Read a sheet of an XLSX workbook, and write a workbook with one sheet; all sheets: `sheets.py`."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from grader.errors import InputError, warn_input
from grader.files.cells import cell_value, json_value, number_text, safe_cell
from grader.files.output_files import atomic_bytes

WORKBOOK_LIMIT = 100_000_000  # bytes; 20,000 answers of 500 characters unpack to 12 MB
CELL_LIMIT = 32_767  # characters in a cell; "Excel specifications and limits"
SHEET_ROWS = 1_048_576  # rows in a sheet; same source
SHEET_COLUMNS = 16_384  # columns in a sheet; same source
_EXACT = 1e15  # from here on Excel, which keeps 15 digits, has changed the last ones; same source
_FIXED_DATE = datetime(1980, 1, 1)  # the date in all workbooks, for reproducible bytes; the earliest that ZIP can store
# Characters that XML 1.0, and so a workbook, cannot hold: control characters, lone surrogates, two non-characters.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@contextmanager
def open_workbook(path: str | Path) -> Iterator[tuple[Any, Any]]:
    """A workbook read twice, to be read in parallel: with the stored results of formulas, and with the formulas.

    Raises:
        InputError: also while it is open: the file is not a workbook, is damaged or too large.

    """
    import openpyxl

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > WORKBOOK_LIMIT:
            problem = f"unpacks to {size:,} bytes, the limit is {WORKBOOK_LIMIT:,}: save the sheet as CSV"
            raise InputError(problem, source=path)
        results = openpyxl.load_workbook(path, read_only=True, data_only=True)
        formulas = openpyxl.load_workbook(path, read_only=True)
        try:
            yield results, formulas
        finally:
            results.close()
            formulas.close()
    except zipfile.BadZipFile as error:
        problem = "not an .xlsx workbook (an old .xls, or protected by a password?): save it as .xlsx or CSV"
        raise InputError(problem, source=path) from error
    # Exceptions of openpyxl when a part of the workbook is missing or damaged (SyntaxError: broken XML).
    except (
        *(LookupError, ValueError, TypeError, AttributeError, SyntaxError),
        *(EOFError, OSError, RuntimeError, zlib.error),
    ) as error:
        raise InputError(f"a damaged .xlsx workbook: {error}; save it again", source=path) from error


def xlsx_records(path: str | Path, *, sheet: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """The rows of a sheet with their numbers (from 1), every cell as text (`7` for 7.0); by default of the first.

    Other sheets that hold something and are not hidden are named in an `InputWarning`.

    Raises:
        InputError: as `open_workbook`, or a cell has an error or a formula without a stored result.

    """
    width = 0
    with open_workbook(path) as books:
        chosen = _place_of(books[0], sheet, path)
        _tell_other_sheets(books[0], chosen, path, by_option=sheet is not None)
        sheets: list[Any] = [book.worksheets[chosen] for book in books]
        for each in sheets:
            each.reset_dimensions()  # the size stated in the file may be wrong
        for line, (row, raw) in enumerate(zip(*(each.iter_rows() for each in sheets), strict=True), 1):
            if line > SHEET_ROWS:
                raise InputError(f"a sheet has at most {SHEET_ROWS:,} rows", source=path, line=line)
            cells = [_cell_text(*pair, path, line) for pair in used_cells(row, raw)]
            while cells and not cells[-1].strip():
                cells.pop()
            width = width or len(cells)  # the width of the header
            yield line, cells + [""] * (width - len(cells))


def used_cells(row: Sequence[Any], raw: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """The cells of one row in both readings, up to the last that holds something: a style may fill whole rows."""
    n = len(row)
    while n and row[n - 1].value is None and raw[n - 1].value is None:
        n -= 1
    return zip(row[:n], raw[:n], strict=True)


def sheet_headers(path: str | Path) -> list[tuple[str, list[str]]]:
    """The name of each sheet that is shown, and the cells of its first row that is not blank, without blank ones.

    Raises:
        InputError: as `open_workbook`.

    """
    found = []
    with open_workbook(path) as (book, _):
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows = ([str(cell).strip() for cell in row if cell is not None] for row in sheet.values)
            if sheet.sheet_state == "visible":
                found.append((str(sheet.title), next(filter(None, rows), [])))
    return found


def _place_of(book: Any, name: str | None, path: str | Path) -> int:
    titles = [sheet.title.casefold() for sheet in book.worksheets]
    if name is None:
        return 0
    if name.strip().casefold() not in titles:
        listed = ", ".join(f"'{sheet.title}'" for sheet in book.worksheets)
        raise InputError(f"no sheet '{name}': found {listed}", source=path)
    return titles.index(name.strip().casefold())


def _tell_other_sheets(book: Any, chosen: int, path: str | Path, *, by_option: bool) -> None:
    """Say what is left out; `by_option`: there is an option for it."""
    title, left_out = book.worksheets[chosen].title, []
    for place, sheet in enumerate(book.worksheets):
        sheet.reset_dimensions()
        if place == chosen:
            continue
        if sheet.sheet_state == "visible" and any(cell is not None for row in sheet.values for cell in row):
            left_out.append(f"'{sheet.title}'")
    if left_out:
        said = f"only the sheet '{title}' is read; left out: {', '.join(left_out)}"
        way = "--sheet names another" if by_option else "to read another, move it to the front or save it as CSV"
        warn_input(f"{said} ({way})", source=str(path))


def _cell_text(cell: Any, raw: Any, path: str | Path, line: int) -> str:
    from openpyxl.utils.escape import unescape

    if raw.data_type == "f" and cell.value is None:
        problem = f"cell {raw.coordinate} holds a formula without a stored result: paste it as a value"
        raise InputError(problem, source=path, line=line)
    if cell.data_type == "e":
        problem = f"cell {cell.coordinate} holds the error {cell.value}: correct it, or begin the text with '"
        raise InputError(problem, source=path, line=line)
    value = cell_value(json_value(cell.value))
    if isinstance(value, float) and abs(value) >= _EXACT:
        return f"{value:.14E}"  # all that is left of it; as an id it is refused (`refuse_shortened_id`)
    if isinstance(value, str) and "_x" in value:
        value = unescape(value)
    return number_text(value) if isinstance(value, int | float) else value


def check_sheet_rows(n_rows: int, target: str | Path) -> None:
    """Check, before any work is done, that this many rows and a header fit in one sheet.

    Raises:
        InputError: they do not fit.

    """
    if n_rows >= SHEET_ROWS:
        room = f"{SHEET_ROWS - 1:,} rows and a header"
        problem = f"a sheet has room for {room}, not for {n_rows:,} rows: use CSV, Parquet or JSONL"
        raise InputError(problem, source=target)


def write_xlsx(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write one sheet; the same rows give the same bytes."""
    import openpyxl

    if len(columns) > SHEET_COLUMNS:
        problem = f"a sheet has room for {SHEET_COLUMNS:,} columns, not for {len(columns):,}: use CSV or JSONL"
        raise InputError(problem, source=target)
    book = openpyxl.Workbook(write_only=True)  # keeps its rows in a temporary file
    sheet = book.create_sheet()
    with atomic_bytes(target) as stream:
        try:
            sheet.append([_xlsx_cell(sheet, name) for name in columns])
            for number, row in enumerate(rows, 1):
                check_sheet_rows(number, target)
                sheet.append([_xlsx_cell(sheet, cell_value(row.get(name))) for name in columns])
        finally:
            sheet.close()
        save_workbook(book, stream)


def save_workbook(book: Any, stream: IO[bytes]) -> None:
    """Write a workbook with a fixed date, so that the same cells give the same bytes."""
    from openpyxl.writer.excel import ExcelWriter

    book.properties.created = book.properties.modified = _FIXED_DATE
    archive = _ReproducibleZip(stream, "w", zipfile.ZIP_DEFLATED)
    try:
        ExcelWriter(book, archive).save()
    finally:
        with suppress(OSError, ValueError):  # a full disk has been reported already
            archive.close()


class _ReproducibleZip(zipfile.ZipFile):
    """A ZIP archive with a fixed date for all members, so that the same rows give the same bytes."""

    def open(self, name: str | zipfile.ZipInfo, *args: Any, **options: Any) -> IO[bytes]:
        if isinstance(name, zipfile.ZipInfo):
            name.date_time = (*_FIXED_DATE.timetuple()[:3], 0, 0, 0)
        return super().open(name, *args, **options)


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=cell_text(value))
    cell.data_type = "s"  # openpyxl would make "=1" a formula and "#N/A" an error
    return cell


def cell_text(text: str) -> str:
    """A text as a cell can hold it, safe to open in a spreadsheet."""
    return _truncated(safe_cell(_NOT_XML.sub("", text)))


def _truncated(text: str) -> str:
    """Cut a text to the limit of a cell, in UTF-16 units; a note at the end says how much was cut."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    room = CELL_LIMIT - len(f"… [cut: {len(text)} characters, see the JSONL]")
    kept = units[: 2 * room].decode("utf-16-le", errors="ignore")
    return f"{kept}… [cut: {len(text) - len(kept)} characters, see the JSONL]"
