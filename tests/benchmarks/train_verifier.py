"""Train the verifier on all but the held-out groups, measure it on those, and write its weights.

Usage: python tests/benchmarks/train_verifier.py [FOLDER] [--without SOURCE] [--output FILE]

FOLDER (default ../shared/datasets) holds `polarity_pairs_dev.tsv` (point, statement, relation, source) and the scored
sets. Encoding the 100,000 pairs takes about 15 minutes of one core, training 20. Tables go to standard output. Needs
scipy and scikit-learn besides the package.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from verifier_data import (
    Pair,
    Piece,
    answered,
    balanced,
    bank_pairs,
    bucket,
    generated,
    held_out_words,
    polarity,
    reference_sources,
    refutations,
    right_answers,
    uses,
    wiki_sources,
)
from verifier_network import Network, Vectors, predict, save, train

from grader.encoding import load_encoder
from grader.intervals import wilson_interval
from grader.settings import Settings

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "datasets"
SETS = (
    "beetle", "scientsbank", "mohler", "networking", "neural_networks", "summary_points",
    "operating_systems_three_raters", "reading_math_three_raters",
)  # fmt: skip
# Sets without a clear free licence are measured only.
ONLY_MEASURED = frozenset(["mohler", "neural_networks", "operating_systems_three_raters"])
EPOCHS = 5
# One network each; the mean of two makes fewer mistakes of every kind than either.
SEEDS = (0, 1)
# What counts for more or less than one: a false veto on what a person wrote costs most, role swaps teach slowly and
# would teach that word order alone turns a sentence round.
WEIGHTS = {"right answer": 2.0, "stated fact": 2.0, "identical": 2.0, "reordering": 2.0, "passive": 2.0, "role": 0.7}
# A veto needs this probability, and the point's tokens this mean best cosine in the statement.
SURE, NEAR = 0.8, 0.65
# Longer pieces are cut; few have that many tokens.
LONGEST = 64


def training_pairs(folder: Path) -> tuple[list[Pair], list[Pair]]:
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
    pairs = [pair for pair in pairs if pair.source not in ONLY_MEASURED]
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


def encode(pieces: Iterable[Piece]) -> tuple[NDArray[np.float16], dict[Piece, tuple[int, int]]]:
    """Token vectors of all pieces in one array, and for each piece its first token and how many it has."""
    encoder = load_encoder(Settings().encoder)
    by_text: dict[str, list[Piece]] = defaultdict(list)
    for piece in dict.fromkeys(pieces):
        by_text[piece.text].append(piece)
    texts, parts, where, total = list(by_text), [], {}, 0
    for first in range(0, len(texts), 4000):
        chunk = texts[first : first + 4000]
        for text, encoded in zip(chunk, encoder.encode(chunk), strict=True):
            starts = encoded.spans[:, 0]
            for piece in by_text[text]:
                rows = np.flatnonzero((starts >= piece.start) & (starts < piece.end))[:LONGEST]
                if len(rows):
                    parts.append(encoded.vectors[rows].astype(np.float16))
                    where[piece] = (total, len(rows))
                    total += len(rows)
        print(f"encoded {first + len(chunk)} of {len(texts)} texts", flush=True)
    return np.concatenate(parts), where


class Encoded:
    """All token vectors, for any choice of pairs."""

    def __init__(self, flat: NDArray[np.float16], where: dict[Piece, tuple[int, int]]) -> None:
        self.flat = flat
        self.where = where

    def has(self, pair: Pair) -> bool:
        return pair.point in self.where and pair.statement in self.where

    def vectors(self, pairs: Sequence[Pair]) -> Vectors:
        rows = [(*self.where[pair.point], *self.where[pair.statement]) for pair in pairs]
        return Vectors(self.flat, np.array(rows, np.int64).reshape(-1, 4))

    def nearness(self, pairs: Sequence[Pair]) -> NDArray[np.float64]:
        """Mean over the point's tokens of the highest cosine to a token of the statement."""
        found = np.zeros(len(pairs))
        for at, (a, n, b, m) in enumerate(self.vectors(pairs).where):
            cosines = self.flat[a : a + n].astype(np.float32) @ self.flat[b : b + m].astype(np.float32).T
            found[at] = cosines.max(axis=1).mean()
        return found


# --- tables --------------------------------------------------------------------------------------------------


