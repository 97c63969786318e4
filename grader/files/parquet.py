"""Read and write Parquet files with pyarrow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from grader.errors import InputError, SetupError
from grader.files.cells import cell_value, json_value
from grader.files.output_files import atomic_bytes

_ROW_GROUP = 10_000  # rows that are held in memory and written together


def import_pyarrow() -> Any:
    """The package pyarrow, with `pyarrow.parquet` imported.

    Raises:
        SetupError: it is not installed.

    """
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise SetupError('Parquet files need pyarrow: pip install "answer-grader[parquet]"') from error
    return pyarrow


def parquet_records(path: str | Path) -> Iterator[dict[str, Any]]:
    """The rows of a Parquet file, each a dict by column of text, numbers, booleans, None, lists and objects.

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
                    yield {name: json_value(value) for name, value in values.items()}
    except (arrow.ArrowException, OSError) as error:
        raise InputError(f"not a Parquet file that can be read: {error}", source=path) from error


def write_parquet(target: str | Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows in groups; `rows` is iterated twice, the first time to find the types of the columns."""
    arrow = import_pyarrow()
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in _parquet_kinds(rows, columns).items()])
    with atomic_bytes(target) as stream, arrow.parquet.ParquetWriter(stream, schema) as writer:
        remaining = iter(rows)
        while group := list(islice(remaining, _ROW_GROUP)):
            cells = {field.name: [row.get(field.name) for row in group] for field in schema}
            as_text = {field.name for field in schema if field.type == arrow.string()}
            texts = {name: [_parquet_text(value) for value in cells[name]] for name in as_text}
            writer.write_table(arrow.table({**cells, **texts}, schema=schema))


def _parquet_kinds(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> dict[str, str]:
    """The type of each column: a number type or boolean if all values agree, else text."""
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
    return value if value is None else str(cell_value(value)).encode("utf-8", "backslashreplace").decode()
