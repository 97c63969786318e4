"""The list of statistics in docs/statistics.md, made from the docstrings of the modules, so that it cannot go stale."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "statistics.md"
BEGIN, END = "<!-- statistics, from the docstrings -->\n", "<!-- end of the statistics -->"

# In the order of the page.
MODULES = {
    "statistics/agreement": "Two lists of scores",
    "statistics/decision_consistency": "Decisions at a cut",
    "statistics/pairwise": "A panel, pair by pair",
    "statistics/reliability": "A panel as a whole",
    "statistics/kappas": "Chance-corrected agreement with its error",
    "statistics/generalizability": "Variance components and what follows from them",
    "calibration/raters/severity": "Who is strict",
    "statistics/prmse": "A system against true scores",
    "calibration/system/human_machine_agreement": "A system against people",
    "statistics/subgroups": "Groups of candidates",
    "statistics/alternative_annotator": "A system instead of a person",
    "statistics/prevalence": "A large batch, scored by people in part",
    "statistics/conformal": "When to ask a person",
    "statistics/intervals": "Intervals",
    "statistics/bootstrap": "Intervals by resampling",
    "statistics/false_discovery": "Many tests at once",
    "statistics/distributions": "Distributions",
}
_FIELDS = ("Undefined", "Source", "Checked against")
_SECTION = re.compile(r"(Args|Returns|Attributes|Raises|Undefined|Source|Checked against):")


class Entry(NamedTuple):
    """What the docstring of a public function says."""

    name: str
    summary: str
    formula: tuple[str, ...]  # paragraphs
    fields: dict[str, str]


def entries(module: str) -> list[Entry]:
    """The documented statistics of a module: its public functions that name a source."""
    tree = ast.parse((ROOT / "grader" / f"{module}.py").read_text(encoding="utf-8"))
    public = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    found = [_entry(node.name, ast.get_docstring(node) or "") for node in public]
    return [entry for entry in found if "Source" in entry.fields]


def statistics() -> str:
    """The generated part of the page."""
    return "\n".join(_lines())


def with_statistics(page: str) -> str:
    """The page with its generated part replaced."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + statistics() + END + rest.partition(END)[2]


def _lines() -> Iterator[str]:
    for module, title in MODULES.items():
        yield f"\n## {title} (`{module}.py`)\n"
        for entry in entries(module):
            yield f"### `{entry.name}`\n"
            yield f"{entry.summary}\n"
            yield from (f"{paragraph}\n" for paragraph in entry.formula)
            yield "\n".join(f"- {field}: {entry.fields[field]}" for field in _FIELDS if field in entry.fields) + "\n"


def _entry(name: str, docstring: str) -> Entry:
    """Take a docstring apart: paragraphs before the first section, and the sections on one line each."""
    lines = docstring.splitlines()
    first = next((i for i, line in enumerate(lines) if _SECTION.match(line)), len(lines))
    summary, *formula = [_joined(part) for part in "\n".join(lines[:first]).split("\n\n") if part.strip()] or [""]
    fields: dict[str, str] = {}
    current = ""
    for line in lines[first:]:
        if match := _SECTION.match(line):
            current = match[1]
            line = line[match.end() :]
        fields[current] = f"{fields.get(current, '')} {line.strip()}".strip()
    # "Return the share of ..." reads as a title without its first word.
    summary = re.sub(r"^Return (\w)", lambda m: m[1].upper(), summary)
    return Entry(name, summary, tuple(formula), {key: text for key, text in fields.items() if key in _FIELDS})


def _joined(text: str) -> str:
    """One line: a wrapped one that begins with a minus would become a list."""
    return " ".join(line.strip() for line in text.splitlines())
