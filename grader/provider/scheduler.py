"""Every request to a paid server: counted, rate-limited, retried with back-off, and given up with a reason.

It does not know what is sent. Judges and embeddings endpoints share one `RequestScheduler`, so that one budget and
one rate limit hold for the whole run.

Own code, not tenacity: that draws jitter from the global generator, sleeps per call and so cannot pause all requests
for a Retry-After; what it would replace is three lines (`backoff_seconds`).
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isinf
from typing import Any, NamedTuple, TypeVar

from grader.errors import SetupError
from grader.provider.budget import FREE, Budget, Price, TokenUsage
from grader.provider.circuit_breaker import CircuitBreaker
from grader.provider.clock import Clock, MonotonicClock
from grader.provider.errors import AttemptError, RequestError
from grader.provider.rate_limit import RateLimiter

Result = TypeVar("Result")
STOPPED = "the run was stopped"


class RequestPolicy(NamedTuple):
    """How to ask: none of it moves a score.

    Attributes:
        concurrency: requests on their way at once.
        attempts: tries of one request, the first included.
        longest_wait: seconds between two tries at most; a server that asks for more is given up.
        first_wait: seconds before the second try at most; doubles with each.
        requests_per_minute, tokens_per_minute: `None` for no limit.
        max_calls, max_cost: of the whole run, `None` for no limit.
        failure_threshold: failed tries in a row after which the server gets a rest.
        recovery_seconds: length of that rest.
        max_recoveries: so many rests in a row without a success, and the server is given up for this run.

    """

    concurrency: int = 8
    attempts: int = 5
    longest_wait: float = 60.0
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
    """What a run took: requests sent, those without a usable reply, tokens."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def add(self, *, calls: int = 0, failed: int = 0, spent: TokenUsage | None = None) -> None:
        """Count; safe for threads."""
        with self._lock:
            self.calls += calls
            self.failed += failed
            if spent is not None:
                self.input_tokens += spent.input_tokens
                self.output_tokens += spent.output_tokens


class RequestScheduler:
    """Sends requests under one policy.

    Args:
        policy: rates, tries, budget.
        clock: for waits; a virtual one in tests.
        seed: of the jitter of waits.

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
        self._random = random.Random(seed)  # noqa: S311  # spreads retries, guards nothing
        self._worked: set[str] = set()
        self._fatal: dict[str, str] = {}

    def run(
        self, send: Callable[[], Result], estimate: TokenUsage | None, price: Price = FREE, *, server_key: str = ""
    ) -> Result:
        """Send a request until it succeeds, or cannot.

        Args:
            send: one try; raises `AttemptError` when it has no result. A result may say `input_tokens` and
                `output_tokens`.
            estimate: the most tokens that it can take; `None` for a request that asks no model, such as an upload: it
                is in no budget.
            price: of a million tokens.
            server_key: names the server and the model. After a failure that no request can mend, nothing more is sent
                under the same key; whether one key works says nothing about another.

        Raises:
            RequestError: this request has no result.
            SetupError: no request can have one.

        """
        for attempt in range(self.policy.attempts):
            if server_key in self._fatal:
                raise SetupError(self._fatal[server_key])
            try:
                return self._try(send, estimate, price, server_key)
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
                    if ended.retry_after > self.policy.longest_wait:
                        last = AttemptError(f"{ended.reason} and asks to wait {ended.retry_after:.0f} s")
                        break
                    self._limiter.pause_for(ended.retry_after)  # for everybody: the server spoke to all of us
                    wait = min(
                        wait + max(0.0, ended.retry_after), self.policy.longest_wait
                    )  # not all the moment it opens
                if self.clock.wait(wait):
                    last = AttemptError(STOPPED, kind="skipped")
                    break
        self.totals.add(failed=1)
        raise RequestError(last.kind, last.reason) from None

    def stop(self) -> None:
        """End all waits, now and from now on; requests on their way are let finish, for they are paid for."""
        if isinstance(self.clock, MonotonicClock):
            self.clock.stop()

    def _try(self, send: Callable[[], Result], estimate: TokenUsage | None, price: Price, server_key: str) -> Result:
        while pause := self._breaker.seconds_until_allowed():
            if isinf(pause):
                raise AttemptError(
                    f"the server failed {self.policy.failure_threshold} times in a row, also after rests"
                )
            if self.clock.wait(pause):
                raise AttemptError(STOPPED, kind="skipped")
        reserved = 0.0 if estimate is None else price.cost(estimate)
        problem = None if estimate is None else self.budget.reserve(reserved)
        if problem is not None:
            raise AttemptError(problem, kind="skipped")
        ticket = self._limiter.acquire(0 if estimate is None else sum(estimate))
        if ticket is None:
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
            worked = spent is not None  # a reply came, if no usable one
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
    """Seconds to wait before the next try: anything up to `base * 2^attempt`, at most `longest` ("full jitter").

    Args:
        attempt: 0 after the first failure.
        draw: a random number in 0..1.

    Source: Brooker (2015), "Exponential Backoff And Jitter".

    """
    return draw() * min(longest, base * 2.0 ** min(attempt, 60))  # no power of two is a number for ever
