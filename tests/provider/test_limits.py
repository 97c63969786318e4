"""Rates, breaker, budget and back-off: in virtual time, and with threads where it is threads that could break them."""

import math
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.provider.limits import (
    WINDOW,
    Budget,
    CircuitBreaker,
    MonotonicClock,
    Price,
    RateLimiter,
    TokenUsage,
    backoff_seconds,
)
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


# --- rates


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


# --- breaker


def test_a_server_that_only_fails_gets_rests_and_is_given_up() -> None:
    clock = VirtualClock()
    breaker = CircuitBreaker(failure_threshold=5, recovery_seconds=30, max_recoveries=3, clock=clock)
    tries = 0
    while not math.isinf(pause := breaker.seconds_until_allowed()):
        if pause:
            clock.wait(pause)
            continue
        tries += 1
        breaker.record(succeeded=False)
    assert tries == 5 + 3  # one after each rest
    assert clock.now() == 3 * 30


def test_one_success_closes_the_breaker() -> None:
    clock = VirtualClock()
    breaker = CircuitBreaker(failure_threshold=3, recovery_seconds=30, max_recoveries=1, clock=clock)
    for _ in range(3):
        breaker.record(succeeded=False)
    clock.wait(breaker.seconds_until_allowed())
    assert breaker.seconds_until_allowed() == 0
    breaker.record(succeeded=True)
    for _ in range(2):
        breaker.record(succeeded=False)
        assert breaker.seconds_until_allowed() == 0


def test_after_a_rest_one_request_goes_and_the_others_wait_for_it() -> None:
    clock = VirtualClock()
    breaker = CircuitBreaker(failure_threshold=3, recovery_seconds=30, max_recoveries=5, clock=clock)
    for _ in range(3):
        breaker.record(succeeded=False)
    assert breaker.seconds_until_allowed() == 30
    clock.wait(30)
    assert [breaker.seconds_until_allowed() for _ in range(4)] == [0, 30, 30, 30]
    breaker.record(succeeded=True)
    assert [breaker.seconds_until_allowed() for _ in range(4)] == [0, 0, 0, 0]


@given(st.lists(st.booleans(), max_size=80), st.integers(1, 6))
@same_every_run
def test_the_breaker_opens_after_failures_in_a_row_alone(outcomes: list[bool], failures: int) -> None:
    breaker = CircuitBreaker(failures, 30, 3, VirtualClock())
    in_a_row = 0
    for worked in outcomes:
        breaker.record(succeeded=worked)
        in_a_row = 0 if worked else in_a_row + 1
        assert (breaker.seconds_until_allowed() > 0) == (in_a_row >= failures)


# --- budget


# What a request may cost, the share of it that it does cost, and how many others begin before it ends.
OUTLAY = st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 8))


@given(st.lists(OUTLAY, max_size=40), st.floats(0, 4), st.integers(0, 40))
@same_every_run
def test_a_budget_is_never_passed(wanted: list[tuple[float, float, int]], most: float, calls: int) -> None:
    budget = Budget(calls, most)
    on_their_way: list[tuple[int, float, float]] = []
    for number, (reserved, share, others) in enumerate(wanted):
        for ended in [some for some in on_their_way if some[0] < number]:
            on_their_way.remove(ended)
            budget.settle(*ended[1:])
        if budget.reserve(reserved) is None:
            on_their_way.append((number + others, reserved, reserved * share))
        assert budget.cost + sum(some[1] for some in on_their_way) <= most + 1e-9
        assert budget.calls <= calls


def test_threads_together_do_not_pass_a_budget() -> None:
    budget = Budget(max_calls=500, max_cost=70.0)
    begin = threading.Barrier(16)

    def spend(seed: int) -> int:
        draw = random.Random(seed)
        begin.wait()
        taken = 0
        for _ in range(100):
            reserved = draw.random()
            if budget.reserve(reserved) is None:
                taken += 1
                budget.settle(reserved, reserved * draw.random())
        return taken

    with ThreadPoolExecutor(16) as pool:
        taken = sum(pool.map(spend, range(16)))
    assert taken == budget.calls <= 500
    assert 60 < budget.cost <= 70


def test_a_budget_says_which_limit_is_reached() -> None:
    budget = Budget(max_calls=1)
    assert budget.reserve(1) is None
    assert budget.reserve(1) == "the limit of 1 calls is reached"
    spent = Budget(max_cost=0.5)
    assert spent.reserve(0.4) is None
    spent.settle(0.4, 0.3)
    assert spent.reserve(0.3) == "the limit of 0.5 is reached: 0.3 is spent"
    assert spent.reserve(0.2) is None
    assert spent.reserve(0.01) is not None  # what is on its way may cost all that is left


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(2.5, 10).cost(TokenUsage(400_000, 50_000)) == pytest.approx(1.5)


# --- back-off


@given(st.integers(0, 2000), st.floats(0, 1), st.floats(0.001, 10), st.floats(0.001, 600))
@same_every_run
def test_a_wait_doubles_up_to_the_longest(attempt: int, draw: float, base: float, longest: float) -> None:
    wait = backoff_seconds(attempt, base=base, longest=longest, draw=lambda: draw)
    assert 0 <= wait <= longest
    assert wait == pytest.approx(draw * min(longest, base * 2 ** min(attempt, 60)))


def test_waits_are_spread_over_the_whole_time() -> None:
    """Full jitter: of 1,000 clients that fail together no tenth of the time gets more than its share of returns."""
    draw = random.Random(5).random
    waits = sorted(backoff_seconds(3, base=1, longest=60, draw=draw) for _ in range(1000))
    tenths = [sum(0.8 * n <= wait < 0.8 * (n + 1) for wait in waits) for n in range(10)]
    assert sum(tenths) == 1000
    assert max(tenths) < 150
    assert max(after - before for before, after in pairwise(waits)) < 0.2
