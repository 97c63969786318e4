"""`grader` and `python -m grader`."""

import os
import sys

from grader.cli import end_stopped, end_watch, watch_signals

# Products here are small: threads of numpy's own would wait for each other longer than they compute. The encoder's
# runtime has its own threads.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


_NARROWEST = 20  # columns that a table needs


def main() -> None:
    """Run the command line; signals are watched before anything heavy is imported."""
    _open_standard_streams()
    if os.environ.get("COLUMNS", "").isdigit() and int(os.environ["COLUMNS"]) < _NARROWEST:
        del os.environ["COLUMNS"]  # a shell without a terminal may say 0, in which nothing can be shown
    try:
        watch_signals()
        from grader.cli import main as run

        run()
    except BaseException:
        # An interrupted import or callback may turn the interruption into an error of its own.
        end_stopped()
        raise
    finally:
        end_watch()


def _open_standard_streams() -> None:
    """Give what was closed before the start a place to go: the next file would get its number, and its output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            # It gets the lowest free number, this one. Data must not be lost unseen: writing to stdout is an error.
            os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            if name != "stdin":
                setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115  # as long as the program


if __name__ == "__main__":
    main()
