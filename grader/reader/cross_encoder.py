"""Any sequence-pair classifier as a reader: natural language inference, or grounded-fact checking, in torch.

The answer (after its question) is the premise, the point is the hypothesis. Which outputs mean "stated" and
"contradicted" is found by the names of the model's labels.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from grader.errors import SetupError
from grader.reader.reader import Reading, Task

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

_STATED = ("entail", "support", "consistent", "grounded", "faithful", "label_1")
_CONTRADICTED = ("contradict", "refute")
_NOT = ("not", "un", "in", "non")
_LOWEST = 1e-6  # chances are kept this far from 0 and 1, so that their logits are finite
_NOTHING = Reading(-10.0, -10.0)


class CrossEncoderReader:
    """A model of sentence-transformers' `CrossEncoder`, by its hub name or folder.

    Args:
        name: of the model.

    Raises:
        SetupError: when it is first used: it cannot be loaded, or no label means that a hypothesis follows.

    """

    def __init__(self, name: str) -> None:
        self.name = name

    @cached_property
    def revision(self) -> str:
        """The commit that the hub gives for the weights, `local` for a folder."""
        commit = getattr(self._model.config, "_commit_hash", None)
        return str(commit)[:12] if commit else "local"

    def read(self, tasks: Sequence[Task]) -> list[list[Reading]]:
        """A reading for each point of each task, in order; the logits of the model's own probabilities."""
        pairs = [
            (f"{task.question} {task.answer}".strip(), point)
            for task in tasks
            if task.answer.strip()
            for point in task.points
        ]
        chances = iter(self._chances(pairs))
        return [
            [Reading(*map(_logit, next(chances))) if task.answer.strip() else _NOTHING for _ in task.points]
            for task in tasks
        ]

    def _chances(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """The chances that each hypothesis follows, and that it is contradicted, shape `(n_pairs, 2)`."""
        if not pairs:
            return []
        stated, contradicted = self._outputs
        found: NDArray[np.float64] = np.asarray(self._model.predict(list(pairs), apply_softmax=True), dtype=np.float64)
        return [(float(row[stated]), 0.0 if contradicted is None else float(row[contradicted])) for row in found]

    @cached_property
    def _outputs(self) -> tuple[int, int | None]:
        labels = getattr(self._model.config, "id2label", None) or {}
        return label_outputs(self.name, {int(number): str(label) for number, label in labels.items()})

    @cached_property
    def _model(self) -> "CrossEncoder":
        from sentence_transformers import CrossEncoder

        try:
            model: CrossEncoder = CrossEncoder(self.name)
        except (OSError, ValueError) as error:
            problem = str(error).splitlines()[0]
            raise SetupError(f"the reader '{self.name}' cannot be loaded: {problem}") from error
        return model


def label_outputs(name: str, labels: Mapping[int, str]) -> tuple[int, int | None]:
    """Which outputs mean that the hypothesis follows and that it is contradicted; the second may be missing.

    Raises:
        SetupError: no label means that it follows.

    """
    words = {int(number): label.lower() for number, label in labels.items()}
    follows = [n for n, label in words.items() if label.startswith(_STATED) and not label.startswith(_NOT)]
    if not follows:
        raise SetupError(f"the reader '{name}' has no label for entailment or support: found {sorted(labels.values())}")
    against = [number for number, label in words.items() if label.startswith(_CONTRADICTED)]
    return follows[0], against[0] if against else None


def _logit(chance: float) -> float:
    chance = min(1 - _LOWEST, max(_LOWEST, chance))
    return float(np.log(chance / (1 - chance)))
