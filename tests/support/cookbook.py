"""The recipes of `docs/cookbook.md`: files are written, commands run, and what they print goes into the page."""

import csv
import os
import re
import shlex
from contextlib import chdir
from pathlib import Path

import openpyxl
from typer.testing import CliRunner

from grader.cli.app import app

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
_FILE = re.compile(r"(?s)<!-- (\S+) -->\n```\w+\n(.*?)```")
_COMMANDS = re.compile(r"(?s)(?<=```console\n).*?(?=```)")
_ENVIRONMENT = {"COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb", "GRADER_HISTORY": "practice.sqlite"}


def with_outputs(page: str, folder: Path) -> str:
    """The page with what its commands print now.

    Args:
        page: recipes under headings of level 2. Each runs in a folder of its own, with its files and those of the
            recipes above it.
        folder: an empty folder for all of them, where what they have made stays: `1`, `2` and so on.

    """
    files: dict[str, str] = {}
    for number, recipe in enumerate(recipes_of(page), 1):
        files |= files_of(recipe)
        page = page.replace(recipe, run_recipe(recipe, files, folder / str(number)))
    return page


def recipes_of(page: str) -> list[str]:
    """Its parts under headings of level 2."""
    return re.split(r"(?m)^(?=## )", page)[1:]


def files_of(recipe: str) -> dict[str, str]:
    """The files that a recipe shows, by name."""
    return dict(_FILE.findall(recipe))


def run_recipe(recipe: str, files: dict[str, str], folder: Path) -> str:
    """The recipe with what its commands print; `files` by name are written to a new folder, where they run."""
    folder.mkdir()
    for name, text in files.items():
        _write(folder / name, text)
    with chdir(folder):
        return _COMMANDS.sub(lambda found: "".join(map(_run, re.findall(r"(?m)^\$ (.+)\n", found[0]))), recipe)


def _write(path: Path, text: str) -> None:
    """A file as the page shows it; a workbook is shown as CSV, and its cells are numbers where they can be."""
    if path.suffix != ".xlsx":
        path.write_text(text)
        return
    book = openpyxl.Workbook()
    for row in csv.reader(text.splitlines()):
        book.worksheets[0].append([float(cell) if re.fullmatch(r"[\d.]+", cell) else cell for cell in row])
    book.save(path)


def _run(command: str) -> str:
    """A command and what it says, as on a terminal. It always took 0.1 s, and what is practised is due tomorrow."""
    given, _, source = command.partition(" < ")
    program, *arguments = shlex.split(given)
    if program == "cat":
        said = "".join(Path(name).read_text(encoding="utf-8-sig") for name in arguments)
    elif program == "ls":
        said = "".join(f"{path}\n" for name in arguments for path in sorted(os.listdir(name)))
    else:
        assert program == "grader", command
        text = Path(source).read_text() if source else None
        result = CliRunner().invoke(app, arguments, prog_name="grader", env=_ENVIRONMENT, input=text)
        assert result.exit_code == 0, (command, result.output)
        said = re.sub(r"(?m)\b[\d.]+ s$", "0.1 s", result.output)
        if arguments[0] == "practice":
            said = re.sub(r"\b20\d\d-\d\d-\d\d\b", "tomorrow  ", said)
    return f"$ {command}\n" + "".join(f"{line.rstrip()}\n" for line in said.splitlines())
