"""Read text: numbered lines of files (also gzip) or standard input, and strict JSON.

Text is UTF-8 or UTF-16. What is neither is read as Windows-1252, the encoding of Western Excel, with a warning.
Own code, not charset-normalizer: that guesses among 90 encodings from a sample, and a wrong guess silently changes
answers. One other encoding, with checks for texts that it does not fit, is as much as can be told to the user.
"""

import codecs
import gzip
import io
import json
import math
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from grader.errors import InputError, warn_input

# Largest accepted ratio of unpacked to packed size. Answers have 3 to 5, one row repeated a million times 300, a zip
# bomb 1,000.
_MAX_RATIO = 200
_ALWAYS_ALLOWED = 10_000_000  # bytes
# First bytes of formats that are no text, with a name of the format and the way out.
_BINARY = {
    b"PK\x03\x04": ("an XLSX workbook or another ZIP archive", "give a file that ends in .xlsx"),
    b"PAR1": ("a Parquet file", "give a file that ends in .parquet"),
    b"\xd0\xcf\x11\xe0": ("an old .xls or .doc file", "save it as .xlsx or .docx"),
    b"%PDF": ("a PDF", "copy its text into a .txt file"),
    codecs.BOM_UTF32_LE: ("UTF-32 text", "save the file as UTF-8"),
    codecs.BOM_UTF32_BE: ("UTF-32 text", "save the file as UTF-8"),
}


def source_name(path: str | Path) -> str:
    """The name of a file for error messages; `-` is `<stdin>`."""
    return "<stdin>" if str(path) == "-" else str(path)


def text_lines(path: str | Path, *, limit: int | None = None) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, one at a time, line ends included.

    Args:
        path: a file, or `-` for standard input: UTF-8 or UTF-16, or Windows-1252, which gives an `InputWarning`. A byte
            order mark is dropped.
        limit: how many bytes the file may have; by default there is no limit.

    Raises:
        InputError: the file cannot be opened, is too large, is binary, is in none of these encodings or in several.

    """
    return enumerate(chain.from_iterable(_blocks(path, limit)), 1)


_BLOCK = 1 << 16  # bytes that are decoded at once


def _blocks(path: str | Path, limit: int | None) -> Iterator[Iterable[str]]:
    """The lines of a file, some at a time; a carriage return alone also ends a line (CSV saved for old Macs)."""
    with open_text(path) as stream:
        raw_lines = stream.readlines(_BLOCK) if limit is None else [stream.readline(limit + 1)]
        begin = raw_lines[0] if raw_lines else b""
        _refuse_binary(begin, path)
        decode = _utf_16_decoder(begin, path) or _ByteDecoder(path)
        raw_lines[:1] = [begin.removeprefix(codecs.BOM_UTF8)]
        size = 0
        while raw_lines and raw_lines != [b""]:
            size += sum(map(len, raw_lines))
            if limit is not None and size > limit:
                raise InputError(f"larger than {limit:,} bytes", source=source_name(path))
            yield io.StringIO(decode(raw_lines), newline="")
            raw_lines = stream.readlines(_BLOCK) if limit is None else [stream.readline(limit + 1)]
        yield io.StringIO(decode([]), newline="")


def _utf_16_decoder(begin: bytes, path: str | Path) -> Callable[[list[bytes]], str] | None:
    """For a file with a mark of UTF-16, or with the zeros of Latin letters in its first line; else `None`."""
    encoding = None
    low, high = begin[::2], begin[1::2]
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(begin) > 3 and b"\0" in begin and (b"\0" in low) != (b"\0" in high):
        zeros = high if b"\0" in high else low
        if 2 * zeros.count(b"\0") > len(zeros):
            encoding = "utf-16-le" if zeros is high else "utf-16-be"
    return None if encoding is None else _WideDecoder(encoding, path)


class _WideDecoder:
    """Decodes UTF-16 in blocks, which end anywhere, up to the last line end; an empty block is the end of the file."""

    def __init__(self, encoding: str, path: str | Path) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._path = path
        self._rest = ""
        self._n_lines = 0

    def __call__(self, raw_lines: list[bytes]) -> str:
        try:
            text = self._rest + self._decoder.decode(b"".join(raw_lines), final=not raw_lines)
        except UnicodeDecodeError as error:
            raise InputError("damaged UTF-16 text", source=source_name(self._path), line=self._n_lines + 1) from error
        end = text.rfind("\n") + 1 if raw_lines else len(text)
        self._rest = text[end:]
        self._n_lines += text.count("\n", 0, end)
        return text[:end]


# Western words have few letters in a row that are not ASCII; other alphabets have nothing else.
_NOT_WESTERN = re.compile(r"[^\W\d_\x00-\x7f]{4}")


class _ByteDecoder:
    """Decodes lines of UTF-8, or of Windows-1252 where the first letter beyond ASCII is not UTF-8; never of both."""

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._n_lines = 0
        self._unicode = self._windows = 0  # the line with the first letter beyond ASCII, by encoding

    def __call__(self, raw_lines: list[bytes]) -> str:
        data = b"".join(raw_lines)
        if data.isascii() and b"\0" not in data:
            text = data.decode()
        else:
            text = "".join(self._line(raw, number) for number, raw in enumerate(raw_lines, self._n_lines + 1))
        self._n_lines += len(raw_lines)
        return text

    def _line(self, raw: bytes, number: int) -> str:
        text = None
        with suppress(UnicodeDecodeError):
            text = raw.decode()
            self._unicode = self._unicode or number * (len(text) != len(raw))
        if text is None:
            text = raw.decode("cp1252", "replace")
            if "\ufffd" in text or _NOT_WESTERN.search(text):
                text = "\0"
            elif not self._windows and not self._unicode:
                said = "not UTF-8, so it is read as Windows-1252 (Western European); if letters look wrong, save it"
                warn_input(f"{said} as UTF-8", source=source_name(self._path), line=number)
            self._windows = self._windows or number
        if "\0" in text:
            raise InputError("not UTF-8 text: save the file as UTF-8", source=source_name(self._path), line=number)
        if self._unicode and self._windows:
            problem = f"UTF-8 on line {self._unicode}, another encoding on line {self._windows}: save the whole file"
            raise InputError(f"{problem} as UTF-8", source=source_name(self._path), line=number)
        return text


def _refuse_binary(begin: bytes, path: str | Path) -> None:
    for magic, (what, way_out) in _BINARY.items():
        if begin.startswith(magic):
            raise InputError(f"is {what}, expected text: {way_out}", source=source_name(path))


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
