"""Texts -> token vectors through an embeddings endpoint, which returns one vector per text and none for its tokens.

Each word and each segment is sent as a text of its own and becomes a token. The component that all vectors of a model
have in common is removed: some models give any two texts a cosine of .7, others 0.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.encoders.embeddings_endpoint import Embeddings
from grader.encoders.token_vectors import TokenVectors
from grader.errors import SetupError
from grader.provider import ReplyCache, RequestScheduler
from grader.settings import REMOTE
from grader.text import STOP_WORDS, Span, segments

Floats = NDArray[np.float32]

# Part of the revision; raised when the computation of token vectors changes.
_VERSION = 1
# Mean cosines are rounded to this for the revision: requests to one server differ by less, models by more.
_ROUNDED = 0.005
# Informativeness of stop words and of other words, on the scale of `vocabulary_rarity`; without a vocabulary there are
# no ranks.
_STOP_WORD, _CONTENT_WORD = 2.0, 8.0
# Informativeness of a segment, as a share of that of its words. Mean Pearson over samples of nine scored sets, with
# all-MiniLM-L6-v2: segments alone .438, words alone .507, both with .25: .515, .5: .513, 1: .505.
_SEGMENT_SHARE = 0.25
# Limits of words per segment and characters per word: sentences have fewer, the windows of small models hold more.
_MAX_WORDS, _MAX_WORD_LENGTH = 48, 48
# A segment of one word is left out: it is the same text as the word.
_MIN_SEGMENT_WORDS = 2
_WORD = re.compile(r"\w+(?:['’]\w+)*")
# Sentences and words on unrelated subjects, written for this purpose. Changing them changes scores.
SENTENCES = (
    "The baker takes the bread out of the oven before sunrise.",
    "Most whales travel thousands of kilometres between feeding and breeding grounds.",
    "A treaty enters into force once all parties have ratified it.",
    "The compiler translates the source code into machine instructions.",
    "Her grandmother knitted a blue scarf for the winter.",
    "Interest rates rise when the central bank tightens its policy.",
    "The orchestra rehearsed the second movement twice.",
    "Bacteria in the gut break down fibre that the stomach cannot digest.",
    "The goalkeeper saved a penalty in the last minute.",
    "Sandstone forms from grains that are cemented together over time.",
    "Please leave your wet shoes outside the door.",
    "The court rejected the appeal because it was filed too late.",
    "Light bends when it passes from air into water.",
    "The train to the coast was cancelled on account of a strike.",
    "Voters in the north turned out in larger numbers than four years ago.",
    "Vaccines train the immune system to recognise a pathogen.",
    "The museum bought a portrait that had been lost for decades.",
    "A triangle with two equal sides has two equal angles.",
    "Farmers rotate their crops so that the soil keeps its nutrients.",
    "The pilot reported ice on both wings.",
    "Children learn the sounds of their language in the first year.",
    "The novel is told by a narrator who cannot be trusted.",
    "Salt lowers the temperature at which water freezes.",
    "The company lost its largest customer in March.",
)
WORDS = tuple(
    """
    apple bridge carbon dance engine farmer guitar hospital island justice kitchen ladder mountain needle ocean pencil
    quarrel river soldier tunnel umbrella village winter yellow borrow climb divide explain forget gather happen improve
    jump learn measure notice obey prevent remain search travel understand visit whisper ancient bitter careful distant
    empty fragile gentle honest
    """.split()
)


class Unit(NamedTuple):
    """A word or a segment.

    Attributes:
        span: in the text, in characters.
        text: the text to encode: words in lower case, segments as written.
        is_word: whether it is a word.
        informativeness: its weight, >= 0.

    """

    span: Span
    text: str
    is_word: bool
    informativeness: float


def units(text: str) -> list[Unit]:
    """The words and segments of a text by their start, each segment before its words.

    A segment of more than 48 words becomes several. A text without any letter or digit has none.
    """
    return [unit for start, end in segments(text) for unit in _segment_units(text, start, end)]


def _segment_units(text: str, start: int, end: int) -> Iterator[Unit]:
    words = [word for match in _WORD.finditer(text, start, end) for word in _split_word(text, Span(*match.span()))]
    n_parts = -(-len(words) // _MAX_WORDS)
    for part in range(n_parts):  # of nearly equal length, so that none is very short
        mine = words[part * len(words) // n_parts : (part + 1) * len(words) // n_parts]
        first = start if part == 0 else mine[0].span.start
        last = end if part + 1 == n_parts else mine[-1].span.end
        if len(mine) >= _MIN_SEGMENT_WORDS:
            informativeness = _SEGMENT_SHARE * sum(word.informativeness for word in mine)
            yield Unit(Span(first, last), text[first:last], False, informativeness)
        yield from mine


def _split_word(text: str, span: Span) -> Iterator[Unit]:
    """A word, in several parts if it is very long."""
    for start in range(span.start, span.end, _MAX_WORD_LENGTH):
        part = Span(start, min(start + _MAX_WORD_LENGTH, span.end))
        word = text[part.start : part.end].lower()
        if any(char.isalnum() for char in word):
            yield Unit(part, word, True, _STOP_WORD if word in STOP_WORDS else _CONTENT_WORD)


def informativeness(found: list[Unit]) -> NDArray[np.float32]:
    """Informativeness of each unit, shape `(n_units,)`."""
    return np.array([unit.informativeness for unit in found], np.float32)


def mean_cosine(vectors: Floats) -> float:
    """Mean cosine of two different vectors.

    (n^2 |m|^2 - n) / (n^2 - n),    m = mean of the n vectors

    Args:
        vectors: unit length, at least two, shape `(n, dim)`.

    Raises:
        ValueError: there are fewer than two.

    """
    n = len(vectors)
    if n < 2:
        raise ValueError(f"a mean cosine needs two vectors, got {n}")
    mean = vectors.astype(np.float64).mean(axis=0)
    return float((n * n * (mean @ mean) - n) / (n * n - n))


def estimate_common_component(vectors: Floats) -> Floats:
    """The component that the vectors of unrelated texts have in common, shape `(dim,)`; 0 if there is none.

    It has the direction of their mean and the length sqrt(max(0, mean cosine)). The mean itself would be too long,
    because few vectors do not average out.

    Args:
        vectors: unit length, of unrelated texts, at least two, shape `(n, dim)`.

    Source: removing the mean is the first step of "All-but-the-Top" (Mu and Viswanath 2018). With all-MiniLM-L6-v2 the
    mean cosine of words is .25, of sentences .05. On samples of nine scored sets removing the common component of words
    raised the mean Pearson from .478 to .507. With a constant added to all vectors, so that unrelated texts have a
    cosine of .74, Pearson changed by at most .007 on each of the nine.

    """
    mean = vectors.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    wanted = max(0.0, mean_cosine(vectors)) ** 0.5
    part: Floats = (mean * (wanted / length if length > 0 else 0.0)).astype(np.float32)
    return part


def remove_common_component(vectors: Floats, part: Floats) -> Floats:
    """Subtract the common component `part` and scale to unit length, shape `(n, dim)`.

    **Undefined:** a vector equal to the common component becomes 0.

    """
    left = vectors - part
    normed: Floats = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), np.float32(1e-6))
    return normed


class _CommonComponents(NamedTuple):
    """Common components of the vectors of words and of sentences, and a fingerprint of the model."""

    of_words: Floats
    of_segments: Floats
    fingerprint: str


class EndpointEncoder:
    """A model behind the embeddings endpoint of an OpenAI-compatible server.

    The address comes from `OPENAI_BASE_URL` and the key from `OPENAI_API_KEY`; nothing is sent before the first text
    is encoded. Vectors are cached, so that each is paid for once and a second run sends nothing.

    Args:
        name: `openai:MODEL`, with the model's name on the server.
        scheduler: limits, retries and totals, shared with the judges of a run.
        cache: for vectors, between runs; in memory if left out.
        embeddings: source of the vectors; the server in the environment if left out.

    Raises:
        SetupError: the name contains no model.

    """

    def __init__(
        self,
        name: str,
        *,
        scheduler: RequestScheduler | None = None,
        cache: ReplyCache | None = None,
        embeddings: Embeddings | None = None,
    ) -> None:
        model = name.removeprefix(REMOTE).strip()
        if not model:
            raise SetupError(f"the encoder '{name}' names no model; say which: --encoder {REMOTE}MODEL")
        self.name = name
        self._embeddings = embeddings or Embeddings(model, scheduler=scheduler, cache=cache)

    @property
    def leaves(self) -> str:
        """What is sent to another machine, and to which, in one line; empty for a server on this machine."""
        return self._embeddings.leaves

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of a hash of the server's address and of statistics of the model's vectors.

        So another model under the same name has another revision. This takes one request, unless the vectors of
        `WORDS` and `SENTENCES` are in the cache.
        """
        parts = f"{_VERSION}|{self._embeddings.address}|{self._common.fingerprint}"
        return sha256(parts.encode()).hexdigest()[:12]

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The vectors of the words and segments of each text; a text that occurs several times is requested once.

        `n_pieces` is 0, because the vocabulary is unknown: no word counts as misspelt and no text as random letters.

        Raises:
            InputError: the server's address is invalid.
            SetupError: there is no key, or the server gave no usable vectors.

        """
        found = [units(text) for text in texts]
        pieces = list(dict.fromkeys((unit.text, unit.is_word) for mine in found for unit in mine))
        if not pieces:
            return [self._tokens(text, [], np.zeros((0, 0), np.float32)) for text in texts]
        vectors = self._vectors(pieces)
        rows = {piece: row for row, piece in enumerate(pieces)}
        return [
            self._tokens(text, mine, vectors[[rows[unit.text, unit.is_word] for unit in mine]])
            for text, mine in zip(texts, found, strict=True)
        ]

    def _vectors(self, pieces: Sequence[tuple[str, bool]]) -> Floats:
        """The vectors of words and segments, without their common component, shape `(n_pieces, dim)`."""
        common = self._common
        is_word = np.array([is_word for _, is_word in pieces])
        vectors = self._embeddings.vectors([text for text, _ in pieces])
        parts = np.where(is_word[:, None], common.of_words, common.of_segments)
        return remove_common_component(vectors, parts)

    def _tokens(self, text: str, mine: list[Unit], vectors: Floats) -> TokenVectors:
        weights = np.array([not unit.is_word for unit in mine], np.float32)
        if not weights.any():
            weights = np.ones(len(mine), np.float32)
        mean = (weights * informativeness(mine)) @ vectors
        return TokenVectors(
            vectors=vectors,
            spans=np.array([unit.span for unit in mine], np.int64).reshape(-1, 2),
            texts=tuple(unit.text.lower() for unit in mine),
            n_pieces=np.zeros(len(mine), np.int64),
            rarity=informativeness(mine),
            mean=(mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32),
            n_windows=1 if mine else 0,
        )

    @cached_property
    def _common(self) -> _CommonComponents:
        vectors = self._embeddings.vectors([*WORDS, *SENTENCES])
        words, sentences = vectors[: len(WORDS)], vectors[len(WORDS) :]
        levels = (round(mean_cosine(some) / _ROUNDED) for some in (words, sentences))
        fingerprint = "/".join(map(str, (*levels, vectors.shape[1])))
        return _CommonComponents(estimate_common_component(words), estimate_common_component(sentences), fingerprint)
