"""A small cross-encoder that detects when a statement contradicts a point in similar words.

Similarity cannot tell a claim from its denial; this model can, if the wordings are close. It was not trained for
statements in very different words (docs/accuracy.md). It uses no questions or scores and makes no decision.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from grader.encoders import (
    EMBEDDINGS_INPUT,
    LOGIT_OUTPUT,
    cross_encoder_graph,
    gelu_tanh,
    layer_norm,
    linear,
    transformer_layer,
)
from grader.reader.packaged_network import MODELS, PackagedNetwork

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.float32]

# Maximum tokens of a point or a statement. Few have more, and a truncated claim would be another claim.
N_TOKENS = 64

_WEIGHTS = MODELS / "verifier.npz"
_PROBE = (
    ("Dropout is active during training.", "Dropout is not active during training."),
    ("Dropout is active during training.", "Dropout is active while one trains."),
)


class Verifier(PackagedNetwork):
    """The packaged encoder, fine-tuned to read a point and a statement together.

    Source: BERT (Devlin et al. 2019) as in MiniLM (Wang et al. 2020). Trained by tests/benchmarks/train_verifier.py.

    Args:
        model: folder of the packaged model.
        weights: file of the trained layers; that of the package if left out.
        keeps: whether results are cached in the user's cache folder, for later runs.

    """

    what: ClassVar[str] = "verifier"
    # The probabilities then differ by at most a quarter of it.
    same_logit: ClassVar[float] = 1e-3

    def __init__(self, model: Path, weights: Path = _WEIGHTS, *, keeps: bool = True) -> None:
        super().__init__(model, weights, keeps=keeps)

    def contradicts(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Probability that each statement contradicts its point.

        Each pair is read alone, so its result does not depend on the other pairs.

        Args:
            pairs: a point and a statement (a segment of an answer) each.

        Returns:
            shape `(n_pairs,)`, 0..1; near 1 for near copies of the point that reverse its meaning.

        **Undefined:** 0 where the point or the statement is blank or has more than `N_TOKENS` tokens.

        Raises:
            SetupError: at first use, if the weights are damaged or fixed pairs get other logits than they must.

        """
        _ = self._probed
        return np.array([self._judge(*pair) for pair in pairs], np.float64)

    def probe(self) -> list[float]:
        """The logits of fixed pairs."""
        return [self._logit_of(*map(self._ids, pair)) for pair in _PROBE]

    def _judge(self, point: str, statement: str) -> float:
        """The probability for a point and a statement, 0..1."""
        point_ids, statement_ids = self._ids(point), self._ids(statement)
        if not (0 < len(point_ids) <= N_TOKENS and 0 < len(statement_ids) <= N_TOKENS):
            return 0.0
        return float(1 / (1 + np.exp(-np.float64(self._logit_of(point_ids, statement_ids)))))

    def _logit_of(self, point: list[int], statement: list[int]) -> float:
        """The logit for `[CLS] point [SEP] statement [SEP]`."""
        first, last = self._tokenizer.encode("").ids  # [CLS] and [SEP]
        return self._logit([first, *point, last, *statement, last], n_point=len(point) + 2)

    def _logit(self, ids: list[int], *, n_point: int) -> float:
        """The logit, computed or from the cache."""
        key = np.array([n_point, *ids])
        [kept] = self._store.get([key], dim=1)
        if kept is not None:
            return float(kept[0, 0])
        embedded = self._embedded(ids, n_point=n_point)
        logit = self._logit_in_numpy(embedded) if self._compiled is None else _run(self._compiled.session, embedded)
        self._store.put([key], [np.array([[logit]], np.float32)])
        return logit

    def _embedded(self, ids: list[int], *, n_point: int) -> Floats:
        """Input of the first layer, shape `(n_pieces, dim)`; the first `n_point` pieces belong to the point."""
        positions, sides = self._place_and_side_vectors
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

    def _graph(self) -> bytes:
        return cross_encoder_graph(self._weights, self._shape)

    def _fault(self, session: "InferenceSession") -> str | None:
        """How the compiled form differs from numpy on random texts; `None` if it does not."""
        rng = np.random.default_rng(0)
        for length in (5, 24, 2 * N_TOKENS + 3):
            embedded = self._embedded(rng.integers(0, len(self._word_vectors), length).tolist(), n_point=length // 2)
            apart = abs(_run(session, embedded) - self._logit_in_numpy(embedded))
            if not apart < self.same_logit:
                return f"a logit by {apart:.5f}"
        return None


def _run(session: "InferenceSession", embedded: Floats) -> float:
    """The logit of one pair, from the compiled form."""
    [logit] = session.run([LOGIT_OUTPUT], {EMBEDDINGS_INPUT: embedded[None]})
    return float(logit[0, 0])
