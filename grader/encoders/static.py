"""Texts -> token vectors from the packaged model's table of words alone: no transformer, no torch, no runtime.

A word has the same vector wherever it stands. That is a good first pass over millions of answers, and enough for tiny
machines; how much it loses is measured in docs/speed.md.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from grader.encoders.model_files import model_revision, packaged_model, stored_tensors
from grader.encoders.token_vectors import Floats, Pass, TokenVectors, Window, join
from grader.encoders.windows import WindowReader, piece_rarity, read_tokenizer
from grader.settings import STATIC

# Nothing is read in windows: a table has no longest text.
_ENDLESS = 1 << 40


class StaticEncoder:
    """The packaged model's vector of each vocabulary entry, as it is before the first layer."""

    name = STATIC

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights that hold the table."""
        return model_revision(self._model)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; its own vector is their mean."""
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
        return WindowReader(read_tokenizer(self._model), _ENDLESS)

    @cached_property
    def _rarity(self) -> Floats:
        return piece_rarity(read_tokenizer(self._model))

    @cached_property
    def _model(self) -> Path:
        return packaged_model()
