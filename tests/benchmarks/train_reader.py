"""Train the reader, measure it on questions held out, and write its weights (`make reader`).

Usage: python -m tests.benchmarks.train_reader [-o FILE] [--sets FOLDER] [--steps N] [--threads N]
       [--continue-from CHECKPOINT]

Without `--sets` only texts of this project are read, so the weights would be under its licence. The packaged weights
were trained with `--sets`, on scored answers and polarity pairs (grader/reader/models/README.md has their licences and
docs/accuracy.md what they add). A step of 2,600 pieces takes 3.3 s on one core with AVX2 (float32), 1.9 s on two. A
checkpoint is written every 100 steps beside the output.
"""

import argparse
import copy
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from grader.encoders.model_files import model_revision, packaged_model
from grader.statistics.agreement import auc
from tests.benchmarks.reader_data import Example, Statements, augmented, changed_points, read_sets, read_statements
from tests.benchmarks.reader_network import Network, Pieces, save

OUTPUT = Path(__file__).parents[2] / "out" / "reader.npz"
SMOOTHING, RANKING, CONTRADICTED = 0.015, 0.3, 0.8  # of labels; weights of the ranking loss and of the second output
RATE, HEAD_RATE = 1.3e-4, 5e-4
WARM_UP, AVERAGED_FROM, AVERAGE = 60, 0.4, 0.985
BATCH_PIECES, EXAMPLES_TOGETHER = 2600, 14


def batches(
    questions: Sequence[Statements], changed: dict[str, list[str]], pieces: Pieces, rng: random.Random
) -> Iterator[list[Example]]:
    """One epoch: answers to one question stay together, so that they can be ranked."""
    others = [question for question in questions if not question.from_set]
    current: list[Example] = []
    size = 0
    for question in rng.sample(questions, len(questions)):
        examples = list(augmented(question, others, changed, rng))
        rng.shuffle(examples)
        for start in range(0, len(examples), EXAMPLES_TOGETHER):
            part = examples[start : start + EXAMPLES_TOGETHER]
            cost = sum(map(pieces.cost, part))
            if current and size + cost > BATCH_PIECES:
                yield current
                current, size = [], 0
            current, size = current + part, size + cost
    if current:
        yield current


def loss_of(logits: Tensor, batch: Sequence[Example]) -> Tensor:
    """Cross-entropy of both outputs, and a ranking of the answers to one point."""
    labels = torch.tensor([label for example in batch for _, label in example.labelled_points])
    points = [point for example in batch for point in example.points]
    numbers = {point: number for number, point in enumerate(dict.fromkeys(points))}
    owner = torch.tensor([numbers[point] for point in points])
    stated, contradicted = logits[:, 0], logits[:, 1]
    soft = 1 - 2 * SMOOTHING
    loss = functional.binary_cross_entropy_with_logits(stated, labels.clamp(min=0) * soft + SMOOTHING)
    denied = (labels == -1).float()
    loss = loss + CONTRADICTED * functional.binary_cross_entropy_with_logits(contradicted, denied * soft + SMOOTHING)
    better = (owner[:, None] == owner[None, :]) & (labels[:, None] > labels[None, :] + 0.4)
    if better.any():
        ahead = (stated[:, None] - stated[None, :])[better]
        loss = loss + RANKING * functional.softplus(-ahead).mean()
    opposed = better & (labels[None, :] == -1) & (labels[:, None] == 1)
    if opposed.any():
        ahead = (contradicted[None, :] - contradicted[:, None])[opposed]
        loss = loss + RANKING * functional.softplus(-ahead).mean()
    return loss


def average(averaged: Network, network: Network) -> None:
    """Move the running average of the weights towards the weights of now."""
    with torch.no_grad():
        for old, new in zip(averaged.parameters(), network.parameters(), strict=True):
            old.lerp_(new, 1 - AVERAGE)


def predict(network: Network, pieces: Pieces, examples: Sequence[Example]) -> NDArray[np.float64]:
    """Two logits for each point of each example, shape `(n_pairs, 2)`."""
    network.eval()
    found = []
    with torch.inference_mode():
        for start in range(0, len(examples), 24):
            found.append(network(pieces.batch(examples[start : start + 24])).double().numpy())
    network.train()
    return np.concatenate(found)


def report(network: Network, pieces: Pieces, held_out: Sequence[Statements]) -> None:
    """Print how well the two outputs tell the labels apart, on all held-out questions and by file."""
    for file in ["all", *sorted({question.file for question in held_out})]:
        examples = [e for question in held_out if file in ("all", question.file) for e in question.examples()]
        labels = np.array([label for example in examples for _, label in example.labelled_points])
        stated, contradicted = predict(network, pieces, examples).T
        both = stated - np.logaddexp(0, contradicted)

        def apart(values: NDArray[np.float64], low: float, labels: NDArray[np.float64] = labels) -> float:
            chosen = (labels == 1) | (labels == low)
            return auc((labels[chosen] == 1).astype(float), values[chosen])

        limit = np.quantile(contradicted[labels == 1], 0.98)
        seen = float(np.mean(contradicted[labels == -1] > limit)) if (labels == -1).any() else float("nan")
        print(
            f"{file}: {len(labels)} pairs; AUC stated v not stated {apart(stated, 0):.3f}, v contradicted "
            f"{apart(both, -1):.3f}; contradictions seen at 2 % of the stated lost {seen:.2f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=OUTPUT)
    parser.add_argument("--sets", type=Path, help="folder of scored sets and polarity pairs to train on, too")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--continue-from", type=Path, help="a checkpoint: its weights, with a new schedule")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    rng = random.Random(arguments.seed)
    questions = read_statements() + ([] if arguments.sets is None else read_sets(arguments.sets))
    training = [question for question in questions if not question.is_held_out]
    held_out = [question for question in questions if question.is_held_out]
    changed, pieces, network = changed_points(q for q in training if not q.from_set), Pieces(), Network()
    if arguments.continue_from is not None:
        network.load_state_dict(torch.load(arguments.continue_from))
    head = [*network.h1.parameters(), *network.h2.parameters()]
    body = [weights for name, weights in network.named_parameters() if not name.startswith("h")]
    groups = [{"params": body, "top": RATE}, {"params": head, "top": HEAD_RATE}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, weight_decay=0.01)
    averaged = copy.deepcopy(network)
    step, began = 0, time.monotonic()
    recent: list[float] = []
    while step < arguments.steps:
        for batch in batches(training, changed, pieces, rng):
            share = min((step + 1) / WARM_UP, max(0.02, (1 - step / arguments.steps) / 0.96))
            for group in optimizer.param_groups:
                group["lr"] = group["top"] * share
            loss = loss_of(network(pieces.batch(batch)), batch)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            if step <= arguments.steps * AVERAGED_FROM:
                averaged.load_state_dict(network.state_dict())
            else:
                average(averaged, network)
            recent.append(loss.item())
            step += 1
            if step % 100 == 0:
                print(
                    f"step {step}: mean loss {np.mean(recent[-100:]):.3f}, {time.monotonic() - began:.0f} s", flush=True
                )
                torch.save(network.state_dict(), arguments.output.with_suffix(".checkpoint.pt"))
            if step == arguments.steps:
                break
    save(arguments.output, averaged, words_from=model_revision(packaged_model()))
    report(averaged, pieces, held_out)


if __name__ == "__main__":
    main()
