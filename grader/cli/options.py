"""Options that several commands share, as dataclasses, and what turns them into options of a command.

Nothing heavy is imported to show them.
"""

import dataclasses
import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer

from grader.__about__ import PACKAGED_MODEL
from grader.files import Layout

if TYPE_CHECKING:
    from grader.settings import Settings

UNGRADED = 3  # the exit code when the work is done but some rows have no score

Rubrics = Annotated[
    Path,
    typer.Option("--rubrics", envvar="GRADER_RUBRICS", help="A folder of rubric files, or one rubric file."),
]
LayoutOption = Annotated[
    Layout | None,
    typer.Option(
        "--layout",
        envvar="GRADER_LAYOUT",
        help="How the file holds answers (docs/formats.md); by default this is recognised and said.",
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option(
        "--sheet",
        envvar="GRADER_SHEET",
        help="Of a workbook this sheet; by default the first that has the columns of a layout, which is said.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


@dataclasses.dataclass(frozen=True)
class EncoderOptions:
    """What reads the answers; `None` is for the settings to decide."""

    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            envvar="GRADER_ENCODER",
            help="A sentence-transformers model (name or folder; torch:NAME runs the packaged one in torch as well), "
            "or openai:MODEL on a server; the default is packaged, int8 is twice as fast, static a table of words.",
        ),
    ] = PACKAGED_MODEL
    reader: Annotated[
        str | None,
        typer.Option(
            "--reader",
            envvar="GRADER_READER",
            help="What reads an answer and a point together and says whether it is stated or contradicted: packaged, "
            "none (coverage and guards decide), or the name of a sequence-pair classifier (NLI, grounded facts).",
        ),
    ] = None
    guards: Annotated[
        bool | None,
        typer.Option(
            "--guards/--no-guards",
            envvar="GRADER_GUARDS",
            help="Veto points that a statement denies, and flag how an answer is written; on unless told otherwise.",
        ),
    ] = None
    verifier: Annotated[
        bool | None,
        typer.Option(
            "--verifier/--no-verifier",
            envvar="GRADER_VERIFIER",
            help="Let the trained verifier, too, veto statements that nearly copy a point; needs guards. "
            "Off by default with --encoder static.",
        ),
    ] = None

    max_answer_chars: Annotated[
        int | None,
        typer.Option(
            "--max-answer-chars",
            envvar="GRADER_MAX_ANSWER_CHARS",
            min=1,
            help="Leave longer answers ungraded; 200,000 unless told otherwise (docs/limits.md).",
        ),
    ] = None

    @property
    def is_remote(self) -> bool:
        """Whether the encoder is behind a server, so that limits on requests are about it, too."""
        from grader.settings import REMOTE

        return self.encoder.startswith(REMOTE)

    def settings(self) -> "Settings":
        """The settings as the command line has them."""
        from grader.settings import Settings

        given = dataclasses.asdict(self)
        return Settings.model_validate({name: value for name, value in given.items() if value is not None})


class Only:
    """Marks a parameter of a command of whose dataclass only these fields are options; the others keep defaults."""

    def __init__(self, *names: str) -> None:
        self.names = names


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each field of the dataclasses among its parameters.

    In the signature that typer reads the fields stand in place of the parameter, in their order. When the command
    is called, the dataclass is made of them again. `Annotated[Options, Only("field")]` takes some fields alone.
    """
    parameters: list[inspect.Parameter] = []
    objects: dict[str, tuple[type, list[str]]] = {}
    for parameter in inspect.signature(command, eval_str=True).parameters.values():
        kind, chosen = _dataclass_of(parameter.annotation)
        if kind is None:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        fields = [field for field in dataclasses.fields(kind) if chosen is None or field.name in chosen]
        objects[parameter.name] = kind, [field.name for field in fields]
        parameters += [
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type)
            for field in fields
        ]

    @wraps(command)
    def run(**given: Any) -> None:
        made = {name: kind(**{field: given.pop(field) for field in fields}) for name, (kind, fields) in objects.items()}
        command(**given, **made)

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what `inspect.signature` looks for
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _dataclass_of(annotation: Any) -> tuple[Any, tuple[str, ...] | None]:
    """The dataclass that a parameter is annotated with, and which fields `Only` names; `None` for another type."""
    chosen = None
    if get_origin(annotation) is Annotated:
        annotation, *marks = get_args(annotation)
        chosen = next((mark.names for mark in marks if isinstance(mark, Only)), None)
    return (annotation if dataclasses.is_dataclass(annotation) else None), chosen
