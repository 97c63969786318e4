"""Work on the next item while the caller is busy with this one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with what `work` makes of it, in order; one more is being worked on in a thread of its own.

    Items are drawn in the caller's thread, one before it is needed. An exception of `work` comes where its result
    would.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting: tuple[Item, Future[Result]] | None = None
        for item in items:
            coming = item, thread.submit(work, item)
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = coming
        if waiting is not None:
            yield waiting[0], waiting[1].result()
