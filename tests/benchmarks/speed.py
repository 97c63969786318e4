"""How fast answers are graded, beside the encoder alone and beside sentence-transformers as it is usually called.

python -m tests.benchmarks.speed [FOLDER] [-n N]      N answers of each of two scored sets, 400 by default

Every ratio is of two times of the same run, each the best of several, ways in turn. The load of the machine stands
above them: with more than .5 other programs were running, and seconds tell less than what the processor spent.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before it is loaded
import onnxruntime
from numpy.typing import NDArray

from grader.batch.journal import Journal
from grader.batch.run import Batch, LocalEngine
from grader.batch.worklist import Worklist
from grader.encoders.bert_graph import EMBEDDINGS_INPUT, MEAN, PIECES
from grader.encoders.compilation import compiled_path
from grader.encoders.model_files import packaged_model
from grader.encoders.onnx import OnnxEncoder, batches, compiled_key
from grader.encoders.protocol import Encoder
from grader.encoders.registry import load_encoder
from grader.encoders.sentence_transformer import SentenceTransformerEncoder
from grader.encoders.vector_cache import LIMIT_VARIABLE
from grader.evaluation.labelled_set import read_labelled_set
from grader.grading.grader import Grader
from grader.rubrics.derivation import derive
from grader.schema import Answer, Question, Rubric
from grader.settings import INT8, STATIC, Settings
from grader.text.normalisation import normalise

DEFAULT = Path(__file__).parents[3] / "shared" / "datasets"
SETS = ("networking_dev", "scientsbank_dev")
ROOT = Path(__file__).parents[2]
OWN = "session.run on the same batches, a thread each, nothing else"
REPEATED = 5  # of so many answers one is new: 80 % are repeated


class Load(NamedTuple):
    """What is graded."""

    rubrics: dict[str, Rubric]
    answers: list[Answer]

    @property
    def texts(self) -> list[str]:
        return [normalise(answer.answer).text for answer in self.answers]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("-n", type=int, default=400)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before\n")
    start_up()
    files = [arguments.folder / f"{name}.jsonl" for name in SETS]
    if all(file.is_file() for file in files):
        throughput(read(files, arguments.n))
    else:
        print(f"no {' and '.join(SETS)} in {arguments.folder}: throughput is not measured", file=sys.stderr)
    print(f"\nload {os.getloadavg()[0]:.1f} after")


def start_up() -> None:
    """Whole processes, from start to end."""
    grade = ["grade", "data/practice_answers.jsonl", "--rubrics", "rubrics"]
    process(grade)  # what is compiled once
    process([*grade, "--encoder", INT8])
    print("| command | seconds |\n| --- | --- |")
    print(f"| grader --help | {best(lambda: process(['--help']), 5):.2f} |")
    compiled = best(lambda: process(grade), 4)
    print(f"| grader grade data/practice_answers.jsonl | {compiled:.2f} |")
    print(f"| the same, --encoder int8 | {best(lambda: process([*grade, '--encoder', INT8]), 4):.2f} |")
    print(f"| the same, --encoder static | {best(lambda: process([*grade, '--encoder', STATIC]), 4):.2f} |")
    torch = best(lambda: process([*grade, "--encoder", "torch:all-MiniLM-L6-v2"]), 2)
    print(f"| the same, --encoder torch:all-MiniLM-L6-v2 | {torch:.2f}, {torch / compiled:.1f} times as long |")


def process(arguments: Sequence[str]) -> None:
    command = [sys.executable, "-m", "grader", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr.decode()


def read(files: Sequence[Path], n: int) -> Load:
    """`n` answers in other words of each set, each question with a rubric from its first reference."""
    rubrics: dict[str, Rubric] = {}
    answers: dict[str, Answer] = {}
    for file in files:
        rows = read_labelled_set(file)
        taken = 0
        for row in rows[:: max(1, len(rows) // (2 * n))]:
            if taken == n or row.answer in answers or not row.reference_answers:
                continue
            name = f"{file.stem}-{row.question_id}"
            if name not in rubrics:
                question = Question(id=name, question=row.question or "?", reference_answer=row.reference_answers[0])
                rubrics[name] = derive(question)
            answers[row.answer] = Answer(answer_id=f"{name}-{row.answer_id}", question_id=name, answer=row.answer)
            taken += 1
    return Load(rubrics, list(answers.values()))


def throughput(load: Load) -> None:
    """Answers a second, everything loaded and every rubric encoded beforehand, nothing kept from earlier runs."""
    os.environ[LIMIT_VARIABLE] = "0"
    texts, n = load.texts, len(load.answers)
    compiled, whole, static = (load_encoder(name) for name in (Settings().encoder, INT8, STATIC))
    plain = SentenceTransformerEncoder().model
    ways: dict[str, Callable[[], object]] = {
        "SentenceTransformer.encode, as it is usually called": lambda: plain.encode(texts),
        **own_runs(texts),
        "encoding: words, windows, vectors": lambda: compiled.encode(texts),
        "grading": grading(load, compiled),
        "grading without the verifier": grading(load, compiled, verifier=False),
        "grading without guards": grading(load, compiled, guards=False),
        "grading, 80 % repeated": repeated(load, compiled),
        "encoding, int8": lambda: whole.encode(texts),
        "grading, int8": grading(load, whole),
        "encoding, static": lambda: static.encode(texts),
        "grading, static": grading(load, static),
        "grading without guards, static": grading(load, static, guards=False),
    }
    rounds = [{name: timed(way) for name, way in ways.items()} for _ in range(3)]
    took = {name: Took(*map(min, zip(*(each[name] for each in rounds), strict=True))) for name in ways}
    usual, own = took[next(iter(ways))], took[OWN]
    print(f"\n{n} answers, {sum(len(text.split()) for text in texts) / n:.0f} words each in the mean")
    print("\n| way | answers/s | of session.run | times SentenceTransformer.encode | the last two by processor time |")
    print("| --- | --- | --- | --- | --- |")
    for name, value in took.items():
        shares = [f"{own[i] / value[i]:.0%} | {usual[i] / value[i]:.1f}" for i in range(2)]
        print(f"| {name} | {n / value.seconds:.0f} | {shares[0]} | {shares[1].replace(' |', ',')} |")


def own_runs(texts: Sequence[str]) -> dict[str, Callable[[], object]]:
    """The compiled model alone on what `OnnxEncoder` gives it: as it is called there, and as runtimes usually are."""
    encoder = OnnxEncoder()
    windows = encoder._reader.read(texts)
    inputs = [
        encoder._embeddings.of(np.stack([windows[i].ids for i in batch]))
        for batch in batches([len(window.ids) for window in windows])
    ]
    encoder.load()
    usual = onnxruntime.InferenceSession(str(compiled_path(compiled_key(packaged_model()))))

    def run(session: onnxruntime.InferenceSession, embedded: NDArray[np.float32]) -> object:
        return session.run([PIECES, MEAN], {EMBEDDINGS_INPUT: embedded})

    return {
        OWN: lambda: list(encoder._pool.map(partial(run, encoder._compiled.session), inputs)),
        "the same, one batch after the other, all threads in each": lambda: [run(usual, each) for each in inputs],
    }


def grading(load: Load, encoder: Encoder, **settings: bool) -> Callable[[], object]:
    grader = Grader(
        load.rubrics, encoder=encoder, settings=Settings.model_validate({"encoder": encoder.name, **settings})
    )
    grader.prepare()
    return lambda: list(grader.grade_many(load.answers))


def repeated(load: Load, encoder: Encoder) -> Callable[[], object]:
    """As many answers, of which one in five is new, as the command grades them: through a journal."""
    grader = Grader(load.rubrics, encoder=encoder)
    grader.prepare()
    new = load.answers[::REPEATED]
    many = [new[i % len(new)].model_copy(update={"answer_id": str(i)}) for i in range(len(load.answers))]

    def run() -> list[Any]:
        with Journal(None) as journal, Worklist() as work:
            batch = Batch(grader.signature_of, LocalEngine(grader), journal, work)
            batch.load(enumerate(many, 1), source="many")
            return [list(batch.grade()), list(batch)]

    return run


class Took(NamedTuple):
    """Seconds that passed, and that the processor's cores spent on it in all."""

    seconds: float
    processor: float


def timed(way: Callable[[], object]) -> Took:
    begin, spent = time.perf_counter(), time.process_time()
    way()
    return Took(time.perf_counter() - begin, time.process_time() - spent)


def best(way: Callable[[], object], times: int) -> float:
    """The shortest of several times, in seconds."""
    return min(timed(way).seconds for _ in range(times))


if __name__ == "__main__":
    main()
