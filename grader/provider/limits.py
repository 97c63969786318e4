"""How often, how much and for how long a paid server may be asked: rates, a budget, a circuit breaker.

Thread-safe arithmetic on a clock that is passed in; nothing here knows what is asked or sends anything.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

WINDOW = 60.0  # seconds that a limit "per minute" is about
# A request reaches the server this long after it was sent at the latest; until it has an answer it counts as sent then.
_ON_ITS_WAY = 1.0
# ASCII characters a token: 5.3 of English prose, 2.3 of code (cl100k_base and o200k_base). Of other scripts a token may
# take but a byte (1.04 of Amharic, 1.4 of emoji, 2.7 of Chinese in cl100k_base), and a limit must not be passed.
_CHARACTERS_A_TOKEN = 3.0


class Clock(Protocol):
    """A clock that never goes back, and a way to wait on it."""

    def now(self) -> float:
        """Seconds since some moment."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait; true when the wait was cut short because everything is to stop."""
        ...


class MonotonicClock:
    """The machine's monotonic clock; `stop` ends all waits at once."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds since some moment."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait, or until `stop` is called."""
        return self._stopped.wait(seconds)

    def stop(self) -> None:
        """End all waits, now and from now on."""
        self._stopped.set()


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rather too many than too few: by its ASCII characters and its other bytes."""
    n_ascii = len(text.encode("ascii", "ignore"))
    return int(n_ascii / _CHARACTERS_A_TOKEN) + len(text.encode("utf-8", "replace")) - n_ascii


class TokenUsage(NamedTuple):
    """What one request took: tokens in and out."""

    input_tokens: int
    output_tokens: int


@dataclass
class _Ticket:
    """A request on its way, or one of the last minute."""

    sent: float
    tokens: int
    counts_from: float  # the latest moment at which the server can have counted it


class RateLimiter:
    """At most so many requests and tokens in any 60 seconds, as the server sees them.

    A request counts from the moment at which it can have reached the server at the latest, so that a slow line cannot
    push two minutes' requests into one.

    Args:
        requests_per_minute, tokens_per_minute: `None` for no limit.
        clock: what time it is.

    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None, clock: Clock) -> None:
        self._requests = requests_per_minute
        self._tokens = tokens_per_minute
        self._clock = clock
        self._recent: deque[_Ticket] = deque()
        self._closed_until = -math.inf
        self._lock = threading.Lock()

    def acquire(self, tokens: int) -> "_Ticket | None":
        """Wait until a request of so many tokens may be sent; `None` when everything stops.

        A request larger than the whole limit is let in alone, for it would otherwise wait for ever.
        """
        while True:
            with self._lock:
                now = self._clock.now()
                pause = max(self._pause(now, tokens), self._closed_until - now)
                if pause <= 0:
                    ticket = _Ticket(now, tokens, now + _ON_ITS_WAY)
                    self._recent.append(ticket)
                    return ticket
            if self._clock.wait(pause):
                return None

    def _pause(self, now: float, tokens: int) -> float:
        """How long until the next request fits."""
        while self._recent and self._recent[0].counts_from + WINDOW <= now:
            self._recent.popleft()
        pause = 0.0
        if self._requests is not None and len(self._recent) >= self._requests:
            leaving = self._recent[len(self._recent) - self._requests]
            pause = leaving.counts_from + WINDOW - now
        if self._tokens is not None:
            left = sum(ticket.tokens for ticket in self._recent)
            for ticket in self._recent:
                if left + tokens <= self._tokens:
                    break
                left -= ticket.tokens
                pause = max(pause, ticket.counts_from + WINDOW - now)
        return pause

    def release(self, ticket: _Ticket, tokens: int | None = None) -> None:
        """Note that a request was answered, and how many tokens it really took."""
        with self._lock:
            ticket.counts_from = min(ticket.counts_from, self._clock.now())
            if tokens is not None:
                ticket.tokens = tokens

    def pause_for(self, seconds: float) -> None:
        """Send nothing for so long: the server said so."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._clock.now() + seconds)


class CircuitBreaker:
    """Gives a server that only fails a rest, tries it again with one request, and gives it up after some rests.

    Args:
        failure_threshold: so many failed tries in a row begin a rest.
        recovery_seconds: length of that rest.
        max_recoveries: so many rests in a row without a success, and the server is given up.
        clock: what time it is.

    """

    def __init__(self, failure_threshold: int, recovery_seconds: float, max_recoveries: int, clock: Clock) -> None:
        self._failure_threshold = failure_threshold
        self._recovery_seconds = recovery_seconds
        self._max_recoveries = max_recoveries
        self._clock = clock
        self._in_a_row = 0
        self._rested = 0
        self._resting_until = -math.inf
        self._probing = False
        self._lock = threading.Lock()

    def seconds_until_allowed(self) -> float:
        """Seconds until a request may be sent: 0 for now, infinity when the server is given up."""
        with self._lock:
            if self._in_a_row < self._failure_threshold:
                return 0.0
            if self._rested > self._max_recoveries:
                return math.inf
            now = self._clock.now()
            if now < self._resting_until:
                return self._resting_until - now
            self._probing = True  # this one request goes, the others wait for what becomes of it
            self._resting_until = now + self._recovery_seconds
            return 0.0

    def record(self, *, succeeded: bool) -> None:
        """What became of a try."""
        with self._lock:
            if succeeded:
                self._in_a_row, self._rested, self._probing = 0, 0, False
                return
            self._in_a_row += 1
            if self._in_a_row == self._failure_threshold or self._probing:
                self._probing = False
                self._rested += 1
                self._resting_until = self._clock.now() + self._recovery_seconds


class Price(NamedTuple):
    """Money per million tokens, in whatever currency the prices are."""

    input: float
    output: float

    def cost(self, usage: TokenUsage) -> float:
        """What these tokens cost."""
        return self.cost_of_tokens(*usage)

    def cost_of_tokens(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6


FREE = Price(0.0, 0.0)


@dataclass
class Budget:
    """How many requests may be sent and how much they may cost, over a whole run and all judges.

    A request reserves the most that it can cost before it is sent, and gives back what it did not take: the limit is
    never passed.
    """

    max_calls: int | None = None
    max_cost: float | None = None
    calls: int = 0
    cost: float = 0.0
    _reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, cost: float) -> str | None:
        """Take a request of this cost from the budget, or say why it does not fit."""
        with self._lock:
            if self.max_calls is not None and self.calls >= self.max_calls:
                return f"the limit of {self.max_calls} calls is reached"
            if self.max_cost is not None and self.cost + self._reserved + cost > self.max_cost:
                return f"the limit of {self.max_cost:g} is reached: {self.cost:.4g} is spent"
            self.calls += 1
            self._reserved += cost
            return None

    def settle(self, reserved: float, cost: float) -> None:
        """Put what a request really cost in place of what was reserved."""
        with self._lock:
            self._reserved -= reserved
            self.cost += cost


def backoff_seconds(attempt: int, *, base: float, longest: float, draw: Callable[[], float]) -> float:
    """Seconds to wait before the next try: anything up to `base * 2^attempt`, at most `longest` ("full jitter").

    Args:
        attempt: 0 after the first failure.
        draw: a random number in 0..1.

    Source: Brooker (2015), "Exponential Backoff And Jitter".

    """
    return draw() * min(longest, base * 2.0 ** min(attempt, 60))  # no power of two is a number for ever
