"""The flip matrix: files that the program writes or reads back, damaged at seeded places.

Damage is found (one clear line) and mended or refused, or it changes no number. `tests/test_damage.py` runs a short
form, `make soak` a long one.
"""

import json
import os
import random
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from grader.encoders.bert_graph import EMBEDDINGS_INPUT
from grader.encoders.compilation import compiled_path, open_compiled
from grader.encoders.model_files import model_revision, packaged_damage, packaged_folder
from grader.encoders.onnx import compilation_spec, read_architecture
from grader.encoders.vector_cache import VectorCache
from grader.errors import GraderError
from grader.judges.batch_api.ledger import BatchLedger
from grader.judges.chat import ServerCapabilities
from grader.judges.judge_weight import JudgeWeight, read_judge_weight, write_judge_weight
from grader.judges.mock import MockJudge
from grader.judges.panel import Panel
from grader.marks.gaussian_process import Variances
from grader.marks.marks_file import FittedMarks, read_marks
from grader.marks.model import MarksModel
from grader.marks.records import AnswerFeatures, FittedParameters, MarkedAnswer
from grader.marks.score_map import ScoreMap
from grader.provider.reply_cache import ReplyCache
from grader.reader.packaged_network import MODELS
from grader.reader.verifier import Verifier
from tests.support import batch_run
from tests.support.small_model import write_model

KINDS = ("flip", "cut", "double", "swap", "zero")


def damage(path: Path, kind: str, draw: random.Random) -> None:
    """Damage a file in place: flip a bit, cut the end, double or swap stretches, or zero one."""
    data = bytearray(path.read_bytes())
    place = draw.randrange(len(data))
    length = min(draw.choice((1, 7, 64, 512, 4096)), len(data) - place)
    if kind == "flip":
        data[place] ^= 1 << draw.randrange(8)
    elif kind == "cut":
        del data[place:]
    elif kind == "double":
        data[place:place] = data[place : place + length]
    elif kind == "swap":
        other = draw.randrange(len(data) - length + 1)
        one, two = data[place : place + length], data[other : other + length]
        data[place : place + length], data[other : other + length] = two, one
    else:
        data[place : place + length] = bytes(length)
    path.write_bytes(data)


class Target(ABC):
    """One kind of file: how it is written, and what is read from it."""

    file: str  # what is damaged, in the folder

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the file and what belongs to it."""

    @abstractmethod
    def read(self, folder: Path) -> Any:
        """The numbers that come from it, in a form that can be compared; a `GraderError` refuses the file."""

    def allows(self, found: Any, expected: Any) -> bool:
        """Whether nothing wrong was read; for a cache, less may be found."""
        return bool(found == expected)


class CompiledModel(Target):
    """A compiled encoder and the hash beside it."""

    def __init__(self, ending: str) -> None:
        self.file = f"cache/models/compiled.onnx{ending}"
        self._ending = ending

    def write(self, folder: Path) -> None:
        model = write_model(folder / "model", seed=0)
        with _cache_folder(folder / "cache"):
            open_compiled(compilation_spec(model))
            for ending in ("", ".sha256"):
                path = compiled_path(model_revision(model))
                shutil.copy(path.with_name(path.name + ending), folder / f"cache/models/compiled.onnx{ending}")

    def read(self, folder: Path) -> Any:
        model = folder / "model"
        with _cache_folder(folder / "cache"):
            path = compiled_path(model_revision(model))
            os.replace(folder / self.file, path.with_name(path.name + self._ending))
            found = open_compiled(compilation_spec(model))
        embedded = np.random.default_rng(1).normal(size=(1, 5, 12)).astype(np.float32)
        return [array.tobytes() for array in found.session.run(None, {EMBEDDINGS_INPUT: embedded})]


class CachedVectors(Target):
    """The cache of vectors."""

    file = "vectors.sqlite"
    _pieces = tuple(np.array([number, number + 1]) for number in range(60))
    _vectors = tuple(np.random.default_rng(number).normal(size=(3, 8)).astype("<f4") for number in range(60))

    def write(self, folder: Path) -> None:
        cache = VectorCache("m", folder / self.file, limit=10**8)
        cache.put(self._pieces, self._vectors)
        cache.close()

    def read(self, folder: Path) -> Any:
        cache = VectorCache("m", folder / self.file, limit=10**8)
        found = cache.get(self._pieces, 8)
        cache.put(self._pieces, self._vectors)
        again = cache.get(self._pieces, 8)
        cache.close()
        return [[None if one is None else one.tobytes() for one in some] for some in (found, again)]

    def allows(self, found: Any, expected: Any) -> bool:
        return all(one in (None, right) for some in found for one, right in zip(some, expected[0], strict=True))


class CachedReplies(Target):
    """The cache of judges' replies."""

    file = "grader.sqlite"

    def write(self, folder: Path) -> None:
        with closing(ReplyCache(folder / self.file)) as cache:
            cache.put({f"key {number}": {"credit": number / 80, "reason": "because " * 9} for number in range(80)})

    def read(self, folder: Path) -> Any:
        with closing(ReplyCache(folder / self.file)) as cache:
            return cache.get([f"key {number}" for number in range(80)])

    def allows(self, found: Any, expected: Any) -> bool:
        return all(expected[key] == value for key, value in found.items())


