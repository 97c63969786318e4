"""Texts -> token vectors through an embeddings endpoint, which gives one vector a text and none of its tokens.

Each word and each segment is asked for as a text of its own and stands as a token, so that all that works on tokens
works as with a model on this machine. Vectors are taken as the model's background leaves them.
"""

from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from grader.encoders.common_component import (
    SENTENCES,
    WORDS,
    Floats,
    estimate_common_component,
    mean_cosine,
    remove_common_component,
)
from grader.encoders.embeddings_endpoint import Embeddings
from grader.encoders.text_units import Unit, informativeness, units
from grader.encoders.token_vectors import TokenVectors
from grader.errors import SetupError
from grader.provider import ReplyCache, RequestScheduler
from grader.settings import REMOTE

# Part of the revision: raised when the way from texts to token vectors changes.
_VERSION = 1
# Mean cosines are rounded to this for the revision: servers differ by less from request to request, models by more.
_ROUNDED = 0.005


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
