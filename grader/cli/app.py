"""The command line: the names of the commands, and how errors end. Data goes to stdout or a file, talk to stderr.

A command's file is imported when the command is called, and everything heavy inside the command, so that `--help`
answers at once.
"""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from grader.__about__ import __version__
from grader.cli.console import drop_stdout, say
from grader.cli.outputs import KEPT, OUTPUTS, Outputs
from grader.cli.stopping import INTERRUPTED, Stopped, told
from grader.errors import GraderError, InputWarning
from grader.phrases import one_line

READER_GONE = 141  # 128 + SIGPIPE, as of other tools whose output nobody reads any more


# Each command in the order of `--help`: its file and function in this room, and a line about it.
_COMMANDS = {
    "import": ("import_bank.import_", "Questions and reference answers from a page or a table."),
    "derive": ("derive.derive", "Rubric points from reference answers."),
    "grade": ("grade.grade", "Score answers; the main job."),
    "practice": ("practice.practice", "A question, your answer, what is missing; remembers."),
    "columns": ("columns.columns", "How a file of answers would be read."),
    "evaluate": ("evaluate.evaluate", "How far grades agree with people."),
    "calibrate": ("calibrate.calibrate", "How far raters agree, who is strict, and what to do."),
    "attack": ("attack.attack", "How hard the grader is to fool."),
    "serve": ("serve.serve", "A local web page to practise, edit rubrics and mark."),
    "report": ("report.report", "The HTML page again, from a grades file."),
    "schema": ("schema.schema", "The fields of a file as JSON Schema, for editors."),
    "demo": ("demo.demo", "Sample files to try the others on."),
    "judges": ("judges.judges", "Servers and models that can judge: add, list, test."),
    "doctor": ("doctor.doctor", "What is installed, and what would leave this machine."),
}


class _LazyCommand(TyperCommand):
    """A command whose file is imported when it is called; until then it has a name and a line of help."""

    def __init__(self, name: str, home: str, short_help: str) -> None:
        super().__init__(name=name, short_help=short_help)
        self._home = home

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """The context of the command itself, which runs in place of this one."""
        module, _, function = self._home.partition(".")
        lone = typer.Typer(add_completion=False, rich_markup_mode=None)
        lone.command(self.name)(getattr(import_module(f"grader.cli.{module}"), function))
        return typer.main.get_command(lone).make_context(*args, **kwargs)


@contextmanager
def _told_warnings() -> Iterator[None]:
    """Say in one line on stderr what an `InputWarning` says, once; other warnings are shown as Python does."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", InputWarning)
        show, told = warnings.showwarning, set[str]()

        def tell(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            text = one_line(str(message))
            if not issubclass(category, InputWarning):
                show(message, category, *place, **more)
            elif text not in told:
                told.add(text)
                say(f"grader: {text}")

        warnings.showwarning = tell
        yield


class _Commands(TyperGroup):
    """An error that the user can mend is one line on stderr and exit code 1; a bug keeps its traceback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands = {name: _LazyCommand(name, *about) for name, about in _COMMANDS.items()}

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            from grader.files import DISK_ERRNOS

            if error.errno not in DISK_ERRNOS or error.filename is not None:  # what is left is stdout
                raise
            drop_stdout()
            say(f"grader: <stdout>: cannot be written: {error.strerror or error}")
            sys.exit(1)

    def invoke(self, ctx: Any) -> Any:  # the type is typer's own copy of click.Context
        try:
            with _told_warnings():
                return super().invoke(ctx)
        except GraderError as error:
            say(f"grader: {one_line(str(error))}")
            raise typer.Exit(1) from error
        except BrokenPipeError as error:
            drop_stdout()
            raise typer.Exit(READER_GONE) from error
        except KeyboardInterrupt as error:
            written = ctx.meta.get(OUTPUTS, Outputs()).written
            what = f"{', '.join(map(str, written))} was written before" if written else "no file was written"
            try:
                say(f"grader: interrupted, {ctx.meta.get(KEPT, what)}")
            except ImportError:  # numpy, whose import was interrupted, cannot be imported again; nothing was begun then
                typer.echo("grader: interrupted, no file was written", err=True)
            told()
            raise typer.Exit(error.code if isinstance(error, Stopped) else INTERRUPTED) from error


app = typer.Typer(
    name="grader",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GRADER"},
)


def main() -> None:
    """Run the command line."""
    app()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"grader {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Score written answers point by point, offline, with the words that show each point.

    \b
    A first run:
      grader import page.txt -o bank.yaml       questions and reference answers from a page
      grader derive bank.yaml -o rubrics/       rubric points from the reference answers
      grader grade answers.jsonl                a score, the points stated and the points missed
    """
