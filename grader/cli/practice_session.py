"""How an answer is asked for: typed in the terminal, written in an editor, or read from standard input."""

import os
import shlex
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

import typer

from grader.cli.console import say
from grader.errors import InputError, SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.grading import Grader
    from grader.practice import Exercise
    from grader.schema import Answer, Grade
    from grader.settings import Settings

Command = Literal["next", "quit"]
_COMMANDS: "dict[str, Command | Literal['editor']]" = {":e": "editor", ":n": "next", ":q": "quit"}
HOW = "End with a line that has only a full stop, or Ctrl-D.  :e editor  :n next question  :q quit"
_LONGEST_LINE = 4095  # bytes that a terminal passes on of a line that is not edited by readline


class WarmGrader:
    """A grader that is loaded in a thread while a person types; `grade` waits for it.

    Args:
        exercises: by question id.
        settings: of the grader.

    """

    def __init__(self, exercises: "Mapping[str, Exercise]", settings: "Settings") -> None:
        self._exercises = exercises
        self._settings = settings
        self._grader: Grader | None = None
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def warm(self, question_id: str) -> None:
        """Begin to load the models and to read the points of a question."""
        self._wait()
        # A daemon, so that Ctrl-C while the models load ends the program at once.
        self._thread = threading.Thread(target=self._warm, args=(question_id,), daemon=True)
        self._thread.start()

    def grade(self, answer: "Answer") -> "Grade":
        """The grade of an answer.

        Raises:
            SetupError: the models cannot be loaded.

        """
        return self.opened().grade(answer)

    def opened(self) -> "Grader":
        """The grader, when it is loaded."""
        self._wait()
        if self._grader is None:
            self._grader = self._open()
        return self._grader

    def _open(self) -> "Grader":
        from grader.grading import Grader

        return Grader([exercise.rubric for exercise in self._exercises.values()], settings=self._settings)

    def _warm(self, question_id: str) -> None:
        import rich.console  # noqa: F401  # what shows the result is loaded meanwhile, too

        from grader.practice import compare_grades, points_missed  # noqa: F401
        from grader.reports import grade_details  # noqa: F401
        from grader.schema import Answer

        try:
            grader = self._grader or self._open()
            # The first answer is slow: models, the points, the verifier. Words of two points wake them all.
            texts = [point.text for point in self._exercises[question_id].rubric.points[:2]]
            grader.grade(Answer(answer_id="warm", question_id=question_id, answer=". ".join(texts)))
            self._grader = grader
        except BaseException as error:  # raised again where the grade is wanted
            self._error = error

    def _wait(self) -> None:
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error


@dataclass(frozen=True)
class Typed:
    """What a person sent: an answer and how long it took in seconds."""

    answer: str
    seconds: float


class Clock:
    """The time that an answer may take; it shows what is left and says when it is over, but ends nothing.

    Args:
        limit: in seconds; `None` for no clock.

    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._begin = time.monotonic()
        self._alarm: threading.Timer | None = None

    def __enter__(self) -> "Clock":
        if self._limit is not None:
            self._alarm = threading.Timer(self._limit, say, ["\ntime is up: finish the sentence and send it"])
            self._alarm.daemon = True
            self._alarm.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    @property
    def seconds(self) -> float:
        """How long it runs."""
        return time.monotonic() - self._begin

    @property
    def prompt(self) -> str:
        """What stands before a line: the time that is left."""
        if self._limit is None:
            return "> "
        left = round(self._limit - self.seconds)
        return f"[{'-' if left < 0 else ''}{abs(left) // 60}:{abs(left) % 60:02}] > "


def ask(limit: float | None, *, in_editor: bool) -> Typed | Command:
    """An answer from the terminal or the editor, or what the person wants instead.

    Raises:
        InputError: a line is longer than the terminal passes on, or is not in its encoding.
        SetupError: there is no editor.

    """
    with Clock(limit) as clock:
        if in_editor:
            return Typed(_edited(""), clock.seconds)
        say(HOW)
        lines: list[str] = []
        while True:
            line = read_line(clock.prompt)
            if line is None and not lines:
                return "quit"
            if line is None or line.strip() == ".":
                return Typed("\n".join(lines), clock.seconds)
            command = _COMMANDS.get(line.strip())
            if command == "editor":
                return Typed(_edited("\n".join(lines)), clock.seconds)
            if command is not None:
                return command
            lines.append(line)


def read_line(prompt: str) -> str | None:
    """A line from the terminal, `None` at its end."""
    try:
        if sys.stdout.isatty():
            with suppress(ImportError):  # no line editing on Windows; there the console has its own
                import readline  # noqa: F401  # `input` edits lines with it, and takes lines of any length
            try:
                return input(prompt)
            except EOFError:
                typer.echo()
                return None
        typer.echo(prompt, nl=False, err=True)
        line = sys.stdin.readline()
    except UnicodeDecodeError as error:
        raise InputError(f"the terminal sent bytes that are no {error.encoding} text", source="<stdin>") from error
    if len(line.encode(errors="replace")) >= _LONGEST_LINE:
        problem = f"the terminal cuts lines of {_LONGEST_LINE} bytes or more: break the line, or use --editor"
        raise InputError(problem, source="<stdin>")
    return line.rstrip("\r\n") if line else None


def _edited(text: str) -> str:
    """What the person makes of a text in their editor."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("notepad" if os.name == "nt" else "vi")
    with TemporaryDirectory(prefix="grader-") as folder:
        file = Path(folder) / "answer.md"
        file.write_text(text, encoding="utf-8")
        try:
            ended = subprocess.run([*shlex.split(editor), str(file)], check=False).returncode  # noqa: S603  # the person's own
        except (OSError, ValueError) as error:
            raise SetupError(f"the editor '{editor}' cannot be started ({error}): export EDITOR=nano") from error
        if ended != 0:
            raise SetupError(f"the editor '{editor}' ended with an error ({ended}): export EDITOR=nano")
        return file.read_text(encoding="utf-8", errors="replace").strip()
