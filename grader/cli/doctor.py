"""`grader doctor`: what is installed, what is ready offline and what would leave this machine.

It looks and sends nothing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.__about__ import __version__
from grader.cli.console import print_json, say
from grader.cli.options import AsJson, EncoderOptions, Only, with_options
from grader.errors import InputError, SetupError
from grader.phrases import one_line

if TYPE_CHECKING:
    from grader.provider import Endpoint

# Optional parts and the package that each needs.
EXTRAS = {"anki": "genanki", "parquet": "pyarrow"}


@with_options
def doctor(
    *,
    encoder: Annotated[EncoderOptions, Only("encoder")],
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove all replies of judges and vectors that are kept on this machine.")
    ] = False,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Read every model and cache on this machine, and name what is damaged."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is installed, which models are ready offline, and what would leave this machine.

    \b
    Examples:
      grader doctor
      grader doctor --json
      grader doctor --purge
      grader doctor --verify
    """
    from grader.encoders import purge_vector_cache
    from grader.provider import ReplyCache

    if purge:
        vectors = purge_vector_cache()
        if vectors is not None:
            say(f"removed: {vectors}")
        cache = ReplyCache()
        say(f"{cache.purge():,} kept replies and vectors removed from {cache.path}")
        cache.close()
    if verify:
        _verify(as_json=as_json)
        return
    found = check_up(encoder.encoder)
    if as_json:
        print_json(found.as_dict())
    else:
        typer.echo("\n".join(checkup_lines(found)))


def _verify(*, as_json: bool) -> None:
    """Say of each file whether it is whole; exit code 1 if one is not."""
    files = dict(checked_files())
    if as_json:
        print_json({"version": __version__, "files": {str(path): damage for path, damage in files.items()}})
    else:
        for path, damage in files.items():
            typer.echo(f"ok       {path}" if damage is None else f"damaged  {path}: {one_line(damage)}")
    damaged = [path for path, damage in files.items() if damage is not None]
    if damaged:
        raise SetupError(f"{len(damaged)} of {len(files)} files are damaged: {', '.join(map(str, damaged))}")


def checked_files() -> Iterator[tuple[Path, str | None]]:
    """Every file of models and caches on this machine, with what is wrong with it; nothing is changed."""
    from grader.encoders import check_encoder_files
    from grader.provider import ReplyCache
    from grader.reader import check_weights

    yield from check_encoder_files()
    yield from check_weights()
    path, damage = ReplyCache.check()
    if path is not None:
        yield path, damage


@dataclass(frozen=True)
class Checkup:
    """What was found.

    Attributes:
        encoder: name, path, runtime and whether it is ready offline.
        endpoint: the judge's server, or `None` when its address cannot be used.
        key_set: whether there is a key for it.
        extras: optional parts, installed or not.
        cache: the folder where replies of judges are kept, and its size in bytes.

    """

    encoder: dict[str, Any]
    endpoint: "Endpoint | None"
    key_set: bool
    extras: dict[str, bool]
    cache: Path
    cache_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "version": __version__,
            "encoder": self.encoder,
            "judge": {
                "base_url": None if self.endpoint is None else self.endpoint.base_url,
                "key_set": self.key_set,
            },
            "extras": self.extras,
            "cache": {"path": str(self.cache), "bytes": self.cache_bytes},
        }


def check_up(encoder: str) -> Checkup:
    """Look at this installation; nothing is loaded, sent or written."""
    from grader.encoders import describe_encoder
    from grader.files import cache_folder
    from grader.provider import KEY_VARIABLE, find_endpoint

    try:
        endpoint = find_endpoint(needs_key=False)
    except InputError:
        endpoint = None
    folder = cache_folder()
    return Checkup(
        encoder=describe_encoder(encoder),
        endpoint=endpoint,
        key_set=bool(os.environ.get(KEY_VARIABLE, "").strip()),
        extras={name: find_spec(package) is not None for name, package in EXTRAS.items()},
        cache=folder,
        cache_bytes=sum(file.stat().st_size for file in folder.glob("**/*") if file.is_file()),
    )


def checkup_lines(found: Checkup) -> list[str]:
    """The same for people."""
    if found.endpoint is None:
        judge = "the address in OPENAI_BASE_URL cannot be used"
    else:
        where = "on this machine" if found.endpoint.is_local else "answers would leave this machine"
        judge = f"{found.endpoint.base_url} ({where}), key {'set' if found.key_set else 'not set'}"
    extras = ", ".join(f"{name} {'yes' if there else 'no'}" for name, there in found.extras.items())
    return [
        f"grader   {__version__}",
        f"encoder  {_encoder_line(found.encoder)}",
        f"judge    {judge}; asked only with --judge",
        f"extras   {extras}",
        f"cache    {found.cache}: {found.cache_bytes / 1e6:.1f} MB",
        "Nothing leaves this machine unless a judge or an encoder on a server is named.",
    ]


def _encoder_line(encoder: dict[str, Any]) -> str:
    """The encoder, what runs it and why, and whether it is ready."""
    runtime = encoder["runtime"] if encoder["runtime"] != "none" else "a table of words, no model is run"
    if encoder.get("compiled") is False:
        runtime += " (compiled at first use, in a second or two)"
    elif encoder.get("why_torch"):
        runtime += f" ({encoder['why_torch']})"
    needs = "sends every text to it" if encoder["runtime"] == "server" else "needs a download first"
    return f"{encoder['name']}: {runtime}, {'ready offline' if encoder['ready_offline'] else needs}"
