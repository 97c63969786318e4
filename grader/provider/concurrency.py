"""How many requests a server takes at a time: more while replies are quick, fewer when they are slow. Thread-safe."""

import threading
from collections.abc import Callable


class AdaptiveConcurrency:
    """A limit on requests in flight that follows the server, as many local ones do one request after another.

    It begins with one request. A reply within a third of the timeout adds one place, up to the maximum; a reply that
    took more than half of the timeout takes one away, and a timeout halves them.

    Args:
        maximum: most requests in flight.

    Source: additive increase, multiplicative decrease (Chiu and Jain 1989).

    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._in_flight = 0
        self.limit = 1
        self._changed = threading.Condition()

    def acquire(self, is_stopped: Callable[[], bool]) -> bool:
        """Wait for a place; false if the run is stopped meanwhile."""
        with self._changed:
            while self._in_flight >= self.limit:
                if is_stopped():
                    return False
                self._changed.wait(0.1)
            self._in_flight += 1
            return True

    def release(self, share: float | None) -> None:
        """Give the place back.

        Args:
            share: the time that the reply took as a share of the timeout, 1 or more for a timeout; `None` if it says
                nothing about the server's speed.

        """
        with self._changed:
            self._in_flight -= 1
            if share is not None:
                wanted = self.limit // 2 if share >= 1 else self.limit - (share > 1 / 2) + (share < 1 / 3)
                self.limit = max(1, min(self._maximum, wanted))
            self._changed.notify_all()
