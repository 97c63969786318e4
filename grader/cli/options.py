"""Options that several commands share, and the settings that they make. Nothing heavy is imported to show them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from grader.settings import Settings

UNGRADED = 3  # the exit code when the work is done but some rows have no score

EncoderName = Annotated[
    str,
    typer.Option(
        "--encoder",
        envvar="GRADER_ENCODER",
        help="A sentence-transformers model (name or folder; torch:NAME runs the packaged one in torch as well), or "
        "openai:MODEL on a server; the default is packaged, int8 is twice as fast, static a table of words.",
    ),
]
# Without a default of their own: where they are not given, the settings decide.
UseGuards = Annotated[
    bool | None,
    typer.Option(
        "--guards/--no-guards",
        envvar="GRADER_GUARDS",
        help="Veto points that a statement denies, and flag how an answer is written; on unless told otherwise.",
    ),
]
UseVerifier = Annotated[
    bool | None,
    typer.Option(
        "--verifier/--no-verifier",
        envvar="GRADER_VERIFIER",
        help="Let the trained verifier, too, veto statements that nearly copy a point; needs guards. "
        "Off by default with --encoder static.",
    ),
]
Rubrics = Annotated[
    Path,
    typer.Option("--rubrics", envvar="GRADER_RUBRICS", help="A folder of rubric files, or one rubric file."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def chosen_settings(encoder: str, *, guards: bool | None = None, verifier: bool | None = None) -> "Settings":
    """The settings as the command line has them; what is `None` stays at its default."""
    from grader.settings import Settings

    given = {"encoder": encoder, "guards": guards, "verifier": verifier}
    return Settings.model_validate({name: value for name, value in given.items() if value is not None})
