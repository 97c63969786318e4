"""Send requests: count them, limit their rate, retry them with back-off, and give up with a reason.

It does not depend on the content of requests. Judges and remote encoders share one `RequestScheduler`, so that one
budget and one rate limit apply to the whole run.

Own code, not tenacity: it draws jitter from the global generator and sleeps per call, so it cannot pause all requests
for a Retry-After; it would replace three lines (`backoff_seconds`).
"""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isinf
from typing import Any, NamedTuple, TypeVar

from grader.errors import SetupError
from grader.provider.budget import FREE, Budget, Price, TokenUsage
from grader.provider.circuit_breaker import CircuitBreaker
from grader.provider.clock import Clock, MonotonicClock
from grader.provider.concurrency import AdaptiveConcurrency
from grader.provider.errors import AttemptError, RequestError
from grader.provider.rate_limit import RateLimiter
from grader.provider.transport import StopSignal

Result = TypeVar("Result")
STOPPED = "the run was stopped"


class RequestPolicy(NamedTuple):
    """How requests are sent. No field affects a score.

    Attributes:
        concurrency: requests in flight at a time.
        attempts: attempts at one request, including the first.
        longest_wait: longest wait between two attempts, in seconds, unless the server asks for more.
        longest_pause: longest pause that the server may ask for, in seconds; the request fails if it asks for more.
        first_wait: longest wait before the second attempt, in seconds; doubles with each further attempt.
        requests_per_minute, tokens_per_minute: rate limits, `None` for no limit.
        max_calls, max_cost: limits of the whole run, `None` for no limit.
        failure_threshold: consecutive failed attempts that start a pause (`CircuitBreaker`).
        recovery_seconds: length of a pause.
        max_recoveries: consecutive pauses without a success before the server is given up for this run.

    """

    concurrency: int = 8
    attempts: int = 5
    longest_wait: float = 60.0
    longest_pause: float = 3600.0
    first_wait: float = 0.5
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_calls: int | None = None
    max_cost: float | None = None
    failure_threshold: int = 20
    recovery_seconds: float = 30.0
    max_recoveries: int = 3


