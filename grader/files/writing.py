"""Tables out: JSONL, CSV, TSV, XLSX and Parquet, whole or not at all, with cells that are safe in a spreadsheet.

Reading them is for `tables`.
"""

import csv
import errno
import io
import json
import math
import os
import re
import secrets
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from glob import escape
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO

from grader.errors import InputError, SetupError

Format = Literal["jsonl", "csv", "tsv", "xlsx", "parquet"]

CELL_LIMIT = 32_767  # characters in a cell; "Excel specifications and limits"
SHEET_ROWS = 1_048_576  # rows in a sheet; same source
SHEET_COLUMNS = 16_384  # columns in a sheet; same source
_NO_TIME = datetime(1980, 1, 1)  # where a workbook has to bear one: the first that ZIP knows
_ROW_GROUP = 10_000  # rows of a Parquet file that are held and written together


# --- files -----------------------------------------------------------------------------------------


@contextmanager
def atomic_writer(path: str | Path) -> Iterator[TextIO]:
    r"""A UTF-8 text file that appears under its name only when the block has ended without an error.

    Half a surrogate pair, which UTF-8 cannot hold, is written as its escape (`\ud800`): writing never fails
    for it, and in JSON the escape is the right spelling.

    Args:
        path: the file (a link is followed; a device or pipe is written directly), or `-` for standard output.

    Raises:
        InputError: the folder is missing, the disk is full, writing is not allowed. Other errors pass.

    """
    with _atomic_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError, ValueError):  # a full disk was reported already
                text.detach()


