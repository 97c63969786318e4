"""XLSX workbooks: the first sheet in, and one sheet out."""

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from grader.errors import InputError
from grader.files.cells import cell_value, json_value, number_text, safe_cell
from grader.files.output_files import atomic_bytes

WORKBOOK_LIMIT = 100_000_000  # bytes; 20,000 answers of 500 characters unpack to 12 MB
CELL_LIMIT = 32_767  # characters in a cell; "Excel specifications and limits"
SHEET_ROWS = 1_048_576  # rows in a sheet; same source
SHEET_COLUMNS = 16_384  # columns in a sheet; same source
_NO_TIME = datetime(1980, 1, 1)  # where a workbook has to bear one: the first that ZIP knows
# What XML 1.0, and so a workbook, cannot hold: control characters, half surrogate pairs, two non-characters.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def xlsx_records(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of the first sheet of a workbook with their numbers, every cell as text (`7` for 7.0).

    Raises:
        InputError: the file is no workbook, is damaged or too large, or a cell holds an error or a formula
            without a result.

    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > WORKBOOK_LIMIT:
            problem = f"unpacks to {size:,} bytes, the limit is {WORKBOOK_LIMIT:,}: save the sheet as CSV"
            raise InputError(problem, source=path)
        yield from _records_of(path)
    except zipfile.BadZipFile as error:
        problem = "not an .xlsx workbook (an old .xls, or protected by a password?): save it as .xlsx or CSV"
        raise InputError(problem, source=path) from error
    # What openpyxl lets through when a part of the workbook is missing or damaged (SyntaxError: broken XML).
    except (
        *(LookupError, ValueError, TypeError, AttributeError, SyntaxError),
        *(EOFError, OSError, RuntimeError, zlib.error),
    ) as error:
        raise InputError(f"a damaged .xlsx workbook: {error}; save it again", source=path) from error


def _records_of(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    """The first sheet, read twice in step: what formulas gave when it was saved, and where formulas are."""
    import openpyxl

    results = openpyxl.load_workbook(path, read_only=True, data_only=True)
    formulas = openpyxl.load_workbook(path, read_only=True)
    width = 0
    try:
        sheets: list[Any] = [results.worksheets[0], formulas.worksheets[0]]
        for sheet in sheets:
            sheet.reset_dimensions()  # the size that the file states may be wrong
        for line, (row, raw) in enumerate(zip(*(sheet.iter_rows() for sheet in sheets), strict=True), 1):
            if line > SHEET_ROWS:
                raise InputError(f"a sheet has at most {SHEET_ROWS:,} rows", source=path, line=line)
            cells = [_cell_text(*pair, path, line) for pair in zip(row, raw, strict=True)]
            while cells and not cells[-1].strip():
                cells.pop()
            width = width or len(cells)  # of the header
            yield line, cells + [""] * (width - len(cells))
    finally:
        results.close()
        formulas.close()


def _cell_text(cell: Any, raw: Any, path: str | Path, line: int) -> str:
    if raw.data_type == "f" and cell.value is None:
        problem = f"cell {raw.coordinate} holds a formula without a stored result: paste it as a value"
        raise InputError(problem, source=path, line=line)
    if cell.data_type == "e":
        problem = f"cell {cell.coordinate} holds the error {cell.value}: correct it, or begin the text with '"
        raise InputError(problem, source=path, line=line)
    value = cell_value(json_value(cell.value))
    return number_text(value) if isinstance(value, int | float) else value


def check_sheet_rows(n_rows: int, target: str | Path) -> None:
    """Find out before the work that so many rows and their header do not fit in a workbook's sheet.

    Raises:
        InputError: they do not.

    """
    if n_rows >= SHEET_ROWS:
        room = f"{SHEET_ROWS - 1:,} rows and a header"
        problem = f"a sheet has room for {room}, not for {n_rows:,} rows: use CSV, Parquet or JSONL"
        raise InputError(problem, source=target)


def write_xlsx(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write one sheet; the same rows give the same bytes."""
    import openpyxl
    from openpyxl.writer.excel import ExcelWriter

    if len(columns) > SHEET_COLUMNS:
        problem = f"a sheet has room for {SHEET_COLUMNS:,} columns, not for {len(columns):,}: use CSV or JSONL"
        raise InputError(problem, source=target)
    book = openpyxl.Workbook(write_only=True)  # its rows go to a file in the system's temporary folder
    book.properties.created = book.properties.modified = _NO_TIME
    sheet = book.create_sheet()
    with atomic_bytes(target) as stream:
        try:
            sheet.append([_xlsx_cell(sheet, name) for name in columns])
            for number, row in enumerate(rows, 1):
                check_sheet_rows(number, target)
                sheet.append([_xlsx_cell(sheet, cell_value(row.get(name))) for name in columns])
        finally:
            sheet.close()
        archive = _ReproducibleZip(stream, "w", zipfile.ZIP_DEFLATED)
        try:
            ExcelWriter(book, archive).save()
        finally:
            with suppress(OSError, ValueError):  # a disk that filled up was reported already
                archive.close()


class _ReproducibleZip(zipfile.ZipFile):
    """An archive that does not say when it was written: the same rows give the same bytes."""

    def open(self, name: str | zipfile.ZipInfo, *args: Any, **options: Any) -> IO[bytes]:
        if isinstance(name, zipfile.ZipInfo):
            name.date_time = (*_NO_TIME.timetuple()[:3], 0, 0, 0)
        return super().open(name, *args, **options)


def _xlsx_cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value=_cut(safe_cell(_NOT_XML.sub("", value))))
    cell.data_type = "s"  # openpyxl would make "=1" a formula and "#N/A" an error
    return cell


def _cut(text: str) -> str:
    """Text that fits in a cell, which counts UTF-16 units; what is cut is said at its end."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    room = CELL_LIMIT - len(f"… [cut: {len(text)} characters, see the JSONL]")
    kept = units[: 2 * room].decode("utf-16-le", errors="ignore")
    return f"{kept}… [cut: {len(text) - len(kept)} characters, see the JSONL]"
