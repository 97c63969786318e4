"""Clocks that requests wait on; tests pass a virtual one."""

import threading
import time
from typing import Protocol


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
