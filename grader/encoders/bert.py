"""BERT in numpy: the plain form that compiled ones are checked against, and what the verifier reads with.

A layer's weights are found by their published names ("attention.self.query.weight") after the layer's prefix.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Curve = Callable[[Floats], Floats]
Linear = Callable[[Floats, Mapping[str, Floats], str], Floats]

# Whole numbers that stand for the highest input and for the highest weight: with these no sum of two products leaves 16
# bits, which processors without instructions of their own for it would cut off.
INPUT_STEPS, WEIGHT_STEPS = 127, 63
_SMALLEST = np.float32(1e-9)


class BertArchitecture(NamedTuple):
    """What the weights do not tell of a BERT: layers, attention heads, what is added to a variance."""

    n_layers: int
    n_heads: int
    epsilon: float


def transformer_layers(
    embedded: Floats, weights: Mapping[str, Floats], shape: BertArchitecture, *, whole: bool = False
) -> tuple[Floats, Floats]:
    """What a BERT makes of one text: the normed input embeddings and the last layer, each `(n_pieces, dim)`.

    Args:
        embedded: word, position and type embeddings added up, shape `(n_pieces, dim)`.
        weights: by their published names.
        shape: of the model.
        whole: whether linear maps are computed in whole numbers.

    Source: Devlin et al. 2019.

    """
    first = layer_norm(embedded, weights, "embeddings.LayerNorm", shape.epsilon)
    hidden = first
    for layer in range(shape.n_layers):
        hidden = transformer_layer(
            hidden, weights, f"encoder.layer.{layer}.", shape, gelu, whole_linear if whole else linear
        )
    return first, hidden


def transformer_layer(
    hidden: Floats,
    weights: Mapping[str, Floats],
    layer: str,
    shape: BertArchitecture,
    curve: Curve,
    linear: Linear,
    bias: Floats | None = None,
) -> Floats:
    """One transformer layer over the pieces of one text, shape `(n_pieces, dim)` in and out.

    Args:
        hidden: what the layer below gave.
        weights: of all layers.
        layer: prefix of this layer's weights.
        shape: of the model.
        curve: `gelu`, or `gelu_tanh`.
        linear: `linear`, or `whole_linear`.
        bias: added to the attention scores, shape `(n_pieces, n_pieces)`; very low where a piece may not look.

    """
    length, width = hidden.shape
    size = width // shape.n_heads
    query, key, value = (
        linear(hidden, weights, f"{layer}attention.self.{part}").reshape(length, shape.n_heads, size).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(size))
    shares = _softmax(scores if bias is None else scores + bias)
    seen = (shares @ value).transpose(1, 0, 2).reshape(length, width)
    seen = hidden + linear(seen, weights, layer + "attention.output.dense")
    hidden = layer_norm(seen, weights, layer + "attention.output.LayerNorm", shape.epsilon)
    raised = curve(linear(hidden, weights, layer + "intermediate.dense"))
    raised = hidden + linear(raised, weights, layer + "output.dense")
    return layer_norm(raised, weights, layer + "output.LayerNorm", shape.epsilon)


def linear(values: Floats, weights: Mapping[str, Floats], name: str) -> Floats:
    """A linear map, `(n, n_in)` to `(n, n_out)`; the weights are `(n_out, n_in)`."""
    product: Floats = values @ weights[name + ".weight"].T + weights[name + ".bias"]
    return product


def whole_linear(values: Floats, weights: Mapping[str, Floats], name: str) -> Floats:
    """The same in whole numbers: each row of inputs and each output's weights have a scale of their own."""
    matrix, scales = whole_weights(weights[name + ".weight"])
    highest = np.maximum(np.abs(values).max(axis=1, keepdims=True), _SMALLEST) / np.float32(INPUT_STEPS)
    steps = np.rint(values / highest)
    product: Floats = (steps @ matrix.astype(np.float32)) * scales * highest + weights[name + ".bias"]
    return product


def whole_weights(weights: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Weights `(n_out, n_in)` as whole numbers `(n_in, n_out)`, and the scale of each output, shape `(n_out,)`."""
    scales = np.abs(weights).max(axis=1) / np.float32(WEIGHT_STEPS)
    scales = np.maximum(scales, _SMALLEST).astype(np.float32)
    return np.rint(weights / scales[:, None]).astype(np.int8).T, scales


def layer_norm(values: Floats, weights: Mapping[str, Floats], name: str, epsilon: float) -> Floats:
    """Each row brought to mean 0 and variance 1, then scaled and shifted."""
    centred = values - values.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + np.float32(epsilon))
    normed: Floats = centred / spread * weights[name + ".weight"] + weights[name + ".bias"]
    return normed


def gelu(values: Floats) -> Floats:
    """The Gaussian error linear unit, x * Phi(x), within 2e-7 * |x|.

    Source: Hendrycks and Gimpel 2016; the error function by Abramowitz and Stegun 1964, 7.1.26.
    """
    x = np.abs(values.astype(np.float64)) / np.sqrt(2)
    t = 1 / (1 + 0.3275911 * x)
    terms = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    error = np.sign(values) * (1 - terms * np.exp(-x * x))
    raised: Floats = (values * (1 + error) / 2).astype(np.float32)
    return raised


def gelu_tanh(values: Floats) -> Floats:
    """The same by tanh, within 5e-4 (Hendrycks and Gimpel 2016)."""
    inner = np.sqrt(np.float32(2 / np.pi)) * (values + np.float32(0.044715) * values * values * values)
    raised: Floats = np.float32(0.5) * values * (1 + np.tanh(inner))
    return raised


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares
