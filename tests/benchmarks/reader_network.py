"""The reader in torch: an answer is read once, and each point reads the answer and itself, never another point.

Pieces of all texts of a batch are the rows of one matrix, without padding; only attention is padded.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from grader.encoders.model_files import packaged_model, stored_tensors
from tests.benchmarks.reader_data import Example

_N_HEADS, _DIM, _N_LAYERS, _WIDTH, _DROPOUT = 12, 384, 6, 256, 0.1
_N_PLACES = 256
# The longest texts that are read, in vocabulary pieces.
N_QUESTION, N_ANSWER, N_POINT = 56, 160, 64
_SIDES = (0, 1, 2)  # question, answer, point
# Names in the packaged model and in the file of weights.
_LAYER_PARTS = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "seen": "attention.output.dense", "seen_norm": "attention.output.LayerNorm", "up": "intermediate.dense",
    "down": "output.dense", "norm": "output.LayerNorm",
}  # fmt: skip


class PackedSequence(NamedTuple):
    """`[CLS] question [SEP] answer [SEP]`, then `[CLS] point [SEP]` for each point.

    Attributes:
        ids, places, sides: of each piece, shape `(n_pieces,)`; places begin anew with each point.
        owners: which point a piece belongs to, -1 for question and answer, shape `(n_pieces,)`.
        visible: which piece may look at which, shape `(n_pieces, n_pieces)`: everything at question and answer, a point
            also at itself.

    """

    ids: NDArray[np.int64]
    places: NDArray[np.int64]
    sides: NDArray[np.int64]
    owners: NDArray[np.int64]
    visible: NDArray[np.bool_]


def packed_sequence(question: list[int], answer: list[int], points: Sequence[list[int]]) -> PackedSequence:
    """The pieces of one answer and its points, with their marks; each argument is without marks."""
    first, last = 101, 102  # [CLS] and [SEP] in the packaged vocabulary
    asked, said = [first, *question, last], [*answer, last]
    parts = [[first, *point, last] for point in points]
    sides = [_SIDES[0]] * len(asked) + [_SIDES[1]] * len(said) + [_SIDES[2]] * sum(map(len, parts))
    read = len(asked) + len(said)
    owners = np.array([-1] * read + [index for index, part in enumerate(parts) for _ in part])
    places = [*range(read), *(place for part in parts for place in range(len(part)))]
    visible = (owners[None, :] == -1) | (owners[None, :] == owners[:, None])
    ids = [*asked, *said, *(piece for part in parts for piece in part)]
    return PackedSequence(np.array(ids), np.array(places), np.array(sides), owners, visible)


class Batch(NamedTuple):
    """Packed pieces of several examples.

    Attributes:
        ids, places, sides, owners: of each piece, shape `(n_pieces,)`; owners count the points of the whole batch.
        slots: where each piece stands when texts are padded, shape `(n_pieces,)`.
        first: the first piece of each point, shape `(n_points,)`.
        visible: which piece may look at which, shape `(n_texts, 1, longest, longest)`.

    """

    ids: Tensor
    places: Tensor
    sides: Tensor
    owners: Tensor
    slots: Tensor
    first: Tensor
    visible: Tensor


class _Layer(nn.Module):
    def __init__(self, weights: dict[str, NDArray[np.float32]], prefix: str) -> None:
        super().__init__()
        for name, stored in _LAYER_PARTS.items():
            weight, bias = (torch.tensor(weights[f"{prefix}{stored}.{part}"]) for part in ("weight", "bias"))
            part = nn.LayerNorm(_DIM, eps=1e-12) if "norm" in name else nn.Linear(weight.shape[1], weight.shape[0])
            part.weight.data, part.bias.data = weight, bias
            self.add_module(name, part)

    def forward(self, rows: Tensor, batch: Batch) -> Tensor:
        n_texts, _, longest, _ = batch.visible.shape

        def padded(values: Tensor) -> Tensor:
            out = values.new_zeros(n_texts * longest, _DIM).index_copy(0, batch.slots, values)
            return out.view(n_texts, longest, _N_HEADS, _DIM // _N_HEADS).transpose(1, 2)

        query, key, value = (padded(self.get_submodule(name)(rows)) for name in ("query", "key", "value"))
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=batch.visible)
        seen = seen.transpose(1, 2).reshape(n_texts * longest, _DIM).index_select(0, batch.slots)
        rate = _DROPOUT if self.training else 0.0
        rows = self.get_submodule("seen_norm")(rows + functional.dropout(self.get_submodule("seen")(seen), rate))
        raised = functional.gelu(self.get_submodule("up")(rows), approximate="tanh")
        normed: Tensor = self.get_submodule("norm")(rows + functional.dropout(self.get_submodule("down")(raised), rate))
        return normed


class Network(nn.Module):
    """Pieces of answers and points -> two logits for each point: stated, contradicted; shape `(n_points, 2)`."""

    def __init__(self, model: Path | None = None) -> None:
        super().__init__()
        weights = stored_tensors(model or packaged_model())
        self.register_buffer("words", torch.tensor(weights["embeddings.word_embeddings.weight"]), persistent=False)
        self.places = nn.Parameter(torch.tensor(weights["embeddings.position_embeddings.weight"][:_N_PLACES]))
        sides = torch.tensor(weights["embeddings.token_type_embeddings.weight"])
        self.sides = nn.Parameter(torch.cat([sides, sides[:1]]))  # question, answer, point
        self.norm = nn.LayerNorm(_DIM, eps=1e-12)
        self.norm.weight.data, self.norm.bias.data = (
            torch.tensor(weights[f"embeddings.LayerNorm.{part}"]) for part in ("weight", "bias")
        )
        self.layers = nn.ModuleList(_Layer(weights, f"encoder.layer.{layer}.") for layer in range(_N_LAYERS))
        self.h1, self.h2 = nn.Linear(3 * _DIM, _WIDTH), nn.Linear(_WIDTH, 2)

    def forward(self, batch: Batch) -> Tensor:
        rate = _DROPOUT if self.training else 0.0
        words = self.get_buffer("words")[batch.ids]
        rows = functional.dropout(self.norm(words + self.places[batch.places] + self.sides[batch.sides]), rate)
        for layer in self.layers:
            rows = layer(rows, batch)
        n_points = len(batch.first)
        is_point = batch.owners >= 0
        own, owners = rows[is_point], batch.owners[is_point]
        mean = torch.zeros(n_points, _DIM).index_add(0, owners, own) / torch.bincount(owners)[:, None]
        lowest = torch.full((n_points, _DIM), -1e4)
        highest = lowest.scatter_reduce(0, owners[:, None].expand(-1, _DIM), own, "amax")
        pooled = functional.dropout(torch.cat([rows[batch.first], mean, highest], 1), rate)
        logits: Tensor = self.h2(functional.relu(self.h1(pooled)))
        return logits

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """The weights under the names of the file."""
        found = {}
        for name, tensor in self.state_dict().items():
            parts = name.split(".")
            if parts[0] == "layers":
                name = f"layer.{parts[1]}.{_LAYER_PARTS[parts[2]]}.{parts[3]}"
            elif parts[0] == "norm":
                name = f"embeddings.LayerNorm.{parts[1]}"
            name = {
                "places": "embeddings.position_embeddings.weight",
                "sides": "embeddings.token_type_embeddings.weight",
            }.get(name, name)
            found[name] = tensor.float().numpy()
        return found


class Pieces:
    """Texts as vocabulary pieces, remembered."""

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._known: dict[str, list[int]] = {}

    def of(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return self._known[text]

    def cost(self, example: Example) -> int:
        """How many pieces an example takes."""
        texts = [self.of(example.question)[:N_QUESTION], self.of(example.answer)[:N_ANSWER]]
        return 3 + sum(map(len, texts)) + sum(len(self.of(point)[:N_POINT]) + 2 for point in example.points)

    def batch(self, examples: Sequence[Example]) -> Batch:
        sequences = [
            packed_sequence(
                self.of(example.question)[:N_QUESTION],
                self.of(example.answer)[:N_ANSWER],
                [self.of(point)[:N_POINT] for point in example.points],
            )
            for example in examples
        ]
        longest = max(len(sequence.ids) for sequence in sequences)
        visible = torch.zeros(len(sequences), 1, longest, longest, dtype=torch.bool)
        owners, slots = [], []
        n_points = 0
        for number, sequence in enumerate(sequences):
            n = len(sequence.ids)
            visible[number, 0, :n, :n] = torch.tensor(sequence.visible)
            visible[number, 0, n:, 0] = True  # a row of padding looks at something, or it would become NaN
            owners.append(np.where(sequence.owners < 0, -1, sequence.owners + n_points))
            slots.append(np.arange(n) + number * longest)
            n_points += int(sequence.owners.max()) + 1
        all_owners = np.concatenate(owners)
        _, first = np.unique(all_owners, return_index=True)
        return Batch(
            ids=torch.tensor(np.concatenate([sequence.ids for sequence in sequences])),
            places=torch.tensor(np.concatenate([sequence.places for sequence in sequences])),
            sides=torch.tensor(np.concatenate([sequence.sides for sequence in sequences])),
            owners=torch.tensor(all_owners),
            slots=torch.tensor(np.concatenate(slots)),
            first=torch.tensor(first[1:]),
            visible=visible,
        )


def save(path: Path, network: Network, *, words_from: str) -> None:
    """Write the weights: matrices as int8 with a scale for each row, the rest as float32."""
    arrays: dict[str, NDArray[np.generic]] = {"words_from": np.array(words_from), "n_heads": np.array(_N_HEADS)}
    for name, values in network.arrays().items():
        if values.ndim == 2:
            scale = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, 1e-9).astype(np.float32)
            arrays[name], arrays[name + ".scale"] = np.rint(values / scale).astype(np.int8), scale
        else:
            arrays[name] = values.astype(np.float32)
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # the stub knows no keyword arrays of mixed types
