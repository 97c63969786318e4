"""`grader doctor`: what is installed, and what would leave this machine."""

from typing import Annotated

import typer

from grader.__about__ import PACKAGED_MODEL
from grader.cli.console import print_json, say
from grader.cli.options import AsJson, EncoderName


def doctor(
    encoder: EncoderName = PACKAGED_MODEL,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove all replies of judges and vectors that are kept on this machine.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is installed, which models are ready offline, and what would leave this machine.

    \b
    Examples:
      grader doctor
      grader doctor --json
      grader doctor --purge
    """
    from grader.cli.checkup import check_up, checkup_lines
    from grader.encoders import purge as purge_vectors
    from grader.provider import ReplyCache

    if purge:
        vectors = purge_vectors()
        if vectors is not None:
            say(f"removed: {vectors}")
        cache = ReplyCache()
        say(f"{cache.purge():,} kept replies and vectors removed from {cache.path}")
        cache.close()
    found = check_up(encoder)
    if as_json:
        print_json(found.as_dict())
    else:
        typer.echo("\n".join(checkup_lines(found)))
