"""Pictures of the real program for the README and the docs: `make pictures`.

The terminal is drawn from what a command prints, as SVG; pages are photographed by Chromium, as PNG.
"""

import contextlib
import os
import pty
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from grader.cli.options import UNGRADED

if TYPE_CHECKING:
    from playwright.sync_api import ViewportSize

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "pictures"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WIDTH = 96  # characters of the terminal
_PAGE: "ViewportSize" = {"width": 1100, "height": 900}


def draw_terminal(command: str, said: str, path: Path) -> None:
    """A command and its coloured output, as SVG."""
    console = Console(record=True, width=_WIDTH, file=StringIO(), force_terminal=True)
    console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
    console.print(Text.from_ansi(said))
    path.write_text(console.export_svg(title="grader"))


def run_grader(*arguments: str) -> str:
    """What `grader ARGUMENTS` prints on a terminal with colours."""
    ours, theirs = pty.openpty()
    said = []
    with subprocess.Popen(
        [sys.executable, "-m", "grader", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(_WIDTH), "TERM": "xterm-256color"},
        stdout=theirs,
    ) as process:
        os.close(theirs)
        with contextlib.suppress(OSError):  # the other end is closed
            while piece := os.read(ours, 4096):
                said.append(piece)
    os.close(ours)
    if process.returncode not in (0, UNGRADED):  # the sample has a question about personal experience
        raise SystemExit(process.returncode)
    return b"".join(said).decode().replace("\r\n", "\n")


def photograph(page: Path, path: Path, *, part: str) -> None:
    """A part of a page, by a CSS selector, as a browser shows it, as PNG."""
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as driver:
        shown = driver.chromium.launch(executable_path=browser).new_page(viewport=_PAGE)
        shown.goto(page.resolve().as_uri())
        shown.locator(part).first.screenshot(path=path)


def main() -> None:
    """Draw all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        one = Path(folder) / "answer.jsonl"
        rows = (ROOT / "data" / "practice_answers.jsonl").read_text().splitlines()
        one.write_text(next(row for row in rows if "backpropagation-partial" in row))
        draw_terminal("grader grade answer.jsonl", run_grader("grade", str(one)), FOLDER / "grade.svg")
        report = Path(folder) / "report.html"
        run_grader("grade", str(one), "-o", str(Path(folder) / "grades.jsonl"), "--report", str(report))
        photograph(report, FOLDER / "report.png", part="section.question")


if __name__ == "__main__":
    main()
