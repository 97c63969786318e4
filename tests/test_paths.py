"""Files, rooms and decisions that the documentation names are there."""

import re
from pathlib import Path

import pytest

from tests.test_architecture import BESIDE, FLOORS, PACKAGE

ROOT = PACKAGE.parent
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md", "grader/reader/models/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
# A folder in the user's cache.
ELSEWHERE = {"grader/models"}
TREE = {path.name for folder in ("grader", "tests", "data") for path in (ROOT / folder).rglob("*.py*")}
# Folders and files of this repository, as a page writes them.
PLACE = re.compile(r"(?<![\w/.:-])((?:grader|tests|docs|data|rubrics|\.ci)/[\w./-]*\w/?)")
MODULE = re.compile(r"(?<![\w/.-])([\w/.-]+\.pyi?)\b")
DOTTED = re.compile(r"\b((?:grader|tests)(?:\.(?!py\b)[a-z_]+)+)\b(?!\()")


def exists(place: str) -> bool:
    """Whether a file is there; a page may leave `grader/` out, or all folders."""
    return (ROOT / place).exists() or (PACKAGE / place).exists() or ("/" not in place and place in TREE)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    named = {found for pattern in (PLACE, MODULE) for found in pattern.findall(text)} - ELSEWHERE
    linked = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text)
    assert {place for place in named if not exists(place)} == set()
    assert {link for link in linked if not (page.parent / link).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_that_a_page_names_exist(page: Path) -> None:
    for name in DOTTED.findall(page.read_text()):
        path = ROOT.joinpath(*name.split("."))
        holder = path.parent if path.parent.is_dir() else path.parent.with_suffix(".py")
        assert path.is_dir() or path.with_suffix(".py").exists() or path.name in offered(holder), name


def offered(holder: Path) -> set[str]:
    """The words of a module, or of a room's door."""
    doors = [holder] if holder.is_file() else [*holder.glob("__init__.py*")]
    return {word for door in doors for word in re.findall(r"\w+", door.read_text())}


def test_modules_that_docstrings_name_exist() -> None:
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        for name in re.findall(r"(?<![\w/.-])((?:grader|tests)/[\w/]+\.py)\b", path.read_text()):
            assert exists(name), f"{path.relative_to(ROOT)}: {name}"


def test_the_table_of_rooms_is_the_one_that_is_tested() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+?) \|", ARCHITECTURE, re.MULTILINE)
    floors = [set(re.findall(r"`(\w+)/`", rooms.replace("`grader/`", ""))) or {""} for _, rooms in rows]
    assert [int(number) for number, _ in rows] == list(range(len(FLOORS)))
    assert floors == FLOORS
    assert set(re.findall(r"`(\w+) -> (\w+)`", ARCHITECTURE)) == BESIDE


def test_every_decision_for_own_code_is_in_the_table() -> None:
    table = ARCHITECTURE.partition("## Decisions")[2]
    for path in PACKAGE.rglob("*.py"):
        if "Own code, not" in path.read_text():
            assert f"`{path.relative_to(ROOT)}`" in table, path
