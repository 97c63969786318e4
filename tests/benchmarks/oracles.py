"""Cross-check of the statistics against other programs, each installed into a temporary environment of its own.

    python -m tests.benchmarks.oracles [NAME ...]       all of them, or those named: scikit-learn, krippendorff, ...

Nothing of them stays: some are under the GPL, some pin old versions, one weighs more than a gigabyte. The data are the
published tables of the tests and simulated panels with a seed. Prints a table; ends with 1 when a difference is larger
than the digits that the other program gives. Installing all takes some minutes and a network.
"""

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader.calibration.system.human_machine_agreement import COMPARED_STATISTICS, compared_statistics
from grader.statistics import agreement, kappas, prmse, reliability
from grader.statistics import generalizability as measurement
from grader.statistics.rating_tables import from_matrix
from grader.statistics.subgroups import Moments, difference_of_standardized_means
from tests.statistics.test_reliability import KRIPPENDORFF, SHROUT_FLEISS

Figures = dict[str, float]


@dataclass(frozen=True)
class Oracle:
    """Another program.

    Attributes:
        packages: what pip installs.
        code: reads `data` (a dictionary of tables), fills `found` (a dictionary of numbers).
        ours: the same numbers by this project.
        digits: decimal places that the program gives.
        digits_of_ends: the same for the ends of intervals.
    """

    packages: tuple[str, ...]
    code: str
    ours: Callable[[Mapping[str, Any]], Figures]
    digits: int = 9
    digits_of_ends: int = 9

    def tolerance(self, figure: str) -> float:
        """Half a unit of the last place that the program gives."""
        digits = self.digits_of_ends if " low" in figure or " high" in figure else self.digits
        return 0.5 * 10**-digits * (1 + 1e-6)


def panels() -> dict[str, Any]:
    """The data: two published tables, pairs of scores, panels with and without gaps."""
    rng = np.random.default_rng(2026)
    truth = rng.normal(2, 1.2, size=400)
    full = np.clip(np.round(truth[:, None] + 0.7 * rng.normal(size=(400, 4)) + [0, 0.2, -0.3, 0.1]), 0, 5)
    sparse = full.copy()
    sparse[150:, 1:] = np.nan
    gaps = np.where(rng.random((60, 4)) < 0.25, np.nan, full[:60])
    system = truth + 0.5 * rng.normal(size=400)
    tables = {
        "krippendorff": np.array(KRIPPENDORFF, dtype=float),
        "shrout_fleiss": np.array(SHROUT_FLEISS, dtype=float),
        "full": full,
        "sparse": sparse,
        "gaps": gaps,
    }
    return {**tables, "system": system, "pair": full[:, :2], "groups": (truth + rng.normal(size=400) > 2.5).astype(int)}


SKLEARN = """
from sklearn import metrics
h, m = data["pair"].T
labels = np.arange(6)
found["Cohen kappa"] = metrics.cohen_kappa_score(h, m)
found["QWK, all levels given"] = metrics.cohen_kappa_score(h, m, labels=labels, weights="quadratic")
found["accuracy"] = metrics.accuracy_score(h, m)
found["macro F1"] = metrics.f1_score(h, m, average="macro")
found["AUC"] = metrics.roc_auc_score(h >= 3, data["system"])
found["mean absolute error"] = metrics.mean_absolute_error(h, m)
found["RMSE"] = metrics.mean_squared_error(h, m) ** 0.5
"""


def of_pairs(data: Mapping[str, Any]) -> Figures:
    h, m = data["pair"].T
    return {
        "Cohen kappa": agreement.cohen_kappa(h, m),
        "QWK, all levels given": agreement.quadratic_weighted_kappa(h, m),
        "accuracy": agreement.exact_agreement(h, m),
        "macro F1": agreement.macro_f1(h, m),
        "AUC": agreement.auc(h >= 3, data["system"]),
        "mean absolute error": agreement.mean_absolute_error(h, m),
        "RMSE": agreement.root_mean_squared_error(h, m),
    }


ALPHA = """
import krippendorff
for name in ("krippendorff", "gaps"):
    for level in ("nominal", "ordinal", "interval", "ratio"):
        found[f"alpha {level}, {name}"] = krippendorff.alpha(data[name].T, level_of_measurement=level)
"""


def of_alpha(data: Mapping[str, Any]) -> Figures:
    levels: tuple[reliability.Level, ...] = ("nominal", "ordinal", "interval", "ratio")
    return {
        f"alpha {level}, {name}": reliability.krippendorff_alpha(data[name], level=level)
        for name in ("krippendorff", "gaps")
        for level in levels
    }


CAC = """
import pandas as pd
from irrCAC.raw import CAC
methods = {name: name for name in ("gwet", "fleiss", "conger", "krippendorff")} | {"brennan_prediger": "bp"}
for name in ("krippendorff", "gaps"):
    for weights in ("identity", "linear", "quadratic", "ordinal"):
        table = CAC(pd.DataFrame(data[name]), weights=weights, digits=9)
        for ours, theirs in methods.items():
            answer = getattr(table, theirs)()["est"]
            found[f"{ours} {weights}, {name}"] = answer["coefficient_value"]
            found[f"{ours} {weights} error, {name}"] = answer["se"]
"""


def of_kappas(data: Mapping[str, Any]) -> Figures:
    found = {}
    all_weights: tuple[kappas.Weights, ...] = ("identity", "linear", "quadratic", "ordinal")
    for name in ("krippendorff", "gaps"):
        for weights in all_weights:
            for method in (kappas.gwet, kappas.fleiss, kappas.conger, kappas.brennan_prediger, kappas.krippendorff):
                kappa = method(data[name], weights=weights)
                found[f"{method.__name__} {weights}, {name}"] = kappa.value
                found[f"{method.__name__} {weights} error, {name}"] = kappa.standard_error
    return found


ICC = """
import pandas as pd
import pingouin
for name in ("shrout_fleiss", "full"):
    table = data[name]
    n, k = table.shape
    long = pd.DataFrame(
        {"answer": np.repeat(np.arange(n), k), "rater": np.tile(np.arange(k), n), "score": table.ravel()}
    )
    rows = pingouin.intraclass_corr(data=long, targets="answer", raters="rater", ratings="score")
    for row, form in zip(rows.to_dict("records"), ("1,1", "A,1", "C,1", "1,k", "A,k", "C,k")):
        ends = row.get("CI95", row.get("CI95%"))
        found[f"ICC({form}), {name}"] = row["ICC"]
        found[f"ICC({form}) low, {name}"], found[f"ICC({form}) high, {name}"] = ends
    wide = pd.DataFrame(table)
    found[f"Cronbach alpha, {name}"] = pingouin.cronbach_alpha(data=wide)[0]
"""


def of_icc(data: Mapping[str, Any]) -> Figures:
    found: dict[str, float] = {}
    for name in ("shrout_fleiss", "full"):
        for form in ("1,1", "A,1", "C,1", "1,k", "A,k", "C,k"):
            estimate = measurement.icc_interval(data[name], form=form)
            ends = ("", estimate.value), (" low", estimate.low), (" high", estimate.high)
            found |= {f"ICC({form}){end}, {name}": value for end, value in ends if value is not None}
        found[f"Cronbach alpha, {name}"] = measurement.cronbach_alpha(data[name])
    return found


RSMTOOL = """
from rsmtool.utils import metrics, prmse
h, m = data["full"][:, 0], data["system"]
found["QWK, system"] = metrics.quadratic_weighted_kappa(h, m)
found["SMD, unpooled"] = metrics.standardized_mean_difference(h, m, method="unpooled")
found["SMD, pooled"] = metrics.standardized_mean_difference(h, m, method="pooled")
found["adjacent agreement"] = metrics.agreement(h.tolist(), data["full"][:, 1].tolist(), tolerance=1) / 100
for group in (0, 1):
    rows = data["groups"] == group
    found[f"DSM, group {group}"] = metrics.difference_of_standardized_means(
        h[rows], m[rows], h.mean(), m.mean(), h.std(ddof=1), m.std(ddof=1)
    )
for name in ("full", "sparse"):
    human = data[name]
    found[f"error variance, {name}"] = prmse.variance_of_errors(human)
    found[f"true variance, {name}"] = prmse.true_score_variance(human)
    found[f"MSE, {name}"] = prmse.mse_true(m, human)
    found[f"PRMSE, {name}"] = prmse.prmse_true(m, human)
first, second = data["pair"].T
both, turned = np.concatenate([first, second]), np.concatenate([second, first])
found["QWK, two people in random order"] = people = metrics.quadratic_weighted_kappa(both, turned)
found["degradation"] = metrics.quadratic_weighted_kappa(both, np.tile(m, 2)) - people
"""


def of_rsmtool(data: Mapping[str, Any]) -> Figures:
    h, m = data["full"][:, 0], data["system"]
    found = {
        "QWK, system": agreement.quadratic_weighted_kappa(h, m),
        "SMD, unpooled": agreement.standardized_mean_difference(h, m),
        "SMD, pooled": agreement.standardized_mean_difference(h, m, pooled=True),
        "adjacent agreement": agreement.adjacent_agreement(h, data["full"][:, 1]),
    }
    everybody = [Moments(float(scores.mean()), float(scores.std(ddof=1))) for scores in (h, m)]
    for group in (0, 1):
        rows = data["groups"] == group
        found[f"DSM, group {group}"] = difference_of_standardized_means(
            h[rows], m[rows], of_human=everybody[0], of_system=everybody[1]
        )
    for name in ("full", "sparse"):
        true = prmse.true_score_accuracy(data[name], m)
        found |= {
            f"error variance, {name}": true.error_variance,
            f"true variance, {name}": true.true_variance,
            f"MSE, {name}": true.mean_squared_error,
            f"PRMSE, {name}": true.prmse,
        }
    [compared] = compared_statistics(from_matrix(data["pair"]), m)(np.ones((1, len(m))))
    names = dict(zip(COMPARED_STATISTICS, compared, strict=True))
    found["QWK, two people in random order"] = names["human_quadratic_weighted_kappa"]
    found["degradation"] = names["degradation"]
    return found


ORACLES = {
    "scikit-learn": Oracle(("scikit-learn",), SKLEARN, of_pairs),
    "krippendorff": Oracle(("krippendorff",), ALPHA, of_alpha),
    "irrCAC": Oracle(("irrCAC",), CAC, of_kappas, digits=8),
    "pingouin": Oracle(("pingouin",), ICC, of_icc, digits_of_ends=2),
    "rsmtool": Oracle(("rsmtool",), RSMTOOL, of_rsmtool),
}
FRAME = """
import json, sys, warnings
import numpy as np
warnings.simplefilter("ignore")
data = {name: np.array(values, dtype=float) for name, values in json.load(sys.stdin).items()}
found = {}
"""


def main() -> int:
    data = panels()
    wanted = sys.argv[1:] or list(ORACLES)
    unknown = [name for name in wanted if name not in ORACLES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(ORACLES)}", file=sys.stderr)
        return 2
    return max(compare(name, ORACLES[name], data) for name in wanted)


def compare(name: str, oracle: Oracle, data: Mapping[str, Any]) -> int:
    """Print our figures beside another program's; 1 when they differ or the program cannot be asked."""
    theirs, said = ask(oracle, data)
    if theirs is None:
        print(f"\n{name}: not compared. {said}")
        return 1
    ours = oracle.ours(data)
    apart = {figure: abs(ours[figure] - value) for figure, value in theirs.items()}
    print(f"\n{name} ({said}): {len(theirs)} figures, largest difference {max(apart.values()):.1e}")
    print(f"{'':44}{'here':>14}{'there':>14}{'difference':>12}")
    for figure, value in theirs.items():
        mark = "" if apart[figure] <= oracle.tolerance(figure) else "  DIFFERS"
        print(f"{figure:44}{ours[figure]:14.9f}{value:14.9f}{apart[figure]:12.1e}{mark}")
    return int(any(difference > oracle.tolerance(figure) for figure, difference in apart.items()))


def ask(oracle: Oracle, data: Mapping[str, Any]) -> tuple[Figures | None, str]:
    """Install another program into an environment that is thrown away, and let it compute."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / "bin" / "python")
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *oracle.packages]
        installed = subprocess.run(install, capture_output=True, text=True)
        if installed.returncode:
            return None, f"It did not install: {installed.stderr.strip().splitlines()[-1]}"
        frozen = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
        version = next(line for line in frozen.splitlines() if line.lower().startswith(oracle.packages[0].lower()))
        code = f"{FRAME}{oracle.code}\nprint(json.dumps({{name: float(value) for name, value in found.items()}}))"
        tables = json.dumps({name: np.asarray(values, dtype=float).tolist() for name, values in data.items()})
        asked = subprocess.run([python, "-c", code], input=tables, capture_output=True, text=True)
        if asked.returncode:
            return None, f"It failed: {asked.stderr.strip().splitlines()[-1]}"
        return json.loads(asked.stdout.splitlines()[-1]), version


if __name__ == "__main__":
    sys.exit(main())
