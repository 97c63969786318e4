"""How well derived points agree with the atomic facts that people wrote from the same text.

    python -m tests.benchmarks.derive_points [DATASET_DIR]

Reads `summary_points_dev.jsonl` (reference texts of news summaries with human facts; REALSumm). Two texts
are as similar as the F1 of their sets of content-word stems. A point and a fact match when that is at least
0.5; each matches at most one, best pairs first. Precision is the share of points that match a fact, recall
the share of facts that match a point. `held` is the share of facts of which at least 80 % of the stems
stand in a single point, and `facts in one` how many facts a point so holds on average: 1 is atomic,
more is compound.

Then the same summaries are graded twice, with the facts as points and with points derived from the reference text, and
both gradings are compared with the people's scores, answer by answer.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from grader.encoders.registry import load_encoder
from grader.evaluation.evaluation import evaluate
from grader.evaluation.labelled_set import read_labelled_set
from grader.rubrics.derivation import derive
from grader.schema import Question
from grader.settings import Settings
from grader.text.grammar.lexicon import content_stems
from grader.text.grammar.sentence import detokenize
from grader.text.grammar.tagging import tokenize
from grader.text.normalisation import segments

FILE = "summary_points_dev.jsonl"
SIMILAR = 0.5
HELD = 0.8


class Case(NamedTuple):
    """A reference text and what people wrote down as its facts."""

    reference: str
    facts: list[str]


class Row(NamedTuple):
    """One line of the table, micro-averaged over the references."""

    name: str
    points: float
    precision: float
    recall: float
    f1: float
    held: float
    per_point: float


def read(path: Path) -> list[Case]:
    """Each reference once, in file order."""
    cases: dict[str, Case] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            reference = row["reference_answers"][0]
            cases.setdefault(reference, Case(reference, [point["text"] for point in row["rubric"]]))
    return list(cases.values())


def similarity(one: str, two: str) -> float:
    """F1 of the sets of content-word stems, 0..1; 0 when they share none."""
    first, second = set(content_stems(one)), set(content_stems(two))
    shared = len(first & second)
    return 2 * shared / (len(first) + len(second)) if shared else 0.0


def matches(points: list[str], facts: list[str]) -> int:
    """How many pairs match, one to one, best first."""
    pairs = sorted(
        ((similarity(point, fact), p, f) for p, point in enumerate(points) for f, fact in enumerate(facts)),
        key=lambda pair: (-pair[0], pair[1], pair[2]),
    )
    used_points: set[int] = set()
    used_facts: set[int] = set()
    for value, point, fact in pairs:
        if value >= SIMILAR and point not in used_points and fact not in used_facts:
            used_points.add(point)
            used_facts.add(fact)
    return len(used_points)


def holds(point: str, fact: str) -> bool:
    """Whether the point says nearly all of the fact."""
    wanted = set(content_stems(fact))
    return bool(wanted) and len(wanted & set(content_stems(point))) >= HELD * len(wanted)


def measure(name: str, cases: list[Case], points_of: Callable[[str], list[str]]) -> Row:
    """One way of making points, against the facts of all cases."""
    n_points = n_facts = n_matched = n_held = n_pairs = 0
    for case in cases:
        points = points_of(case.reference)
        n_points += len(points)
        n_facts += len(case.facts)
        n_matched += matches(points, case.facts)
        n_held += sum(any(holds(point, fact) for point in points) for fact in case.facts)
        n_pairs += sum(holds(point, fact) for point in points for fact in case.facts)
    precision, recall = n_matched / n_points, n_matched / n_facts
    f1 = 2 * precision * recall / (precision + recall)
    return Row(name, n_points / len(cases), precision, recall, f1, n_held / n_facts, n_pairs / n_points)


def by_rules(reference: str) -> list[str]:
    """What `grader derive` does."""
    rubric = derive(Question(id="q", question="-", reference_answer=reference))
    return [point.text for point in rubric.points]


def by_sentence(reference: str) -> list[str]:
    """The baseline: one point a sentence."""
    text = reference.replace("</t>", "\n").replace("<t>", " ")
    return [detokenize(tokenize(text[span.start : span.end])) for span in segments(text)]


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root.parent / "shared" / "datasets"
    path = folder / FILE
    if not path.exists():
        print(f"{path} is not there; give the folder of the labelled sets: derive_points.py DATASET_DIR")
        return
    compare_points(path)
    compare_grading(path)


def compare_points(path: Path) -> None:
    """Print how well derived points match the facts."""
    cases = read(path)
    n_facts = sum(len(case.facts) for case in cases)
    start = time.perf_counter()
    rows = [measure("one point a sentence", cases, by_sentence), measure("derive", cases, by_rules)]
    taken = time.perf_counter() - start
    print(f"{len(cases)} references, {n_facts} facts, {n_facts / len(cases):.1f} a reference ({taken:.1f} s)")
    print(f"\n{'points':22}{'a reference':>13}{'precision':>11}{'recall':>8}{'F1':>7}{'held':>7}{'facts in one':>14}")
    for row in rows:
        print(
            f"{row.name:22}{row.points:13.1f}{row.precision:11.3f}{row.recall:8.3f}{row.f1:7.3f}"
            f"{row.held:7.3f}{row.per_point:14.2f}"
        )


def compare_grading(path: Path) -> None:
    """Print how well answers graded with derived points, and with the facts, agree with people."""
    rows = read_labelled_set(path)
    without = [row.model_copy(update={"rubric": None, "point_labels": {}}) for row in rows]
    encoder = load_encoder(Settings().encoder)
    print(f"\n{'graded with':22}{'Pearson':>9}{'95 % interval':>18}{'n':>6}")
    for name, some in (("the facts of people", rows), ("derived points", without)):
        pearson = evaluate(some, encoder=encoder).statistics["pearson"]
        print(f"{name:22}{pearson.value:9.3f}{f'[{pearson.low:.2f}, {pearson.high:.2f}]':>18}{pearson.n:6d}")


if __name__ == "__main__":
    main()
