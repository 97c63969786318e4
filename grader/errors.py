"""What can go wrong for a reason that the user can mend.

    GraderError
    ├── InputError   a file or value is wrong: says where, what was found and what was expected
    └── SetupError   something is missing on this machine: says the command that fixes it

The command line prints these in one line and exits with 1. Anything else is a bug and keeps its traceback.
One answer that cannot be graded is not an exception but a `Grade` with `ungraded_reason`.
"""

from pathlib import Path


class GraderError(Exception):
    """A failure that one line explains."""


class InputError(GraderError):
    """A file or a value that cannot be used.

    Attributes:
        source: the file (or `<stdin>`), if the value came from one.
        line: 1-based line (row in a spreadsheet), if known.
        field: the column or key, if known.
        problem: what was found and what was expected.
    """

    def __init__(
        self,
        problem: str,
        *,
        source: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        self.problem = problem
        self.source = None if source is None else str(source)
        self.line = line
        self.field = field
        place = self.source or ""
        if line is not None:
            place += f":{line}"
        parts = [place, f"field '{field}'" if field else "", problem]
        super().__init__(": ".join(part for part in parts if part))


class SetupError(GraderError):
    """Something is not installed or not ready; the message ends with the command that fixes it."""
