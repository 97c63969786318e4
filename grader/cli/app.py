"""The command line: the names of the commands, and how errors end. Data goes to stdout or a file, talk to stderr.

Everything heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import os
import signal
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from grader.__about__ import __version__
from grader.cli.attack import attack
from grader.cli.banks import derive, import_
from grader.cli.calibrate import calibrate
from grader.cli.console import drop_stdout, say
from grader.cli.doctor import doctor
from grader.cli.evaluate import evaluate
from grader.cli.grade import grade
from grader.cli.outputs import KEPT, OUTPUTS, Outputs
from grader.cli.report import report
from grader.errors import GraderError
from grader.phrases import one_line

INTERRUPTED = 130
READER_GONE = 141  # 128 + SIGPIPE, as of other tools whose output nobody reads any more


class _Commands(TyperGroup):
    """An error that the user can mend is one line on stderr and exit code 1; a bug keeps its traceback."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            from grader.files import DISK_FAULTS

            if error.errno not in DISK_FAULTS or error.filename is not None:  # what is left is stdout
                raise
            drop_stdout()
            say(f"grader: <stdout>: cannot be written: {error.strerror or error}")
            sys.exit(1)

    def invoke(self, ctx: Any) -> Any:  # the type is typer's own copy of click.Context
        try:
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
            raise typer.Exit(error.code if isinstance(error, _Stopped) else INTERRUPTED) from error


app = typer.Typer(
    name="grader",
    cls=_Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GRADER"},
)


class _Stopped(KeyboardInterrupt):
    """The program was told to stop, by other means than Ctrl-C; it clears up in the same way."""

    def __init__(self, number: int) -> None:
        self.code = 128 + number  # as shells tell it


def main() -> None:
    """Run the command line."""
    _open_standard_streams()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:  # nohup has it ignored
            signal.signal(number, _stop)
    app()


def _stop(number: int, _: object) -> None:
    raise _Stopped(number)


def _open_standard_streams() -> None:
    """Give what was closed before the start a place to go: the next file would get its number, and its output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
            if name != "stdin":
                setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115  # as long as the program


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


app.command("import", short_help="Questions and reference answers from a page or a table.")(import_)
app.command(short_help="Rubric points from reference answers.")(derive)
app.command(short_help="Score answers; the main job.")(grade)
app.command(short_help="How far grades agree with people.")(evaluate)
app.command(short_help="How far raters agree, who is strict, and what to do.")(calibrate)
app.command(short_help="How hard the grader is to fool.")(attack)
app.command(short_help="The HTML page again, from a grades file.")(report)
app.command(short_help="What is installed, and what would leave this machine.")(doctor)
