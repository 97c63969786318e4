"""Compute the result for the next item in the background while the caller uses this one."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with the result of `work`, in order; the next result is computed in a background thread.

    Items are drawn in the caller's thread, one ahead. An exception of `work` is raised in place of its result, an
    exception of `items` after the results of all earlier items.
    """
    with ThreadPoolExecutor(1) as thread:
        job: tuple[Item, Future[Result]] | None = None
        fault: Exception | None = None
        source = iter(items)
        ended = False
        while not ended:
            next_job = None
            try:
                item = next(source)
                next_job = item, thread.submit(work, item)
            except StopIteration:
                ended = True
            except Exception as error:  # raised after the earlier results
                ended, fault = True, error
            if job is not None:
                yield job[0], job[1].result()
            job = next_job
        if fault is not None:
            raise fault
