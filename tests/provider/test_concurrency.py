"""The limit on requests in flight follows the server."""

import threading

import pytest

from grader.provider.concurrency import AdaptiveConcurrency


def never() -> bool:
    return False


def after(shares: list[float | None], *, maximum: int = 8) -> int:
    """The limit after replies that took these shares of the timeout."""
    places = AdaptiveConcurrency(maximum)
    for share in shares:
        assert places.acquire(never)
        places.release(share)
    return places.limit


@pytest.mark.parametrize(
    ("shares", "limit"),
    [
        ([], 1),
        ([0.1] * 3, 4),
        ([0.1] * 20, 8),  # the maximum
        ([0.1] * 3 + [0.4], 4),  # neither quick nor slow
        ([0.1] * 3 + [None], 4),  # a fault that says nothing about speed
        ([0.1] * 3 + [0.6], 3),
        ([0.1] * 7 + [1.0], 4),
        ([0.1] * 7 + [1.0] * 9, 1),  # never none
    ],
)
def test_quick_replies_add_places_and_slow_ones_take_them(shares: list[float | None], limit: int) -> None:
    assert after(shares) == limit


def test_who_finds_no_place_waits_until_one_is_given_back() -> None:
    places, got = AdaptiveConcurrency(8), threading.Event()
    assert places.acquire(never)

    def wait_for_a_place() -> None:
        if places.acquire(never):
            got.set()

    waiting = threading.Thread(target=wait_for_a_place, daemon=True)
    waiting.start()
    assert not got.wait(0.15)
    places.release(None)
    assert got.wait(5)


def test_a_stop_ends_the_wait_without_a_place() -> None:
    places, stopped = AdaptiveConcurrency(8), threading.Event()
    assert places.acquire(never)
    threading.Timer(0.1, stopped.set).start()
    assert not places.acquire(stopped.is_set)
    places.release(None)
    assert places.acquire(never)  # the one that gave up holds no place
