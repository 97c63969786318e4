"""Clocks for waits between requests; tests use a virtual one."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock that can also wait."""

    def now(self) -> float:
        """Seconds since an arbitrary moment."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait; true if the wait was interrupted because the run is being stopped."""
        ...


class MonotonicClock:
    """The machine's monotonic clock; `stop` interrupts all waits."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait, at most until `stop` is called; true if it was called."""
        return self._stopped.wait(seconds)

    def stop(self) -> None:
        """Interrupt all current and later waits."""
        self._stopped.set()
