"""Compressed text in: gzip, unpacked on the way, with a limit on how much a small file may become."""

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO

from grader.errors import InputError

# Answers pack to a third or a fifth, the same row a million times to a 300th, a bomb to a 1,000th.
_RATIO = 200
_ALWAYS_ALLOWED = 10_000_000  # bytes


def unpacked(file: BinaryIO, path: str | Path) -> BinaryIO:
    """The text in a gzip file as a stream that can be read line by line.

    Args:
        file: the compressed file; closed with the stream.
        path: its name, for error messages.

    Raises:
        InputError: while reading: it is no gzip file, it is cut off or damaged, or it unpacks to more than 10 MB and
            to more than 200 times its size.

    """
    return io.BufferedReader(_Unpacked(file, path), 1 << 20)


class _Unpacked(io.RawIOBase):
    def __init__(self, file: BinaryIO, path: str | Path) -> None:
        self._file = file
        self._path = path
        self._gzip = gzip.GzipFile(fileobj=file)
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._limit = max(_ALWAYS_ALLOWED, _RATIO * size)
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
            problem = f"unpacks to more than {self._limit:,} bytes, {_RATIO} times its size: unpack it yourself"
            raise InputError(problem, source=self._path)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._gzip.close()
        self._file.close()
        super().close()
