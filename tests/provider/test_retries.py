"""Requests that are counted, limited, tried again and given up; the server is a function, the time is virtual."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import SetupError
from grader.judges.protocol import Completion
from grader.provider.budget import FREE, Price, TokenUsage
from grader.provider.clock import MonotonicClock
from grader.provider.errors import AttemptError, RequestError
from grader.provider.rate_limit import WINDOW
from grader.provider.retries import STOPPED, RequestPolicy, RequestScheduler, backoff_seconds
from tests.provider.test_rate_limit import busiest
from tests.support.clocks import VirtualClock

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)
ESTIMATE = TokenUsage(100, 50)
DONE = Completion("{}", 80, 20)
NOW = AttemptError("the server answered 500", retryable=True)
PATIENT = RequestPolicy(attempts=4, failure_threshold=10**6)


def server(*outcomes: AttemptError | Completion) -> Callable[[], Completion]:
    """A try that ends as told, in order; at the end it always works."""
    left: Iterator[AttemptError | Completion] = iter(outcomes)

    def send() -> Completion:
        outcome = next(left, DONE)
        if isinstance(outcome, AttemptError):
            raise outcome
        return outcome

    return send


def run(
    scheduler: RequestScheduler, *outcomes: AttemptError | Completion, price: Price = FREE, **which: Any
) -> Completion:
    return scheduler.run(server(*outcomes), ESTIMATE, price, **which)


def test_what_passes_is_tried_again_and_every_try_is_counted() -> None:
    clock = VirtualClock()
    scheduler = RequestScheduler(PATIENT, clock=clock)
    assert run(scheduler, NOW, NOW) == DONE
    assert (scheduler.totals.calls, scheduler.totals.failed) == (3, 0)
    assert (scheduler.totals.input_tokens, scheduler.totals.output_tokens) == (80, 20)
    first, second = clock.waits
    assert 0 <= first <= 0.5 and 0 <= second <= 1.0


def test_after_the_last_try_the_reason_is_that_of_the_last() -> None:
    scheduler = RequestScheduler(PATIENT, clock=VirtualClock())
    with pytest.raises(RequestError, match="the line was cut") as failed:
        run(scheduler, NOW, NOW, NOW, AttemptError("the line was cut", retryable=True))
    assert failed.value.kind == "failed"
    assert (scheduler.totals.calls, scheduler.totals.failed) == (4, 1)


@pytest.mark.parametrize("kind", ["refused", "malformed"])
def test_what_would_come_again_is_not_tried_again_but_paid_for(kind: Any) -> None:
    scheduler = RequestScheduler(PATIENT, clock=VirtualClock())
    with pytest.raises(RequestError) as failed:
        run(scheduler, AttemptError("no", kind=kind, usage=TokenUsage(10, 5)), price=Price(1e6, 1e6))
    assert failed.value.kind == kind
    assert (scheduler.totals.calls, scheduler.totals.output_tokens) == (1, 5)
    assert scheduler.budget.cost == pytest.approx(15)


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    clock = VirtualClock()
    run(RequestScheduler(PATIENT, clock=clock), AttemptError("the server answered 429", retryable=True, retry_after=17))
    assert clock.now() >= 17


def test_a_pause_holds_for_requests_that_were_told_nothing() -> None:
    clock = VirtualClock()
    scheduler = RequestScheduler(PATIENT, clock=clock)
    sent: list[float] = []

    def send() -> Completion:
        sent.append(clock.now())
        return DONE

    def other() -> None:
        scheduler.run(send, ESTIMATE, FREE)

    def told_to_wait() -> Completion:
        if not sent:
            clock.plan(clock.now() + 0.001, other)  # in the middle of the pause
            sent.append(0.0)
            raise AttemptError("the server answered 429", retryable=True, retry_after=30)
        return DONE

    scheduler.run(told_to_wait, ESTIMATE, FREE)
    assert sent[1] >= 30


def test_requests_that_were_told_to_pause_come_back_spread() -> None:
    """Not all in the moment in which the pause is over."""
    moments = []
    for seed in range(20):
        clock = VirtualClock()
        run(
            RequestScheduler(PATIENT, clock=clock, seed=seed),
            AttemptError("the server answered 429", retryable=True, retry_after=2),
        )
        moments.append(clock.now())
    assert min(moments) >= 2 and max(moments) <= 2.5
    assert len({round(moment, 3) for moment in moments}) > 15


def test_a_server_that_asks_for_too_long_a_pause_is_not_waited_for() -> None:
    clock = VirtualClock()
    scheduler = RequestScheduler(PATIENT._replace(longest_pause=60), clock=clock)
    with pytest.raises(RequestError, match="asks to wait 3600 s"):
        run(scheduler, AttemptError("the server answered 429", retryable=True, retry_after=3600))
    assert (clock.now(), scheduler.totals.calls) == (0, 1)


@pytest.mark.parametrize("after", [float("nan"), -5.0, 0.0])
def test_a_pause_that_is_none_stops_nothing(after: float) -> None:
    clock = VirtualClock()
    assert run(RequestScheduler(PATIENT, clock=clock), AttemptError("", retryable=True, retry_after=after)) == DONE
    assert clock.now() <= 0.5


def test_retries_of_many_requests_are_spread() -> None:
    """Of 500 requests that fail in the same moment, and fail again, no twentieth of the time has too many tries."""
    clock = VirtualClock()
    scheduler = RequestScheduler(PATIENT._replace(first_wait=2), clock=clock)
    for _ in range(500):
        run(scheduler, NOW, NOW)
    first, second = clock.waits[::2], clock.waits[1::2]
    for waits, longest in ((first, 2.0), (second, 4.0)):
        shares = [sum(longest * n / 20 <= wait < longest * (n + 1) / 20 for wait in waits) for n in range(20)]
        assert sum(shares) == 500
        assert max(shares) < 50


# --- what no request can mend


FATAL = AttemptError("host refuses the key (401)", remedy="check OPENAI_API_KEY")


def test_what_no_request_can_mend_ends_the_run_with_the_way_out() -> None:
    scheduler = RequestScheduler(PATIENT, clock=VirtualClock())
    with pytest.raises(SetupError, match=r"^host refuses the key \(401\); check OPENAI_API_KEY$"):
        run(scheduler, FATAL)
    assert scheduler.totals.calls == 1


def test_after_it_nobody_else_asks() -> None:
    scheduler = RequestScheduler(PATIENT, clock=VirtualClock())
    for _ in range(5):
        with pytest.raises(SetupError, match="refuses the key"):
            run(scheduler, FATAL)
    assert scheduler.totals.calls == 1


def test_once_a_request_has_worked_the_run_goes_on_without_those_that_do_not() -> None:
    scheduler = RequestScheduler(PATIENT, clock=VirtualClock())
    run(scheduler)
    with pytest.raises(RequestError, match="refuses the key"):
        run(scheduler, FATAL)
    assert run(scheduler) == DONE


def test_that_one_judge_works_says_nothing_of_another() -> None:
    scheduler = RequestScheduler(PATIENT, clock=VirtualClock())
    run(scheduler, server_key="the first")
    with pytest.raises(SetupError, match="no such model"):
        run(scheduler, AttemptError("no such model", remedy="choose another"), server_key="the second")
    assert run(scheduler, server_key="the first") == DONE


# --- limits


def test_the_number_of_calls_is_kept_and_the_rest_is_skipped() -> None:
    scheduler = RequestScheduler(PATIENT._replace(max_calls=3), clock=VirtualClock())
    run(scheduler, NOW)
    run(scheduler)
    with pytest.raises(RequestError, match="the limit of 3 calls is reached") as failed:
        run(scheduler)
    assert failed.value.kind == "skipped"
    assert scheduler.totals.calls == scheduler.budget.calls == 3


def test_money_is_reserved_before_a_request_and_what_is_left_given_back() -> None:
    """A request may cost 0.0004 and costs 0.00016: of 0.001 five are paid, for at the sixth 0.0002 are left."""
    scheduler = RequestScheduler(PATIENT._replace(max_cost=0.001), clock=VirtualClock())
    price = Price(1, 6)
    for _ in range(4):
        run(scheduler, Completion("{}", 100, 10), price=price)
    with pytest.raises(RequestError, match=r"the limit of 0.001 is reached: 0.00064 is spent"):
        run(scheduler, price=price)
    assert scheduler.budget.cost == pytest.approx(0.00064)


def test_failed_tries_cost_nothing_and_block_no_money() -> None:
    scheduler = RequestScheduler(PATIENT._replace(max_cost=0.0005), clock=VirtualClock())
    for _ in range(20):
        with pytest.raises(RequestError, match="answered 500"):
            run(scheduler, NOW, NOW, NOW, NOW, price=Price(1, 6))
    assert scheduler.budget.cost == 0
    assert run(scheduler, price=Price(1, 6)) == DONE


def test_threads_together_pass_no_limit() -> None:
    policy = PATIENT._replace(max_calls=300, max_cost=0.03, concurrency=16)
    scheduler = RequestScheduler(policy, clock=VirtualClock())
    price = Price(1, 2)

    def one(number: int) -> bool:
        draw = random.Random(number)
        tokens = TokenUsage(draw.randint(0, 100), draw.randint(0, 50))
        try:
            run(scheduler, *[NOW] * draw.randint(0, 2), Completion("{}", *tokens), price=price)
        except RequestError as error:
            assert error.kind == "skipped"
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        worked = list(pool.map(one, range(600)))
    assert scheduler.totals.calls <= 300
    assert scheduler.budget.cost <= 0.03
    assert scheduler.totals.failed == worked.count(False) > 0
    spent = TokenUsage(scheduler.totals.input_tokens, scheduler.totals.output_tokens)
    assert scheduler.budget.cost == pytest.approx(price.cost(spent))


def test_a_server_that_only_fails_is_left_in_peace() -> None:
    """100 requests of 4 tries each would be 400; after 20 failures there is one try after each of three rests."""
    clock = VirtualClock()
    scheduler = RequestScheduler(RequestPolicy(attempts=4), clock=clock)
    reasons = []
    for _ in range(100):
        with pytest.raises(RequestError) as failed:
            run(scheduler, NOW, NOW, NOW, NOW)
        reasons.append(failed.value.reason)
    assert scheduler.totals.calls == 20 + 3
    assert reasons[-1] == "the server failed 20 times in a row, also after rests"
    assert scheduler.totals.failed == 100
    assert clock.now() >= 3 * 30


def test_a_refusal_is_no_failure_of_the_server() -> None:
    scheduler = RequestScheduler(RequestPolicy(failure_threshold=3), clock=VirtualClock())
    for _ in range(50):
        with pytest.raises(RequestError):
            run(scheduler, AttemptError("no", kind="refused", usage=TokenUsage(1, 1)))
    assert scheduler.totals.calls == 50


def test_stopping_ends_retries_at_once() -> None:
    clock = MonotonicClock()
    scheduler = RequestScheduler(RequestPolicy(first_wait=3600, longest_wait=3600, requests_per_minute=1), clock=clock)
    clock.stop()
    with pytest.raises(RequestError, match=STOPPED) as failed:
        run(scheduler, NOW)
    assert failed.value.kind == "skipped"
    with pytest.raises(RequestError, match=STOPPED):  # the limiter would let nobody in for a minute
        run(scheduler)
    assert scheduler.totals.calls == 1


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(160, 2000))
@same_every_run
def test_with_any_faults_no_minute_has_more_than_allowed(seed: int, requests: int, tokens: int) -> None:
    """One request after the other, with slow replies, 429s, failures and refusals, as the server sees them."""
    draw = random.Random(seed)
    clock = VirtualClock()
    policy = PATIENT._replace(requests_per_minute=requests, tokens_per_minute=tokens)
    scheduler = RequestScheduler(policy, clock=clock, seed=seed)
    seen: list[tuple[float, int]] = []

    def send() -> Completion:
        clock.wait(draw.random())  # on the line
        spent = TokenUsage(draw.randint(1, 100), draw.randint(1, 50))
        seen.append((clock.now(), sum(spent)))
        clock.wait(draw.choice([0, 0.1, 3, 100]))
        fate = draw.random()
        if fate < 0.2:
            raise AttemptError("429", retryable=True, retry_after=draw.choice([0, 1, 30, None]))
        if fate < 0.4:
            raise AttemptError("500", retryable=True)
        if fate < 0.5:
            raise AttemptError("no", kind="refused", usage=spent)
        return Completion("{}", *spent)

    for _ in range(40):
        try:
            scheduler.run(send, ESTIMATE, FREE)
        except RequestError as error:
            assert error.reason
    assert scheduler.totals.calls == len(seen)
    most_requests, most_tokens = busiest(seen, WINDOW - 1e-6)
    assert most_requests <= requests
    assert most_tokens <= tokens


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
