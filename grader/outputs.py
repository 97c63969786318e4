"""Where a command writes: checked before the work, so that nothing that is read is destroyed and no work is lost."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import InputError

_RUBRIC_ENDINGS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Outputs:
    """The files that a command is going to write, each with its inode before the work (`None`: not there)."""

    before: tuple[tuple[Path, int | None], ...] = ()

    @property
    def written(self) -> list[Path]:
        """Those that were written since; each is whole, for a file is put in its place in one step."""
        return [path for path, inode in self.before if _inode(path) != inode]


def check_outputs(*files: Path | None, inputs: Sequence[str | Path] = ()) -> Outputs:
    """Find out before the work that a file cannot be written, or that writing it would destroy something.

    Args:
        files: what is going to be written; `None` is left out, `-` is standard output, devices are not looked at.
        inputs: what is read, `-` is standard input; of a folder the documents in it.

    Raises:
        InputError: an output is also an input or named twice, is a folder, or its folder is missing or closed.

    """
    outputs = [path for path in files if path is not None]
    read = [file for given in inputs for file in _files_of(given)]
    for number, path in enumerate(outputs):
        if any(_same(path, other) for other in outputs[:number]):
            raise InputError("is named for two outputs: each needs a file of its own", source=path)
        if str(path) == "-" or _is_device(path):
            continue
        same = next((other for other in read if _same(path, other)), None)
        if same is not None:
            raise InputError(f"would overwrite what is read ({same}): write to another file", source=path)
        _check_writable(path)
    return Outputs(tuple((path, _inode(path)) for path in outputs if str(path) != "-"))


def _files_of(given: str | Path) -> list[Path]:
    if os.path.isdir(given):
        return [file for file in Path(given).iterdir() if file.suffix.lower() in _RUBRIC_ENDINGS]
    return [] if str(given) == "-" else [Path(given)]


def _same(path: Path, other: Path) -> bool:
    """Whether two names are for one file, also through links; a device may be named twice."""
    if _is_device(path) or _is_device(other):
        return False
    if os.path.exists(path) and os.path.exists(other):
        return os.path.samefile(path, other)
    return os.path.realpath(path) == os.path.realpath(other)


def _is_device(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _check_writable(path: Path) -> None:
    folder = os.path.dirname(os.path.realpath(path))
    if os.path.isdir(path):
        raise InputError("cannot be written: it is a folder, expected a file", source=path)
    if not os.path.isdir(folder):
        raise InputError(f"there is no folder '{path.parent}': make it, or write elsewhere", source=path)
    if not os.access(folder, os.W_OK | os.X_OK):
        problem = f"cannot be written: the folder '{path.parent}' is closed to you, write elsewhere"
        raise InputError(problem, source=path)


def _inode(path: Path) -> int | None:
    return os.stat(path).st_ino if os.path.isfile(path) else None
