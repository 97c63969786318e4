"""Tables in: JSONL, CSV, TSV, JSON, XLSX and Parquet as rows, with line-numbered errors.

What the columns mean is for the callers to know; nothing here validates a value. Writing is for `writing`.
"""

import codecs
import csv
import dataclasses
import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.files.compression import unpacked
from grader.files.sheets import parquet_records, xlsx_records


@dataclass(frozen=True, slots=True)
class Row:
    """One row: `line` is where it starts in the file (row number in XLSX and Parquet), `values` by column.

    `header` is the line that names the columns, where the table has one.
    """

    line: int
    values: dict[str, Any]
    header: int | None = dataclasses.field(default=None, compare=False)

    @property
    def names_line(self) -> int:
        """Where the names of the columns stand: in the header, else in the row itself."""
        return self.line if self.header is None else self.header


# --- text and JSON ---------------------------------------------------------------------------------


def source_name(path: str | Path) -> str:
    """The name of a file for error messages; `-` is `<stdin>`."""
    return "<stdin>" if str(path) == "-" else str(path)


def text_lines(path: str | Path, *, limit: int | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file with their numbers, one at a time, line ends included.

    Args:
        path: a file, or `-` for standard input. A byte order mark is dropped.
        limit: how many bytes the file may have; by default there is no limit.

    Raises:
        InputError: the file cannot be opened, is too large, is not UTF-8 or holds NUL bytes.

    """
    number = size = 0
    with _open(path) as stream:
        for raw in stream if limit is None else iter(lambda: stream.readline(limit + 1), b""):
            size += len(raw)
            if limit is not None and size > limit:
                raise InputError(f"larger than {limit:,} bytes", source=source_name(path))
            if number == 0:
                raw = raw.removeprefix(codecs.BOM_UTF8)
                _refuse_binary(raw, path)
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                text = "\0"
            if "\0" in text:
                problem = "not UTF-8 text: save the file as UTF-8"
                raise InputError(problem, source=source_name(path), line=number + 1)
            # A carriage return alone ends a line too (CSV files saved for old Macs).
            for piece in re.split(r"(?<=\r)(?!\n)", text):
                if piece:
                    number += 1
                    yield number, piece


# How files begin that are no text, and what they should end in to be read.
_BINARY = {b"PK\x03\x04": ("an XLSX workbook or another ZIP archive", ".xlsx"), b"PAR1": ("a Parquet file", ".parquet")}


def _refuse_binary(begin: bytes, path: str | Path) -> None:
    for magic, (what, ending) in _BINARY.items():
        if begin.startswith(magic):
            raise InputError(f"is {what}, expected text: give a file that ends in {ending}", source=source_name(path))


def _open(path: str | Path) -> Any:
    """A binary stream as a context manager; standard input is left open, what ends in `.gz` is unpacked."""
    if str(path) == "-":
        if sys.stdin is None:
            raise InputError("is closed: nothing can be read from it", source=source_name(path))
        return nullcontext(sys.stdin.buffer)
    try:
        file = open(path, "rb")  # noqa: SIM115  # the caller closes it
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {_reason(error)}", source=path) from error
    return unpacked(file, path) if Path(path).suffix.lower() == ".gz" else file


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder, expected a file"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number, expected a finite number or null")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        twice = _repeated(key for key, _ in pairs)
        raise ValueError(f"the key '{twice}' appears twice in one object")
    return values


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that stood there before; blank names do not count."""
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            return name
        seen.add(name)
    return None


_STRICT = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant, object_pairs_hook=_unique_keys)


def parse_json(text: str, *, source: str, line: int = 1, decoder: json.JSONDecoder = _STRICT) -> Any:
    """One JSON value; NaN, infinity and duplicate keys are refused.

    Args:
        text: the JSON text.
        source: the file, for error messages.
        line: where in the file the text starts.
        decoder: for callers that check numbers and keys themselves.

    Raises:
        InputError: with the line of the fault.

    """
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        problem = f"not valid JSON: {error.msg} (column {error.colno})"
        raise InputError(problem, source=source, line=line + error.lineno - 1) from error
    except RecursionError as error:
        raise InputError("JSON that is nested too deeply", source=source, line=line) from error
    except ValueError as error:
        known = line if "\n" not in text.strip() else None
        raise InputError(f"not valid JSON: {error}", source=source, line=known) from error


