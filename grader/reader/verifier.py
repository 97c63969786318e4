"""A small cross-encoder that detects when a statement contradicts a point in similar words.

Similarity cannot tell a claim from its denial; this model can, if the wordings are close. It was not trained for
statements in very different words (docs/accuracy.md). It uses no questions or scores and makes no decision.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grader.encoders import (
    EMBEDDINGS_INPUT,
    LOGIT_OUTPUT,
    BertArchitecture,
    CompilationSpec,
    CompileError,
    VectorCache,
    cache_limit_bytes,
    compiled_path,
    cross_encoder_graph,
    gelu_tanh,
    layer_norm,
    linear,
    open_compiled,
    stored_tensors,
    transformer_layer,
)

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

_log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

# Maximum tokens of a point or a statement. Few have more, and a truncated claim would be another claim.
N_TOKENS = 64

_WEIGHTS = Path(__file__).parent / "models" / "verifier.npz"
# Tolerance for equal logits; the probabilities then differ by at most a quarter of it.
_SAME_LOGIT = 1e-3
# Added to the variance in the layer norms of BERT.
_LAYER_NORM_EPSILON = 1e-12


class Verifier:
    """The packaged encoder, fine-tuned to read a point and a statement together.

    Word vectors and vocabulary are those of the packaged model, whichever encoder measures similarity. The trained
    layers are part of this package, as int8 with a scale for each row. Everything is loaded at first use, and compiled
    if the runtime is installed.

    Source: BERT (Devlin et al. 2019) as in MiniLM (Wang et al. 2020). Trained by tests/benchmarks/train_verifier.py.

    Args:
        model: folder of the packaged model.
        weights: file of the trained layers; that of the package if left out.
        keeps: whether results are cached in the user's cache folder, for later runs.

    """

    def __init__(self, model: Path, weights: Path = _WEIGHTS, *, keeps: bool = True) -> None:
        self._model = model
        self._keeps = keeps
        self._path = weights

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the file of weights."""
        return sha256(self._file).hexdigest()[:12]

    def fits(self, model_revision: str) -> bool:
        """Whether the file of weights exists and was trained on the word vectors of this revision of the model.

        The weights are useless with other word vectors. Without the file, grading uses rules alone.
        """
        return self._path.is_file() and str(self._stored["words_from"]) == model_revision

    def contradicts(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Probability that each statement contradicts its point.

        Each pair is read alone, so its result does not depend on the other pairs.

        Args:
            pairs: a point and a statement (a segment of an answer) each.

        Returns:
            shape `(n_pairs,)`, 0..1; near 1 for near copies of the point that reverse its meaning.

        **Undefined:** 0 where the point or the statement is blank or has more than `N_TOKENS` tokens.

        """
        return np.array([self._judge(*pair) for pair in pairs], np.float64)

    def _judge(self, point: str, statement: str) -> float:
        """The probability for `[CLS] point [SEP] statement [SEP]`, 0..1."""
        point_ids, statement_ids = (
            self._tokenizer.encode(text, add_special_tokens=False).ids for text in (point, statement)
        )
        if not (0 < len(point_ids) <= N_TOKENS and 0 < len(statement_ids) <= N_TOKENS):
            return 0.0
        first, last = self._tokenizer.encode("").ids  # [CLS] and [SEP]
        ids = [first, *point_ids, last, *statement_ids, last]
        logit = self._logit(ids, n_point=len(point_ids) + 2)
        return float(1 / (1 + np.exp(-np.float64(logit))))

    def _logit(self, ids: list[int], *, n_point: int) -> float:
        """The logit, computed or from the cache."""
        key = np.array([n_point, *ids])
        [kept] = self._store.get([key], dim=1)
        if kept is not None:
            return float(kept[0, 0])
        embedded = self._embedded(ids, n_point=n_point)
        logit = self._logit_in_numpy(embedded) if self._compiled is None else _run(self._compiled, embedded)
        self._store.put([key], [np.array([[logit]], np.float32)])
        return logit

    @cached_property
    def _store(self) -> VectorCache:
        try:
            name = compiled_path(self._key).stem
        except CompileError:  # without the runtime it is computed in numpy, which differs in the last digits
            name = f"{self._key}-numpy"
        return VectorCache(name, limit=cache_limit_bytes() if self._keeps else 0)

    @property
    def _key(self) -> str:
        return f"verifier-{self.revision}"

    def _embedded(self, ids: list[int], *, n_point: int) -> Floats:
        """Input of the first layer, shape `(n_pieces, dim)`; the first `n_point` pieces belong to the point."""
        positions, sides = self._position_and_side_embeddings
        side = (np.arange(len(ids)) >= n_point).astype(np.int64)
        embedded: Floats = self._word_vectors[ids] + positions[: len(ids)] + sides[side]
        return embedded

    def _logit_in_numpy(self, embedded: Floats) -> float:
        """The logit, in numpy."""
        weights = self._weights
        hidden = layer_norm(embedded, weights, "embeddings.LayerNorm", self._shape.epsilon)
        for layer in range(self._shape.n_layers):
            hidden = transformer_layer(hidden, weights, f"layer.{layer}.", self._shape, gelu_tanh, linear)
        pooled = np.concatenate([hidden[0], hidden.mean(axis=0), hidden.max(axis=0)])
        return float(linear(np.maximum(linear(pooled, weights, "h1"), 0), weights, "h2")[0])

    @cached_property
    def _compiled(self) -> "InferenceSession | None":
        """The compiled form, which takes half the time; `None` if there is none or its results differ."""
        try:
            return open_compiled(CompilationSpec("verifier", self._key, self._graph, self._fault))
        except CompileError as error:
            _log.info("the verifier runs in numpy: %s", error)
            return None

    def _graph(self) -> bytes:
        return cross_encoder_graph(self._weights, self._shape)

    def _fault(self, session: "InferenceSession") -> str | None:
        """How the compiled form differs from numpy on random texts; `None` if it does not."""
        rng = np.random.default_rng(0)
        for length in (5, 24, 2 * N_TOKENS + 3):
            embedded = self._embedded(rng.integers(0, len(self._word_vectors), length).tolist(), n_point=length // 2)
            apart = abs(_run(session, embedded) - self._logit_in_numpy(embedded))
            if not apart < _SAME_LOGIT:
                return f"a logit by {apart:.5f}"
        return None

    @cached_property
    def _weights(self) -> Mapping[str, Floats]:
        """All arrays as float32."""
        return {name: self._read(name) for name in self._stored.files if name.endswith((".weight", ".bias"))}

    @cached_property
    def _position_and_side_embeddings(self) -> tuple[Floats, Floats]:
        """The embeddings of positions and of the two sides (point, statement)."""
        return (
            self._read("embeddings.position_embeddings.weight"),
            self._read("embeddings.token_type_embeddings.weight"),
        )

    def _read(self, name: str) -> Floats:
        """An array as float32; rows stored as int8 are multiplied by their scale."""
        scale = self._stored[name + ".scale"] if name + ".scale" in self._stored.files else np.float32(1)
        values: Floats = self._stored[name].astype(np.float32) * scale
        return values

    @cached_property
    def _shape(self) -> BertArchitecture:
        n_layers = len({name.split(".")[1] for name in self._stored.files if name.startswith("layer.")})
        return BertArchitecture(n_layers, int(self._stored["n_heads"]), _LAYER_NORM_EPSILON)

    @cached_property
    def _stored(self) -> "NpzFile":
        """The file; arrays are decompressed at access."""
        stored: NpzFile = np.load(BytesIO(self._file), allow_pickle=False)
        return stored

    @cached_property
    def _file(self) -> bytes:
        return self._path.read_bytes()

    @cached_property
    def _word_vectors(self) -> Floats:
        """The packaged model's vector of every vocabulary entry, shape `(n_vocabulary, dim)`."""
        return stored_tensors(self._model)["embeddings.word_embeddings.weight"]

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._model / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def _run(session: "InferenceSession", embedded: Floats) -> float:
    """The logit of one pair, from the compiled form."""
    [logit] = session.run([LOGIT_OUTPUT], {EMBEDDINGS_INPUT: embedded[None]})
    return float(logit[0, 0])
