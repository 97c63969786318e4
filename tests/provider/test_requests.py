"""Requests that are counted, limited, tried again and given up; the server is a function, the time is virtual."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import SetupError
from grader.judges.protocol import Completion
from grader.provider.faults import JudgeError
from grader.provider.limits import FREE, WINDOW, MonotonicClock, Price, Spent
from grader.provider.requests import STOPPED, Calls, Manners, TryError
from tests.provider.test_limits import busiest
from tests.support.clocks import VirtualClock

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)
ESTIMATE = Spent(100, 50)
DONE = Completion("{}", 80, 20)
NOW = TryError("the server answered 500", again=True)
PATIENT = Manners(attempts=4, failures=10**6)


def server(*outcomes: TryError | Completion) -> Callable[[], Completion]:
    """A try that ends as told, in order; at the end it always works."""
    left: Iterator[TryError | Completion] = iter(outcomes)

    def send() -> Completion:
        outcome = next(left, DONE)
        if isinstance(outcome, TryError):
            raise outcome
        return outcome

    return send


def run(calls: Calls, *outcomes: TryError | Completion, price: Price = FREE, **which: Any) -> Completion:
    return calls.run(server(*outcomes), ESTIMATE, price, **which)


def test_what_passes_is_tried_again_and_every_try_is_counted() -> None:
    clock = VirtualClock()
    calls = Calls(PATIENT, clock=clock)
    assert run(calls, NOW, NOW) == DONE
    assert (calls.totals.calls, calls.totals.failed) == (3, 0)
    assert (calls.totals.input_tokens, calls.totals.output_tokens) == (80, 20)
    first, second = clock.waits
    assert 0 <= first <= 0.5 and 0 <= second <= 1.0


def test_after_the_last_try_the_reason_is_that_of_the_last() -> None:
    calls = Calls(PATIENT, clock=VirtualClock())
    with pytest.raises(JudgeError, match="the line was cut") as failed:
        run(calls, NOW, NOW, NOW, TryError("the line was cut", again=True))
    assert failed.value.kind == "failed"
    assert (calls.totals.calls, calls.totals.failed) == (4, 1)


@pytest.mark.parametrize("kind", ["refused", "malformed"])
def test_what_would_come_again_is_not_tried_again_but_paid_for(kind: Any) -> None:
    calls = Calls(PATIENT, clock=VirtualClock())
    with pytest.raises(JudgeError) as failed:
        run(calls, TryError("no", kind=kind, spent=Spent(10, 5)), price=Price(1e6, 1e6))
    assert failed.value.kind == kind
    assert (calls.totals.calls, calls.totals.output_tokens) == (1, 5)
    assert calls.budget.cost == pytest.approx(15)


def test_a_pause_that_the_server_asks_for_is_kept() -> None:
    clock = VirtualClock()
    run(Calls(PATIENT, clock=clock), TryError("the server answered 429", again=True, after=17))
    assert clock.now() >= 17


def test_a_pause_holds_for_requests_that_were_told_nothing() -> None:
    clock = VirtualClock()
    calls = Calls(PATIENT, clock=clock)
    sent: list[float] = []

    def other() -> None:
        calls.run(lambda: (sent.append(clock.now()), DONE)[1], ESTIMATE, FREE)

    def told_to_wait() -> Completion:
        if not sent:
            clock.plan(clock.now() + 0.001, other)  # in the middle of the pause
            sent.append(0.0)
            raise TryError("the server answered 429", again=True, after=30)
        return DONE

    calls.run(told_to_wait, ESTIMATE, FREE)
    assert sent[1] >= 30


def test_requests_that_were_told_to_pause_come_back_spread() -> None:
    """Not all in the moment in which the pause is over."""
    moments = []
    for seed in range(20):
        clock = VirtualClock()
        run(Calls(PATIENT, clock=clock, seed=seed), TryError("the server answered 429", again=True, after=2))
        moments.append(clock.now())
    assert min(moments) >= 2 and max(moments) <= 2.5
    assert len({round(moment, 3) for moment in moments}) > 15


def test_a_server_that_asks_for_too_long_a_pause_is_not_waited_for() -> None:
    clock = VirtualClock()
    calls = Calls(PATIENT._replace(longest_wait=60), clock=clock)
    with pytest.raises(JudgeError, match="asks to wait 3600 s"):
        run(calls, TryError("the server answered 429", again=True, after=3600))
    assert (clock.now(), calls.totals.calls) == (0, 1)


@pytest.mark.parametrize("after", [float("nan"), -5.0, 0.0])
def test_a_pause_that_is_none_stops_nothing(after: float) -> None:
    clock = VirtualClock()
    assert run(Calls(PATIENT, clock=clock), TryError("", again=True, after=after)) == DONE
    assert clock.now() <= 0.5


def test_retries_of_many_requests_are_spread() -> None:
    """Of 500 requests that fail in the same moment, and fail again, no twentieth of the time has too many tries."""
    clock = VirtualClock()
    calls = Calls(PATIENT._replace(first_wait=2), clock=clock)
    for _ in range(500):
        run(calls, NOW, NOW)
    first, second = clock.waits[::2], clock.waits[1::2]
    for waits, longest in ((first, 2.0), (second, 4.0)):
        shares = [sum(longest * n / 20 <= wait < longest * (n + 1) / 20 for wait in waits) for n in range(20)]
        assert sum(shares) == 500
        assert max(shares) < 50


# --- what no request can mend


FATAL = TryError("host refuses the key (401)", fatal="check OPENAI_API_KEY")


def test_what_no_request_can_mend_ends_the_run_with_the_way_out() -> None:
    calls = Calls(PATIENT, clock=VirtualClock())
    with pytest.raises(SetupError, match=r"^host refuses the key \(401\); check OPENAI_API_KEY$"):
        run(calls, FATAL)
    assert calls.totals.calls == 1


def test_after_it_nobody_else_asks() -> None:
    calls = Calls(PATIENT, clock=VirtualClock())
    for _ in range(5):
        with pytest.raises(SetupError, match="refuses the key"):
            run(calls, FATAL)
    assert calls.totals.calls == 1


def test_once_a_request_has_worked_the_run_goes_on_without_those_that_do_not() -> None:
    calls = Calls(PATIENT, clock=VirtualClock())
    run(calls)
    with pytest.raises(JudgeError, match="refuses the key"):
        run(calls, FATAL)
    assert run(calls) == DONE


def test_that_one_judge_works_says_nothing_of_another() -> None:
    calls = Calls(PATIENT, clock=VirtualClock())
    run(calls, whose="the first")
    with pytest.raises(SetupError, match="no such model"):
        run(calls, TryError("no such model", fatal="choose another"), whose="the second")
    assert run(calls, whose="the first") == DONE


# --- limits


def test_the_number_of_calls_is_kept_and_the_rest_is_skipped() -> None:
    calls = Calls(PATIENT._replace(max_calls=3), clock=VirtualClock())
    run(calls, NOW)
    run(calls)
    with pytest.raises(JudgeError, match="the limit of 3 calls is reached") as failed:
        run(calls)
    assert failed.value.kind == "skipped"
    assert calls.totals.calls == calls.budget.calls == 3


def test_money_is_reserved_before_a_request_and_what_is_left_given_back() -> None:
    """A request may cost 0.0004 and costs 0.00016: of 0.001 five are paid, for at the sixth 0.0002 are left."""
    calls = Calls(PATIENT._replace(max_cost=0.001), clock=VirtualClock())
    price = Price(1, 6)
    for _ in range(4):
        run(calls, Completion("{}", 100, 10), price=price)
    with pytest.raises(JudgeError, match=r"the limit of 0.001 is reached: 0.00064 is spent"):
        run(calls, price=price)
    assert calls.budget.cost == pytest.approx(0.00064)


def test_failed_tries_cost_nothing_and_block_no_money() -> None:
    calls = Calls(PATIENT._replace(max_cost=0.0005), clock=VirtualClock())
    for _ in range(20):
        with pytest.raises(JudgeError, match="answered 500"):
            run(calls, NOW, NOW, NOW, NOW, price=Price(1, 6))
    assert calls.budget.cost == 0
    assert run(calls, price=Price(1, 6)) == DONE


def test_threads_together_pass_no_limit() -> None:
    manners = PATIENT._replace(max_calls=300, max_cost=0.03, concurrency=16)
    calls = Calls(manners, clock=VirtualClock())
    price = Price(1, 2)

    def one(number: int) -> bool:
        draw = random.Random(number)
        tokens = Spent(draw.randint(0, 100), draw.randint(0, 50))
        try:
            run(calls, *[NOW] * draw.randint(0, 2), Completion("{}", *tokens), price=price)
        except JudgeError as error:
            assert error.kind == "skipped"
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        worked = list(pool.map(one, range(600)))
    assert calls.totals.calls <= 300
    assert calls.budget.cost <= 0.03
    assert calls.totals.failed == worked.count(False) > 0
    spent = Spent(calls.totals.input_tokens, calls.totals.output_tokens)
    assert calls.budget.cost == pytest.approx(price.of(spent))


def test_a_server_that_only_fails_is_left_in_peace() -> None:
    """100 requests of 4 tries each would be 400; after 20 failures there is one try after each of three rests."""
    clock = VirtualClock()
    calls = Calls(Manners(attempts=4), clock=clock)
    reasons = []
    for _ in range(100):
        with pytest.raises(JudgeError) as failed:
            run(calls, NOW, NOW, NOW, NOW)
        reasons.append(failed.value.reason)
    assert calls.totals.calls == 20 + 3
    assert reasons[-1] == "the server failed 20 times in a row, also after rests"
    assert calls.totals.failed == 100
    assert clock.now() >= 3 * 30


def test_a_refusal_is_no_failure_of_the_server() -> None:
    calls = Calls(Manners(failures=3), clock=VirtualClock())
    for _ in range(50):
        with pytest.raises(JudgeError):
            run(calls, TryError("no", kind="refused", spent=Spent(1, 1)))
    assert calls.totals.calls == 50


def test_stopping_ends_retries_at_once() -> None:
    clock = MonotonicClock()
    calls = Calls(Manners(first_wait=3600, longest_wait=3600, requests_per_minute=1), clock=clock)
    clock.stop()
    with pytest.raises(JudgeError, match=STOPPED) as failed:
        run(calls, NOW)
    assert failed.value.kind == "skipped"
    with pytest.raises(JudgeError, match=STOPPED):  # the limiter would let nobody in for a minute
        run(calls)
    assert calls.totals.calls == 1


@given(st.integers(0, 2**32), st.integers(1, 20), st.integers(160, 2000))
@same_every_run
def test_with_any_faults_no_minute_has_more_than_allowed(seed: int, requests: int, tokens: int) -> None:
    """One request after the other, with slow replies, 429s, failures and refusals, as the server sees them."""
    draw = random.Random(seed)
    clock = VirtualClock()
    manners = PATIENT._replace(requests_per_minute=requests, tokens_per_minute=tokens)
    calls = Calls(manners, clock=clock, seed=seed)
    seen: list[tuple[float, int]] = []

    def send() -> Completion:
        clock.wait(draw.random())  # on the line
        spent = Spent(draw.randint(1, 100), draw.randint(1, 50))
        seen.append((clock.now(), sum(spent)))
        clock.wait(draw.choice([0, 0.1, 3, 100]))
        fate = draw.random()
        if fate < 0.2:
            raise TryError("429", again=True, after=draw.choice([0, 1, 30, None]))
        if fate < 0.4:
            raise TryError("500", again=True)
        if fate < 0.5:
            raise TryError("no", kind="refused", spent=spent)
        return Completion("{}", *spent)

    for _ in range(40):
        try:
            calls.run(send, ESTIMATE, FREE)
        except JudgeError as error:
            assert error.reason
    assert calls.totals.calls == len(seen)
    most_requests, most_tokens = busiest(seen, WINDOW - 1e-6)
    assert most_requests <= requests
    assert most_tokens <= tokens
