"""Arguments of a wrong type from Python: one `TypeError` that says what was found and how to write it."""

import os
from typing import Any

from grader.errors import InputError
from grader.phrases import shorten
from grader.settings import Settings


def wrong_type(name: str, found: Any, expected: str, write: str) -> TypeError:
    """The error to raise.

    Args:
        name: of the argument.
        found: what was given.
        expected: what it must be, in words.
        write: a piece of code that is right.
    """
    return TypeError(f"{name}: found {_described(found)}, expected {expected}; write {write}")


class _TextGivenError(InputError, TypeError):
    """Text where a path is expected. On the command line this is a wrong input like any other."""


def check_path(path: Any, write: str, *, fields: str | None = None, frame: str | None = None) -> None:
    """Refuse what is no path of a file or folder.

    Args:
        path: the argument.
        write: the call with a path, such as `read_bank("bank.yaml")`.
        fields: what to write instead for a dict, if there is such a thing.
        frame: likewise for a DataFrame.

    Raises:
        TypeError: it is no path. Text of several lines that is no existing path is both this and an `InputError`.
    """
    if isinstance(path, str):
        if "\n" in path and not os.path.exists(path):
            found = f"found {_described(path)}, expected the path of a file"
            raise _TextGivenError(f"path: {found}; write the text to a file and give its path")
        return
    if isinstance(path, os.PathLike):
        return
    function = write.partition("(")[0]
    if isinstance(path, dict):
        write = fields or write
    elif is_frame(path):
        write = frame or write
    elif isinstance(path, list | tuple):
        write = f"[{function}(path) for path in paths]"
    raise wrong_type("path", path, "the path of a file", write)


def check_settings(settings: Any) -> None:
    """Refuse what is neither `Settings` nor `None`.

    Raises:
        TypeError: says how to write it.
    """
    if settings is None or isinstance(settings, Settings):
        return
    write = "Settings(**fields)" if isinstance(settings, dict) else 'Settings(encoder="static")'
    raise wrong_type("settings", settings, "a Settings", write)


def check_encoder(encoder: Any) -> None:
    """Refuse the name of an encoder where an encoder is expected.

    Raises:
        TypeError: says how to write it.
    """
    if (encoder is not None and not hasattr(encoder, "encode")) or isinstance(encoder, str):
        raise wrong_type("encoder", encoder, "an Encoder", 'settings=Settings(encoder="static") for one with a name')


def is_frame(value: Any) -> bool:
    """Whether it is a DataFrame, of pandas or another library; none is imported to find out."""
    return type(value).__name__ == "DataFrame"


def _described(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the text {shorten(repr(value), 60)}"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"
