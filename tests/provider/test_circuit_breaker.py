"""A server that only fails gets rests and is given up; in virtual time."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.provider.circuit_breaker import CircuitBreaker
from tests.support.clocks import VirtualClock

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)


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