def share(hits: NDArray[np.bool_]) -> str:
    estimate = wilson_interval(int(hits.sum()), len(hits))
    return f"{100 * estimate.value:.1f} [{100 * estimate.low:.1f}, {100 * estimate.high:.1f}]" if len(hits) else "-"


def table(title: str, rows: Iterable[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]) -> None:
    print(f"\n| {title} | n | vetoed, any wording % | vetoed, near copies only % |\n| --- | --- | --- | --- |")
    for name, sure, near in rows:
        print(f"| {name} | {len(sure)} | {share(sure)} | {share(sure & near)} |", flush=True)


def by_key(pairs: Sequence[Pair], key: Callable[[Pair], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for at, pair in enumerate(pairs):
        groups[key(pair)].append(at)
    return dict(sorted(groups.items()))


def measured(
    title: str, networks: Sequence[Network], encoded: Encoded, pairs: Sequence[Pair], key: Callable[[Pair], str]
) -> None:
    """One row for each kind of pair."""
    likely = predict(networks, encoded.vectors(pairs)) >= SURE
    near = encoded.nearness(pairs) >= NEAR
    table(title, ((name, likely[which], near[which]) for name, which in by_key(pairs, key).items()))


def measured_answers(networks: Sequence[Network], encoded: Encoded, pairs: Sequence[Pair]) -> None:
    """How many right answers would lose a point: any segment against any point."""
    likely = predict(networks, encoded.vectors(pairs))
    nearness = encoded.nearness(pairs)
    answers = by_key(pairs, lambda pair: pair.group)
    for threshold in (0.7, 0.8, 0.9, 0.95):
        for near in (0.0, 0.65, 0.7, 0.75, 0.8):
            lost = np.array([((likely[at] >= threshold) & (nearness[at] >= near)).any() for at in answers.values()])
            print(f"right answers that lose a point, sure {threshold}, near {near}: {share(lost)}, n {len(lost)}")
    rows = []
    for name, which in by_key(pairs, lambda pair: pair.source).items():
        mine = by_key([pairs[at] for at in which], lambda pair: pair.group)
        sure, close = likely[which] >= SURE, nearness[which] >= NEAR
        anywhere = np.array([sure[at].any() for at in mine.values()])
        nearby = np.array([(sure[at] & close[at]).any() for at in mine.values()])
        rows.append((name, anywhere, nearby))
    table("right answers that lose a point", rows)


def main(encoded: Encoded | None = None, arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--without", default="", help="leave these sources out of training, parted by commas")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--output", type=Path, help="where to write the weights; none are written if left out")
    options = parser.parse_args(arguments)
    pairs, human = training_pairs(options.folder)
    words = held_out_words(human)
    answers = right_answers(options.folder, SETS, is_held_out)
    bank = bank_pairs(ROOT / "rubrics")
    everything = [*pairs, *answers, *bank]
    encoded = encoded or Encoded(*encode(piece for pair in everything for piece in (pair.point, pair.statement)))
    pairs, answers, bank = ([pair for pair in some if encoded.has(pair)] for some in (pairs, answers, bank))

    def tests(pair: Pair) -> bool:
        return is_held_out(pair.group) or (pair.source == "antonym_negation" and uses(pair, words))

    def kind(pair: Pair) -> str:
        source = pair.source
        if source == "antonym_negation":
            source += ", held-out words" if uses(pair, words) else ", held-out pairs of words"
        return f"{'contradicts' if pair.contradicts else 'same'}, {source}, {pair.family}"

    learned = [pair for pair in pairs if not tests(pair) and pair.source not in options.without.split(",")]
    held_out = [pair for pair in pairs if tests(pair)]
    print(f"{len(learned)} pairs to learn from, {len(held_out)} held out, without: {options.without or 'nothing'}")
    labels, weights = [pair.contradicts for pair in learned], [pair.weight for pair in learned]
    vectors = encoded.vectors(learned)
    networks = [train(vectors, labels, weights, epochs=options.epochs, seed=seed) for seed in SEEDS]
    if options.output:
        encoder = load_encoder(Settings().encoder)
        save(options.output, networks, encoder={"name": encoder.name, "revision": encoder.revision})
    measured("held out", networks, encoded, held_out, kind)
    measured(
        "bank", networks, encoded, bank, lambda pair: f"{'contradicts' if pair.contradicts else 'same'}, {pair.family}"
    )
    measured_answers(networks, encoded, answers)


if __name__ == "__main__":
    main()
