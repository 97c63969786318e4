"""Clocks for tests of what waits: one whose time passes only by waiting, and one that is faster than the wall's."""

import heapq
import threading
import time
from collections.abc import Callable
from itertools import count


class VirtualClock:
    """Time that passes by waiting alone, so that hours take no time; what is planned happens when its time has come.

    Safe for threads, but then the order of events is theirs. `waits` are the waits that were asked for.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._now = 0.0
        self._plans: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._lock = threading.Lock()

    def now(self) -> float:
        return self._now

    def wait(self, seconds: float) -> bool:
        with self._lock:
            self.waits.append(seconds)
            until = self._now + max(0.0, seconds)
        while True:
            with self._lock:
                if not self._plans or self._plans[0][0] > until:
                    self._now = max(self._now, until)
                    return False
                moment, _, action = heapq.heappop(self._plans)
                self._now = max(self._now, moment)
            action()

    def plan(self, moment: float, action: Callable[[], None]) -> None:
        """Let something happen at a moment."""
        with self._lock:
            heapq.heappush(self._plans, (moment, next(self._numbers), action))


class FastClock:
    """The machine's clock, `factor` times as fast."""

    def __init__(self, factor: float) -> None:
        self._factor = factor

    def now(self) -> float:
        return time.monotonic() * self._factor

    def wait(self, seconds: float) -> bool:
        time.sleep(max(0.0, seconds) / self._factor)
        return False
