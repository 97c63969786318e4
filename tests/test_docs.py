"""The documentation says what the program does now."""

import re

import pytest

from grader import __version__
from grader.encoding import Encoder
from grader.settings import Settings
from tests.generated_docs import HELP_PAGE, README, ROOT, commands, help_page, with_sample

STALE = "is stale: run `make docs`"


def test_the_help_page_is_current() -> None:
    assert HELP_PAGE.read_text() == help_page(), f"{HELP_PAGE.name} {STALE}"


def test_the_sample_run_is_current() -> None:
    assert with_sample(README.read_text()) == README.read_text(), f"README.md {STALE}"


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = re.findall(r"(?s)```python\n(.*?)```", README.read_text())
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(example, names)  # noqa: S102  # the README's own example
    assert "grade" in names


def test_the_map_names_every_module() -> None:
    described = set(re.findall(r"`(\w+)\.py`", README.read_text()))
    assert {path.stem for path in (ROOT / "grader").glob("*.py")} - {"__init__", "__main__"} <= described


def test_every_command_is_in_the_readme() -> None:
    for name in commands():
        assert f"grader {name}" in README.read_text()


@pytest.mark.parametrize("page", ["README.md", "docs/accuracy.md"])
def test_measured_tables_belong_to_this_version(page: str, encoder: Encoder) -> None:
    signature = f"grader:{__version__}|encoder:{encoder.name}@{encoder.revision}|coverage:{Settings().signature()}"
    assert signature in (ROOT / page).read_text(), (
        f"the figures in {page} were measured with other settings: make bench"
    )


def test_the_changelog_knows_this_version() -> None:
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_two_commands_are_in_the_readme() -> None:
    assert "make grade" in README.read_text() and "make test" in README.read_text()
