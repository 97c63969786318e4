"""Train the verifier on all but the held-out groups, measure it on those, and write its weights.

Usage: python -m tests.benchmarks.train_verifier [FOLDER] --wordnet DICT [--without SOURCE] [--output FILE]

FOLDER (default ../shared/datasets) holds `polarity_pairs_dev.tsv` (point, statement, relation, source) and the scored
sets; DICT is the folder of WordNet's files (other_words.py). Training takes about an hour of two cores that know
bfloat16. Tables go to standard output. Needs scipy and scikit-learn besides the package.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from grader.encoders.model_files import model_revision, packaged_model
from grader.statistics.intervals import wilson_interval
from tests.benchmarks.other_words import WordNet
from tests.benchmarks.verifier_data import (
    Pair,
    answered,
    balanced,
    bank_pairs,
    bucket,
    generated,
    held_out_words,
    near_copy,
    other_worded,
    polarity,
    reference_sources,
    refutations,
    right_answers,
    uses,
    wiki_sources,
)
from tests.benchmarks.verifier_network import Network, Tokens, predict, save, train

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "datasets"
SETS = (
    "beetle", "scientsbank", "mohler", "networking", "neural_networks", "summary_points",
    "operating_systems_three_raters", "reading_math_three_raters",
)  # fmt: skip
# Sets without a clear free licence are measured only.
ONLY_MEASURED = frozenset(["mohler", "neural_networks", "operating_systems_three_raters"])
# What people wrote is read in both epochs, of what is made by rule one half in each.
HUMAN = frozenset(
    ["refutation", "antonym, negation", "right answer", "stated fact", "contradictory answer", "other words"]
)
# What counts for more or less than one: a false veto on what a person wrote costs most, role swaps teach slowly and
# would teach that word order alone turns a sentence round.
WEIGHTS = {"right answer": 2.0, "stated fact": 2.0, "identical": 2.0, "reordering": 2.0, "passive": 2.0, "role": 0.7}
# Share of the pairs that is kept of families that are large without teaching more.
KEPT = {
    "turned on both sides": 0.4, "other sentence": 0.4, "frame": 0.5, "refutation, framed": 0.5, "typo": 0.5,
    "negation": 0.6, "denial": 0.5, "opposite": 0.7, "identical": 0.7,
}  # fmt: skip
# Highest learning rate of each round; a round warms up and cools down by itself (Loshchilov and Hutter 2017).
RATES = (1e-4, 7e-5)
# A veto needs this probability.
SURE = 0.8


def training_pairs(folder: Path, wordnet: Path) -> tuple[list[Pair], list[Pair]]:
    """All pairs, held-out ones included, and the human pairs alone."""
    rng = np.random.default_rng(1)
    human = polarity(folder / "polarity_pairs_dev.tsv")
    paths = [folder / f"{name}_dev.jsonl" for name in SETS]
    judged = [pair for path in paths for pair in answered(path)]
    references = [source for path in paths for source in reference_sources(path)]
    wiki = list(wiki_sources(human))
    pairs = [
        *refutations(human, rng),
        *generated(wiki, rng, per_sentence=2),
        *generated(references, rng, per_sentence=4),
        *judged,
    ]
    pairs = _thinned(pairs, np.random.default_rng(5))
    chosen = [source for source in wiki if bucket("sub2 " + source.group) < 30]
    free = [source for source in references if source.source not in ONLY_MEASURED]
    pairs += balanced(chosen + free, np.random.default_rng(21))
    words = WordNet(wordnet, without=held_out_words(human))
    pairs += other_worded([*wiki, *free], words, np.random.default_rng(22))
    rng = np.random.default_rng(23)
    pairs = [pair for pair in pairs if pair.source not in ONLY_MEASURED and rng.random() < KEPT.get(pair.family, 1.0)]
    return [pair._replace(weight=pair.weight * WEIGHTS.get(pair.family, 1.0)) for pair in pairs], human


def _thinned(pairs: Iterable[Pair], rng: np.random.Generator) -> list[Pair]:
    """Fewer of the generated pairs of the largest source; every refutation stays."""
    kept = []
    for pair in pairs:
        large = pair.group.startswith("wiki")
        human = pair.family in ("refutation", "refutation, framed")
        chosen = not large or human or bucket("sub " + pair.group) < 45
        if chosen or (pair.family == "turned on both sides" and rng.random() < 0.5):
            kept.append(pair)
    return kept


def is_held_out(group: str) -> bool:
    """Whether a group of pairs (a claim with its near copies, a pair of opposites, a question) is for testing only."""
    return bucket(group) < (15 if group.startswith(("wiki", "antonym")) else 25)


# --- tables --------------------------------------------------------------------------------------------------


def share(hits: NDArray[np.bool_]) -> str:
    found = wilson_interval(int(hits.sum()), len(hits))
    if found.value is None or found.low is None or found.high is None:
        return "-"
    return f"{100 * found.value:.1f} [{100 * found.low:.1f}, {100 * found.high:.1f}]"


def table(title: str, rows: Iterable[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]) -> None:
    print(f"\n| {title} | n | vetoed, any wording % | vetoed, near copies only % |\n| --- | --- | --- | --- |")
    for name, sure, near in rows:
        print(f"| {name} | {len(sure)} | {share(sure)} | {share(sure & near)} |", flush=True)


def by_key(pairs: Sequence[Pair], key: Callable[[Pair], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for at, pair in enumerate(pairs):
        groups[key(pair)].append(at)
    return dict(sorted(groups.items()))


def said(pairs: Iterable[Pair]) -> list[tuple[str, str]]:
    return [(pair.point.words, pair.statement.words) for pair in pairs]


def measured(title: str, likely: NDArray[np.float64], pairs: Sequence[Pair], key: Callable[[Pair], str]) -> None:
    """One row for each kind of pair."""
    near = np.array([near_copy(pair) for pair in pairs])
    table(title, ((name, likely[which] >= SURE, near[which]) for name, which in by_key(pairs, key).items()))


def measured_answers(likely: NDArray[np.float64], pairs: Sequence[Pair]) -> None:
    """How many right answers would lose a point: any segment against any point."""
    near = np.array([near_copy(pair) for pair in pairs])
    rows = []
    for threshold in (SURE, 0.9, 0.97):
        for name, which in by_key(pairs, lambda pair: pair.source).items():
            mine = by_key([pairs[at] for at in which], lambda pair: pair.group)
            sure, close = likely[which] >= threshold, near[which]
            anywhere = np.array([sure[at].any() for at in mine.values()])
            nearby = np.array([(sure[at] & close[at]).any() for at in mine.values()])
            rows.append((f"{name}, from {threshold}", anywhere, nearby & anywhere))
    table("right answers that lose a point", rows)


def epochs(pairs: Sequence[Pair]) -> list[NDArray[np.int64]]:
    """Which pairs are read in the first and in the second epoch."""
    number = np.arange(len(pairs))
    human = np.array([pair.family in HUMAN for pair in pairs])
    half = np.random.default_rng(3).random(len(pairs)) < 0.5
    return [number[human | half], number[human | ~half]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--wordnet", type=Path, required=True, help="folder with WordNet's data and index files")
    parser.add_argument("--without", default="", help="leave these sources out of training, parted by commas")
    parser.add_argument("--output", type=Path, help="where to write the weights; none are written if left out")
    options = parser.parse_args()
    pairs, human = training_pairs(options.folder, options.wordnet)
    words = held_out_words(human)

    def tests(pair: Pair) -> bool:
        return is_held_out(pair.group) or (pair.source == "antonym_negation" and uses(pair, words))

    def kind(pair: Pair) -> str:
        source = pair.source
        if source == "antonym_negation":
            source += ", held-out words" if uses(pair, words) else ", held-out pairs of words"
        return f"{'contradicts' if pair.contradicts else 'same'}, {source}, {pair.family}"

    learned = [pair for pair in pairs if not tests(pair) and pair.source not in options.without.split(",")]
    held_out = [pair for pair in pairs if tests(pair)]
    model = packaged_model()
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    read = epochs(learned)
    print(f"{len(learned)} pairs to learn from, {sum(map(len, read))} readings, {len(held_out)} held out", flush=True)
    print(f"without: {options.without or 'nothing'}", flush=True)
    labels, weights = [pair.contradicts for pair in learned], [pair.weight for pair in learned]
    network, tokens = Network(model), Tokens(said(learned), tokenizer)
    for number, rate in enumerate(RATES):
        # the second round reads half as much
        network = train(network, tokens, labels, weights, read[number:], rate=rate, seed=number)
    if options.output:
        save(options.output, network, words_from=model_revision(model))
    likely = predict(network, Tokens(said(held_out), tokenizer))
    measured("held out", likely, held_out, kind)
    bank = bank_pairs(ROOT / "rubrics")
    likely = predict(network, Tokens(said(bank), tokenizer))
    measured("bank", likely, bank, lambda pair: f"{'contradicts' if pair.contradicts else 'same'}, {pair.family}")
    answers = right_answers(options.folder, SETS, is_held_out)
    measured_answers(predict(network, Tokens(said(answers), tokenizer)), answers)


if __name__ == "__main__":
    main()
