"""Texts -> token vectors through an embeddings endpoint, which gives one vector a text and none of its tokens.

Each word and each segment is asked for as a text of its own and stands as a token, so that all that works on tokens
works as with a model on this machine. Vectors are taken as the model's background leaves them.
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

# Part of the revision: raised when the way from texts to token vectors changes.
_VERSION = 1
# Mean cosines are rounded to this for the revision: servers differ by less from request to request, models by more.
_ROUNDED = 0.005
# What a word tells, on the scale of `vocabulary_rarity`: without a vocabulary there is no rank, so there are
# two kinds only.
_FRAME, _CONTENT = 2.0, 8.0
# Share of what its words tell that a segment tells besides them. Mean Pearson over samples of nine scored sets, vectors
# of whole texts by all-MiniLM-L6-v2: segments alone .438, words alone .507, and with .25: .515, .5: .513, 1: .505.
_SEGMENT_SHARE = 0.25
# Words and characters of one text that is sent: more than sentences have, less than the windows of small models hold.
_MOST_WORDS, _LONGEST_WORD = 48, 48
# A segment of a single word is that word.
_FEWEST_WORDS = 2
_WORD = re.compile(r"\w+(?:['’]\w+)*")
# Written for this purpose: no two are about one thing. Changing a line changes what scores come from.
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
        span: where it stands, in characters.
        text: what is encoded for it: words in lower case, segments as written.
        is_word: which of the two it is.
        informativeness: its weight by rarity, >= 0.

    """

    span: Span
    text: str
    is_word: bool
    informativeness: float


def units(text: str) -> list[Unit]:
    """The words and segments of a text, by where they start, each segment before its words.

    A segment of more than 48 words counts as several. A text without any letter or digit has none.
    """
    return [unit for start, end in segments(text) for unit in _of_segment(text, start, end)]


def _of_segment(text: str, start: int, end: int) -> Iterator[Unit]:
    words = [word for match in _WORD.finditer(text, start, end) for word in _cut(text, Span(*match.span()))]
    n_parts = -(-len(words) // _MOST_WORDS)
    for part in range(n_parts):  # of nearly the same length, so that none is a rest of two words
        mine = words[part * len(words) // n_parts : (part + 1) * len(words) // n_parts]
        first = start if part == 0 else mine[0].span.start
        last = end if part + 1 == n_parts else mine[-1].span.end
        if len(mine) >= _FEWEST_WORDS:
            informativeness = _SEGMENT_SHARE * sum(word.informativeness for word in mine)
            yield Unit(Span(first, last), text[first:last], False, informativeness)
        yield from mine


def _cut(text: str, span: Span) -> Iterator[Unit]:
    """A word, in several parts where it is longer than any word is."""
    for start in range(span.start, span.end, _LONGEST_WORD):
        part = Span(start, min(start + _LONGEST_WORD, span.end))
        said = text[part.start : part.end].lower()
        if any(char.isalnum() for char in said):
            yield Unit(part, said, True, _FRAME if said in STOP_WORDS else _CONTENT)


def informativeness(found: list[Unit]) -> NDArray[np.float32]:
    """Informativeness of each unit, shape `(n_units,)`."""
    return np.array([unit.informativeness for unit in found], np.float32)


def mean_cosine(vectors: Floats) -> float:
    """Mean cosine of two different vectors.

    (n^2 |m|^2 - n) / (n^2 - n),    m = mean of the n vectors

    Args:
        vectors: unit length, at least two, shape `(n, dim)`.

    Raises:
        ValueError: when there are fewer than two.

    """
    n = len(vectors)
    if n < 2:
        raise ValueError(f"a mean cosine needs two vectors, got {n}")
    mean = vectors.astype(np.float64).mean(axis=0)
    return float((n * n * (mean @ mean) - n) / (n * n - n))


def estimate_common_component(vectors: Floats) -> Floats:
    """The vector that vectors of unrelated texts share, shape `(dim,)`; 0 where they share none.

    It points where their mean does, and has the length that makes their mean cosine, sqrt(max(0, mean cosine)): the
    mean of a few unrelated vectors would be longer than what all have in common.

    Args:
        vectors: unit length, of unrelated texts, at least two, shape `(n, dim)`.

    Source: taking the mean off is the first step of "All-but-the-Top" (Mu and Viswanath 2018). Words of
    all-MiniLM-L6-v2 have a mean cosine of .25, its sentences one of .05. On samples of nine scored sets its words as
    they are gave a mean Pearson of .478, less their common part .507. With a constant added to all vectors, so that
    unrelated texts have a cosine of .74, Pearson on each of the nine stayed within .007.

    """
    mean = vectors.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(mean))
    wanted = max(0.0, mean_cosine(vectors)) ** 0.5
    part: Floats = (mean * (wanted / length if length > 0 else 0.0)).astype(np.float32)
    return part


def remove_common_component(vectors: Floats, part: Floats) -> Floats:
    """Vectors less what they have in common, unit length, shape `(n, dim)`.

    **Undefined:** a vector that is the common part stays 0.

    """
    left = vectors - part
    normed: Floats = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), np.float32(1e-6))
    return normed


class _Background(NamedTuple):
    """What the vectors of unrelated words and of unrelated sentences have in common, and a trace of the model."""

    of_words: Floats
    of_segments: Floats
    trace: str


class EndpointEncoder:
    """A model behind the embeddings endpoint of an OpenAI-compatible server.

    The address comes from `OPENAI_BASE_URL` and the key from `OPENAI_API_KEY`; nothing is sent before the first text
    is encoded. A vector is paid for once: it is kept in the cache, and a second run asks for nothing.

    Args:
        name: `openai:MODEL`, the model as its server calls it.
        scheduler: limits, retries and totals, shared with the judges of a run.
        cache: keeps vectors between runs; without one they are kept in memory.
        embeddings: what gives the vectors, in place of the server that the environment names.

    Raises:
        SetupError: there is no model in the name.

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
        """What leaves this machine and where to, in one line; nothing for a server on this machine."""
        return self._embeddings.leaves

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of a hash of the server's address and of how this model's vectors lie to each other.

        A model that answers under the name of another has another revision. It needs the vectors of the background:
        one request, if they are not in the cache.
        """
        parts = f"{_VERSION}|{self._embeddings.address}|{self._background.trace}"
        return sha256(parts.encode()).hexdigest()[:12]

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text, words and segments; equal pieces of all texts are asked for once.

        `n_pieces` is 0, for nothing is known of the model's vocabulary: no word counts as misspelt and no text as made
        of random letters.

        Raises:
            InputError: the server's address is none.
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
        """The vectors of words and segments, each less its background, shape `(n_pieces, dim)`."""
        background = self._background
        is_word = np.array([is_word for _, is_word in pieces])
        vectors = self._embeddings.vectors([text for text, _ in pieces])
        parts = np.where(is_word[:, None], background.of_words, background.of_segments)
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
    def _background(self) -> _Background:
        vectors = self._embeddings.vectors([*WORDS, *SENTENCES])
        words, sentences = vectors[: len(WORDS)], vectors[len(WORDS) :]
        levels = (round(mean_cosine(some) / _ROUNDED) for some in (words, sentences))
        trace = "/".join(map(str, (*levels, vectors.shape[1])))
        return _Background(estimate_common_component(words), estimate_common_component(sentences), trace)
