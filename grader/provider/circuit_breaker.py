"""Stops requests to a server that only fails. Thread-safe, on a clock that is passed in."""

import math
import threading

from grader.provider.clock import Clock


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
