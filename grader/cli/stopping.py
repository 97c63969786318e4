"""What Ctrl-C, SIGTERM and SIGHUP do: the program clears up, and ends within two seconds also where it cannot.

Python runs a handler between two steps of the main thread, so that one long product or a background thread could hold
it up. A thread that the signal itself wakes therefore ends the program when the time is over; what is half written is
then as after a crash, and the next run mends it. Nothing heavy is imported here, for a signal may come at once.
"""

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType

INTERRUPTED = 130  # 128 + SIGINT, as shells tell it
_SIGNALS = {int(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)}
# Seconds to clear up in. Longer than any step that clears up takes, short enough to end within two on a busy machine.
_GRACE = 1.0
_stopped: list[int] = []  # the signal that came, once it did
_told: list[bool] = []  # once the user knows what is kept
_ended: list[bool] = []  # once the work is over, signals change nothing


class Stopped(KeyboardInterrupt):
    """The program was told to stop. `code` is the exit code, 128 and the signal's number as shells tell it."""

    def __init__(self, number: int) -> None:
        self.code = 128 + number


def watch_signals() -> None:
    """Let Ctrl-C, SIGTERM and SIGHUP raise `Stopped`, and end the program if that has no effect in time.

    A signal that whoever started the program has ignored (nohup) stays ignored.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, _stop)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    threading.Thread(target=_end_in_time, args=(woken,), daemon=True, name="signals").start()


def end_watch() -> None:
    """The work is over: from here on a signal neither interrupts nor changes the exit code."""
    _ended.append(True)


def told() -> None:
    """The user has been told what is kept."""
    _told.append(True)


def end_stopped() -> None:
    """End a program that was told to stop, wherever that became an error of another kind; else do nothing."""
    if _stopped:
        if not _told:
            _write(b"grader: interrupted, no file was written\n")
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(128 + _stopped[0])


def _stop(number: int, _: FrameType | None) -> None:
    if not _stopped and not _ended:  # a second Ctrl-C must not interrupt the clearing up, which is limited anyway
        _stopped.append(number)
        raise Stopped(number)


def _end_in_time(woken: int) -> None:
    while True:
        number = os.read(woken, 1)[0]
        if number in _SIGNALS and signal.getsignal(number) is _stop and not _ended:
            break
    time.sleep(_GRACE)
    if not _ended:
        if not _told:
            _write(b"grader: interrupted, and ended in the middle of a step\n")
        os._exit(128 + number)


def _write(line: bytes) -> None:
    with suppress(OSError):
        os.write(2, line)
