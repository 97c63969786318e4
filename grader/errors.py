"""What can go wrong for a reason that the user can mend.

    GraderError
    ├── InputError   a file or value is wrong: says where, what was found and what was expected
    └── SetupError   something is missing on this machine: says the command that fixes it

The command line prints these in one line and exits with 1. Anything else is a bug and keeps its traceback.
What was read in a way that the user should know of, but could be read, is a warning (`InputWarning`).
One answer that cannot be graded is not an exception but a `Grade` with `ungraded_reason`.
"""

import warnings
from pathlib import Path


class GraderError(Exception):
    """A failure that one line explains.

    >>> from grader import GraderError, read_bank
    >>> try:
    ...     read_bank("missing.yaml")
    ... except GraderError as error:
    ...     print(error)
    missing.yaml: cannot be read: there is no such file
    """


class InputError(GraderError):
    """A file or a value that cannot be used.

    Attributes:
        source: the file (or `<stdin>`), if the value came from one.
        line: 1-based line (row in a spreadsheet), if known.
        field: the column or key, if known.
        problem: what was found and what was expected.

    >>> from pathlib import Path
    >>> from grader import InputError, read_answers
    >>> _ = Path("answers.csv").write_text("answer_id,question_id,answer\\n,dropout,It disables units.\\n")
    >>> try:
    ...     list(read_answers("answers.csv"))
    ... except InputError as error:
    ...     print(error.line, error.field, error.problem)
    2 answer_id expected an id, found blank
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
    """Something is not installed or not ready; the message ends with the command that fixes it.

    >>> from grader import Grader, Settings, SetupError
    >>> try:
    ...     Grader([], settings=Settings(encoder="openai:"))
    ... except SetupError as error:
    ...     print(error)
    the encoder 'openai:' names no model; say which: --encoder openai:MODEL
    """


class InputWarning(UserWarning):
    """A file was read in a way that its owner should know of: another encoding, a question matched by a near text.

    >>> import warnings
    >>> from pathlib import Path
    >>> from grader import InputWarning, read_answers
    >>> _ = Path("answers.csv").write_bytes("answer_id,question_id,answer\\n1,q,Café\\n".encode("cp1252"))
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     print(next(read_answers("answers.csv")).answer, caught[0].category.__name__)
    Café InputWarning
    """


def warn_input(message: str, *, source: str, line: int | None = None) -> None:
    """Issue an `InputWarning` that names the file, and the line where it is known."""
    place = source if line is None else f"{source}:{line}"
    warnings.warn(f"{place}: {message}", InputWarning, stacklevel=3)