@contextmanager
def _atomic_bytes(path: str | Path) -> Iterator[BinaryIO]:
    if str(path) == "-":
        with output_faults("<stdout>"):
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.flush()
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f"{_half_written(target)}{secrets.token_hex(8)}.tmp")
    with output_faults(path, target, temporary):
        if target.is_dir():
            raise InputError("cannot be written: it is a folder, expected a file", source=path)
        if not target.parent.is_dir():
            problem = f"cannot be written: the folder '{target.parent}' does not exist, create it first"
            raise InputError(problem, source=path)
        if target.exists() and not target.is_file():
            with target.open("wb") as stream:
                yield stream
            return
        try:
            with temporary.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            if target.exists():
                shutil.copymode(target, temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def _half_written(target: Path) -> str:
    """How the names of files begin that become this one when they are whole."""
    return f".grader-{target.name[:100]}-"


def sweep(path: str | Path) -> None:
    """Remove what killed runs left half written of a file; nobody else may be writing it."""
    target = Path(os.path.realpath(path))
    for left in target.parent.glob(f"{escape(_half_written(target))}*.tmp"):
        left.unlink(missing_ok=True)


def make_folder(folder: str | Path) -> None:
    """Make a folder, and those around it, if it is not there.

    Raises:
        InputError: a file is in the way, or it is not allowed.

    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError("is a file, expected a folder: choose another name", source=folder) from error
    except OSError as error:
        raise InputError(f"the folder cannot be made: {error.strerror or error}", source=folder) from error


DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


@contextmanager
def output_faults(source: str | Path, *files: Path) -> Iterator[None]:
    """Tell a fault of the disk or of these files in one line; other faults of the block pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_FAULTS or str(error.filename) in map(str, files):
            raise InputError(f"cannot be written: {error.strerror or error}", source=source) from error
        raise


# --- cells -----------------------------------------------------------------------------------------

# What a spreadsheet runs: OWASP "CSV Injection" (= + - @ TAB CR LF, fullwidth = + - @), also behind blanks.
_RUNS = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[^\S\t\r\n]*[\t\r\n]")
# What XML 1.0, and so a workbook, cannot hold: control characters, half surrogate pairs, two non-characters.
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def safe_cell(value: Any) -> Any:
    """A value for a CSV or XLSX cell: text that a spreadsheet would run gets a leading `'`, NUL is dropped.

    Numbers stay numbers: a `-0.25` that is a number is not touched, the text `-0.25` is.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if _RUNS.match(text) else text


def flat(value: Any) -> Any:
    """A value as one cell: None is empty text, true and false are words, lists and objects are JSON text."""
    if value is None:
        return ""
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def number_text(value: int | float) -> str:
    """A number as a person writes it: `7` for 7.0, `0.25` for 0.25."""
    return str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)


# --- tables ----------------------------------------------------------------------------------------


def write_rows(
    target: str | Path,
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Sequence[str] | None = None,
    format: Format,
) -> None:
    """Write rows as a table, whole or not at all.

    JSONL keeps the raw text; CSV, TSV and XLSX cells are safe to open in a spreadsheet (`safe_cell`); an XLSX
    cell that is too long ends with a note of how much was cut.

    Args:
        target: the file, or `-` for standard output (JSONL, CSV and TSV).
        rows: values by column; taken one at a time when the format is JSONL, or when `columns` is given and the
            rows can be asked for twice (Parquet then reads them twice) or go to CSV, TSV or XLSX.
        columns: the columns to write, in order, the others are left out; by default all as they first appear.
        format: one of `Format`.

    Raises:
        InputError: the file cannot be written, or a number is NaN or infinite.
        SetupError: Parquet, and pyarrow is not installed.

    """
    if format == "parquet" and iter(rows) is rows:
        rows = list(rows)
    if format == "jsonl" and columns is None:
        _write_jsonl(target, rows)
        return
    rows = _Checked(rows, str(target))
    if format == "jsonl":
        _write_jsonl(target, ({name: row[name] for name in columns or () if name in row} for row in rows))
        return
    if format in ("xlsx", "parquet") and str(target) == "-":
        raise InputError(f"{format} cannot go to standard output: name a file", source="<stdout>")
    if columns is None:
        rows = list(rows)
        columns = list(dict.fromkeys(name for row in rows for name in row))
    _WRITERS[format](target, rows, columns)


class _Checked:
    """Rows without NaN and infinity, as often as the rows themselves can be asked for."""

    def __init__(self, rows: Iterable[Mapping[str, Any]], source: str) -> None:
        self._rows = rows
        self._source = source

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for number, row in enumerate(self._rows, 1):
            _refuse_infinite(row, number, self._source)
            yield row


def _refuse_infinite(row: Mapping[str, Any], number: int, source: str) -> None:
    for name, value in row.items():
        if not _all_finite(value):
            problem = f"row {number}: found NaN or infinity, expected a finite number or nothing"
            raise InputError(problem, source=source, field=name)


def _all_finite(value: Any) -> bool:
    if isinstance(value, dict | list | tuple):
        return all(map(_all_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def _write_jsonl(target: str | Path, rows: Iterable[Mapping[str, Any]]) -> None:
    with atomic_writer(target) as out:
        for number, row in enumerate(rows, 1):
            try:
                line = json.dumps(row, ensure_ascii=False, allow_nan=False)
            except ValueError:
                _refuse_infinite(row, number, str(target))
                raise
            out.write(line + "\n")


def _write_csv(
    target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], delimiter: str = ","
) -> None:
    with atomic_writer(target) as out:
        # Every text is quoted: a separator of another locale inside it then starts no new cell.
        writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow([safe_cell(name) for name in columns])
        writer.writerows([safe_cell(flat(row.get(name))) for name in columns] for row in rows)


def _write_tsv(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    _write_csv(target, rows, columns, "\t")


def fits_a_sheet(n_rows: int, target: str | Path) -> None:
    """Find out before the work that so many rows and their header do not fit in a workbook's sheet.

    Raises:
        InputError: they do not.

    """
    if n_rows >= SHEET_ROWS:
        room = f"{SHEET_ROWS - 1:,} rows and a header"
        problem = f"a sheet has room for {room}, not for {n_rows:,} rows: use CSV, Parquet or JSONL"
        raise InputError(problem, source=target)


def _write_xlsx(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    import openpyxl
    from openpyxl.writer.excel import ExcelWriter

    if len(columns) > SHEET_COLUMNS:
        problem = f"a sheet has room for {SHEET_COLUMNS:,} columns, not for {len(columns):,}: use CSV or JSONL"
        raise InputError(problem, source=target)
    book = openpyxl.Workbook(write_only=True)  # its rows go to a file in the system's temporary folder
    book.properties.created = book.properties.modified = _NO_TIME
    sheet = book.create_sheet()
    with _atomic_bytes(target) as stream:
        try:
            sheet.append([_xlsx_cell(sheet, name) for name in columns])
            for number, row in enumerate(rows, 1):
                fits_a_sheet(number, target)
                sheet.append([_xlsx_cell(sheet, flat(row.get(name))) for name in columns])
        finally:
            sheet.close()
        archive = _Undated(stream, "w", zipfile.ZIP_DEFLATED)
        try:
            ExcelWriter(book, archive).save()
        finally:
            with suppress(OSError, ValueError):  # a disk that filled up was reported already
                archive.close()


class _Undated(zipfile.ZipFile):
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


def import_pyarrow() -> Any:
    """The package pyarrow with its part for Parquet.

    Raises:
        SetupError: it is not installed.

    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise SetupError('Parquet files need pyarrow: pip install "answer-grader[parquet]"') from error
    return pyarrow


def _write_parquet(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    arrow = import_pyarrow()
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in _parquet_kinds(rows, columns).items()])
    with _atomic_bytes(target) as stream, arrow.parquet.ParquetWriter(stream, schema) as writer:
        left = iter(rows)
        while some := list(islice(left, _ROW_GROUP)):
            cells = {field.name: [row.get(field.name) for row in some] for field in schema}
            as_text = {field.name for field in schema if field.type == arrow.string()}
            texts = {name: [_parquet_text(value) for value in cells[name]] for name in as_text}
            writer.write_table(arrow.table({**cells, **texts}, schema=schema))


def _parquet_kinds(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, str]:
    """One type a column: numbers or true/false as they are, anything else and any mixture as text."""
    found: dict[str, set[str]] = {name: set() for name in columns}
    for row in rows:
        for name in columns:
            value = row.get(name)
            if value is not None:
                large = isinstance(value, int) and abs(value) >= 2**63
                found[name].add("string" if large else _ARROW.get(type(value), "string"))
    return {name: _common_kind(kinds) for name, kinds in found.items()}


_ARROW: Mapping[type, str] = {bool: "bool_", int: "int64", float: "float64"}


def _common_kind(kinds: set[str]) -> str:
    if kinds == {"int64", "float64"}:
        return "float64"
    return (next(iter(kinds)) if kinds else "null") if len(kinds) < 2 else "string"


def _parquet_text(value: Any) -> str | None:
    return value if value is None else str(flat(value)).encode("utf-8", "backslashreplace").decode()


_WRITERS: dict[str, Callable[[str | Path, Iterable[Mapping[str, Any]], Sequence[str]], None]] = {
    "csv": _write_csv,
    "tsv": _write_tsv,
    "xlsx": _write_xlsx,
    "parquet": _write_parquet,
}
