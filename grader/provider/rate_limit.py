"""Rate limits for requests and tokens, in a sliding window of 60 seconds. Thread-safe; the clock is a parameter."""

import math
import threading
from collections import deque
from dataclasses import dataclass

from grader.provider.clock import Clock

WINDOW = 60.0  # seconds in "per minute"
# Assumed longest time in seconds until a request reaches the server. A request counts from then on, or from its reply
# if that is earlier.
_MAX_LATENCY = 1.0


@dataclass
class _Ticket:
    """A request without a reply so far, or one of the last minute."""

    sent: float
    tokens: int
    counts_from: float  # the latest time at which the server may have counted it


class RateLimiter:
    """Limits the requests and tokens that reach the server in any 60 seconds.

    A request counts from the latest time at which it may have reached the server, so that a slow connection cannot
    push the requests of two minutes into one.

    Args:
        requests_per_minute, tokens_per_minute: the limits, `None` for no limit.
        clock: gives the time.

    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None, clock: Clock) -> None:
        self._requests = requests_per_minute
        self._tokens = tokens_per_minute
        self._clock = clock
        self._recent: deque[_Ticket] = deque()
        self._paused_until = -math.inf
        self._lock = threading.Lock()

    def acquire(self, tokens: int) -> "_Ticket | None":
        """Wait until a request with this many tokens may be sent; `None` if the run is stopped meanwhile.

        A request larger than the whole limit is sent alone, because it would otherwise wait forever.
        """
        while True:
            with self._lock:
                now = self._clock.now()
                pause = max(self._pause(now, tokens), self._paused_until - now)
                if pause <= 0:
                    ticket = _Ticket(now, tokens, now + _MAX_LATENCY)
                    self._recent.append(ticket)
                    return ticket
            if self._clock.wait(pause):
                return None

    def _pause(self, now: float, tokens: int) -> float:
        """Seconds until a request with this many tokens fits."""
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
        """Record that a request has a reply, and its real number of tokens, if known."""
        with self._lock:
            ticket.counts_from = min(ticket.counts_from, self._clock.now())
            if tokens is not None:
                ticket.tokens = tokens

    def pause_for(self, seconds: float) -> None:
        """Send no requests for this many seconds, because the server asks for it."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock.now() + seconds)
