"""Answers from object storage and grades to it, by way of files on this machine; pyarrow talks to the storages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from grader.errors import InputError, SetupError

# A path loses one of the two strokes.
_STORED = re.compile(r"(s3|gs|gcs|abfs|abfss|file):/+")


def is_stored(name: str | Path | None) -> bool:
    """Whether a name is that of an object in a storage, such as `s3://bucket/answers.jsonl`."""
    return name is not None and _STORED.match(str(name)) is not None


def uri(name: str | Path) -> str:
    """A name with as many strokes as it should have."""
    return _STORED.sub(lambda found: f"{found[1]}://{'/' if found[1] == 'file' else ''}", str(name), count=1)


def local_name(output: Path | None) -> Path | None:
    """What an output is called on this machine: an object by its last name, in the current folder."""
    return Path(output.name) if output is not None and is_stored(output) else output


@contextmanager
def local_files(answers: str, output: Path | None) -> Iterator[tuple[str, Path | None]]:
    """The answers and the output as files on this machine: themselves, or copies in the temporary folder.

    Answers are copied before the block; the output after it, when it has ended without an error and has written one.

    Raises:
        InputError: an object cannot be read or written.
        SetupError: pyarrow is not installed.

    """
    if not is_stored(answers) and not is_stored(output):
        yield answers, output
        return
    with TemporaryDirectory(prefix="grader-") as folder:
        here, written = answers, output
        if is_stored(answers):
            here = f"{folder}/answers-{Path(answers).name}"
            with _faults(answers, "read"):
                _copy(_opened(answers), _opened(Path(here).as_uri()))
        if output is not None and is_stored(output):
            written = Path(folder) / output.name
            with _faults(uri(output), "written"):
                system, path = _opened(uri(output))
                system.get_file_info(path)  # nobody answers, or a key is missing: better known before the work
        try:
            yield here, written
        except InputError as error:
            if here == answers or error.source != here:
                raise
            raise InputError(error.problem, source=answers, line=error.line, field=error.field) from error
        if output is not None and written is not None and written != output and written.exists():
            with _faults(uri(output), "written"):
                _copy(_opened(written.as_uri()), _opened(uri(output)))


def _opened(uri: str) -> tuple[Any, str]:
    """The storage of an object, and the object's path there."""
    from pyarrow.fs import FileSystem

    system, path = FileSystem.from_uri(uri)
    return system, path


def _copy(source: tuple[Any, str], target: tuple[Any, str]) -> None:
    from pyarrow.fs import FileType, copy_files

    (system, path), (other, place) = source, target
    if system.get_file_info(path).type != FileType.File:
        raise FileNotFoundError("there is no such object")
    copy_files(path, place, source_filesystem=system, destination_filesystem=other)


@contextmanager
def _faults(name: str, what: str) -> Iterator[None]:
    """Tell what a storage says in one line."""
    try:
        yield
    except ImportError as error:
        raise SetupError('object storage needs pyarrow: pip install "answer-grader[parquet]"') from error
    except (OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"cannot be {what}: {error}", source=name) from error
