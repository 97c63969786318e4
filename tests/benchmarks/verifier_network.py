"""The verifier in torch, for training; `grader/reader/verifier.py` runs the same in numpy.

The packaged encoder's layers read point and statement together and are trained on; its word vectors stay as they are,
so that only the layers need to be shipped.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import BertModel

from grader.reader.verifier import N_TOKENS

# Labels are softened by this much on either side, for some are wrong.
SMOOTHING = 0.01
# Tokens in one training batch, padding included.
BATCH_TOKENS = 2300
# How much of the running average of the weights a step keeps.
AVERAGE = 0.995
_WIDTH = 128


class Network(nn.Module):
    """Token ids of a point and of a statement -> the logit that the statement contradicts the point."""

    def __init__(self, model: Path) -> None:
        super().__init__()
        # tanh's approximation of the activation: numpy has no error function
        self.bert = BertModel.from_pretrained(model, add_pooling_layer=False, hidden_act="gelu_pytorch_tanh")
        for name, weights in self.bert.embeddings.named_parameters():
            weights.requires_grad = not name.startswith("word_embeddings")
        dim = self.bert.config.hidden_size
        self.h1, self.h2 = nn.Linear(3 * dim, _WIDTH), nn.Linear(_WIDTH, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, ids: Tensor, sides: Tensor, mask: Tensor) -> Tensor:
        hidden = self.bert(input_ids=ids, token_type_ids=sides, attention_mask=mask).last_hidden_state
        there = mask[..., None].bool()
        mean = (hidden * there).sum(1) / mask.sum(1, keepdim=True)
        highest = hidden.masked_fill(~there, -1e4).amax(1)
        pooled = self.drop(torch.cat([hidden[:, 0], mean, highest], 1))
        return self.h2(functional.relu(self.h1(pooled))).squeeze(-1)


class Tokens:
    """Token ids of many pairs, `[CLS] point [SEP] statement [SEP]`, each side cut at `N_TOKENS`."""

    def __init__(self, pairs: Sequence[tuple[str, str]], tokenizer: Tokenizer) -> None:
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        tokenizer.no_padding()
        tokenizer.enable_truncation(N_TOKENS)
        ids = {
            text: encoded.ids
            for text, encoded in zip(texts, tokenizer.encode_batch(texts, add_special_tokens=False), strict=True)
        }
        first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
        self.rows = [([first, *ids[point], last], [*ids[said], last]) for point, said in pairs]
        self.lengths = np.array([len(point) + len(said) for point, said in self.rows])

    def batch(self, which: NDArray[np.int64]) -> list[Tensor]:
        """Ids, sides (0 point, 1 statement) and mask, padded, each `(n_pairs, n_tokens)`."""
        longest = int(self.lengths[which].max())
        found = torch.zeros(3, len(which), longest, dtype=torch.long)
        for row, at in enumerate(which.tolist()):
            point, said = self.rows[at]
            n = len(point) + len(said)
            found[0, row, :n] = torch.tensor(point + said)
            found[1, row, len(point) : n] = 1
            found[2, row, :n] = 1
        return list(found)

    def batches(
        self, chosen: NDArray[np.int64], tokens: int, rng: np.random.Generator | None = None
    ) -> Iterator[NDArray[np.int64]]:
        """Pairs of like length together; in random order if there is a generator."""
        jitter = 0 if rng is None else rng.uniform(0, 6, len(chosen))
        order = chosen[np.argsort(self.lengths[chosen] + jitter, kind="stable")]
        cuts, longest = [0], 0
        for at, length in enumerate(self.lengths[order]):
            longest = max(longest, int(length))
            if (at - cuts[-1] + 1) * longest > tokens and at - cuts[-1] >= 8:
                cuts.append(at)
                longest = int(length)
        parts = np.split(order, cuts[1:])
        for number in range(len(parts)) if rng is None else rng.permutation(len(parts)):
            yield parts[int(number)]


def train(
    network: Network,
    tokens: Tokens,
    labels: Sequence[int],
    weights: Sequence[float],
    epochs: Sequence[NDArray[np.int64]],
    *,
    rate: float = 1e-4,
    seed: int = 0,
) -> Network:
    """Train; AdamW, 100 steps of warm-up, then a cosine down to 0; bfloat16 products; returns the averaged weights.

    Args:
        network: is changed.
        tokens, labels, weights: of all pairs.
        epochs: which pairs each epoch sees.
        rate: highest learning rate; the new last layers learn ten times as fast.
        seed: of the order and of dropout.

    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    targets = torch.tensor(labels, dtype=torch.float32) * (1 - 2 * SMOOTHING) + SMOOTHING
    importance = torch.tensor(weights, dtype=torch.float32)
    new = [*network.h1.parameters(), *network.h2.parameters()]
    old = [weights for weights in network.bert.parameters() if weights.requires_grad]
    groups = [{"params": old, "top": rate}, {"params": new, "top": 10 * rate}]
    optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=0.01)
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(AVERAGE))
    plan = [which for epoch in epochs for which in tokens.batches(epoch, BATCH_TOKENS, rng)]
    recent: list[float] = []
    network.train()
    for step, which in enumerate(plan):
        share = min(1.0, (step + 1) / 100) * (0.5 + 0.5 * math.cos(math.pi * step / len(plan)))
        for group in optimizer.param_groups:
            group["lr"] = group["top"] * share
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(*tokens.batch(which)).float()
        each = functional.binary_cross_entropy_with_logits(logits, targets[which], reduction="none")
        loss = (each * importance[which]).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        average.update_parameters(network)
        recent.append(loss.item())
        if (step + 1) % 100 == 0:
            print(f"step {step + 1} of {len(plan)}: mean loss {np.mean(recent[-100:]):.4f}", flush=True)
    averaged = average.module
    assert isinstance(averaged, Network)
    return averaged.eval()


def predict(network: Network, tokens: Tokens) -> NDArray[np.float64]:
    """How likely each pair contradicts, 0..1, shape `(n_pairs,)`."""
    logits = np.zeros(len(tokens.lengths))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for which in tokens.batches(np.arange(len(tokens.lengths)), 2 * BATCH_TOKENS):
            logits[which] = network(*tokens.batch(which)).float().numpy()
    return 1 / (1 + np.exp(-logits))


def save(path: Path, network: Network, *, words_from: str) -> None:
    """Write the weights as grader/reader/verifier.py reads them: matrices as int8 with a scale a row, else float32.

    Args:
        path: where to.
        network: trained.
        words_from: revision of the model whose word vectors it reads.

    """
    arrays: dict[str, Any] = {
        "words_from": np.array(words_from),
        "n_heads": np.array(network.bert.config.num_attention_heads),
    }
    for name, tensor in network.state_dict().items():
        values = tensor.float().numpy()
        name = name.removeprefix("bert.").removeprefix("encoder.")
        if "word_embeddings" in name or "position_ids" in name or "token_type_ids" in name:
            continue
        if "position_embeddings" in name:
            values = values[: 2 * N_TOKENS + 3]  # both sides, and the three marks around them
        if values.ndim == 2 and name.startswith("layer."):
            scale = np.abs(values).max(axis=1, keepdims=True) / 127
            arrays[name] = np.round(values / scale).astype(np.int8)
            arrays[name + ".scale"] = scale.astype(np.float32)
        else:
            arrays[name] = values.astype(np.float32)
    np.savez_compressed(path, **arrays)