def pick_columns(
    names: Iterable[str],
    aliases: Mapping[str, Sequence[str]],
    *,
    required: Sequence[str],
    source: str,
    line: int | None = None,
) -> dict[str, str]:
    """Which column holds which field, without regard to case, blanks and hyphens in its name.

    Args:
        names: the columns of a table.
        aliases: the accepted names of each field, the one that wins first.
        required: the fields that must be there.
        source: the file, for error messages.
        line: the line of the names, if known.

    Raises:
        InputError: a required field has no column; lists the columns found and accepted.

    """
    found = {re.sub(r"[\s_-]+", "_", name.strip().lower()): name for name in reversed(list(names))}
    columns = {}
    for field, accepted in aliases.items():
        alias = next((alias for alias in accepted if alias in found), None)
        if alias is not None:
            columns[field] = found[alias]
        elif field in required:
            listed = ", ".join(reversed(found.values())) or "none"
            problem = f"no such column: found {listed[:200]}; expected one of {', '.join(accepted)}"
            raise InputError(problem, source=source, line=line, field=field)
    return columns


# --- reading ---------------------------------------------------------------------------------------


def read_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a table, one at a time; the suffix of the file says how it is read.

    CSV, TSV and XLSX cells come as text (`007` stays `007`), without blank rows; JSON and Parquet values keep
    their type.

    Args:
        path: a file with a suffix of `FORMATS`, or `-` for standard input (`text_rows`).

    Raises:
        InputError: the file cannot be read, is empty or is broken; with the line.
        SetupError: a Parquet file, and pyarrow is not installed.

    """
    if str(path) == "-":
        return text_rows(text_lines(path), source_name(path))
    suffix = table_ending(path)
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError(f"the ending '{suffix}' is not a known table format: use {known}", source=path)
    with _open(path):  # a missing file is reported here, not at the first row
        pass
    return _at_least_one(FORMATS[suffix](path), str(path))


def table_ending(path: str | Path) -> str:
    """What says how a table is read: `.jsonl` for `a.JSONL` and, unpacked on the way, for `a.jsonl.gz`."""
    *before, last = ["", *(suffix.lower() for suffix in Path(path).suffixes)]
    return before[-1] if last == ".gz" and before[-1] in _TEXT else last


def _at_least_one(rows: Iterator[Row], source: str) -> Iterator[Row]:
    first = next(rows, None)
    if first is None:
        raise InputError("is empty: expected at least one row", source=source)
    yield first
    yield from rows


def text_rows(lines: Iterator[tuple[int, str]], source: str) -> Iterator[Row]:
    """The rows of a text without a name: its beginning tells JSONL, a JSON list and CSV or TSV apart.

    Raises:
        InputError: as `read_rows`.

    """
    first = next((line for line in lines if line[1].strip()), (0, ""))
    read = {"{": jsonl_rows, "[": _json_rows}.get(first[1].lstrip()[:1], csv_rows)
    return _at_least_one(read(chain([first], lines), source), source)


def _read_jsonl(path: str | Path) -> Iterator[Row]:
    return jsonl_rows(text_lines(path), str(path))


def jsonl_rows(lines: Iterator[tuple[int, str]], source: str) -> Iterator[Row]:
    """The rows of JSONL text that was opened already; otherwise as `read_rows`."""
    for number, text in lines:
        if text.strip():
            yield _object_row(parse_json(text.rstrip(), source=source, line=number), number, source)


def _object_row(value: object, line: int, source: str) -> Row:
    if not isinstance(value, dict):
        problem = f'expected one JSON object like {{"answer_id": ...}}, found {json.dumps(value)[:40]}'
        raise InputError(problem, source=source, line=line)
    return Row(line, value)


def _read_json(path: str | Path) -> Iterator[Row]:
    return _json_rows(text_lines(path), str(path))


def _json_rows(lines: Iterator[tuple[int, str]], source: str) -> Iterator[Row]:
    first = next(lines, (1, ""))
    text = "".join(line for _, line in chain([first], lines))
    if not text.strip():
        return
    values = parse_json(text, source=source, line=first[0])
    if not isinstance(values, list):
        raise InputError("expected a list of objects: [{...}, {...}]", source=source, line=1)
    position, line = text.index("[") + 1, first[0] + text.count("\n", 0, text.index("["))
    for value in values:
        start = re.compile(r"[\s,]*").match(text, position).end()  # type: ignore[union-attr]  # `*` always matches
        line += text.count("\n", position, start)
        yield _object_row(value, line, source)
        _, position = _STRICT.raw_decode(text, start)
        line += text.count("\n", start, position)


def _read_csv(path: str | Path) -> Iterator[Row]:
    return csv_rows(text_lines(path), str(path))


def _read_tsv(path: str | Path) -> Iterator[Row]:
    return csv_rows(text_lines(path), str(path), delimiter="\t")


def csv_rows(lines: Iterator[tuple[int, str]], source: str, delimiter: str | None = None) -> Iterator[Row]:
    """The rows of CSV text that was opened already; `;` or TAB separate when the header has no comma."""
    above, header = next(((number - 1, text) for number, text in lines if text.strip()), (0, ""))
    if delimiter is None:
        delimiter = next((mark for mark in ",;\t" if mark in header), ",")
    reader = csv.reader(chain([header], (text for _, text in lines)), delimiter=delimiter, strict=True)
    return _named_rows(_csv_records(reader, above, source), source)


def tsv_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a tab-separated file in which quote characters mean nothing, as text corpora come."""
    cells = ((number, text.rstrip("\r\n").split("\t")) for number, text in text_lines(path))
    return _at_least_one(_named_rows(cells, source_name(path)), source_name(path))


