"""How right the chance is that a point is stated: of the packaged curve, and of curves fitted on the other sets.

Usage: python -m tests.benchmarks.calibrate [FOLDER] (default folder: ../shared/datasets)

Every set (*.jsonl) with point labels, or with nothing but 0 and full marks, takes part: each judged point with its
coverage and label, or each answer with the mean coverage of its points and right or wrong. Prints each set's
calibration error (ECE, ten bins); the curve fitted on all sets, each with the same weight; and for every set what
`review_below` sends to people and the agreement of the rest.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.encoders.protocol import Encoder
from grader.encoders.registry import load_encoder
from grader.evaluation.labelled_grading import grade_rows
from grader.evaluation.labelled_set import LabelledAnswer, read_labelled_set
from grader.grading.confidence import STATED, expected_calibration_error, reliability_bins
from grader.schema import Grade
from grader.settings import Settings
from grader.statistics import agreement

DEFAULT = Path(__file__).parents[3] / "shared" / "datasets"
THRESHOLDS = (0.4, 0.45, 0.5, 0.55, 0.6)

Floats = NDArray[np.float64]
Rows = Sequence[tuple[LabelledAnswer, Grade]]


class Judged(NamedTuple):
    """Coverages and what people decided, 0 or 1, both of shape `(n,)`."""

    coverage: Floats
    stated: Floats


class Curve(NamedTuple):
    intercept: float
    slope: float

    def error(self, judged: Judged) -> float:
        chance = 1 / (1 + np.exp(-(self.intercept + self.slope * judged.coverage)))
        return expected_calibration_error(reliability_bins(chance, judged.stated)) or 0.0


def graded(path: Path, encoder: Encoder) -> Rows:
    rows = read_labelled_set(path)
    pairs = zip(rows, grade_rows(rows, encoder=encoder, settings=Settings()).grades, strict=True)
    return [(row, grade) for row, grade in pairs if grade is not None and grade.fraction is not None]


def judged(rows: Rows) -> Judged | None:
    """What the curve is fitted to: points that coverage decided, not guards or rules; `None` for sets of marks."""
    found: list[tuple[float, bool]] = []
    by_answer = all(row.human_score in (0, row.max_score) for row, _ in rows)
    for row, grade in rows:
        points = [point for point in grade.points if point.decided_by == "embedding" and point.coverage is not None]
        if row.point_labels:
            marked = [(p.coverage or 0.0, row.point_labels.get(p.point_id)) for p in points]
            found += [(coverage, label >= 0.5) for coverage, label in marked if label is not None]
        elif by_answer and points:
            mean = np.average([p.coverage or 0.0 for p in points], weights=[abs(p.weight) for p in points])
            found.append((float(mean), row.human_score > 0))
    return Judged(*np.array(found, dtype=float).T) if found else None


def fitted(sets: Sequence[Judged]) -> Curve:
    """Logistic regression, each set with the same weight, by Newton's method."""
    coverage = np.concatenate([one.coverage for one in sets])
    stated = np.concatenate([one.stated for one in sets])
    weight = np.concatenate([np.full(len(one.stated), 1 / len(one.stated)) for one in sets])
    design, at = np.stack([np.ones_like(coverage), coverage], axis=1), np.zeros(2)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ at))
        bend = design.T @ (design * (weight * chance * (1 - chance))[:, None])
        at = at + np.linalg.solve(bend, design.T @ (weight * (stated - chance)))
    return Curve(float(at[0]), float(at[1]))


def review_cells(rows: Rows) -> list[str]:
    human = np.array([row.human_score / row.max_score for row, _ in rows])
    system = np.array([grade.fraction for _, grade in rows], dtype=float)
    confidence = np.array([grade.confidence or 0.0 for _, grade in rows])
    statistic = agreement.auc if np.isin(human, (0, 1)).all() else agreement.pearson_r
    kept = [confidence >= threshold for threshold in (0.0, *THRESHOLDS)]
    return [f"{1 - some.mean():.0%}: {statistic(human[some], system[some]):.3f}" for some in kept]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("| " + " | ".join(head) + " |\n" + "| --- " * len(head) + "|")
    print("\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n", flush=True)


def main(encoder: Encoder | None = None) -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        sys.exit(f"no scored sets (*.jsonl) in {folder}: nothing to measure")
    encoder = encoder or load_encoder(Settings().encoder)
    rows = {path.stem: graded(path, encoder) for path in files}
    sets = {name: one for name, some in rows.items() if (one := judged(some)) is not None}
    packaged, cells = Curve(STATED.intercept, STATED.slope), []
    for name, one in sets.items():
        others = [other for key, other in sets.items() if key != name]
        curves = (packaged, *([fitted(others)] if others else []), fitted([one]))
        errors = (f"{curve.error(one):.3f} ({curve.intercept:.2f}, {curve.slope:.2f})" for curve in curves)
        cells.append([name, str(len(one.stated)), *errors])
    table(["set", "n", f"ECE of {STATED.name}", "fitted on the other sets", "on itself"], cells)
    if sets:
        print("all sets: intercept {:.2f}, slope {:.2f}\n".format(*fitted(list(sets.values()))))
    table(["set", "none sent", *(f"below {t}" for t in THRESHOLDS)], [[n, *review_cells(r)] for n, r in rows.items()])


if __name__ == "__main__":
    main()
