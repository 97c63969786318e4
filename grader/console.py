"""How the commands talk: data on stdout, messages and progress on stderr."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import typer

Item = TypeVar("Item")


def progress(items: Iterable[Item], what: str, total: int | None = None) -> Iterator[Item]:
    """Pass items on; on a terminal, count them on stderr."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=what, total=total, console=Console(stderr=True), transient=True)


def progress_of(counts: Iterable[int], what: str, total: int) -> Iterator[int]:
    """Pass on how many items were done since the last time; on a terminal, add them up on stderr."""
    if not sys.stderr.isatty():
        yield from counts
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        for n in counts:
            shown.advance(task, n)
            yield n


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def say(message: str) -> None:
    """A message on stderr; what files put into it cannot steer the terminal."""
    from grader.terminal import clean_terminal

    typer.echo(clean_terminal(message), err=True)


def drop_stdout() -> None:
    """Let what is still on its way to stdout go nowhere, for it would fail once more when the program ends.

    Source: Python documentation, "signal", note on SIGPIPE.
    """
    with suppress(OSError, ValueError):  # a stdout that is no file has nothing to let go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
