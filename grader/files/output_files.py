"""Write files atomically: complete or not at all. Disk errors become `InputError`s of one line."""

import errno
import io
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import BinaryIO, TextIO

from grader.errors import InputError

# Faults of where output goes: the disk, or a stdout that was closed before the start (EBADF).
DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.EBADF}


@contextmanager
def atomic_writer(path: str | Path) -> Iterator[TextIO]:
    r"""Open a UTF-8 text file that appears under its name only if the block ends without an error.

    A lone surrogate, which UTF-8 cannot encode, is written as its escape (`\ud800`), which is also valid in JSON.

    Args:
        path: the file, or `-` for standard output. Links are followed; devices and pipes are written directly.

    Raises:
        InputError: the folder is missing, the disk is full, or writing is not allowed. Other errors are not changed.

    """
    with atomic_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError, ValueError):  # a full disk has been reported already
                text.detach()


@contextmanager
def atomic_bytes(path: str | Path) -> Iterator[BinaryIO]:
    """As `atomic_writer`, for bytes."""
    if str(path) == "-":
        with output_errors("<stdout>"):
            sys.stdout.flush()
            yield sys.stdout.buffer
            sys.stdout.flush()
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f"{_temporary_prefix(target)}{secrets.token_hex(8)}.tmp")
    with output_errors(path, target, temporary):
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


def _temporary_prefix(target: Path) -> str:
    """The beginning of the names of temporary files that are renamed to this file when complete."""
    return f".grader-{target.name[:100]}-"


def remove_temporary_files(path: str | Path) -> None:
    """Remove temporary files that killed runs left for a file; no other process may be writing the file."""
    target = Path(os.path.realpath(path))
    for left in target.parent.glob(f"{escape(_temporary_prefix(target))}*.tmp"):
        left.unlink(missing_ok=True)


def make_folder(folder: str | Path) -> None:
    """Create a folder and its parents if they do not exist.

    Raises:
        InputError: a file with this name exists, or the folder cannot be created.

    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise InputError("is a file, expected a folder: choose another name", source=folder) from error
    except OSError as error:
        raise InputError(f"the folder cannot be made: {error.strerror or error}", source=folder) from error


@contextmanager
def output_errors(source: str | Path, *files: Path) -> Iterator[None]:
    """Turn an `OSError` about the disk or about `files` into an `InputError` of one line; others are not changed."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_ERRNOS or str(error.filename) in map(str, files):
            raise InputError(f"cannot be written: {error.strerror or error}", source=source) from error
        raise
