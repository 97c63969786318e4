"""Whether words stand in an order that sentences have: pairs of neighbours against a table of English prose.

It knows no grammar and no meaning. The table holds, for classes of words, how much more often one follows the other
than chance would have it; `tests/benchmarks/train_word_order.py` made it.
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
# Classes of words that are not in the table by themselves, by ending.
ENDINGS = ("ing", "ed", "ly", "tion", "ness", "ity", "ment", "ous", "ive", "al", "able", "er", "est", "s")
BEGINNING, OTHER = "^", "-"
_PIECE = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*|[,()]|[\"“”']|\S")
_LETTER_WORDS = "aAI"
# A few very unlikely pairs (names, terms) must not outweigh all others.
CLIP = 3.0
# Long texts are more certain, but beyond this many pairs nothing more is learned.
_MOST_PAIRS = 60
_FEWEST_PAIRS = 16
# Of 2,100 answers that people wrote, 1 in 50 is below the first bound and 1 in 100, mostly output of programs, below
# the second; of the same answers with the words of each sentence shuffled 9 in 10 are.
_ODD_FROM, _ODD_TO = -0.7, -0.95


class Table(NamedTuple):
    """Classes of words, and for each pair the logarithm of how likely the second follows, against chance."""

    places: dict[str, int]
    ratios: NDArray[np.float32]


def word_class(word: str, known: dict[str, int]) -> str:
    """The class of a word: itself where it is known, else its ending."""
    word = word.lower().replace("’", "'")
    if word in known:
        return word
    return next(("-" + end for end in ENDINGS if word.endswith(end) and len(word) > len(end) + 2), OTHER)


def runs(text: str) -> Iterator[list[str]]:
    """Stretches of plain words and commas; numbers, formulas and code part them."""
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
    """How sure it is that the words were thrown together, 0 (they may be sentences) to 1.

        z = mean(clip(log P(b | a) / P(b), -3, 3)) * n^(1/4)

    over the `n` pairs of neighbours (a, b) of all sentences, at most 60 of them counting for certainty; 0 at the first
    bound, 1 at the second, straight between them.

    **Undefined:** 0 for fewer than 16 pairs.
    """
    table = load_table()
    places = [_places(run) for sentence in sentences for run in runs(sentence)]
    n_pairs = sum(map(len, places)) - len(places)
    if n_pairs < _FEWEST_PAIRS:
        return 0.0
    ratios = table.ratios[[i for run in places for i in run[:-1]], [j for run in places for j in run[1:]]]
    likeness = float(np.clip(ratios, -CLIP, CLIP).mean()) * min(n_pairs, _MOST_PAIRS) ** 0.25
    return float(np.clip((_ODD_FROM - likeness) / (_ODD_FROM - _ODD_TO), 0, 1))


def _places(run: Sequence[str]) -> list[int]:
    """Where the classes of a run's beginning and of its words stand in the table."""
    return [_place(word) for word in (BEGINNING, *run)]


@lru_cache(maxsize=2048)
def _place(word: str) -> int:
    known = load_table().places
    return known[word_class(word, known)]


@lru_cache(maxsize=1)
def word_order_revision() -> str:
    """First 12 hex digits of the sha256 of the table's file."""
    return sha256(_TABLE.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=1)
def load_table() -> Table:
    """The table that the package carries."""
    with np.load(_TABLE, allow_pickle=False) as file:
        classes = str(file["classes"]).split()
        ratios = file["ratios"].astype(np.float32) / file["scale"].astype(np.float32)
    return Table({name: number for number, name in enumerate(classes)}, ratios)
