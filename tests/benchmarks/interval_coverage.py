"""How often 95 % intervals hold the true value, by number of answers, statistic and method.

Usage: python -m tests.benchmarks.interval_coverage [--trials N] [--write]   (default: 400 trials a cell, printed only)

With --write the table replaces that in docs/statistics.md. Scores are those of normal raters on a scale of five levels;
the true value is that of a million answers.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from grader.calibration.system.human_machine_agreement import (
    COMPARED_STATISTICS,
    SYSTEM_STATISTICS,
    compared_statistics,
    system_statistics,
)
from grader.statistics.bootstrap import Method, Statistic, interval, resample
from grader.statistics.generalizability import components_by_weights, icc_interval
from grader.statistics.intervals import Estimate
from grader.statistics.prmse import prmse_by_weights
from grader.statistics.rating_tables import from_matrix

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
BEGIN, END = "<!-- table of interval_coverage.py -->\n", "<!-- end of the table -->"
ANSWERS = (10, 20, 50, 100)
METHODS: tuple[Method, ...] = ("percentile", "bca", "t", "z")
LEVELS = np.arange(5.0)
CUTS = (-1.2, -0.4, 0.4, 1.2)
RESAMPLES = 600

Table = np.ndarray
Make = Callable[[Table], Statistic]


def column(statistic: Statistic, place: int) -> Statistic:
    return lambda weights: statistic(weights)[:, place]


def of_system(name: str) -> Make:
    """The last column is the system."""
    place = SYSTEM_STATISTICS.index(name)
    return lambda t: column(system_statistics(from_matrix(t[:, :-1]), t[:, -1], levels=LEVELS), place)


def compared(name: str) -> Make:
    place = COMPARED_STATISTICS.index(name)
    return lambda t: column(compared_statistics(from_matrix(t[:, :-1]), t[:, -1]), place)


def icc(table: Table) -> Statistic:
    parts = components_by_weights(table)

    def of_weights(weights: np.ndarray) -> np.ndarray:
        answer, rater, rest = parts(weights).T
        return answer / (answer + rater + rest)

    return of_weights


# Name: how it is made, how many raters beside the system, whether it ends at 1.
STATISTICS: dict[str, tuple[Make, int, bool]] = {
    "kappa of system and person": (of_system("quadratic_weighted_kappa"), 1, True),
    "degradation": (compared("degradation"), 2, False),
    "SMD": (of_system("standardized_mean_difference"), 1, False),
    "PRMSE": (lambda t: prmse_by_weights(t[:, :-1], t[:, -1]), 2, False),
    "ICC(A,1)": (icc, 2, True),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--write", action="store_true", help="replace the table in docs/statistics.md")
    arguments = parser.parse_args()
    found = "\n".join(rows(arguments.trials)) + "\n"
    print(found)
    if arguments.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + found + END + rest.partition(END)[2], encoding="utf-8")


def rows(trials: int) -> Iterator[str]:
    """The table, line by line."""
    yield "| statistic, true value | answers | percentile | BCa | t | t on Fisher's scale | F |"
    yield "|---|---|---|---|---|---|---|"
    for name, (make, n_people, bounded) in STATISTICS.items():
        truth = float(make(scores(500_000, n_people + 1, np.random.default_rng(0)))(np.ones((1, 500_000)))[0])
        for n in ANSWERS:
            hits: dict[str, int] = dict.fromkeys((*METHODS, "F"), 0)
            for trial in range(trials):
                table = scores(n, n_people + 1, np.random.default_rng([n, trial]))
                drawn = resample(make(table), n, n_resamples=RESAMPLES, seed=trial)
                ends: dict[str, Estimate] = {method: interval(drawn, method=method) for method in METHODS}
                ends["F"] = icc_interval(table, form="A,1")
                for method, estimate in ends.items():
                    hits[method] += estimate.low is not None and estimate.low <= truth <= (estimate.high or 0)
            shares = [f"{hits[method] / trials:.0%}" for method in METHODS]
            last = [shares[3] if bounded else "", f"{hits['F'] / trials:.0%}" if name.startswith("ICC") else ""]
            yield f"| {name}, {abs(truth):.2f} | {n} | {' | '.join([*shares[:3], *last])} |"


def scores(n: int, k: int, rng: np.random.Generator) -> Table:
    """Scores 0 to 4 of n answers by k raters whose errors have a variance of .22 to .78 of the truth."""
    latent = np.sqrt(0.78) * rng.normal(size=(n, 1)) + np.sqrt(0.22) * rng.normal(size=(n, k))
    return np.digitize(latent, CUTS).astype(float)


if __name__ == "__main__":
    main()
