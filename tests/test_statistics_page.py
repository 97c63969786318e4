"""The page of statistics says what the docstrings say, and they say everything that they must."""

import ast
import re

import pytest

from tests.support.statistics_page import MODULES, PAGE, ROOT, entries, with_statistics


def test_the_page_is_current() -> None:
    assert with_statistics(PAGE.read_text()) == PAGE.read_text(), f"{PAGE.name} is stale: run `make docs`"


@pytest.mark.parametrize("module", MODULES)
def test_every_statistic_says_where_it_is_undefined_and_what_it_was_checked_against(module: str) -> None:
    found = entries(module)
    assert found
    for entry in found:
        assert entry.summary, entry.name
        assert set(entry.fields) == {"Undefined", "Source", "Checked against"}, entry.name
        assert all(entry.fields.values()), entry.name


@pytest.mark.parametrize("module", MODULES)
def test_what_docstrings_point_to_exists(module: str) -> None:
    code = (ROOT / "grader" / f"{module}.py").read_text()
    for other, name in re.findall(r"`([a-z_]+)\.([a-z_]+)`", code):
        path = (ROOT / "grader" / f"{module}.py").with_name(f"{other}.py")
        if path.exists() and name != "py":
            tree = ast.parse(path.read_text())
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
            assert name in names, f"{module}.py points to {other}.{name}"


def test_an_entry_is_what_the_docstring_says() -> None:
    kappa = next(entry for entry in entries("statistics/agreement") if entry.name == "cohen_kappa")
    assert kappa.summary == "Cohen's kappa for classes without an order: agreement beyond chance."
    assert kappa.formula[0].startswith("kappa = (p_o - p_e) / (1 - p_e), with p_o the share of equal classes and")
    assert kappa.fields["Source"] == "Cohen (1960), Educational and Psychological Measurement 20, 37-46."