class OpenBatches(Target):
    """The ledger of open batches."""

    file = "grader.sqlite"

    def write(self, folder: Path) -> None:
        with closing(ReplyCache(folder / self.file)) as cache:
            ledger = BatchLedger(cache, "ledger")
            for number in range(5):
                ids = [f"{number}-{one}" for one in range(40)]
                ledger.claim(f"tag {number}", ids, at=number, capabilities=ServerCapabilities())
                ledger.name(f"tag {number}", f"batch {number}")

    def read(self, folder: Path) -> Any:
        with closing(ReplyCache(folder / self.file)) as cache:
            return BatchLedger(cache, "ledger").batches()

    def allows(self, found: Any, expected: Any) -> bool:
        return found in ([], expected)  # a lost record costs a second batch, and changes no number


class JournalOfGrades(Target):
    """The journal of an interrupted run, which the next run goes on with."""

    file = "out.jsonl.journal"

    def write(self, folder: Path) -> None:
        rows = [
            {
                "answer_id": f"a{number}",
                "question_id": f"q{number % 2 + 1}",
                "answer": f"Dropout disables {number} nets",
            }
            for number in range(20)
        ]
        (folder / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        batch_run.run(folder / "answers.jsonl", folder / "out.jsonl")

    def read(self, folder: Path) -> Any:
        batch_run.run(folder / "answers.jsonl", folder / "out.jsonl")
        return (folder / "out.jsonl").read_bytes()


class FileOfMarks(Target):
    """What `calibrate --fit` writes."""

    file = "marks.json"

    def write(self, folder: Path) -> None:
        draw = np.random.default_rng(0)
        marked = []
        for number in range(12):
            vector = draw.normal(size=6).astype(np.float32)
            seen = AnswerFeatures(number / 12, ("duplicate",), 0.5, 0.25, vector, {"loss": 1.5, f"word{number}": 2.0})
            marked.append(MarkedAnswer(f"a{number}", "q1", (11 - number) / 11, seen))
        variances = Variances(
            level=0.1, embedding=0.2, lexical=0.3, noise=0.4, containment_mean=0.5, containment_sd=0.6
        )
        heights = tuple(np.linspace(0.0, 1.0, 21).tolist())
        parameters = FittedParameters(ScoreMap(heights, 30), variances, {"word1": 0.25}, 0.2, 0.3)
        texts = {answer.answer_id: "A text" for answer in marked}
        fitted = FittedMarks(MarksModel(marked, parameters), "encoder:x@1|rubric:2", {"q1": "ab"}, texts, 2)
        fitted.write(folder / self.file)

    def read(self, folder: Path) -> Any:
        read_marks(folder / self.file).write(folder / "again.json")
        return (folder / "again.json").read_bytes()


class WeightOfJudge(Target):
    """What `evaluate --judge-weight` writes."""

    file = "weight.json"
    _panel = Panel([MockJudge()])

    def write(self, folder: Path) -> None:
        weight = JudgeWeight(influence=0.375, everywhere=True, name="learned-12", provenance="500 answers")
        write_judge_weight(weight, self._panel, folder / self.file)

    def read(self, folder: Path) -> Any:
        return read_judge_weight(folder / self.file, self._panel)


class TrainedWeights(Target):
    """The weights that come with the package, and what is published about them."""

    def __init__(self, file: str) -> None:
        self.file = file

    def write(self, folder: Path) -> None:
        for name in ("verifier.npz", "published.json"):
            shutil.copy(MODELS / name, folder / name)

    def read(self, folder: Path) -> Any:
        network = Verifier(folder, folder / "verifier.npz", keeps=False)
        return network.revision, network._published


class ModelFile(Target):
    """A file of the packaged model, compared with its published hash."""

    def __init__(self, file: str) -> None:
        self.file = file

    def write(self, folder: Path) -> None:
        shutil.copy(packaged_folder() / self.file, folder / self.file)

    def read(self, folder: Path) -> Any:
        found = packaged_damage(folder / self.file)
        if found is not None:
            raise GraderError(found)
        return read_architecture(folder) if self.file == "config.json" else None


TARGETS: dict[str, Target] = {
    "compiled model": CompiledModel(""),
    "hash of a compiled model": CompiledModel(".sha256"),
    "vectors": CachedVectors(),
    "replies": CachedReplies(),
    "batch ledger": OpenBatches(),
    "journal": JournalOfGrades(),
    "marks": FileOfMarks(),
    "judge weight": WeightOfJudge(),
    "trained weights": TrainedWeights("verifier.npz"),
    "published hashes": TrainedWeights("published.json"),
    "vocabulary": ModelFile("tokenizer.json"),
    "architecture": ModelFile("config.json"),
}


def run(name: str, folder: Path, n: int, *, seed: int = 0) -> Counter[str]:
    """Damage a kind of file `n` times.

    Returns:
        how often it was `refused`, and how often nothing wrong was read (`right`).

    Raises:
        AssertionError: a number changed, or the error is not one clear line; names kind and seed.

    """
    target = TARGETS[name]
    pristine = folder / "pristine"
    pristine.mkdir(parents=True)
    target.write(pristine)
    shutil.copytree(pristine, folder / "whole")
    expected = target.read(folder / "whole")
    outcomes: Counter[str] = Counter()
    for number in range(seed, seed + n):
        draw = random.Random(f"{name} {number}")
        kind = KINDS[number % len(KINDS)]
        trial = folder / str(number)
        shutil.copytree(pristine, trial)
        damage(trial / target.file, kind, draw)
        try:
            found = target.read(trial)
        except GraderError as error:
            assert "\n" not in str(error).strip(), f"{name}, {kind}, seed {number}: {error}"
            outcomes["refused"] += 1
        except Exception as error:
            raise AssertionError(f"{name}, {kind}, seed {number}: {error!r}") from error
        else:
            assert target.allows(found, expected), f"{name}, {kind}, seed {number}: another number was read"
            outcomes["right"] += 1
        shutil.rmtree(trial)
    return outcomes


@contextmanager
def _cache_folder(path: Path) -> Iterator[None]:
    before = os.environ.get("GRADER_CACHE")
    os.environ["GRADER_CACHE"] = str(path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["GRADER_CACHE"]
        else:
            os.environ["GRADER_CACHE"] = before
