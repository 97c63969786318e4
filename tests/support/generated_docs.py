"""The parts of the documentation that the program writes itself: help, the README's sample run, cookbook, practice.

`make docs` writes them; `test_docs.py` and `test_cookbook.py` fail when they differ from what the program says now.
"""

import re
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
# Wide enough for the README, narrow enough for its readers.
TERMINAL = {"COLUMNS": "96", "NO_COLOR": "1", "TERM": "dumb"}
WANTED = "backpropagation-partial"
SAMPLE = f"grep {WANTED} data/practice_answers.jsonl | head -n 1 | grader grade -"


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


def sample_run() -> str:
    """What the README's sample command prints on a terminal."""
    rows = (ROOT / "data" / "practice_answers.jsonl").read_text().splitlines()
    first = next(row for row in rows if WANTED in row)
    arguments = ["grade", "-", "--rubrics", str(ROOT / "rubrics")]
    said = CliRunner().invoke(app, arguments, input=first, env=TERMINAL).stdout
    lines = [line.rstrip() for line in said.strip("\n").splitlines()]
    return f"$ {SAMPLE}\n" + "\n".join(lines)


def calibration_run() -> str:
    """What `grader calibrate` says of the sample ratings, up to the table of raters."""
    arguments = ["calibrate", str(ROOT / "data" / "ratings.csv")]
    said = CliRunner().invoke(app, arguments, env=TERMINAL).stdout
    lines = [line.rstrip() for line in said.partition("\n  Least agreement")[0].strip("\n").splitlines()]
    return "$ grader calibrate data/ratings.csv\n" + "\n".join(lines) + "\n  ..."


def with_sample(readme: str) -> str:
    """The README with its sample runs replaced by what the program prints now."""
    for marker, run in (("sample", sample_run), ("calibration", calibration_run)):
        block = rf"(?s)(<!-- {marker} -->\n```text\n).*?(\n```\n)"
        readme = re.sub(block, lambda found, run=run: found[1] + run() + found[2], readme)  # type: ignore[misc]
    return readme


if __name__ == "__main__":
    HELP_PAGE.write_text(help_page())
    STATISTICS_PAGE.write_text(with_statistics(STATISTICS_PAGE.read_text()))
    README.write_text(with_sample(README.read_text()))
    with TemporaryDirectory() as folder:
        for page in (COOKBOOK, PRACTICE_PAGE):
            (Path(folder) / page.stem).mkdir()
            page.write_text(with_outputs(page.read_text(), Path(folder) / page.stem))
