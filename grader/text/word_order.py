"""Detects shuffled words: a bigram model of word classes from English prose.

It uses neither grammar nor meaning. The table holds the log ratio of how often one word class follows another against
chance; `tests/benchmarks/train_word_order.py` made it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_TABLE = Path(__file__).parent / "word_order.npz"
# Word classes, by ending, of words that are not in the table.
ENDINGS = ("ing", "ed", "ly", "tion", "ness", "ity", "ment", "ous", "ive", "al", "able", "er", "est", "s")
BEGINNING, OTHER = "^", "-"
_PIECE = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|[,()]|[\"“”']|\S")
_LETTER_WORDS = "aAI"
# Limit of a log ratio, so that a few very unlikely pairs (names, terms) do not outweigh all others.
CLIP = 3.0
# Certainty grows with the number of pairs up to this many.
_MAX_PAIRS = 60
_MIN_PAIRS = 16
# Of 2,100 answers by people, 1 in 50 is below the first bound and 1 in 100, mostly program output, below the second; of
# the same answers with shuffled sentences 9 in 10 are.
_SHUFFLED_FROM, _SHUFFLED_TO = -0.7, -0.95


class Table(NamedTuple):
    """Row of each word class, and for each pair of classes the log ratio of the second following, against chance."""

    rows: dict[str, int]
    ratios: NDArray[np.float32]


def word_class(word: str, known: dict[str, int]) -> str:
    """The class of a word: the word itself if it is in the table, else its ending."""
    word = word.lower().replace("’", "'")
    if word in known:
        return word
    return next(("-" + end for end in ENDINGS if word.endswith(end) and len(word) > len(end) + 2), OTHER)


def runs(text: str) -> Iterator[list[str]]:
    """Runs of plain words, commas and brackets; numbers, formulas and code separate them."""
    run: list[str] = []
    for piece in _PIECE.findall(text):
        if piece in ",()" or (piece[0].isalpha() and piece.isascii() and (len(piece) > 1 or piece in _LETTER_WORDS)):
            run.append(piece)
        elif piece not in "\"“”'":
            if run:
                yield run
            run = []
    if run:
        yield run


def word_salad_score(sentences: Sequence[str]) -> float:
    """How certain it is that the words are shuffled, from 0 (they may be sentences) to 1.

        z = mean(clip(log P(b | a) / P(b), -3, 3)) * n^(1/4)

    over the `n` pairs of neighbours (a, b) of all sentences, n at most 60 in the second factor; the score is 0 at the
    first bound, 1 at the second and linear between them.

    **Undefined:** 0 for fewer than 16 pairs.
    """
    table = load_table()
    rows = [_rows(run) for sentence in sentences for run in runs(sentence)]
    n_pairs = sum(map(len, rows)) - len(rows)
    if n_pairs < _MIN_PAIRS:
        return 0.0
    ratios = table.ratios[[i for run in rows for i in run[:-1]], [j for run in rows for j in run[1:]]]
    likelihood = float(np.clip(ratios, -CLIP, CLIP).mean()) * min(n_pairs, _MAX_PAIRS) ** 0.25
    return float(np.clip((_SHUFFLED_FROM - likelihood) / (_SHUFFLED_FROM - _SHUFFLED_TO), 0, 1))


def _rows(run: Sequence[str]) -> list[int]:
    """The table rows of a run's beginning and of its words."""
    return [_row(word) for word in (BEGINNING, *run)]


@lru_cache(maxsize=2048)
def _row(word: str) -> int:
    known = load_table().rows
    return known[word_class(word, known)]


@lru_cache(maxsize=1)
def word_order_revision() -> str:
    """First 12 hex digits of the sha256 of the table's file."""
    return sha256(_TABLE.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=1)
def load_table() -> Table:
    """The packaged table."""
    with np.load(_TABLE, allow_pickle=False) as file:
        classes = str(file["classes"]).split()
        ratios = file["ratios"].astype(np.float32) / file["scale"].astype(np.float32)
    return Table({name: number for number, name in enumerate(classes)}, ratios)
