"""A file of finished grades that survives a crash. Grades are appended in chunks; a chunk is complete or ignored.

Line 1 names the format. Every other line is `{"sum": ..., "key": ..., "grade": {...}}`. The last line of a chunk also
has `"end": true`; a grade that a later run must make again has `"again": true`. `sum` is a hash of the rest of the
line, so that a changed score is detected. `run` defines the keys.
"""

import io
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Self

from grader.errors import InputError
from grader.files import atomic_writer, output_errors

try:
    import fcntl
except ImportError:  # Windows, where nothing prevents two runs from writing the same output
    fcntl = None  # type: ignore[assignment]

_HEAD = {"journal_of": "grader", "version": 2}
_SUM = re.compile(rb'\{"sum":"([0-9a-f]{16})",')


class JournalEntry(NamedTuple):
    """The position of a grade in the journal, in bytes; `retry`: a later run must grade the answer again."""

    key: str
    offset: int
    length: int
    retry: bool


class JournalRecord(NamedTuple):
    """A grade to append to the journal; `retry`: a later run must grade the answer again."""

    key: str
    grade: dict[str, Any]
    retry: bool


class Journal:
    """An append-only file of grades, locked by one process at a time.

    Args:
        path: the file, created if it does not exist; `None` for a temporary file that is deleted at the end.

    Raises:
        InputError: the file cannot be opened, or another process has locked it. Damage is detected by `entries`.

    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.source = "<journal>" if path is None else str(path)
        with output_errors(self.source, *([] if path is None else [path])):
            # Unbuffered, because closing the file must not retry a write that has failed.
            opened = tempfile.TemporaryFile(buffering=0) if path is None else path.open("a+b", 0)  # noqa: SIM115
            self._file = opened
        self._end = 0
        self._is_empty = False  # set by `entries`
        self.n_dropped = 0  # lines of an incomplete chunk, left by a crash
        try:
            self._lock()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.path is not None and self._is_empty:
            self.path.unlink(missing_ok=True)
        self._file.close()

    def _lock(self) -> None:
        if fcntl is None or self.path is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            problem = "another run is writing to this output: wait for it, or choose another output"
            raise InputError(problem, source=self.source) from error

    def entries(self) -> Iterator[JournalEntry]:
        """The entries of earlier runs. Call once, before `append`. An incomplete chunk at the end is removed.

        Raises:
            InputError: a line before the last one is damaged, or the file is not a journal; with the line.

        """
        kept, chunk, damage = 0, list[JournalEntry](), None
        offset = 0
        for number, raw in enumerate(self._lines(), 1):
            if damage is not None:
                raise damage
            try:
                if number == 1:
                    self._check_head(_line(raw))
                    kept = offset + len(raw)
                else:
                    values = _line(_checked(raw))
                    chunk.append(JournalEntry(values["key"], offset, len(raw), values.get("again", False)))
                    if values.get("end"):
                        yield from chunk
                        chunk, kept = [], offset + len(raw)
            except (ValueError, KeyError, TypeError):
                # A crash can damage only the last line, so this is an error if another line follows.
                damage = self._damaged(number)
                self.n_dropped += 1
            offset += len(raw)
        if damage is not None and kept == 0 and self._is_foreign():
            raise damage
        self.n_dropped += len(chunk)
        self._cut(kept)
        if kept == 0:
            self._add(_dump(_HEAD))
        self._is_empty = self._end == len(_dump(_HEAD))

    def _check_head(self, values: dict[str, Any]) -> None:
        if values != _HEAD:
            if values.get("journal_of") == _HEAD["journal_of"]:
                problem = "is of another version of this program: delete the file to grade everything again"
                raise InputError(problem, source=self.source, line=1)
            raise ValueError("no journal")

    def _lines(self) -> Iterator[bytes]:
        self._file.seek(0)
        reader = io.BufferedReader(self._file)
        yield from reader
        reader.detach()

    def _damaged(self, line: int) -> InputError:
        problem = "is damaged here: delete the file to grade everything again, or bring back a copy of it"
        return InputError(problem, source=self.source, line=line)

    def _is_foreign(self) -> bool:
        """Whether the only line is not a truncated first line of a journal."""
        self._file.seek(0)
        return not _dump(_HEAD).startswith(self._file.read(len(_dump(_HEAD))).rstrip(b"\0\n"))

    def append(self, records: Sequence[JournalRecord]) -> list[JournalEntry]:
        """Append the grades of one chunk; they are on disk when this returns.

        Raises:
            InputError: the disk is full or fails; earlier chunks stay.

        """
        entries, lines, offset = [], [], self._end
        for number, record in enumerate(records, 1):
            line = _dump_record(record, end=number == len(records))
            entries.append(JournalEntry(record.key, offset, len(line), record.retry))
            lines.append(line)
            offset += len(line)
        self._add(b"".join(lines))
        return entries

    def _add(self, data: bytes) -> None:
        with output_errors(self.source, *([] if self.path is None else [self.path])):
            self._file.seek(0, os.SEEK_END)
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            self._is_empty = False  # set before fsync, which Ctrl-C may interrupt
            if self.path is not None:
                os.fsync(self._file.fileno())
        self._end += len(data)

    def _cut(self, size: int) -> None:
        with output_errors(self.source, *([] if self.path is None else [self.path])):
            self._file.truncate(size)
        self._end = size

    def grade(self, key: str, offset: int, length: int) -> dict[str, Any]:
        """The grade at the position of an entry.

        Raises:
            InputError: the line is not what was written there for this key; it was changed during the run.

        """
        try:
            values = _line(_checked(os.pread(self._file.fileno(), length, offset)))
            if values["key"] == key:
                return dict(values["grade"])
        except (ValueError, KeyError, TypeError):
            pass
        problem = "was damaged while it was in use: run the same command again"
        raise InputError(problem, source=self.source)

    def rewrite(self, records: Iterator[JournalRecord]) -> None:
        """Replace the content of the file with these grades; do not use the journal afterwards.

        Raises:
            InputError: the disk is full or fails; the file then stays as it was.

        """
        if self.path is None:
            return
        with atomic_writer(self.path) as out:
            out.write(_dump(_HEAD).decode())
            for record in records:
                out.write(_dump_record(record, end=True).decode())


def _dump(value: dict[str, Any]) -> bytes:
    # ASCII, so that a lone surrogate in an answer is stored as its escape.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"


def _dump_record(record: JournalRecord, *, end: bool) -> bytes:
    marks = ({"again": True} if record.retry else {}) | ({"end": True} if end else {})
    rest = _dump({"key": record.key} | marks | {"grade": record.grade})
    return b'{"sum":"' + _sum(rest) + b'",' + rest[1:]


def _sum(rest: bytes) -> bytes:
    return blake2b(rest, digest_size=8).hexdigest().encode()


def _checked(raw: bytes) -> bytes:
    """A line without its hash; `ValueError` if the hash is missing or wrong."""
    found = _SUM.match(raw)
    rest = b"{" + raw[found.end() :] if found else b""
    if found is None or _sum(rest) != found[1]:
        raise ValueError("another line was written")
    return rest


def _line(raw: bytes) -> dict[str, Any]:
    if not raw.endswith(b"\n"):
        raise ValueError("torn")
    values = json.loads(raw)
    if not isinstance(values, dict):
        raise TypeError("no object")
    return values
