"""Dataclasses as options of a command."""

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from grader.cli.options import Only, with_options


@dataclass(frozen=True)
class Size:
    """Two options."""

    wide: Annotated[int, typer.Option("--wide", help="How wide.")] = 1
    high_: Annotated[int, typer.Option("--high", min=0, help="How high.")] = 2


def app() -> typer.Typer:
    lone = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings={"auto_envvar_prefix": "APP"})

    @lone.command()
    @with_options
    def draw(
        *,
        name: Annotated[str, typer.Argument()],
        first: Annotated[bool, typer.Option("--first")] = False,
        size: Size,
        last: Annotated[bool, typer.Option("--last")] = False,
    ) -> None:
        """Draw."""
        typer.echo(f"{name} {first} {size} {last}")

    return lone


def test_fields_are_options_in_their_place() -> None:
    shown = CliRunner().invoke(app(), ["--help"]).stdout
    places = [shown.index(flag) for flag in ("--first", "--wide", "--high", "--last")]
    assert places == sorted(places) and "APP_HIGH_" in shown and "Draw." in shown


@pytest.mark.parametrize(
    ("arguments", "size"), [([], Size()), (["--wide", "7"], Size(7)), (["--high", "0", "--wide", "3"], Size(3, 0))]
)
def test_the_object_is_made_of_what_was_given(arguments: list[str], size: Size) -> None:
    done = CliRunner().invoke(app(), ["it", "--last", *arguments])
    assert done.stdout == f"it False {size} True\n", done.stderr


def test_a_command_may_have_some_of_the_fields() -> None:
    lone = typer.Typer(add_completion=False, rich_markup_mode=None)

    @lone.command()
    @with_options
    def draw(*, size: Annotated[Size, Only("high_")]) -> None:
        typer.echo(str(size))

    assert CliRunner().invoke(lone, ["--high", "9"]).stdout == f"{Size(1, 9)}\n"
    assert CliRunner().invoke(lone, ["--wide", "9"]).exit_code == 2
