"""Read text: numbered UTF-8 lines of files (also gzip) or standard input, and strict JSON.

Own code, not charset-normalizer: a guessed encoding can silently change an answer, so other encodings are refused.
"""

import codecs
import gzip
import io
import json
import math
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from grader.errors import InputError

# Largest accepted ratio of unpacked to packed size. Answers have 3 to 5, one row repeated a million times 300, a zip
# bomb 1,000.
_MAX_RATIO = 200
_ALWAYS_ALLOWED = 10_000_000  # bytes
# First bytes of binary formats, with a name of the format and the suffix under which it can be read.
_BINARY = {b"PK\x03\x04": ("an XLSX workbook or another ZIP archive", ".xlsx"), b"PAR1": ("a Parquet file", ".parquet")}


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
    with open_text(path) as stream:
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
            # A carriage return alone also ends a line (CSV files saved for old Macs).
            for piece in re.split(r"(?<=\r)(?!\n)", text):
                if piece:
                    number += 1
                    yield number, piece


def _refuse_binary(begin: bytes, path: str | Path) -> None:
    for magic, (what, ending) in _BINARY.items():
        if begin.startswith(magic):
            raise InputError(f"is {what}, expected text: give a file that ends in {ending}", source=source_name(path))


def open_text(path: str | Path) -> Any:
    """A binary stream as a context manager; standard input is not closed, a `.gz` file is unpacked."""
    if str(path) == "-":
        if sys.stdin is None:
            raise InputError("is closed: nothing can be read from it", source=source_name(path))
        return nullcontext(sys.stdin.buffer)
    try:
        file = open(path, "rb")  # noqa: SIM115  # the caller closes it
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {_reason(error)}", source=path) from error
    return decompressed(file, path) if Path(path).suffix.lower() == ".gz" else file


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, IsADirectoryError):
        return "it is a folder, expected a file"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def decompressed(file: BinaryIO, path: str | Path) -> BinaryIO:
    """The unpacked content of a gzip file, as a stream that can be read line by line.

    Args:
        file: the compressed file; closed with the stream.
        path: its name, for error messages.

    Raises:
        InputError: while reading: it is not a gzip file, is cut off or damaged, or unpacks to more than 10 MB and more
            than 200 times its size.

    """
    return io.BufferedReader(_Decompressed(file, path), 1 << 20)


class _Decompressed(io.RawIOBase):
    def __init__(self, file: BinaryIO, path: str | Path) -> None:
        self._file = file
        self._path = path
        self._gzip = gzip.GzipFile(fileobj=file)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._limit = max(_ALWAYS_ALLOWED, _MAX_RATIO * size)
        self._n_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        try:
            data = self._gzip.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            problem = f"cannot be unpacked ({error}): pack it again, or give it without .gz"
            raise InputError(problem, source=self._path) from error
        self._n_read += len(data)
        if self._n_read > self._limit:
            problem = f"unpacks to more than {self._limit:,} bytes, {_MAX_RATIO} times its size: unpack it yourself"
            raise InputError(problem, source=self._path)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._gzip.close()
        self._file.close()
        super().close()


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
        twice = first_repeated(key for key, _ in pairs)
        raise ValueError(f"the key '{twice}' appears twice in one object")
    return values


def first_repeated(names: Iterable[str]) -> str | None:
    """The first name that repeats an earlier one, `None` if there is none; blank names are ignored."""
    seen: set[str] = set()
    for name in names:
        if name and name in seen:
            return name
        seen.add(name)
    return None


STRICT_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant, object_pairs_hook=_unique_keys)


def parse_json(text: str, *, source: str, line: int = 1, decoder: json.JSONDecoder = STRICT_JSON) -> Any:
    """Parse one JSON value; NaN, infinity and duplicate keys are errors.

    Args:
        text: the JSON text.
        source: the file, for error messages.
        line: the line in the file where the text starts.
        decoder: another decoder, for callers that check numbers and keys themselves.

    Raises:
        InputError: with the line of the error.

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
