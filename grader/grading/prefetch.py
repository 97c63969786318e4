"""Work on the next item while the caller is busy with this one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with the result of `work`, in order; the next result is computed in a background thread.

    Items are drawn in the caller's thread, one before it is needed. An exception of `work` comes where its result
    would, one of `items` after the results of all that were drawn before.
    """
    with ThreadPoolExecutor(1) as thread:
        waiting: tuple[Item, Future[Result]] | None = None
        fault: Exception | None = None
        source = iter(items)
        ended = False
        while not ended:
            coming = None
            try:
                item = next(source)
                coming = item, thread.submit(work, item)
            except StopIteration:
                ended = True
            except Exception as error:  # whatever it is, it waits for its turn
                ended, fault = True, error
            if waiting is not None:
                yield waiting[0], waiting[1].result()
            waiting = coming
        if fault is not None:
            raise fault
