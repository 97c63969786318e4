"""Texts -> token vectors through the compiled packaged model, with `onnxruntime` and `tokenizers` alone."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.__about__ import PACKAGED_MODEL
from grader.encoders.bert import BertArchitecture, Floats, transformer_layers
from grader.encoders.bert_graph import EMBEDDINGS_INPUT, MEAN, PIECES, bert_graph
from grader.encoders.compilation import CompilationSpec, Compiled, cached_vectors_of, open_compiled
from grader.encoders.model_files import model_revision, packaged_model, stored_tensors
from grader.encoders.probe import check_vectors
from grader.encoders.threads import n_threads
from grader.encoders.token_vectors import LAYER_WEIGHTS, Ints, Pass, TokenVectors, Window, join
from grader.encoders.vector_cache import VectorCache, cache_limit_bytes
from grader.encoders.windows import WindowReader, piece_rarity, read_tokenizer
from grader.settings import INT8

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

# Pieces in one batch: enough to fill two cores, few enough to stay in their caches.
_BATCH_PIECES = 1024


# Lowest accepted cosine between a vector of the compiled model and that of the original.
_MIN_COSINE = 0.9999
# The same for int8: values that differ in the seventh digit may be rounded to different steps, in every layer.
_MIN_COSINE_INT8 = 0.99
_PROBES = ((1, 3), (3, 9), (1, 128))  # number of texts, pieces per text


class EmbeddingTables(NamedTuple):
    """The input embeddings of a BERT: of vocabulary pieces, of positions, and of segments (`sides`)."""

    words: Floats
    positions: Floats
    sides: Floats

    def of(self, ids: NDArray[np.int64]) -> Floats:
        """The sum of the three, shape `(..., n_pieces, dim)` for ids `(..., n_pieces)`."""
        embedded: Floats = self.words[ids] + (self.positions[: ids.shape[-1]] + self.sides[0])
        return embedded


def read_embedding_tables(weights: Mapping[str, Floats]) -> EmbeddingTables:
    """The embedding tables among a BERT's weights."""
    names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
    return EmbeddingTables(*(weights[f"embeddings.{name}.weight"] for name in names))


def read_architecture(model: Path) -> BertArchitecture:
    """The architecture in a model's configuration file."""
    found = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return BertArchitecture(found["num_hidden_layers"], found["num_attention_heads"], found["layer_norm_eps"])


