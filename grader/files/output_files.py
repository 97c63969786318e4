"""Files out, whole or not at all, with faults of the disk as errors of one line."""

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

DISK_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


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
    with atomic_bytes(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError, ValueError):  # a full disk was reported already
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
    temporary = target.with_name(f"{_half_written(target)}{secrets.token_hex(8)}.tmp")
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


def _half_written(target: Path) -> str:
    """How the names of files begin that become this one when they are whole."""
    return f".grader-{target.name[:100]}-"


def remove_temporary_files(path: str | Path) -> None:
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


@contextmanager
def output_errors(source: str | Path, *files: Path) -> Iterator[None]:
    """Tell a fault of the disk or of these files in one line; other faults of the block pass unchanged."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_ERRNOS or str(error.filename) in map(str, files):
            raise InputError(f"cannot be written: {error.strerror or error}", source=source) from error
        raise
