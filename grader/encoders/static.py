"""Texts -> token vectors from the packaged model's input embeddings alone: no transformer, no torch, no runtime.

A word has the same vector in any context. That suits a first pass over millions of answers and small machines;
docs/speed.md has the loss of accuracy.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from grader.encoders.model_files import model_revision, packaged_model, stored_tensors
from grader.encoders.token_vectors import Floats, Pass, TokenVectors, Window, join
from grader.encoders.windows import WindowReader, piece_rarity, read_tokenizer
from grader.settings import STATIC

# A table needs no windows; texts may have any length.
_NO_LIMIT = 1 << 40


class StaticEncoder:
    """The packaged model's vector of each vocabulary entry, before the first layer."""

    name = STATIC

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights that contain the table."""
        return model_revision(self._model)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; the vector of the text is their mean."""
        windows = self._reader.read(texts)
        dim = self._table.shape[1]
        return join(texts, windows, [self._look_up(window) for window in windows], rarity=self._rarity, dim=dim)

    def _look_up(self, window: Window) -> Pass:
        vectors = self._table[window.ids[window.keep]]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Pass(vectors, vectors.mean(axis=0))

    @cached_property
    def _table(self) -> Floats:
        return stored_tensors(self._model)["embeddings.word_embeddings.weight"]

    @cached_property
    def _reader(self) -> WindowReader:
        return WindowReader(read_tokenizer(self._model), _NO_LIMIT)

    @cached_property
    def _rarity(self) -> Floats:
        return piece_rarity(read_tokenizer(self._model))

    @cached_property
    def _model(self) -> Path:
        return packaged_model()