@dataclass
class RequestTotals:
    """Totals of a run: requests sent, requests without a usable reply, tokens."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def add(self, *, calls: int = 0, failed: int = 0, spent: TokenUsage | None = None) -> None:
        """Add to the totals; thread-safe."""
        with self._lock:
            self.calls += calls
            self.failed += failed
            if spent is not None:
                self.input_tokens += spent.input_tokens
                self.output_tokens += spent.output_tokens


class RequestScheduler:
    """Sends requests under one policy.

    Args:
        policy: rate limits, attempts and budget.
        clock: clock for waits; a virtual one in tests.
        seed: seed of the jitter of waits.

    """

    def __init__(self, policy: RequestPolicy | None = None, *, clock: Clock | None = None, seed: int = 0) -> None:
        self.policy = policy or RequestPolicy()
        self.clock: Clock = clock or MonotonicClock()
        self.totals = RequestTotals()
        self.budget = Budget(self.policy.max_calls, self.policy.max_cost)
        self._limiter = RateLimiter(self.policy.requests_per_minute, self.policy.tokens_per_minute, self.clock)
        self._breaker = CircuitBreaker(
            self.policy.failure_threshold, self.policy.recovery_seconds, self.policy.max_recoveries, self.clock
        )
        self._random = random.Random(seed)  # noqa: S311  # spreads retries, needs no secrecy
        self.stop_signal = StopSignal()
        self._places: dict[str, AdaptiveConcurrency] = {}
        self._places_lock = threading.Lock()
        self._worked: set[str] = set()
        self._fatal: dict[str, str] = {}

    def run(
        self,
        send: Callable[[], Result],
        estimate: TokenUsage | None,
        price: Price = FREE,
        *,
        server_key: str = "",
        timeout: float | None = None,
        concurrency: int | None = None,
    ) -> Result:
        """Send a request, with retries, until it succeeds or fails for good.

        Args:
            send: one attempt; raises `AttemptError` if it fails. A result may have `input_tokens` and
                `output_tokens`.
            estimate: upper limit of its tokens; `None` for a request without a model, such as an upload, which does not
                count towards the budget.
            price: price per million tokens.
            server_key: identifies server and model. After an error that affects all requests, nothing more is sent with
                the same key; other keys are independent.
            timeout: limit on one attempt, in seconds; with it the number of requests in flight follows the server.
            concurrency: most requests in flight to this server; that of the policy if left out.

        Raises:
            RequestError: this request failed.
            SetupError: no request can succeed.

        """
        for attempt in range(self.policy.attempts):
            if server_key in self._fatal:
                raise SetupError(self._fatal[server_key])
            try:
                return self._in_place(send, estimate, price, server_key, timeout, concurrency)
            except AttemptError as ended:
                last = ended
                if ended.remedy and server_key not in self._worked:
                    self._fatal[server_key] = f"{ended.reason}; {ended.remedy}"
                    raise SetupError(self._fatal[server_key]) from None
                if not ended.retryable or attempt + 1 == self.policy.attempts:
                    break
                wait = backoff_seconds(
                    attempt,
                    base=self.policy.first_wait,
                    longest=self.policy.longest_wait,
                    draw=self._random.random,
                )
                if ended.retry_after is not None:
                    if ended.retry_after > self.policy.longest_pause:
                        last = AttemptError(f"{ended.reason} and asks to wait {ended.retry_after:.0f} s")
                        break
                    self._limiter.pause_for(ended.retry_after)  # pauses all requests
                    # The jitter spreads the requests after the pause.
                    wait += max(0.0, ended.retry_after)
                if self.clock.wait(wait):
                    last = AttemptError(STOPPED, kind="skipped")
                    break
        self.totals.add(failed=1)
        raise RequestError(last.kind, last.reason) from None

    def stop(self) -> None:
        """Interrupt all current and later waits and send nothing more; requests in flight end within a second."""
        self.stop_signal.set()
        self.interrupt_waits()

    def interrupt_waits(self) -> None:
        """Interrupt all current and later waits; requests in flight may finish, because they are paid for."""
        if isinstance(self.clock, MonotonicClock):
            self.clock.stop()

    def _in_place(
        self,
        send: Callable[[], Result],
        estimate: TokenUsage | None,
        price: Price,
        server_key: str,
        timeout: float | None,
        concurrency: int | None,
    ) -> Result:
        """One attempt in one of the server's places."""
        if timeout is None:
            return self._try(send, estimate, price, server_key)
        with self._places_lock:
            most = min(concurrency or self.policy.concurrency, self.policy.concurrency)
            places = self._places.setdefault(server_key, AdaptiveConcurrency(most))
        if not places.acquire(self.stop_signal.is_set):
            raise AttemptError(STOPPED, kind="skipped")
        share: float | None = None
        sent = 0.0

        def timed() -> Result:
            nonlocal sent
            sent = time.monotonic()
            return send()

        try:
            result = self._try(timed, estimate, price, server_key)
            share = (time.monotonic() - sent) / timeout
            return result
        except AttemptError as ended:
            share = 1.0 if ended.timed_out else None
            raise
        finally:
            places.release(share)

    def _try(self, send: Callable[[], Result], estimate: TokenUsage | None, price: Price, server_key: str) -> Result:
        while pause := self._breaker.seconds_until_allowed():
            if isinf(pause):
                raise AttemptError(
                    f"the server failed {self.policy.failure_threshold} times in a row, also after rests"
                )
            if self.clock.wait(pause) or self.stop_signal.is_set():
                raise AttemptError(STOPPED, kind="skipped")
        reserved = 0.0 if estimate is None else price.cost(estimate)
        problem = None if estimate is None else self.budget.reserve(reserved, self.stop_signal.is_set)
        if problem is not None:
            raise AttemptError(problem, kind="skipped")
        ticket = self._limiter.acquire(0 if estimate is None else sum(estimate))
        if ticket is None or self.stop_signal.is_set():
            self.budget.settle(reserved, 0.0)
            raise AttemptError(STOPPED, kind="skipped")
        spent: TokenUsage | None = None
        worked = False
        try:
            self.totals.add(calls=1)
            result = send()
            worked, spent = True, _spent(result)
        except AttemptError as ended:
            spent = ended.usage
            worked = spent is not None  # there was a reply, though not a usable one
            raise
        finally:
            if worked:
                self._worked.add(server_key)
            self._breaker.record(succeeded=worked)
            self._limiter.release(ticket, None if spent is None else sum(spent))
            self.totals.add(spent=spent)
            self.budget.settle(reserved, 0.0 if spent is None else price.cost(spent))
        return result


def _spent(result: object) -> TokenUsage | None:
    read, written = getattr(result, "input_tokens", None), getattr(result, "output_tokens", None)
    return TokenUsage(read, written) if isinstance(read, int) and isinstance(written, int) else None


def backoff_seconds(attempt: int, *, base: float, longest: float, draw: Callable[[], float]) -> float:
    """Seconds to wait before the next attempt: random, up to `base * 2^attempt` and `longest` ("full jitter").

    Args:
        attempt: 0 after the first failure.
        base, longest: in seconds.
        draw: gives a random number in 0..1.

    Source: Brooker (2015), "Exponential Backoff And Jitter".

    """
    return draw() * min(longest, base * 2.0 ** min(attempt, 60))  # a larger power may overflow
