"""A sliding window over the last 60 seconds, for requests and tokens. Thread-safe, on a clock that is passed in."""

import math
import threading
from collections import deque
from dataclasses import dataclass

from grader.provider.clock import Clock

WINDOW = 60.0  # seconds that a limit "per minute" is about
# A request reaches the server this long after it was sent at the latest; until it has an answer it counts as sent then.
_ON_ITS_WAY = 1.0


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
