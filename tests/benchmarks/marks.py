"""What marks are worth: the same sets with 0, 5, 10 and 15 marked answers a question, and a map from 30 labels in all.

Also whether intervals hold what they promise, and how long learning takes and how much grading with marks adds.

Usage: python -m tests.benchmarks.marks [FOLDER]   (default folder: ../shared/datasets)
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np

from grader.encoders.registry import load_encoder
from grader.evaluation.labelled_grading import GradedSet, grade_labelled_set
from grader.evaluation.labelled_set import read_labelled_set
from grader.evaluation.marks_evaluation import evaluate_with_marks
from grader.marks.model import MarksModel
from grader.marks.records import MarkedAnswer
from grader.marks.score_map import fit_score_map
from grader.settings import Settings
from grader.statistics.conformal import conformal_quantile, covered
from grader.statistics.intervals import Estimate, cluster_bootstrap

DEFAULT = Path(__file__).parents[3] / "shared" / "datasets"
SETS = ("mohler_dev", "neural_networks_dev", "networking_dev", "operating_systems_three_raters_dev")
GIVEN = (5, 10, 15)
SEED = 12345
COLUMNS = ("pearson", "within_question_pearson", "rmse")
MAP_LABELS, MAP_DRAWS = 30, 200
SIMULATED_DRAWS = 2000


def cell(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    interval = "" if estimate.low is None or estimate.high is None else f" [{estimate.low:.2f}, {estimate.high:.2f}]"
    return f"{estimate.value:.3f}{interval}"


def marked_table(sets: dict[str, GradedSet]) -> None:
    interval = partial(cluster_bootstrap, n_resamples=1000, seed=SEED)
    print(
        "| set | marks a question | Pearson | within question | RMSE | without: Pearson | within | RMSE | 90 % hold |"
    )
    print("| --- " * 9 + "|")
    gains = []
    for name, graded in sets.items():
        for n in GIVEN:
            found = evaluate_with_marks(graded.answers, graded.features, n_per_question=n, seed=SEED, interval=interval)
            cells = [cell(found.statistics[column]) for column in COLUMNS]
            cells += [f"{found.without_marks[column].value:.3f}" for column in COLUMNS]
            print(f"| {name} | {n} | " + " | ".join(cells) + f" | {found.coverage:.3f} |", flush=True)
            if n == 10:
                gains.append([(found.statistics[c].value, found.without_marks[c].value) for c in COLUMNS])
                people = {k: found.statistics[k] for k in ("human_pearson", "human_rmse") if k in found.statistics}
                if people:
                    print(f"  {name}: one rater to the other " + ", ".join(f"{k} {cell(v)}" for k, v in people.items()))
    with_marks, without = np.array(gains)[:, :, 0], np.array(gains)[:, :, 1]
    print(f"10 marks: Pearson {np.mean(with_marks[:, 0] - without[:, 0]):+.3f} (mean of the sets)", end="")
    print(f", within question {np.min(with_marks[:, 1] - without[:, 1]):+.3f} (least gain)", end="")
    falls = with_marks[:, 2] / without[:, 2] - 1
    print(f", RMSE {np.max(falls):+.1%} (least gain), {np.mean(falls):+.0%} (mean)\n")


def map_table(sets: dict[str, GradedSet]) -> None:
    """A map from some labels of half of the questions, tested on the other half; RMSE, mean over draws."""
    print(f"| set | raw fraction | mean of the {MAP_LABELS} | best constant | map from {MAP_LABELS} | it wins |")
    print("| --- " * 6 + "|")
    for name, graded in sets.items():
        human = np.array([item.human for item in graded.answers])
        system = np.array([features.fraction for features in graded.features])
        questions = np.array([item.row.question_id for item in graded.answers])
        names = np.unique(questions)
        errors = []
        for draw in range(MAP_DRAWS):
            rng = np.random.default_rng([SEED, draw])
            learned_on = np.isin(questions, rng.permutation(names)[: len(names) // 2])
            some = rng.permutation(np.flatnonzero(learned_on))[:MAP_LABELS]
            truth = human[~learned_on]
            learned = fit_score_map(system[some], human[some])
            guesses = (system[~learned_on], human[some].mean(), truth.mean(), learned(system[~learned_on]))
            errors.append([float(np.sqrt(np.mean((guess - truth) ** 2))) for guess in guesses])
        table = np.array(errors)
        wins = (table[:, 3] < table[:, :3].min(axis=1)).mean()
        print(f"| {name} | " + " | ".join(f"{value:.3f}" for value in table.mean(axis=0)) + f" | {wins:.0%} |")


def simulated_coverage() -> None:
    """Split conformal intervals on exchangeable draws: 60 residuals, 40 new answers."""
    hits = []
    for draw in range(SIMULATED_DRAWS):
        rng = np.random.default_rng([SEED, draw])
        human = rng.uniform(0, 1, 100)
        system = np.clip(0.3 + 0.5 * human + rng.standard_t(4, 100) * 0.1, 0, 1)
        reach = conformal_quantile(np.abs(human[:60] - system[:60]), alpha=0.1)
        hits.append(covered(human[60:], system[60:], reach).mean())
    print(f"\n90 % intervals over {SIMULATED_DRAWS} simulated draws hold {np.mean(hits):.4f}")


def speed(graded: GradedSet) -> None:
    """Learning from 1,000 marks, and grading with them beside grading without."""
    pairs = zip(graded.answers, graded.features, strict=True)
    marked = [MarkedAnswer(item.row.answer_id, item.row.question_id, item.human, seen) for item, seen in pairs][:1000]
    marks, learning = None, float("inf")
    for _ in range(3):
        begin = time.perf_counter()
        marks = MarksModel(marked)
        learning = min(learning, time.perf_counter() - begin)
    assert marks is not None
    begin = time.perf_counter()
    for item, seen in zip(graded.answers, graded.features, strict=True):
        marks.correct(item.row.question_id, seen)
    added = time.perf_counter() - begin
    print(
        f"learning from {len(marks.marked)} marks: {learning:.2f} s; grading with them: {added / graded.seconds:+.1%}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    files = [path for name in SETS if (path := parser.parse_args().folder / f"{name}.jsonl").is_file()]
    if not files:
        print("none of the scored sets is there: nothing to measure", file=sys.stderr)
        return
    encoder = load_encoder(Settings().encoder)
    sets = {path.stem: grade_labelled_set(read_labelled_set(path), encoder=encoder) for path in files}
    marked_table(sets)
    map_table(sets)
    simulated_coverage()
    speed(max(sets.values(), key=lambda graded: len(graded.answers)))
    first = next(iter(sets.values()))
    print(f"seed {SEED}, 5 draws; {first.signature.rpartition('|rubric:')[0]}")


if __name__ == "__main__":
    main()
