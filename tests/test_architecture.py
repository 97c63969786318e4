"""The rooms stay on their floors, no room reads another one's files, and starting up stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "grader"

# Imports go down the floors.
FLOORS = [
    {""},  # the top level: the nouns, and what everything may use
    {"text", "statistics"},
    {"files", "provider"},
    {"encoders", "reader"},
    {"guards", "judges", "rubrics", "marks"},
    {"grading"},
    {"batch", "calibration"},
    {"evaluation"},
    {"reports", "practice"},
    {"web"},
    {"cli"},
]
# Arrows between rooms on one floor.
BESIDE = {
    ("provider", "files"),
    ("reader", "encoders"),
    ("judges", "guards"),
    ("rubrics", "guards"),
    ("rubrics", "judges"),
}
# The entry points stand at the top level and may name what they open.
ENTRIES = {"__init__.py", "__main__.py"}
HEAVY = {
    *("torch", "onnxruntime", "tokenizers", "openai", "sentence_transformers", "transformers"),
    *("lxml", "markdown_it", "openpyxl", "pyarrow", "rich", "jinja2", "scipy", "sklearn", "onnx"),
    *("fsrs", "genanki", "platformdirs"),
}
PURE = {"text", "statistics", "guards", "marks"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def room(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor(name: str) -> int:
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_go_down_the_floors(path: Path) -> None:
    if room(path) == "" and path.name in ENTRIES:
        return
    mine = room(path)
    for name in imports(parsed(path)):
        if not name.startswith("grader."):
            continue
        part = name.split(".")[1]
        other = part if (PACKAGE / part).is_dir() else ""
        allowed = other == mine or floor(other) < floor(mine) or (mine, other) in BESIDE
        assert allowed, f"{name_of(path)} (floor {floor(mine)}) imports {name} (floor {floor(other)})"


@pytest.mark.parametrize("path", [p for p in modules() if room(p)], ids=name_of)
def test_rooms_are_entered_by_their_door(path: Path) -> None:
    """Other rooms import what a room's `__init__.pyi` offers, not from its files."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("grader."):
            parts = (node.module or "").split(".")
            if parts[1] != room(path) and (PACKAGE / parts[1]).is_dir():
                assert len(parts) == 2, f"{name_of(path)} imports from the file {node.module}"
                files = {file.stem for file in (PACKAGE / parts[1]).iterdir()}
                assert not files & {alias.name for alias in node.names}, f"{name_of(path)} imports a file of {parts[1]}"


@pytest.mark.parametrize("name", sorted(set.union(*FLOORS) - {""}))
def test_a_room_offers_what_it_has_and_what_others_use(name: str) -> None:
    offered = {}
    for node in ast.parse((PACKAGE / name / "__init__.pyi").read_text()).body:
        assert isinstance(node, ast.ImportFrom)
        offered.update({alias.name: node.module for alias in node.names})
    found = import_module(f"grader.{name}")
    # A file and a name that are called the same would hide one another, depending on what is imported first.
    assert not offered.keys() & {file.stem for file in (PACKAGE / name).iterdir()}
    for public, module in offered.items():
        assert getattr(found, public) is getattr(import_module(f"grader.{name}.{module}"), public)
    used = {
        imported.rpartition(".")[2]
        for path in modules()
        if room(path) != name
        for imported in imports(parsed(path))
        if imported.startswith(f"grader.{name}.")
    }
    for node in ast.parse((PACKAGE / "__init__.pyi").read_text()).body:
        if isinstance(node, ast.ImportFrom) and node.module == name:
            used |= {alias.name for alias in node.names}
    assert used == offered.keys()


@pytest.mark.parametrize("path", [p for p in modules() if room(p) in PURE], ids=name_of)
def test_pure_rooms_import_little(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(parsed(path))}
    assert outside - set(sys.stdlib_module_names) <= {
        "grader",
        "numpy",
        "pydantic",
        "scipy",
        "lazy_loader",
        "markdown_it",
    }


def at_import_time(tree: ast.Module) -> Iterator[str]:
    body = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If)]
    yield from imports(ast.Module(body=body, type_ignores=[]))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_heavy_packages_are_imported_where_they_are_used(path: Path) -> None:
    early = {name.split(".")[0] for name in at_import_time(parsed(path))}
    assert not early & HEAVY


@pytest.mark.parametrize(
    "command",
    [
        "",
        "grade",
        "evaluate",
        "attack",
        "calibrate",
        "derive",
        "import",
        "columns",
        "demo",
        "doctor",
        "practice",
        "serve",
    ],
)
def test_help_loads_nothing_heavy(command: str) -> None:
    arguments = [*command.split(), "--help"]
    code = f"import sys; sys.argv = ['grader', *{arguments!r}]; import grader.cli.app, atexit\n"
    code += "atexit.register(lambda: print('LOADED', sorted(sys.modules), file=sys.stderr)); grader.cli.app.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = done.stderr.partition("LOADED")[2]
    assert "'grader.cli.app'" in loaded
    for name in (*HEAVY, "numpy"):
        assert f"'{name}'" not in loaded


def test_importing_the_package_writes_and_loads_nothing(tmp_path: Path) -> None:
    code = "import sys, grader; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert "'numpy'" not in done.stdout
    assert list(tmp_path.iterdir()) == []
