"""The weight of a judge's credit relative to the embedding's credit: learned from labelled answers, stored in a file.

`grader evaluate --judge` learns and writes it, `grader grade --judge-weight` reads it. Without it a
judge's word alone moves nothing. `grading` chooses the points that a judge is asked about.

Own code, not `scipy.optimize.nnls`: equal to within 3e-15, but different last digits in 22 % of 3,000 sets, and 0.8 s
to import.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from grader.errors import InputError
from grader.files import read_document, validate, write_document
from grader.judges.panel import Panel
from grader.provider import content_key
from grader.schema import Noun, VerdictWord

# Probability that a point is stated, by verdict. Assumed; `grader evaluate --judge` estimates it from labelled answers.
_ASSUMED: Mapping[VerdictWord, float] = {"covered": 0.8, "partial": 0.55, "missing": 0.2, "contradicted": 0.1}


@dataclass(frozen=True)
class JudgeWeight:
    """How much a judge's credit changes a point: `(1 - influence) * embedding + influence * judge`.

    Attributes:
        influence: 0..1.
        everywhere: whether it applies to all points that the judge decided, as for a judge that was shown to help, or
            to unclear ones alone, and there as far as what it quotes shows, by at most half the width of their band.
        chances: probability that a point is stated, by verdict.
        name: its name in signatures.
        provenance: the evidence for it.

    """

    influence: float = 1.0
    everywhere: bool = False
    chances: Mapping[VerdictWord, float] = field(default_factory=lambda: dict(_ASSUMED))
    name: str = "unproven"
    provenance: str = "nothing yet: it explains, and what it quotes may move unclear points a little"

    @property
    def is_proven(self) -> bool:
        """Whether labelled answers have shown that it helps."""
        return self.everywhere and self.influence > 0


UNPROVEN_WEIGHT = JudgeWeight()


def best_influence(human: npt.ArrayLike, embedding: npt.ArrayLike, judge: npt.ArrayLike) -> float:
    """The judge's share in the mixture that fits people best: w of `(1 - w) * embedding + w * judge`.

    Least squares of `human ~ a + b * embedding + c * judge` with b, c >= 0; w = c / (b + c). The intercept and the
    scale are free, because people may be more lenient than both.

    Args:
        human, embedding, judge: fractions or credits, 0..1, shape `(n,)`.

    Returns:
        0 when the judge adds nothing, 1 when the embedding adds nothing beside the judge.

    **Undefined:** 0 when neither rises with the human scores, or with fewer than three answers.

    Raises:
        ValueError: on unequal lengths.

    """
    h, e, j = (np.asarray(values, dtype=float) for values in (human, embedding, judge))
    if not len(h) == len(e) == len(j):
        raise ValueError(f"{len(h)} human scores, {len(e)} of the embedding, {len(j)} of the judge")
    if len(h) < 3:
        return 0.0
    h, e, j = h - h.mean(), e - e.mean(), j - j.mean()
    ee, jj, ej, he, hj = e @ e, j @ j, e @ j, h @ e, h @ j
    determinant = ee * jj - ej**2
    if determinant > 1e-12 * max(ee * jj, 1e-300):
        b, c = (he * jj - hj * ej) / determinant, (hj * ee - he * ej) / determinant
        if b >= 0 and c >= 0:
            return float(c / (b + c)) if b + c > 0 else 0.0
    # One coefficient is zero: keep the predictor that explains more on its own.
    alone_e = max(he, 0.0) ** 2 / ee if ee > 0 else 0.0
    alone_j = max(hj, 0.0) ** 2 / jj if jj > 0 else 0.0
    return 1.0 if alone_j > alone_e else 0.0


# --- the file ----------------------------------------------------------------------------------------


class _WeightFile(Noun):
    """The content of the file; `judges` and `prompt` identify the panel."""

    judges: tuple[str, ...]
    prompt: str
    influence: float = Field(ge=0, le=1)
    everywhere: bool
    chances: dict[VerdictWord, float]
    name: str
    provenance: str


def write_judge_weight(weight: JudgeWeight, panel: Panel, path: str | Path) -> None:
    """Write the weight of a panel.

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
    stored = _WeightFile.model_validate(content).model_dump(mode="json")
    write_document(stored | {"sha256": content_key(stored)}, path)


def read_judge_weight(path: str | Path, panel: Panel) -> JudgeWeight:
    """Read the weight of a panel; the file must have been written for this panel.

    Raises:
        InputError: not a weight file, or learned with other judges or prompts; with file and line.

    """
    document = read_document(path)
    if not isinstance(document.data, dict):
        problem = "expected what `grader evaluate --judge MODEL --judge-weight FILE` writes"
        raise InputError(problem, source=document.source, line=document.line_of(()))
    written = document.data.pop("sha256", None)  # files of earlier versions have none
    found = validate(_WeightFile, document.data, source=document.source, line_of=document.line_of)
    if written is not None and written != content_key(found.model_dump(mode="json")):
        problem = "is damaged or was changed since it was written; learn it again: grader evaluate --judge"
        raise InputError(problem, source=document.source, field="sha256")
    for name, here in (("judges", panel.judges), ("prompt", panel.prompt)):
        given = getattr(found, name)
        if given != here:
            shown = [value if isinstance(value, str) else ", ".join(value) for value in (given, here)]
            problem = (
                f"was learned with {name} {shown[0]}, this run has {shown[1]}; learn it again: grader evaluate --judge"
            )
            raise InputError(problem, source=document.source, line=document.line_of((name,)), field=name)
    return JudgeWeight(found.influence, found.everywhere, dict(found.chances), found.name, found.provenance)
