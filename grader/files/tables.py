"""Read and write tables (JSONL, JSON, CSV, TSV, XLSX, Parquet) as rows, with line-numbered errors.

Columns are not interpreted and values are not validated here.
"""

import csv
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, NamedTuple

from grader.errors import InputError, warn_input
from grader.files.cells import cell_value, safe_cell
from grader.files.output_files import atomic_writer
from grader.files.parquet import parquet_records, write_parquet
from grader.files.text_input import STRICT_JSON, first_repeated, open_text, parse_json, source_name, text_lines
from grader.files.xlsx import write_xlsx, xlsx_records

# Python's own limit, 131,072, is below what an answer may have. A quote that is never closed reads on up to here.
csv.field_size_limit(10_000_000)

Format = Literal["jsonl", "csv", "tsv", "xlsx", "parquet"]


class Row(NamedTuple):
    """One row: `values` by column, and `line`, where it starts in the file (the row number in XLSX and Parquet).

    `header` is the line with the names of the columns, `None` if the table has no header.
    """

    line: int
    values: dict[str, Any]
    header: int | None = None

    @property
    def names_line(self) -> int:
        """The line with the names of the columns: the header, else the row itself."""
        return self.line if self.header is None else self.header


def pick_columns(
    names: Iterable[str],
    aliases: Mapping[str, Sequence[str]],
    *,
    required: Sequence[str],
    source: str,
    line: int | None = None,
) -> dict[str, str]:
    """The column of each field, ignoring case, blanks and hyphens in column names.

    Args:
        names: the columns of a table.
        aliases: the accepted names of each field, the preferred one first.
        required: the fields that must have a column.
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


def read_rows(path: str | Path, *, number_repeated: bool = False, sheet: str | None = None) -> Iterator[Row]:
    """The rows of a table, one at a time; the suffix of the file determines the format.

    CSV, TSV and XLSX cells are text (`007` stays `007`), and their blank rows are skipped; JSON and Parquet values
    keep their type.

    Args:
        path: a file with a suffix of `FORMATS`, or `-` for standard input (`text_rows`).
        number_repeated: call the second column with a name `name (2)`; otherwise that is an error.
        sheet: which one of a workbook; by default the first.

    Raises:
        InputError: the file cannot be read, is empty or is broken; with the line.
        SetupError: the file is Parquet and pyarrow is not installed.

    """
    if str(path) == "-":
        return text_rows(text_lines(path), source_name(path), number_repeated=number_repeated)
    suffix = table_ending(path)
    if suffix not in FORMATS:
        known = ", ".join(FORMATS)
        raise InputError(f"the ending '{suffix}' is not a known table format: use {known}", source=path)
    with open_text(path):  # a missing file is reported here, not at the first row
        pass
    if suffix in _ROWS:
        return _at_least_one(_ROWS[suffix](path), str(path))
    is_sheet = suffix == ".xlsx"
    cells = xlsx_records(path, sheet=sheet) if is_sheet else _CELLS[suffix](path)
    return _at_least_one(named_rows(cells, str(path), number_repeated=number_repeated, is_sheet=is_sheet), str(path))


def table_ending(path: str | Path) -> str:
    """The suffix that determines the format: `.jsonl` for `a.JSONL` and for the compressed `a.jsonl.gz`."""
    *before, last = ["", *(suffix.lower() for suffix in Path(path).suffixes)]
    return before[-1] if last == ".gz" and before[-1] in _COMPRESSIBLE else last


def _at_least_one(rows: Iterator[Row], source: str) -> Iterator[Row]:
    first = next(rows, None)
    if first is None:
        raise InputError("is empty: expected at least one row", source=source)
    return chain([first], rows)


def text_rows(lines: Iterator[tuple[int, str]], source: str, *, number_repeated: bool = False) -> Iterator[Row]:
    """The rows of a text without a file name: JSONL, a JSON list, CSV or TSV, recognised by its beginning.

    Raises:
        InputError: as `read_rows`.

    """
    first = next((line for line in lines if line[1].strip()), (0, ""))
    lines = chain([first], lines)
    read = {"{": jsonl_rows, "[": _json_rows}.get(first[1].lstrip()[:1])
    rows = read(lines, source) if read else csv_rows(lines, source, number_repeated=number_repeated)
    return _at_least_one(rows, source)


def _read_jsonl(path: str | Path) -> Iterator[Row]:
    return jsonl_rows(text_lines(path), str(path))


def jsonl_rows(lines: Iterator[tuple[int, str]], source: str) -> Iterator[Row]:
    """The rows of JSONL text from open lines; otherwise as `read_rows`."""
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
        _, position = STRICT_JSON.raw_decode(text, start)
        line += text.count("\n", start, position)


def csv_rows(lines: Iterator[tuple[int, str]], source: str, *, number_repeated: bool = False) -> Iterator[Row]:
    """The rows of CSV or TSV text from open lines, with the separator that fits header and rows (`text_records`)."""
    return named_rows(text_records(lines, source), source, number_repeated=number_repeated)


def tsv_rows(path: str | Path) -> Iterator[Row]:
    """The rows of a tab-separated file in which quote characters have no meaning, as in text corpora."""
    cells = ((number, text.rstrip("\r\n").split("\t")) for number, text in text_lines(path))
    return _at_least_one(named_rows(cells, source_name(path)), source_name(path))


_MOST = 0.5  # of the records
_SAMPLE = 50  # lines from which the separator is told
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # how Excel is told the separator


def text_records(
    lines: Iterator[tuple[int, str]], source: str, *, quotes_between_tabs: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """The cells of each record and the line on which it starts.

    The separator is what a line `sep=;` above the header says, else the one that cuts header and rows into equally many
    cells. Quotes between tabs are text, unless all names in the header have some or `quotes_between_tabs` says so.
    """
    number, header = next((line for line in lines if line[1].strip()), (1, ""))
    declared = _SEPARATOR_LINE.fullmatch(header)
    if declared:
        number, header = next((line for line in lines if line[1].strip()), (1, ""))
    sample = list(islice(lines, _SAMPLE))
    lines = chain([(number, header)], sample, lines)
    delimiter = declared[1] if declared else _likely_delimiter([header, *(text for _, text in sample)])
    quoted = quotes_between_tabs or all(re.fullmatch(r'"[^"]*"', name) for name in header.strip().split("\t"))
    if delimiter == "\t" and not quoted:
        return _unquoted_records(lines, source)
    reader = csv.reader(map(itemgetter(1), lines), delimiter=delimiter, strict=True)
    return _csv_records(reader, number - 1, source)


def _unquoted_records(lines: Iterable[tuple[int, str]], source: str) -> Iterator[tuple[int, list[str]]]:
    warned = False
    for number, text in lines:
        cells = text.rstrip("\r\n").split("\t")
        if '""' in text and not warned and any(re.fullmatch(r'"(?:[^"]|"")*""(?:[^"]|"")*"', cell) for cell in cells):
            warned = True
            warn_input(
                "quotes between tabs are text; if they enclose cells, save it as CSV", source=source, line=number
            )
        yield number, cells


def _likely_delimiter(lines: Sequence[str]) -> str:
    """The separator with which most records have as many cells as the header; of equal ones that with more cells.

    Where there is none because the first line is a title, that with which most records have equally many cells.
    """
    fits, titled = {}, {}
    for delimiter in ",;\t|":
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells)]
        except csv.Error:  # told when the table is read
            continue
        if len(lines) > _SAMPLE and len(widths) > 1:
            widths.pop()  # it may be cut
        if widths and widths[0] > 1:
            fits[delimiter] = widths.count(widths[0]) / len(widths), widths[0]
        usual = max(widths, key=widths.count, default=1)
        if usual > 1:
            titled[delimiter] = widths.count(usual) / len(widths), usual
    if not any(share >= _MOST for share, _ in fits.values()):
        fits = titled or fits
    return max(fits, key=lambda delimiter: fits[delimiter], default=",")


def _csv_records(reader: Any, above: int, source: str) -> Iterator[tuple[int, list[str]]]:
    """The records, each with the line on which it starts; `above` is the number of lines before the first."""
    line = above + 1
    try:
        for cells in reader:
            yield line, cells
            line = above + reader.line_num + 1
    except csv.Error as error:
        raise InputError(_csv_problem(str(error)), source=source, line=line) from error


def _csv_problem(message: str) -> str:
    if "field larger" in message:
        limit = f"{csv.field_size_limit():,}"
        return f"a field has more than {limit} characters: close its quotes, or use JSONL for longer answers"
    if "unexpected end" in message:
        return "a quoted field that starts in this record is never closed"
    return f'not valid CSV: {message} (a quote inside a quoted field is written twice: "")'


def named_rows(
    records: Iterator[tuple[int, list[str]]], source: str, *, number_repeated: bool = False, is_sheet: bool = False
) -> Iterator[Row]:
    """Rows from cells; the first record that is not blank has the names of the columns. `is_sheet`: of a workbook.

    With `number_repeated` the second column with a name is called `name (2)`; otherwise it is an error.
    """
    header, names = next((record for record in records if any(record[1])), (0, []))
    names = [name.strip() for name in names]
    if number_repeated:
        names = _numbered(names)
    twice = first_repeated(names)
    if twice is not None:
        raise InputError("this column appears twice in the header", source=source, line=header, field=twice)
    nameless = [position for position, name in enumerate(names) if not name]
    width = len(names)
    for line, cells in records:
        if not (cells and cells[0].strip()) and not any(map(str.strip, cells)):
            continue
        if len(cells) != width:
            problem = f"found {len(cells)} fields, the header has {len(names)} columns ({', '.join(names)[:200]}): "
            problem += (
                "name the further columns in the header, or empty their cells"
                if is_sheet
                else (
                    "put quotes around a text that holds the separator; between tabs quotes are text, so save such a "
                    "table as CSV"
                )
            )
            raise InputError(problem, source=source, line=line)
        row = dict(zip(names, cells))  # noqa: B905  # their lengths were compared above
        for position in nameless:
            if cells[position].strip():
                problem = f"column {position + 1} has no name in the header, but holds '{cells[position].strip()[:40]}'"
                if len(nameless) == len(names) - 1:
                    problem += f"; if '{names[0][:40]}' is a title, delete the lines above the names of the columns"
                raise InputError(problem, source=source, line=line)
            row.pop("", None)
        yield Row(line, row, header)


def _numbered(names: Iterable[str]) -> list[str]:
    """The names, with a number after those that repeat an earlier one."""
    times: Counter[str] = Counter()
    numbered = []
    for name in names:
        times[name] += 1
        numbered.append(f"{name} ({times[name]})" if name and times[name] > 1 else name)
    return numbered


def _csv_file(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    return text_records(text_lines(path), str(path), quotes_between_tabs=True)


def _tsv_file(path: str | Path) -> Iterator[tuple[int, list[str]]]:
    return text_records(text_lines(path), str(path))


def _read_parquet(path: str | Path) -> Iterator[Row]:
    return (Row(number, values) for number, values in enumerate(parquet_records(path), 1))


_COMPRESSIBLE = (".jsonl", ".ndjson", ".csv", ".tsv")  # these may be compressed
# Formats of rows with named values, and formats of cells below a header. Blackboard's `.xls` are text between tabs.
_ROWS: dict[str, Callable[[str | Path], Iterator[Row]]] = {
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
_CELLS: dict[str, Callable[[str | Path], Iterator[tuple[int, list[str]]]]] = {
    ".csv": _csv_file,
    ".tsv": _tsv_file,
    ".xls": _tsv_file,
    ".xlsx": xlsx_records,
}
FORMATS = (".jsonl", ".ndjson", ".csv", ".tsv", ".json", ".xlsx", ".xls", ".parquet")


def write_rows(
    target: str | Path,
    rows: Iterable[Mapping[str, Any]],
    *,
    columns: Sequence[str] | None = None,
    format: Format,
    bom: bool = True,
) -> None:
    """Write rows as a table, completely or not at all.

    JSONL keeps the raw text. CSV, TSV and XLSX cells are safe to open in a spreadsheet (`safe_cell`). An XLSX
    cell that is too long is cut and ends with a note of how much was cut.

    Args:
        target: the file, or `-` for standard output (JSONL, CSV and TSV).
        rows: values by column. They are not collected in memory if the format is JSONL, or if `columns` is given and
            the format is CSV, TSV or XLSX, or Parquet with rows that can be iterated twice.
        columns: the columns to write, in order; others are left out. By default all, in order of first appearance.
        format: one of `Format`.
        bom: whether a CSV file begins with a byte order mark, without which Excel takes UTF-8 for another encoding;
            standard output has none.

    Raises:
        InputError: the file cannot be written, or a number is NaN or infinite.
        SetupError: the format is Parquet and pyarrow is not installed.

    """
    if format == "parquet" and iter(rows) is rows:
        rows = list(rows)
    if format == "jsonl" and columns is None:
        _write_jsonl(target, rows)
        return
    rows = _FiniteRows(rows, str(target))
    if format == "jsonl":
        _write_jsonl(target, ({name: row[name] for name in columns or () if name in row} for row in rows))
        return
    if format in ("xlsx", "parquet") and str(target) == "-":
        raise InputError(f"{format} cannot go to standard output: name a file", source="<stdout>")
    if columns is None:
        rows = list(rows)
        columns = list(dict.fromkeys(name for row in rows for name in row))
    if format == "csv":
        _write_csv(target, rows, columns, bom=bom)
    else:
        _WRITERS[format](target, rows, columns)


class _FiniteRows:
    """Rows that raise an error at NaN or infinity; can be iterated again if the rows themselves can."""

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
    target: str | Path,
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    delimiter: str = ",",
    *,
    bom: bool = True,
) -> None:
    with atomic_writer(target) as out:
        if bom and str(target) != "-":
            out.write("\ufeff")
        # Every text is quoted, so that the separator of another locale inside it does not start a new cell.
        writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow([safe_cell(name) for name in columns])
        writer.writerows([safe_cell(cell_value(row.get(name))) for name in columns] for row in rows)


def _write_tsv(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    _write_csv(target, rows, columns, "\t", bom=False)


_WRITERS: dict[str, Callable[[str | Path, Iterable[Mapping[str, Any]], Sequence[str]], None]] = {
    "tsv": _write_tsv,
    "xlsx": write_xlsx,
    "parquet": write_parquet,
}
