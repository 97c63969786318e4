"""The parts of the documentation that the program writes itself: help, the README's sample run, cookbook, practice.

`make docs` writes them; `test_docs.py` and `test_cookbook.py` fail when they differ from what the program says now.
"""

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from typer.main import get_command
from typer.testing import CliRunner

from grader.cli.app import app
from tests.support.cookbook import PAGE as COOKBOOK
from tests.support.cookbook import with_outputs
from tests.support.statistics_page import PAGE as STATISTICS_PAGE
from tests.support.statistics_page import with_statistics

ROOT = Path(__file__).parents[2]
HELP_PAGE = ROOT / "docs" / "help.md"
PRACTICE_PAGE = ROOT / "docs" / "practice.md"
README = ROOT / "README.md"
CALIBRATION_PAGE = ROOT / "docs" / "calibration.md"
# Wide enough for the README, narrow enough for its readers.
TERMINAL = {"COLUMNS": "96", "NO_COLOR": "1", "TERM": "dumb"}
SAMPLE = ("grader derive questions.md -o rubrics/", "grader grade answers.md")


def help_page() -> str:
    """`docs/help.md`: what every command says of itself."""
    parts = ["# Commands\n\nWritten by `make docs` from the program itself.\n"]
    for name in ("", *commands()):
        arguments = [*name.split(), "--help"]
        said = CliRunner().invoke(app, arguments, prog_name="grader", env=TERMINAL).stdout
        parts.append(f"## {f'grader {name}'.strip()}\n\n```text\n{said.strip()}\n```\n")
    return "\n".join(parts)


def commands() -> list[str]:
    """The names of all commands."""
    return sorted(get_command(app).commands)  # type: ignore[attr-defined]  # the root command is a group


def sample_run(files: Mapping[str, str]) -> str:
    """What the two commands of the README print on a terminal, from its own two files."""
    said = []
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, text in files.items():
            Path(name).write_text(text)
        for command in SAMPLE:
            found = CliRunner().invoke(app, command.split()[1:], env=TERMINAL)
            lines = [line.rstrip() for line in found.stdout.strip("\n").splitlines()]
            said.append("\n".join([f"$ {command}", *lines]))
    return "\n\n".join(said)


def calibration_run() -> str:
    """What `grader calibrate` says of the sample ratings, up to the table of raters."""
    arguments = ["calibrate", str(ROOT / "data" / "ratings.csv")]
    said = CliRunner().invoke(app, arguments, env=TERMINAL).stdout
    lines = [line.rstrip() for line in said.partition("\n  Least agreement")[0].strip("\n").splitlines()]
    return "$ grader calibrate data/ratings.csv\n" + "\n".join(lines) + "\n  ..."


def with_sample(readme: str) -> str:
    """The README with its sample run replaced by what the program prints now."""
    files = dict(re.findall(r"(?s)<!-- (\w+\.md) -->\n```markdown\n(.*?)```", readme))
    return _replaced(readme, "sample", sample_run(files))


def with_calibration(page: str) -> str:
    """The page about calibration with its sample run replaced by what the program prints now."""
    return _replaced(page, "calibration", calibration_run())


def _replaced(page: str, marker: str, said: str) -> str:
    return re.sub(rf"(?s)(<!-- {marker} -->\n```text\n).*?(\n?```\n)", lambda found: f"{found[1]}{said}\n```\n", page)


if __name__ == "__main__":
    HELP_PAGE.write_text(help_page())
    STATISTICS_PAGE.write_text(with_statistics(STATISTICS_PAGE.read_text()))
    README.write_text(with_sample(README.read_text()))
    CALIBRATION_PAGE.write_text(with_calibration(CALIBRATION_PAGE.read_text()))
    with TemporaryDirectory() as folder:
        for page in (COOKBOOK, PRACTICE_PAGE):
            (Path(folder) / page.stem).mkdir()
            page.write_text(with_outputs(page.read_text(), Path(folder) / page.stem))
