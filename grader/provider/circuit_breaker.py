"""Circuit breaker: pauses requests to a server that keeps failing. Thread-safe; the clock is a parameter."""

import math
import threading

from grader.provider.clock import Clock


class CircuitBreaker:
    """Pauses requests after repeated failures, then probes with one request; gives up after several pauses.

    Args:
        failure_threshold: consecutive failures that start a pause.
        recovery_seconds: length of a pause.
        max_recoveries: consecutive pauses without a success before the server is given up.
        clock: gives the time.

    """

    def __init__(self, failure_threshold: int, recovery_seconds: float, max_recoveries: int, clock: Clock) -> None:
        self._failure_threshold = failure_threshold
        self._recovery_seconds = recovery_seconds
        self._max_recoveries = max_recoveries
        self._clock = clock
        self._consecutive_failures = 0
        self._pauses = 0
        self._paused_until = -math.inf
        self._probing = False
        self._lock = threading.Lock()

    def seconds_until_allowed(self) -> float:
        """Seconds until a request may be sent: 0 if it may be sent now, infinity if the server is given up."""
        with self._lock:
            if self._consecutive_failures < self._failure_threshold:
                return 0.0
            if self._pauses > self._max_recoveries:
                return math.inf
            now = self._clock.now()
            if now < self._paused_until:
                return self._paused_until - now
            self._probing = True  # only this request is sent; the others wait for its result
            self._paused_until = now + self._recovery_seconds
            return 0.0

    def record(self, *, succeeded: bool) -> None:
        """Record the result of an attempt."""
        with self._lock:
            if succeeded:
                self._consecutive_failures, self._pauses, self._probing = 0, 0, False
                return
            self._consecutive_failures += 1
            if self._consecutive_failures == self._failure_threshold or self._probing:
                self._probing = False
                self._pauses += 1
                self._paused_until = self._clock.now() + self._recovery_seconds
