"""Texts -> token vectors through the compiled packaged model, with `onnxruntime` and `tokenizers` alone."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grader import PACKAGED_MODEL
from grader.bert_graph import EMBEDDED, MEAN, PIECES
from grader.compiling import Embeddings, open_compiled, read_embeddings
from grader.model_files import model_revision, packaged_model, stored_tensors
from grader.tokens import Floats, Pass, TokenVectors, Window, join
from grader.windows import WindowReader, piece_rarity

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

# Pieces in one batch: enough to fill two cores, few enough to stay in their caches.
_BATCH_PIECES = 1024


class OnnxEncoder:
    """The packaged model in its compiled form; a text's vectors are the same, to the last bit, in any company.

    Texts of the same number of pieces go through the model together, so that none is padded.

    Raises:
        CompileError: at first use, where the model cannot be compiled.

    """

    name = PACKAGED_MODEL

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights that it was compiled from."""
        return model_revision(self._model)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; one longer than the model's window is read in overlapping windows."""
        windows = self._reader.read(texts)
        dim = self._embeddings.words.shape[1]
        return join(texts, windows, self._forward(windows), rarity=self._rarity, dim=dim)

    def load(self) -> None:
        """Compile or load the model now."""
        _ = self._session

    def _forward(self, windows: Sequence[Window]) -> list[Pass]:
        passes: dict[int, Pass] = {}
        for batch in batches([len(window.ids) for window in windows]):
            embedded = self._embeddings.of(np.stack([windows[i].ids for i in batch]))
            pieces, means = self._session.run([PIECES, MEAN], {EMBEDDED: embedded})
            for row, i in enumerate(batch):
                passes[i] = Pass(pieces[row, windows[i].keep], means[row])
        return [passes[i] for i in range(len(windows))]

    @cached_property
    def _session(self) -> "InferenceSession":
        return open_compiled(self._model)

    @cached_property
    def _embeddings(self) -> Embeddings:
        return read_embeddings(stored_tensors(self._model))

    @cached_property
    def _reader(self) -> WindowReader:
        return WindowReader(read_tokenizer(self._model), window_size(self._model))

    @cached_property
    def _rarity(self) -> Floats:
        tokenizer = read_tokenizer(self._model)
        return piece_rarity(tokenizer, tokenizer.token_to_id("[UNK]"))

    @cached_property
    def _model(self) -> Path:
        return packaged_model()


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of equal length, longest first, of at most `_BATCH_PIECES` pieces unless one has more."""
    of_length: defaultdict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        of_length[length].append(index)
    for length in sorted(of_length, reverse=True):
        alike, size = of_length[length], max(1, _BATCH_PIECES // length)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def read_tokenizer(model: Path) -> "Tokenizer":
    """The tokenizer in a model's folder."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(model / "tokenizer.json"))


def window_size(model: Path) -> int:
    """Pieces that a model in the form of sentence-transformers reads at once."""
    return int(json.loads((model / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"])
