"""Whether a statement contradicts a point that it nearly repeats: small trained networks on token vectors, in numpy.

Similarity cannot tell a claim from its denial; this can, for wordings that are close. It knows nothing of questions or
scores, decides nothing, and was not made for statements in quite other words (docs/accuracy.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_WEIGHTS = Path(__file__).parent / "models" / "verifier.npz"
# What torch adds to a variance before it divides by its root.
_LAYER_NORM_EPSILON = np.float32(1e-5)


class VectorPair(NamedTuple):
    """Unit token vectors of a point and of a statement, each of shape `(n_tokens, dim)`."""

    point: Floats
    statement: Floats


class Verifier:
    """Two networks of one design, whose mean decides; the weights come with the package and are read at first use.

    Both texts are laid side by side, each token beside a blend of the other text's tokens that are most like it; a
    small transformer then reads all of them at once, so that "not" and "unstable" can cancel out.

    Source: alignment as in decomposable attention (Parikh et al. 2016), transformer as in Vaswani et al. 2017 with
    normalisation first. Trained by tests/benchmarks/train_verifier.py.

    Args:
        weights: the file of weights; that of the package if left out.

    """

    def __init__(self, weights: Path = _WEIGHTS) -> None:
        self._path = weights

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights' file."""
        return sha256(self._file).hexdigest()[:12]

    def fits(self, encoder_name: str, encoder_revision: str) -> bool:
        """Whether there are weights and they were trained on the token vectors of this encoder.

        Other vectors mean nothing to them. Who removes the file of weights grades by rules alone.
        """
        if not self._path.is_file():
            return False
        trained_on = (str(self._stored["encoder_name"]), str(self._stored["encoder_revision"]))
        return trained_on == (encoder_name, encoder_revision)

    def contradicts(self, pairs: Sequence[VectorPair | tuple[Floats, Floats]]) -> NDArray[np.float64]:
        """How likely each statement contradicts its point.

        A pair is judged alone, so its result does not depend on its company.

        Args:
            pairs: unit token vectors of a point and of a statement (a segment of an answer), each `(n_tokens, dim)`,
                as the encoder that `fits` gives them. An answer's tokens may be encoded with those around them.

        Returns:
            shape `(n_pairs,)`, 0..1; near copies of the point that turn it round are near 1.

        **Undefined:** 0 where a side has no token.

        """
        return np.array([self._judge(*pair) if len(pair[0]) and len(pair[1]) else 0.0 for pair in pairs], np.float64)

    def _judge(self, point: Floats, statement: Floats) -> float:
        """What the mean of the networks' logits stands for, 0..1."""
        logit = np.mean([network.logit(point, statement) for network in self._networks])
        return float(1 / (1 + np.exp(-logit)))

    @cached_property
    def _networks(self) -> tuple["_Network", ...]:
        """The trained networks; stored as float16, used as float32."""
        stored = self._stored
        numbers = sorted({name.partition(".")[0] for name, array in stored.items() if array.dtype == np.float16})
        return tuple(
            _Network(
                {
                    name.partition(".")[2]: array.astype(np.float32)
                    for name, array in stored.items()
                    if name.startswith(number + ".")
                },
                n_layers=int(stored["n_layers"]),
                n_heads=int(stored["n_heads"]),
            )
            for number in numbers
        )

    @cached_property
    def _stored(self) -> Mapping[str, NDArray[Any]]:
        """Everything in the file, as it is there."""
        with np.load(BytesIO(self._file), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    @cached_property
    def _file(self) -> bytes:
        return self._path.read_bytes()


@dataclass(frozen=True, eq=False)
class _Network:
    """One trained network.

    Attributes:
        weights: by the name of the part that they belong to.
        n_layers, n_heads: of the transformer.

    """

    weights: Mapping[str, Floats]
    n_layers: int
    n_heads: int

    def logit(self, point: Floats, statement: Floats) -> float:
        """The logit that the statement contradicts the point."""
        cosines = point @ statement.T
        sides = (
            self._beside(point, statement, cosines, 0),
            self._beside(statement, point, cosines.T, 1),
        )
        hidden = np.concatenate(sides)
        for layer in range(self.n_layers):
            hidden = self._read(hidden, f"blocks.{layer}.")
        hidden = self._norm(hidden, "norm")
        pooled = np.concatenate([hidden.mean(axis=0), hidden.max(axis=0)])
        return float(self._linear(np.maximum(self._linear(pooled, "h1"), 0), "h2")[0])

    def _beside(self, own: Floats, other: Floats, cosines: Floats, side: int) -> Floats:
        """Each token of one side beside its counterpart on the other, shape `(n_own, width)`."""
        weights = self.weights
        shares = _softmax(weights["tau"] * cosines)
        counterpart = shares @ other
        likeness = (shares * cosines).sum(axis=1, keepdims=True)
        last = len(weights["pos.weight"]) - 1  # tokens further along share the last position
        here = weights["pos.weight"][np.minimum(np.arange(len(own)), last)]
        there = shares @ weights["posa.weight"][np.minimum(np.arange(len(other)), last)]
        placed: Floats = here + there + weights["side.weight"][side]
        said = self._linear(own, "x") + self._linear(counterpart, "a") + self._linear(own * counterpart, "m")
        return said + self._linear(likeness, "c") + placed

    def _read(self, hidden: Floats, block: str) -> Floats:
        """One transformer layer over the tokens of both sides."""
        heads = self.n_heads
        length, width = hidden.shape
        mixed = self._linear(self._norm(hidden, block + "n1"), block + "qkv")
        query, key, value = mixed.reshape(length, 3, heads, width // heads).transpose(1, 2, 0, 3)
        scores = query @ key.transpose(0, 2, 1) / np.sqrt(np.float32(width // heads))
        seen = (_softmax(scores) @ value).transpose(1, 0, 2).reshape(length, width)
        hidden = hidden + self._linear(seen, block + "out")
        raised = np.maximum(self._linear(self._norm(hidden, block + "n2"), block + "up"), 0)
        return hidden + self._linear(raised, block + "down")

    def _linear(self, values: Floats, name: str) -> Floats:
        product: Floats = values @ self.weights[name + ".weight"].T
        bias = self.weights.get(name + ".bias")
        return product if bias is None else product + bias

    def _norm(self, values: Floats, name: str) -> Floats:
        centred = values - values.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + _LAYER_NORM_EPSILON)
        normed: Floats = centred / spread * self.weights[name + ".weight"] + self.weights[name + ".bias"]
        return normed


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares
