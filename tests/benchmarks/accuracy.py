"""Agreement with people over every scored set of a folder, beside the baselines from the same run.

Usage: python -m tests.benchmarks.accuracy [FOLDER] [--encoder NAME]   (default folder: ../shared/datasets)
"""

import argparse
import sys
from pathlib import Path

from grader.encoders.registry import load_encoder
from grader.evaluation.evaluation import Evaluation, evaluate
from grader.evaluation.labelled_set import read_labelled_set
from grader.settings import Settings

DEFAULT = Path(__file__).parents[3] / "shared" / "datasets"


def cell(result: Evaluation, name: str) -> str:
    estimate = result.statistics.get(name)
    if estimate is None or estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.2f}, {estimate.high:.2f}]"


COLUMNS = {
    "Pearson": "pearson",
    "within question": "within_question_pearson",
    "AUC": "auc",
    "point AUC": "point_auc",
    "RMSE, score map": "rmse_calibrated",
    "QWK, score map": "qwk_calibrated",
    "cosine": "cosine_pearson",
    "lexical": "lexical_pearson",
    "length": "length_pearson",
    "people": "human_pearson",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--encoder", default=Settings().encoder)
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob("*.jsonl"))
    if not files:
        print(f"no scored sets (*.jsonl) in {arguments.folder}: nothing to measure", file=sys.stderr)
        return
    settings = Settings(encoder=arguments.encoder)
    encoder = load_encoder(settings.encoder)
    print("| set | answers | questions | " + " | ".join(COLUMNS) + " | answers/s |")
    print("| --- " * (len(COLUMNS) + 4) + "|")
    signature = ""
    for path in files:
        result = evaluate(read_labelled_set(path), encoder=encoder, settings=settings)
        signature = result.signature.rpartition("|rubric:")[0]
        cells = [path.stem, str(result.n_graded), str(result.n_questions)]
        cells += [cell(result, name) for name in COLUMNS.values()]
        print("| " + " | ".join(cells) + f" | {result.n_answers / result.seconds:.0f} |", flush=True)
    print(f"\n95 % intervals by bootstrap over questions. {signature}")


if __name__ == "__main__":
    main()