def _csv_records(reader: Any, above: int, source: str) -> Iterator[tuple[int, list[str]]]:
    """The records with the line on which each starts; `above` is the number of lines before the first."""
    while True:
        line = above + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise InputError(_csv_problem(str(error)), source=source, line=line) from error
        if cells is None:
            return
        yield line, cells


def _csv_problem(message: str) -> str:
    if "field larger" in message:
        limit = f"{csv.field_size_limit():,}"
        return f"a field has more than {limit} characters: close its quotes, or use JSONL for longer answers"
    if "unexpected end" in message:
        return "a quoted field that starts in this record is never closed"
    return f'not valid CSV: {message} (a quote inside a quoted field is written twice: "")'


def _named_rows(records: Iterator[tuple[int, list[str]]], source: str) -> Iterator[Row]:
    """Rows from cells; the first record that is not blank holds the names of the columns."""
    header, names = next((record for record in records if any(record[1])), (0, []))
    names = [name.strip() for name in names]
    twice = _repeated(names)
    if twice is not None:
        raise InputError("this column appears twice in the header", source=source, line=header, field=twice)
    for line, cells in records:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            problem = (
                f"found {len(cells)} fields, the header has {len(names)} columns ({', '.join(names)[:200]}): "
                "put quotes around a text that holds the separator"
            )
            raise InputError(problem, source=source, line=line)
        for number, (name, cell) in enumerate(zip(names, cells, strict=True), 1):
            if not name and cell.strip():
                problem = f"column {number} has no name in the header, but holds '{cell.strip()[:40]}'"
                raise InputError(problem, source=source, line=line)
        yield Row(line, {name: cell for name, cell in zip(names, cells, strict=True) if name}, header)


def _read_xlsx(path: str | Path) -> Iterator[Row]:
    return _named_rows(xlsx_records(path), str(path))


def _read_parquet(path: str | Path) -> Iterator[Row]:
    return (Row(number, values) for number, values in enumerate(parquet_records(path), 1))


_TEXT = (".jsonl", ".ndjson", ".csv", ".tsv")  # these may be compressed
FORMATS: dict[str, Callable[[str | Path], Iterator[Row]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".json": _read_json,
    ".xlsx": _read_xlsx,
    ".parquet": _read_parquet,
}
