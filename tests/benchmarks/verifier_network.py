"""The verifier's network in torch, for training; `grader/verifier.py` runs the same in numpy."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

# Positions that have a vector of their own; tokens further along share the last.
POSITIONS = 64
# Entries of unit vectors are small; this brings them to the scale of the other inputs. Saved weights include it.
INPUT_SCALE = 3.0
# Labels are softened by this much on either side, for some are wrong.
SMOOTHING = 0.01
# Tokens in one training batch, padding included.
BATCH_TOKENS = 3000
# How much of the running average of the weights a step keeps.
AVERAGE = 0.998
_HIDDEN_FROM_SOFTMAX = -1e9


class Layer(nn.Module):
    """One transformer layer, normalisation first."""

    def __init__(self, width: int, heads: int, inner: int, drop: float) -> None:
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.drop = nn.Dropout(drop)

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        n, length, width = hidden.shape
        mixed = self.qkv(self.n1(hidden)).view(n, length, 3, self.heads, width // self.heads)
        query, key, value = mixed.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        hidden = hidden + self.drop(self.out(seen.transpose(1, 2).reshape(n, length, width)))
        return hidden + self.drop(self.down(functional.relu(self.up(self.n2(hidden)))))


class Network(nn.Module):
    """Token vectors of a point and of a statement -> the logit that the statement contradicts the point."""

    def __init__(self, dim: int = 384, *, width: int = 128, layers: int = 2, heads: int = 4, inner: int = 256) -> None:
        super().__init__()
        drop = 0.15
        self.x = nn.Linear(dim, width)
        self.a, self.m = nn.Linear(dim, width, bias=False), nn.Linear(dim, width, bias=False)
        self.c = nn.Linear(1, width, bias=False)
        self.side, self.pos, self.posa = nn.Embedding(2, width), *(nn.Embedding(POSITIONS, width) for _ in range(2))
        self.tau = nn.Parameter(torch.tensor(12.0))
        self.blocks = nn.ModuleList([Layer(width, heads, inner, drop) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.h1, self.h2 = nn.Linear(2 * width, width), nn.Linear(width, 1)
        self.drop = nn.Dropout(drop)
        for embedding in (self.side, self.pos, self.posa):
            nn.init.normal_(embedding.weight, std=0.1)

    def forward(self, point: Tensor, point_mask: Tensor, said: Tensor, said_mask: Tensor) -> Tensor:
        cosines = point @ said.transpose(1, 2)
        sides = (
            self._beside(point, said, said_mask, cosines, 0),
            self._beside(said, point, point_mask, cosines.transpose(1, 2), 1),
        )
        mask = torch.cat([point_mask, said_mask], 1)
        bias = torch.zeros(mask.shape).masked_fill(~mask, _HIDDEN_FROM_SOFTMAX)[:, None, None]
        hidden = self.drop(torch.cat(sides, 1))
        for block in self.blocks:
            hidden = block(hidden, bias)
        hidden = self.norm(hidden)
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        highest = hidden.masked_fill(~mask[..., None], _HIDDEN_FROM_SOFTMAX).amax(1)
        return self.h2(functional.relu(self.h1(torch.cat([mean, highest], 1)))).squeeze(-1)

    def _beside(self, own: Tensor, other: Tensor, other_mask: Tensor, cosines: Tensor, side: int) -> Tensor:
        hidden = ~other_mask[:, None]
        shares = (self.tau * cosines).masked_fill(hidden, _HIDDEN_FROM_SOFTMAX).softmax(-1)
        counterpart = shares @ other
        said = INPUT_SCALE * (self.x(own) + self.a(counterpart) + self.m(own * counterpart))
        likeness = self.c((shares * cosines).sum(-1, keepdim=True))
        here, there = (torch.arange(side.shape[1]).clamp(max=POSITIONS - 1) for side in (own, other))
        return said + likeness + self.side.weight[side] + self.pos(here) + shares @ self.posa(there)


class Vectors:
    """Token vectors of many pieces in one float16 array.

    Args:
        flat: shape `(n_tokens, dim)`.
        where: for each pair the first token and the number of tokens of its point, then of its statement,
            shape `(n_pairs, 4)`.

    """

    def __init__(self, flat: NDArray[np.float16], where: NDArray[np.int64]) -> None:
        self.flat = flat
        self.where = where
        self.lengths = where[:, 1] + where[:, 3]

    def batch(self, which: NDArray[np.int64]) -> list[Tensor]:
        """Padded vectors and masks of the points, then of the statements."""
        tensors = []
        for column in (0, 2):
            starts, lengths = self.where[which, column], self.where[which, column + 1]
            steps = np.arange(lengths.max())
            mask = steps < lengths[:, None]
            rows = np.minimum(starts[:, None] + steps, len(self.flat) - 1)
            tensors += [
                torch.from_numpy(self.flat[rows].astype(np.float32) * mask[..., None]),
                torch.from_numpy(mask),
            ]
        return tensors

    def batches(self, tokens: int, rng: np.random.Generator | None = None) -> Iterator[NDArray[np.int64]]:
        """Pairs of like length together; in random order if there is a generator."""
        jitter = 0 if rng is None else rng.uniform(0, 6, len(self.lengths))
        order = np.argsort(self.lengths + jitter, kind="stable")
        cuts, held = [0], 0
        for at, length in enumerate(self.lengths[order]):
            held = max(held, int(length))
            if (at - cuts[-1] + 1) * held > tokens and at - cuts[-1] >= 8:
                cuts.append(at)
                held = int(length)
        parts = np.split(order, cuts[1:])
        for number in range(len(parts)) if rng is None else rng.permutation(len(parts)):
            yield parts[int(number)]


def train(
    vectors: Vectors,
    labels: Sequence[int],
    weights: Sequence[float],
    *,
    epochs: int,
    rate: float = 1.2e-3,
    seed: int = 0,
) -> Network:
    """Train a network; AdamW, 200 steps of warm-up, then a cosine down to 0; returns the averaged weights."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(vectors.flat.shape[1])
    targets = torch.tensor(labels, dtype=torch.float32) * (1 - 2 * SMOOTHING) + SMOOTHING
    importance = torch.tensor(weights, dtype=torch.float32)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.02)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    total = epochs * sum(1 for _ in vectors.batches(BATCH_TOKENS))
    step = 0
    for epoch in range(epochs):
        network.train()
        losses = []
        for which in vectors.batches(BATCH_TOKENS, rng):
            decay = 0.5 + 0.5 * np.cos(np.pi * min(1.0, step / total))
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, (step + 1) / 200) * decay
            logits = network(*vectors.batch(which))
            each = functional.binary_cross_entropy_with_logits(logits, targets[which], reduction="none")
            loss = (each * importance[which]).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            average.update_parameters(network)
            losses.append(loss.item())
            step += 1
        print(f"epoch {epoch + 1} of {epochs}: mean loss {np.mean(losses):.4f}", flush=True)
    averaged: Network = average.module
    return averaged.eval()


