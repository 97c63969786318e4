"""Whether an answer states a point, contradicts it, or does neither: a small trained network reads them together.

The answer is read once, with its question. Each point then reads the answer and itself, never another point, so that
what is found for a point does not depend on the rest of the rubric (one-way attention). Nothing here awards credit.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from grader.encoders import (
    ATTENTION_BIAS_INPUT,
    EMBEDDINGS_INPUT,
    HIDDEN_OUTPUT,
    gelu_tanh,
    layer_norm,
    linear,
    masked_encoder_graph,
    n_threads,
    transformer_layer,
)
from grader.reader.packaged_network import MODELS, PackagedNetwork
from grader.text import segments

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

# The longest texts that are read in one go, in vocabulary pieces, as in training.
N_QUESTION, N_ANSWER, N_POINT = 56, 160, 64
# Points that are read beside one another; more only take memory.
_POINTS_AT_ONCE = 12
_WEIGHTS = MODELS / "reader.npz"
_FORBIDDEN = np.float32(-1e9)
_SIDES = (0, 1, 2)  # question, answer, point


class Reading(NamedTuple):
    """What a reader found of one point in one answer: two logits, not calibrated; above 0 means rather yes."""

    stated: float
    contradicted: float


class Task(NamedTuple):
    """One answer with the points to look for."""

    question: str
    answer: str
    points: tuple[str, ...]


_PROBE = Task(
    "What does dropout do?",
    "Units are switched off at random. At inference none is.",
    ("Dropout disables random units.", "It is active at inference.", "It was named after its author."),
)


class Reader(Protocol):
    """Anything that says of each point whether an answer states or contradicts it.

    `name` and `revision` go into the signature: the same two must always give the same numbers.
    """

    @property
    def name(self) -> str:
        """What the user called it."""
        ...

    @property
    def revision(self) -> str:
        """Which weights these are."""
        ...

    def read(self, tasks: Sequence[Task]) -> list[list[Reading]]:
        """A reading for each point of each task, in order."""
        ...


class PackedSequence(NamedTuple):
    """`[CLS] question [SEP] answer [SEP]`, then `[CLS] point [SEP]` for each point.

    Attributes:
        ids, places, sides: of each piece, shape `(n_pieces,)`; places begin anew with each point.
        owners: which point a piece belongs to, -1 for question and answer, shape `(n_pieces,)`.
        bias: added to attention scores, shape `(n_pieces, n_pieces)`: everything may look at question and answer,
            a point also at itself.

    """

    ids: Ints
    places: Ints
    sides: Ints
    owners: Ints
    bias: Floats


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
    bias = np.where(visible, np.float32(0), _FORBIDDEN)
    ids = [*asked, *said, *(piece for part in parts for piece in part)]
    return PackedSequence(np.array(ids), np.array(places), np.array(sides), owners, bias)


class PackagedReader(PackagedNetwork):
    """The reader that comes with the package: six layers on the packaged model's word vectors.

    It runs compiled where the runtime is installed, else in numpy. What was read before is kept in the user's cache.

    Source: BERT (Devlin et al. 2019) as in MiniLM (Wang et al. 2020); trained by tests/benchmarks/train_reader.py.

    Args:
        model: folder of the packaged model.
        weights: the file of trained layers; that of the package if left out.
        keeps: whether what was read is kept for the next run.

    """

    name = "packaged"
    what: ClassVar[str] = "reader"
    same_logit: ClassVar[float] = 2e-2

    def __init__(self, model: Path, weights: Path = _WEIGHTS, *, keeps: bool = True) -> None:
        super().__init__(model, weights, keeps=keeps)

    def read(self, tasks: Sequence[Task]) -> list[list[Reading]]:
        """A reading for each point of each task, in order; an answer is read alone, whatever stands beside it.

        An answer that is longer than the network reads is read in windows of whole sentences; a point takes the
        highest value of all windows. **Undefined:** for a blank answer or point nothing is stated (both logits -10).

        Raises:
            SetupError: at first use, if the weights are damaged or a fixed text gets other logits than it must.

        """
        _ = self._probed
        if len(tasks) < 2 or n_threads() < 2:
            return [self._read(task) for task in tasks]
        with ThreadPoolExecutor(n_threads()) as pool:
            return list(pool.map(self._read, tasks))

    def probe(self) -> list[float]:
        """The logits of a fixed task."""
        return [logit for reading in self._read(_PROBE) for logit in reading]

    def _read(self, task: Task) -> list[Reading]:
        found = np.full((len(task.points), 2), -10.0, np.float32)
        question = self._ids(task.question)[:N_QUESTION]
        points = [self._ids(point)[:N_POINT] for point in task.points]
        there = [index for index, ids in enumerate(points) if ids]
        for window in self._windows(task.answer):
            for start in range(0, len(there), _POINTS_AT_ONCE):
                part = there[start : start + _POINTS_AT_ONCE]
                logits = self._logits(question, window, [points[index] for index in part])
                found[part] = np.maximum(found[part], logits)
        return [Reading(float(stated), float(contradicted)) for stated, contradicted in found]

    def _windows(self, answer: str) -> list[list[int]]:
        """The answer's pieces, cut between sentences into stretches that can be read; each overlaps by a sentence."""
        whole = self._ids(answer)
        if len(whole) <= N_ANSWER:
            return [whole] if whole else []
        windows: list[list[int]] = []
        current: list[list[int]] = []
        for start, end in segments(answer):
            ids = self._ids(answer[start:end])
            for cut in range(0, len(ids), N_ANSWER):
                part = ids[cut : cut + N_ANSWER]
                if current and sum(map(len, current)) + len(part) > N_ANSWER:
                    windows.append([piece for segment in current for piece in segment])
                    last = current[-1]
                    current = [last] if len(last) + len(part) <= N_ANSWER else []
                current.append(part)
        windows.append([piece for segment in current for piece in segment])
        return windows

    def _logits(self, question: list[int], answer: list[int], points: Sequence[list[int]]) -> Floats:
        """Two logits for each point, shape `(n_points, 2)`; what was computed before is looked up."""
        sequence = packed_sequence(question, answer, points)
        key = np.array([len(points), *sequence.owners.tolist(), *sequence.ids.tolist()])
        [kept] = self._store.get([key], dim=2)
        if kept is not None:
            return kept
        embedded = self._embedded(sequence)
        hidden = (
            self._hidden_plainly(embedded, sequence.bias)
            if self._compiled is None
            else _run(self._compiled.session, embedded, sequence.bias)
        )
        logits = self._judge(hidden, sequence)
        self._store.put([key], [logits])
        return logits

    def _judge(self, hidden: Floats, sequence: PackedSequence) -> Floats:
        """First, mean and highest vector of each point's pieces, through two linear maps."""
        pooled = []
        for point in range(int(sequence.owners.max()) + 1):
            own = hidden[sequence.owners == point]
            pooled.append(np.concatenate([own[0], own.mean(axis=0), own.max(axis=0)]))
        raised = np.maximum(linear(np.stack(pooled), self._head, "h1"), 0)
        return linear(raised, self._head, "h2")

    def _embedded(self, sequence: PackedSequence) -> Floats:
        """What goes into the first layer, shape `(n_pieces, dim)`."""
        places, sides = self._place_and_side_vectors
        embedded: Floats = self._word_vectors[sequence.ids] + places[sequence.places] + sides[sequence.sides]
        return embedded

    def _hidden_plainly(self, embedded: Floats, bias: Floats) -> Floats:
        """The last layer, in numpy."""
        hidden = layer_norm(embedded, self._weights, "embeddings.LayerNorm", self._shape.epsilon)
        for layer in range(self._shape.n_layers):
            hidden = transformer_layer(hidden, self._weights, f"layer.{layer}.", self._shape, gelu_tanh, linear, bias)
        return hidden

    def _graph(self) -> bytes:
        return masked_encoder_graph(self._weights, self._shape)

    def _fault(self, session: "InferenceSession") -> str | None:
        """What is wrong with a compiled form: other logits than in numpy for any of some random texts."""
        rng = np.random.default_rng(0)
        for length in (4, 24, N_ANSWER):
            question, answer, one, other = (
                rng.integers(1000, len(self._word_vectors), n).tolist() for n in (8, length, 7, 12)
            )
            sequence = packed_sequence(question, answer, [one, other])
            embedded = self._embedded(sequence)
            plain = self._judge(self._hidden_plainly(embedded, sequence.bias), sequence)
            apart = float(np.abs(self._judge(_run(session, embedded, sequence.bias), sequence) - plain).max())
            if not apart < self.same_logit:
                return f"a logit by {apart:.5f}"
        return None

    @cached_property
    def _head(self) -> Mapping[str, Floats]:
        """The two linear maps behind the last layer; a run with the compiled form loads no other matrices."""
        names = [f"{map_}.{part}" for map_ in ("h1", "h2") for part in ("weight", "bias")]
        return {name: self._array(name) for name in names}


def _run(session: "InferenceSession", embedded: Floats, bias: Floats) -> Floats:
    [hidden] = session.run([HIDDEN_OUTPUT], {EMBEDDINGS_INPUT: embedded[None], ATTENTION_BIAS_INPUT: bias[None, None]})
    found: Floats = hidden[0]
    return found
