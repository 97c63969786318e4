"""Rates in virtual time, and with threads where it is threads that could break them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.provider.clock import MonotonicClock
from grader.provider.rate_limit import WINDOW, RateLimiter
from tests.support.clocks import VirtualClock

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)
# Moments and lengths in sixteenths of a second are exact as floats, so that "within 60 s" needs no tolerance.
TICK = 1 / 16


class Sent(NamedTuple):
    """A request of a simulated client; all times in ticks."""

    gap: int  # since the one before
    line: int  # until it is at the server
    server: int  # from there until the reply is back
    estimate: int
    tokens: int  # that it really takes


def requests() -> st.SearchStrategy[list[Sent]]:
    """Up to 60 requests, often in bursts, of which each is at the server within a second, if with a late reply."""
    gap = st.one_of(st.just(0), st.integers(0, 20 * 16))
    one = st.builds(
        lambda gap, line, server, estimate, share: Sent(gap, line, server, estimate, int(estimate * share)),
        gap,
        st.integers(0, 16),
        st.one_of(st.integers(0, 16), st.integers(0, 90 * 16)),
        st.integers(1, 400),
        st.floats(0, 1),
    )
    return st.lists(one, min_size=1, max_size=60)


def arrivals(sent: list[Sent], limiter: RateLimiter, clock: VirtualClock) -> list[tuple[float, int]]:
    """When the server gets the requests of a client with many connections, and the tokens of each."""
    seen = []
    for request in sent:
        clock.wait(request.gap * TICK)
        ticket = limiter.acquire(request.estimate)
        assert ticket is not None
        arrival = clock.now() + request.line * TICK
        seen.append((arrival, request.tokens))
        answered = arrival + request.server * TICK
        clock.plan(answered, leaving(limiter, ticket, request.tokens))
    return sorted(seen)


def leaving(limiter: RateLimiter, ticket: object, tokens: int) -> Callable[[], None]:
    return lambda: limiter.release(ticket, tokens)  # type: ignore[arg-type]


def busiest(seen: list[tuple[float, int]], seconds: float = WINDOW) -> tuple[int, int]:
    """The most requests and the most tokens within any window; it is enough to look at those that begin with one."""
    windows = [[tokens for at, tokens in seen if begin <= at < begin + seconds] for begin, _ in seen]
    return max(map(len, windows)), max(map(sum, windows))


@given(requests(), st.integers(1, 12))
@same_every_run
def test_no_minute_of_the_server_has_more_requests_than_allowed(sent: list[Sent], limit: int) -> None:
    clock = VirtualClock()
    assert busiest(arrivals(sent, RateLimiter(limit, None, clock), clock))[0] <= limit


@given(requests(), st.integers(400, 1500), st.integers(1, 12))
@same_every_run
def test_no_minute_of_the_server_has_more_tokens_than_allowed(sent: list[Sent], limit: int, n: int) -> None:
    clock = VirtualClock()
    most_requests, most_tokens = busiest(arrivals(sent, RateLimiter(n, limit, clock), clock))
    assert most_requests <= n
    assert most_tokens <= limit


@given(st.integers(1, 30), st.integers(1, 80))
@same_every_run
def test_no_request_waits_longer_than_the_limit_asks(limit: int, n: int) -> None:
    """Answered at once, all of a burst are through after as many minutes as the limit needs."""
    clock = VirtualClock()
    limiter = RateLimiter(limit, None, clock)
    for _ in range(n):
        limiter.release(limiter.acquire(1))  # type: ignore[arg-type]
    assert clock.now() == WINDOW * ((n - 1) // limit)


def test_a_request_larger_than_the_limit_goes_alone_and_does_not_wait_for_ever() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(None, 100, clock)
    moments = []
    for tokens in (60, 500, 10):
        limiter.release(limiter.acquire(tokens))  # type: ignore[arg-type]
        moments.append(clock.now())
    assert moments == [0, WINDOW, 2 * WINDOW]


def test_tokens_that_were_not_taken_are_free_for_others() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(None, 100, clock)
    for _ in range(9):
        ticket = limiter.acquire(90)
        assert ticket is not None
        limiter.release(ticket, 1)
    assert clock.now() == 0


def test_without_a_limit_nobody_waits() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(None, None, clock)
    for _ in range(1000):
        limiter.acquire(10**9)
    assert clock.now() == 0


def test_a_server_that_asks_for_a_pause_gets_it_from_all_threads() -> None:
    clock = VirtualClock()
    limiter = RateLimiter(None, None, clock)
    limiter.pause_for(12)
    limiter.pause_for(5)  # a shorter one does not open it earlier
    with ThreadPoolExecutor(8) as pool:
        moments = list(pool.map(lambda _: (limiter.acquire(1), clock.now())[1], range(8)))
    assert min(moments) >= 12


def test_threads_together_keep_the_limit() -> None:
    """Real threads and replies that are there at once; the time is virtual, so only the limiter can slow them down."""
    clock = VirtualClock()
    limiter = RateLimiter(7, None, clock)

    def send(_: int) -> float:
        ticket = limiter.acquire(1)
        assert ticket is not None
        return ticket.sent

    with ThreadPoolExecutor(16) as pool:
        sent = sorted(pool.map(send, range(200)))
    # Without replies each counts from a second after it was sent.
    assert busiest([(at, 1) for at in sent], WINDOW + 1)[0] <= 7


def test_stopping_ends_all_waits_at_once() -> None:
    clock = MonotonicClock()
    limiter = RateLimiter(1, None, clock)
    limiter.acquire(1)
    threading.Timer(0.05, clock.stop).start()
    assert limiter.acquire(1) is None  # or it would take a minute
    assert clock.wait(3600)