def predict(networks: Sequence[Network], vectors: Vectors) -> NDArray[np.float64]:
    """How likely each pair contradicts by the mean of the logits, 0..1, shape `(n_pairs,)`."""
    logits = np.zeros(len(vectors.lengths))
    with torch.inference_mode():
        for which in vectors.batches(2 * BATCH_TOKENS):
            batch = vectors.batch(which)
            logits[which] = np.mean([network(*batch).numpy() for network in networks], axis=0)
    return 1 / (1 + np.exp(-logits))


def save(path: Path, networks: Sequence[Network], *, encoder: Mapping[str, str]) -> None:
    """Write the weights as `grader/verifier.py` reads them, with the name and revision of the encoder they belong to.

    Float16, the scale of the input included, the networks numbered.
    """
    arrays = {f"encoder_{key}": np.array(value) for key, value in encoder.items()}
    arrays["n_layers"] = np.array(len(networks[0].blocks))
    arrays["n_heads"] = np.array(networks[0].blocks[0].heads)
    for number, network in enumerate(networks):
        for name, tensor in network.state_dict().items():
            scale = INPUT_SCALE if name.split(".")[0] in ("x", "a", "m") else 1.0
            arrays[f"{number}.{name}"] = (tensor.numpy() * scale).astype(np.float16)
    np.savez_compressed(path, **arrays)
