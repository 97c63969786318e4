"""What the cells of XLSX and Parquet files hold, as text or as JSON knows it; `tables` makes rows of it."""

import math
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.files.writing import SHEET_ROWS, flat, import_pyarrow, number_text

WORKBOOK_LIMIT = 100_000_000  # bytes; 20,000 answers of 500 characters unpack to 12 MB


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
    value = flat(_plain(cell.value))
    return number_text(value) if isinstance(value, int | float) else value


def _plain(value: Any) -> Any:
    """A cell of a typed table as JSON knows it: dates as ISO text, a missing number (NaN) as None."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
        value = value.date()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int | float) else str(value)


def parquet_records(path: str | Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file as values by column: text, numbers, true or false, None, lists and objects.

    Raises:
        InputError: the file cannot be read, or a column appears twice.
        SetupError: pyarrow is not installed.

    """
    arrow = import_pyarrow()
    try:
        with arrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            for name in names:
                if names.count(name) > 1:
                    raise InputError("this column appears twice", source=path, field=name)
            for batch in file.iter_batches(batch_size=1000):
                for values in batch.to_pylist():
                    yield {name: _plain(value) for name, value in values.items()}
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file that can be read: {error}", source=path) from error
