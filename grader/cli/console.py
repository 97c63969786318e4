"""How the commands talk: data on stdout, messages and progress on stderr."""

import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import typer

from grader.phrases import duration

Item = TypeVar("Item")


_EVERY = 30.0  # seconds between two lines of progress where there is no terminal
Now = Callable[[], float]  # seconds since some moment


def progress(
    items: Iterable[Item], what: str, total: int | None = None, *, now: Now = time.monotonic
) -> Iterator[Item]:
    """Pass items on and count them on stderr: a bar on a terminal, else a line every 30 seconds."""
    if not sys.stderr.isatty():
        yield from _told(((item, 1) for item in items), what, total, now)
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, description=what, total=total, console=Console(stderr=True), transient=True)


def progress_of(counts: Iterable[int], what: str, total: int, *, now: Now = time.monotonic) -> Iterator[int]:
    """Pass on how many items were done since the last time, and add them up on stderr as `progress` does.

    The first count may hold what an earlier run has done: it says nothing about how fast this one is.
    """
    if not sys.stderr.isatty():
        yield from _told(((n, n) for n in counts), what, total, now)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=total)
        for n in counts:
            shown.advance(task, n)
            yield n


def _told(items: Iterable[tuple[Item, int]], what: str, total: int | None, now: Now) -> Iterator[Item]:
    """Pass on items that count for so many, and say at most every 30 seconds how far they are."""
    last = now()
    first: tuple[float, int] | None = None  # when the first item was there, and for how many it counted
    done = 0
    for item, n in items:
        done += n
        moment = now()
        first = first or (moment, done)
        if moment - last >= _EVERY and done != total:
            since, before = first
            say(_so_far(what, done, total, (done - before) / (moment - since) if moment > since else 0.0))
            last = moment
        yield item


def _so_far(what: str, done: int, total: int | None, rate: float) -> str:
    """One line: how many of how many, how fast and how long it will take."""
    parts = [f"{what}: {done:,}"]
    if total:
        parts = [f"{what}: {done:,} of {total:,} ({math.floor(100 * done / total)} %)"]
    if rate > 0:
        parts.append(f"{rate:,.0f} a second" if rate >= 2 else f"{60 * rate:,.0f} a minute")
        if total:
            parts.append(f"about {duration((total - done) / rate)} left")
    return ", ".join(parts)


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def say(message: str) -> None:
    """A message on stderr; what files put into it cannot steer the terminal."""
    from grader.reports import clean_for_terminal

    try:
        typer.echo(clean_for_terminal(message), err=True)
    except OSError:  # nobody can be told, which is no reason to stop; nor to try again at the end
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def drop_stdout() -> None:
    """Let what is still on its way to stdout go nowhere, for it would fail once more when the program ends.

    Source: Python documentation, "signal", note on SIGPIPE.
    """
    with suppress(OSError, ValueError):  # a stdout that is no file has nothing to let go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