class OnnxEncoder:
    """The packaged model in its compiled form.

    A batch holds texts with the same number of pieces, so that none is padded. The vectors of a text do not depend on
    the other texts of its batch, to the last bit.

    Args:
        whole: whether linear layers are computed in int8: twice as fast and slightly less exact.
        keeps: whether vectors are cached in the user's cache folder, for later runs.

    Raises:
        CompileError: at first use, if the model cannot be compiled.
        SetupError: at first use, if fixed sentences get other vectors than the package says (`probe`).

    """

    def __init__(self, *, whole: bool = False, keeps: bool = True) -> None:
        self.name = INT8 if whole else PACKAGED_MODEL
        self._keeps = keeps
        self._whole = whole

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights from which it was compiled."""
        return model_revision(self._model)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; one longer than the model's window is read in overlapping windows."""
        _ = self._probed
        return self._encode(texts)

    @cached_property
    def _probed(self) -> None:
        """Checks fixed sentences, through tokenizer, cache and model, before the first text; some milliseconds."""
        check_vectors(self._encode, whole=self._whole)

    def _encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        windows = self._reader.read(texts)
        passes = [
            Pass(vectors[:-1][window.keep], vectors[-1])
            for window, vectors in zip(windows, self._vectors(windows), strict=True)
        ]
        return join(texts, windows, passes, rarity=self._rarity, dim=self._embeddings.words.shape[1])

    def load(self) -> None:
        """Compile or load the model now."""
        _ = self._compiled

    def _vectors(self, windows: Sequence[Window]) -> list[Floats]:
        """The vectors of each window, with the mean as last row; from the cache where they are in it."""
        ids = [window.ids for window in windows]
        found = self._cache.get(ids, self._embeddings.words.shape[1])
        new = [i for i, vectors in enumerate(found) if vectors is None]
        computed = self._compute([ids[i] for i in new])
        self._cache.put([ids[i] for i in new], computed)
        fresh = iter(computed)
        return [next(fresh) if vectors is None else vectors for vectors in found]

    def _compute(self, ids: Sequence[Ints]) -> list[Floats]:
        """The same, computed by the model in several threads, the longest texts first."""
        if not ids:
            return []  # without loading the model
        parts = list(batches([len(pieces) for pieces in ids]))
        vectors: dict[int, Floats] = {}
        results = self._pool.map(lambda batch: self._run([ids[i] for i in batch]), parts)
        for batch, found in zip(parts, results, strict=True):
            vectors.update(zip(batch, found, strict=True))
        return [vectors[i] for i in range(len(ids))]

    def _run(self, ids: Sequence[Ints]) -> Floats:
        """One batch of equal lengths, shape `(n_texts, n_pieces + 1, dim)`."""
        pieces, means = self._compiled.session.run(
            [PIECES, MEAN], {EMBEDDINGS_INPUT: self._embeddings.of(np.stack(ids))}
        )
        found: Floats = np.concatenate([pieces, means[:, None]], axis=1)
        return found

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Each thread computes its own batches; threads that share one matrix product would wait for each other."""
        _ = self._compiled, self._embeddings  # loaded here, so that the threads do not each load them
        return ThreadPoolExecutor(n_threads())

    @cached_property
    def _compiled(self) -> Compiled:
        return open_compiled(compilation_spec(self._model, whole=self._whole))

    @cached_property
    def _cache(self) -> VectorCache:
        name = cached_vectors_of(self._key, lambda: self._compiled.digest)
        return VectorCache(name, limit=cache_limit_bytes() if self._keeps else 0)

    @property
    def _key(self) -> str:
        return compiled_key(self._model, whole=self._whole)

    @cached_property
    def _embeddings(self) -> EmbeddingTables:
        return read_embedding_tables(stored_tensors(self._model))

    @cached_property
    def _reader(self) -> WindowReader:
        return WindowReader(read_tokenizer(self._model), window_size(self._model))

    @cached_property
    def _rarity(self) -> Floats:
        return piece_rarity(read_tokenizer(self._model))

    @cached_property
    def _model(self) -> Path:
        return packaged_model()


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of equal length, longest first, each of at most `_BATCH_PIECES` pieces or of one text."""
    of_length: defaultdict[int, list[int]] = defaultdict(list)
    for index, length in enumerate(lengths):
        of_length[length].append(index)
    for length in sorted(of_length, reverse=True):
        alike, size = of_length[length], max(1, _BATCH_PIECES // length)
        for start in range(0, len(alike), size):
            yield alike[start : start + size]


def window_size(model: Path) -> int:
    """Number of pieces that a sentence-transformers model reads at once."""
    return int(json.loads((model / "sentence_bert_config.json").read_text(encoding="utf-8"))["max_seq_length"])


def compilation_spec(model: Path, *, whole: bool = False) -> CompilationSpec:
    """How to compile the model in a folder."""
    weights, shape = stored_tensors(model), read_architecture(model)

    def fault(session: "InferenceSession") -> str | None:
        cosine = lowest_cosine(session, weights, shape, whole=whole)
        return None if cosine >= (_MIN_COSINE_INT8 if whole else _MIN_COSINE) else f"cosine {cosine:.5f}"

    def build() -> bytes:
        return bert_graph(weights, shape, LAYER_WEIGHTS, whole=whole)

    return CompilationSpec("encoder", compiled_key(model, whole=whole), build, fault)


def compiled_key(model: Path, *, whole: bool = False) -> str:
    """Identifies the weights and the precision."""
    return model_revision(model) + (f"-{INT8}" if whole else "")


def lowest_cosine(
    session: "InferenceSession", weights: Mapping[str, Floats], shape: BertArchitecture, *, whole: bool = False
) -> float:
    """The lowest cosine between vectors of the compiled model and of the original in numpy, on random texts.

    The texts are vocabulary entries drawn with a fixed seed: very short ones, a batch of three, and a long one.
    """
    embeddings = read_embedding_tables(weights)
    rng = np.random.default_rng(0)
    probes = (rng.integers(0, len(embeddings.words), size) for size in _PROBES)
    return min(_cosine(session, weights, shape, embeddings.of(probe), whole) for probe in probes)


def _cosine(
    session: "InferenceSession", weights: Mapping[str, Floats], shape: BertArchitecture, embedded: Floats, whole: bool
) -> float:
    pieces, means = session.run([PIECES, MEAN], {EMBEDDINGS_INPUT: embedded})
    cosines = []
    for text, found, found_mean in zip(embedded, pieces, means, strict=True):
        first, last = transformer_layers(text, weights, shape, whole=whole)
        mixed = LAYER_WEIGHTS[0] * _unit(first) + LAYER_WEIGHTS[1] * _unit(last)
        expected = np.vstack([_unit(mixed), _unit(last.mean(axis=0, keepdims=True))])
        cosines.append((expected * np.vstack([found, found_mean])).sum(axis=1).min())
    return float(np.min(cosines))


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit
