"""What labelled answers have shown of a panel, as a file: `grader evaluate` writes it, `grader grade` reads it."""

from pathlib import Path
from typing import Any

from pydantic import Field

from grader.errors import InputError
from grader.files import read_document, validate, write_document
from grader.judges.influence import JudgeWeight
from grader.judges.panel import Panel
from grader.schema import Noun, VerdictWord


class _WeightFile(Noun):
    """The document; `judges` and `prompt` say whom it is about."""

    judges: tuple[str, ...]
    prompt: str
    influence: float = Field(ge=0, le=1)
    everywhere: bool
    chances: dict[VerdictWord, float]
    name: str
    provenance: str


def write_judge_weight(weight: JudgeWeight, panel: Panel, path: str | Path) -> None:
    """Write what the panel is worth.

    Raises:
        InputError: the file cannot be written.

    """
    content: dict[str, Any] = {
        "judges": list(panel.judges),
        "prompt": panel.prompt,
        "influence": weight.influence,
        "everywhere": weight.everywhere,
        "chances": dict(weight.chances),
        "name": weight.name,
        "provenance": weight.provenance,
    }
    write_document(content, path)


def read_judge_weight(path: str | Path, panel: Panel) -> JudgeWeight:
    """Read what a panel is worth, if the file is about this panel.

    Raises:
        InputError: with file and line: not such a document, or one that was learned from other judges or prompts.

    """
    document = read_document(path)
    if not isinstance(document.data, dict):
        problem = "expected what `grader evaluate --judge MODEL --judge-weight FILE` writes"
        raise InputError(problem, source=document.source, line=document.line_of(()))
    found = validate(_WeightFile, document.data, source=document.source, line_of=document.line_of)
    for field, here in (("judges", panel.judges), ("prompt", panel.prompt)):
        given = getattr(found, field)
        if given != here:
            shown = [value if isinstance(value, str) else ", ".join(value) for value in (given, here)]
            problem = (
                f"was learned with {field} {shown[0]}, this run has {shown[1]}; learn it again: grader evaluate --judge"
            )
            raise InputError(problem, source=document.source, line=document.line_of((field,)), field=field)
    return JudgeWeight(found.influence, found.everywhere, dict(found.chances), found.name, found.provenance)
