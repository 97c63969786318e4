"""Every request to a paid server: counted, limited, tried again with care, and given up with a reason.

It does not know what is sent. Judges and endpoints of embeddings share one `Calls`, so that one budget and one rate
hold for a run.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isinf
from typing import Any, NamedTuple, TypeVar

from grader.errors import SetupError
from grader.provider.faults import FaultKind, JudgeError
from grader.provider.limits import FREE, Breaker, Budget, Clock, MonotonicClock, Price, RateLimiter, Spent, back_off

Result = TypeVar("Result")

STOPPED = "the run was stopped"


class TryError(Exception):
    """How one try ended without a result.

    Attributes:
        reason: one line for people, without anything that the server said.
        again: whether the same request may succeed later.
        after: seconds that the server asks to wait.
        fatal: the way out, where no request can succeed before it is taken.
        kind: of the fault when it is not tried again.
        spent: tokens that were paid for all the same.

    """

    def __init__(
        self,
        reason: str,
        *,
        again: bool = False,
        after: float | None = None,
        fatal: str = "",
        kind: FaultKind = "failed",
        spent: Spent | None = None,
    ) -> None:
        self.reason = reason
        self.again = again
        self.after = after
        self.fatal = fatal
        self.kind = kind
        self.spent = spent
        super().__init__(reason)


class Manners(NamedTuple):
    """How to ask: none of it moves a score.

    Attributes:
        concurrency: requests on their way at once.
        attempts: tries of one request, the first included.
        longest_wait: seconds between two tries at most; a server that asks for more is given up.
        first_wait: seconds before the second try at most; doubles with each.
        requests_per_minute, tokens_per_minute: `None` for no limit.
        max_calls, max_cost: of the whole run, `None` for no limit.
        failures: failed tries in a row after which the server gets a rest.
        rest: seconds of one.
        rests: so many rests in a row without a success, and the server is given up for this run.

    """

    concurrency: int = 8
    attempts: int = 5
    longest_wait: float = 60.0
    first_wait: float = 0.5
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_calls: int | None = None
    max_cost: float | None = None
    failures: int = 20
    rest: float = 30.0
    rests: int = 3


@dataclass
class Totals:
    """What a run took: requests sent, those without a usable reply, tokens."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def add(self, *, calls: int = 0, failed: int = 0, spent: Spent | None = None) -> None:
        """Count; safe for threads."""
        with self._lock:
            self.calls += calls
            self.failed += failed
            if spent is not None:
                self.input_tokens += spent.input_tokens
                self.output_tokens += spent.output_tokens


class Calls:
    """Sends requests under one set of manners.

    Args:
        manners: rates, tries, budget.
        clock: for waits; a virtual one in tests.
        seed: of the jitter of waits.

    """

    def __init__(self, manners: Manners | None = None, *, clock: Clock | None = None, seed: int = 0) -> None:
        self.manners = manners or Manners()
        self.clock: Clock = clock or MonotonicClock()
        self.totals = Totals()
        self.budget = Budget(self.manners.max_calls, self.manners.max_cost)
        self._limiter = RateLimiter(self.manners.requests_per_minute, self.manners.tokens_per_minute, self.clock)
        self._breaker = Breaker(self.manners.failures, self.manners.rest, self.manners.rests, self.clock)
        self._random = random.Random(seed)  # noqa: S311  # spreads retries, guards nothing
        self._worked: set[str] = set()
        self._hopeless: dict[str, str] = {}

    def run(
        self, send: Callable[[], Result], estimate: Spent | None, price: Price = FREE, *, whose: str = ""
    ) -> Result:
        """Send a request until it succeeds, or cannot.

        Args:
            send: one try; raises `TryError` when it has no result. A result may say `input_tokens` and
                `output_tokens`.
            estimate: the most tokens that it can take; `None` for a request that asks no model, such as an upload: it
                is in no budget.
            price: of a million tokens.
            whose: the server and the model: that one works says nothing of another, and after a fault that no request
                can mend the same one is not asked again.

        Raises:
            JudgeError: this request has no result.
            SetupError: no request can have one.

        """
        for attempt in range(self.manners.attempts):
            if whose in self._hopeless:
                raise SetupError(self._hopeless[whose])
            try:
                return self._try(send, estimate, price, whose)
            except TryError as ended:
                last = ended
                if ended.fatal and whose not in self._worked:
                    self._hopeless[whose] = f"{ended.reason}; {ended.fatal}"
                    raise SetupError(self._hopeless[whose]) from None
                if not ended.again or attempt + 1 == self.manners.attempts:
                    break
                wait = back_off(
                    attempt,
                    base=self.manners.first_wait,
                    longest=self.manners.longest_wait,
                    draw=self._random.random,
                )
                if ended.after is not None:
                    if ended.after > self.manners.longest_wait:
                        last = TryError(f"{ended.reason} and asks to wait {ended.after:.0f} s")
                        break
                    self._limiter.close_for(ended.after)  # for everybody: the server spoke to all of us
                    wait = min(wait + max(0.0, ended.after), self.manners.longest_wait)  # not all the moment it opens
                if self.clock.wait(wait):
                    last = TryError(STOPPED, kind="skipped")
                    break
        self.totals.add(failed=1)
        raise JudgeError(last.kind, last.reason) from None

    def stop(self) -> None:
        """End all waits, now and from now on; requests on their way are let finish, for they are paid for."""
        if isinstance(self.clock, MonotonicClock):
            self.clock.stop()

    def _try(self, send: Callable[[], Result], estimate: Spent | None, price: Price, whose: str) -> Result:
        while pause := self._breaker.pause():
            if isinf(pause):
                raise TryError(f"the server failed {self.manners.failures} times in a row, also after rests")
            if self.clock.wait(pause):
                raise TryError(STOPPED, kind="skipped")
        reserved = 0.0 if estimate is None else price.of(estimate)
        problem = None if estimate is None else self.budget.reserve(reserved)
        if problem is not None:
            raise TryError(problem, kind="skipped")
        ticket = self._limiter.enter(0 if estimate is None else sum(estimate))
        if ticket is None:
            self.budget.settle(reserved, 0.0)
            raise TryError(STOPPED, kind="skipped")
        spent: Spent | None = None
        worked = False
        try:
            self.totals.add(calls=1)
            result = send()
            worked, spent = True, _spent(result)
        except TryError as ended:
            spent = ended.spent
            worked = spent is not None  # a reply came, if no usable one
            raise
        finally:
            if worked:
                self._worked.add(whose)
            self._breaker.note(worked=worked)
            self._limiter.leave(ticket, None if spent is None else sum(spent))
            self.totals.add(spent=spent)
            self.budget.settle(reserved, 0.0 if spent is None else price.of(spent))
        return result


def _spent(result: object) -> Spent | None:
    read, written = getattr(result, "input_tokens", None), getattr(result, "output_tokens", None)
    return Spent(read, written) if isinstance(read, int) and isinstance(written, int) else None
