"""Working on the next item meanwhile: the order, who works when, and where faults come out."""

import threading
from collections.abc import Generator, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.grading.prefetch import prefetch


@given(st.lists(st.integers()))
def test_every_item_comes_with_its_result_in_order(items: list[int]) -> None:
    assert list(prefetch(lambda item: item * 2, items)) == [(item, item * 2) for item in items]


def test_one_more_is_drawn_and_worked_on_while_the_caller_has_the_first() -> None:
    drawn: list[int] = []
    begun = [threading.Event() for _ in range(4)]
    callers = threading.current_thread()
    workers = set()

    def items() -> Iterator[int]:
        for number in range(4):
            assert threading.current_thread() is callers
            drawn.append(number)
            yield number

    def work(number: int) -> int:
        workers.add(threading.current_thread())
        begun[number].set()
        return number

    found = prefetch(work, items())
    assert next(found) == (0, 0)
    assert drawn == [0, 1]
    assert begun[1].wait(10)
    assert not begun[2].is_set()
    assert list(found) == [(1, 1), (2, 2), (3, 3)]
    assert callers not in workers and len(workers) == 1


def test_a_fault_comes_where_its_result_would() -> None:
    found = prefetch(lambda number: 6 // number, [2, 3, 0, 1])
    assert next(found) == (2, 3)
    assert next(found) == (3, 2)
    with pytest.raises(ZeroDivisionError):
        next(found)
    assert list(found) == []


def test_who_stops_half_way_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    found = prefetch(lambda number: number, range(10))
    assert isinstance(found, Generator)
    next(found)
    found.close()
    assert threading.active_count() == before


def test_what_was_drawn_before_a_fault_still_comes() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2)
        raise KeyError("the source broke off")

    found = prefetch(lambda number: number * 2, items())
    assert next(found) == (1, 2)
    assert next(found) == (2, 4)
    with pytest.raises(KeyError, match="broke off"):
        next(found)
