"""How fast answers are graded, beside the scorers by embedding of other projects on the same answers and model.

python -m tests.benchmarks.peers [FOLDER] [-n N]      N answers of each of two scored sets, 100 by default

The others are no part of this project: install those that you want to compare with into an environment that has it,
too; what is missing is said, with the way to install it, and left out. ragas needs other versions of what openevals
needs, so an environment of its own: each run has the project's own rows beside them.

Each is asked as its documentation shows, one call an answer with its reference, with the packaged all-MiniLM-L6-v2
through sentence-transformers, as they run a local model; nothing goes over a network. They give one cosine an answer;
grading compares every word of every point and looks at denials, too. Times are the least of several rounds, in turn.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

# What the others would ask or tell over the network.
os.environ.update(
    {
        "HF_HUB_OFFLINE": "1",
        "RAGAS_DO_NOT_TRACK": "true",
        "LANGSMITH_TRACING": "false",
        "TQDM_DISABLE": "1",
    }
)

from sentence_transformers import SentenceTransformer

from grader.__about__ import PACKAGED_MODEL, __version__
from grader.encoders.model_files import model_path
from grader.encoders.registry import load_encoder
from grader.encoders.vector_cache import LIMIT_VARIABLE
from grader.settings import INT8, STATIC, Settings
from tests.benchmarks.speed import DEFAULT, SETS, Load, Took, grading, read, timed

MODEL = str(model_path(PACKAGED_MODEL))
ROUNDS = 3
LOADED_EACH_TIME = 5  # answers for a scorer that loads the model at each call


class Pair(NamedTuple):
    """What a scorer by embedding compares."""

    answer: str
    reference: str


@dataclass(frozen=True)
class Way:
    """One way to score answers.

    Attributes:
        run: scores them all.
        n: how many.
        packages: whose versions matter.
        reset: drops what a run has kept, so that the next one does the same work.

    """

    run: Callable[[], object]
    n: int
    packages: tuple[str, ...] = ()
    reset: Callable[[], object] = lambda: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("-n", type=int, default=100)
    arguments = parser.parse_args()
    files = [arguments.folder / f"{name}.jsonl" for name in SETS]
    if not all(file.is_file() for file in files):
        print(f"no {' and '.join(SETS)} in {arguments.folder}: other projects are not compared", file=sys.stderr)
        return
    load = read(files, arguments.n)
    pairs = [Pair(answer.answer, load.rubrics[answer.question_id].reference_answer or "") for answer in load.answers]
    os.environ[LIMIT_VARIABLE] = "0"  # nothing is kept from earlier runs
    compared = others(pairs)
    if not compared:
        print("none of the other projects is installed: nothing is compared", file=sys.stderr)
        return
    ways = {**own(load), **plain(pairs), **compared}
    before = os.getloadavg()[0]
    rounds = [{name: timed_anew(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    took = {name: Took(*map(min, zip(*(each[name] for each in rounds), strict=True))) for name in ways}
    words = sum(len(pair.answer.split()) for pair in pairs) / len(pairs)
    questions = len({pair.reference for pair in pairs})
    print(
        f"\n{len(pairs)} answers to {questions} questions, {words:.0f} words each in the mean; {os.cpu_count()} cores, "
    )
    print(f"load {before:.1f} before, {os.getloadavg()[0]:.1f} after\n")
    show(ways, took)


def show(ways: dict[str, Way], took: dict[str, Took]) -> None:
    base = [seconds / next(iter(ways.values())).n for seconds in next(iter(took.values()))]
    print("| way | answers | ms an answer | times as long as grading | by processor time | versions |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, way in ways.items():
        each = [seconds / way.n for seconds in took[name]]
        ratios = " | ".join(f"{mine / other:.2f}" for mine, other in zip(each, base, strict=True))
        versions = ", ".join(f"{package} {version(package)}" for package in way.packages) or __version__
        print(f"| {name} | {way.n} | {1000 * each[0]:.1f} | {ratios} | {versions} |")


def timed_anew(way: Way) -> Took:
    way.reset()
    return timed(way.run)


def own(load: Load) -> dict[str, Way]:
    names = {"Grader.grade_many": Settings().encoder, "the same, int8": INT8, "the same, static": STATIC}
    return {way: Way(grading(load, load_encoder(name)), len(load.answers)) for way, name in names.items()}


def plain(pairs: list[Pair]) -> dict[str, Way]:
    """`SentenceTransformer.encode` alone, in the ways in which the others call it; no cosine is computed."""
    model, packages = SentenceTransformer(MODEL), ("sentence-transformers", "torch")
    texts = [pair.answer for pair in pairs]
    ways: dict[str, Callable[[], object]] = {
        "encode, all answers in one call": lambda: model.encode(texts),
        "encode, one answer a call": lambda: [model.encode(text) for text in texts],
        "encode, an answer and its reference a call": lambda: [model.encode(list(pair)) for pair in pairs],
    }
    return {name: Way(run, len(pairs), packages) for name, run in ways.items()}


def others(pairs: list[Pair]) -> dict[str, Way]:
    """The scorers of other projects, as far as they are installed."""
    found: dict[str, Way] = {}
    for make, packages in (
        (ragas, ("ragas", "langchain-community<0.4")),
        (autoevals, ("autoevals",)),
        (openevals, ("openevals", "langchain-huggingface")),
    ):
        try:
            found |= make(pairs)
        except ImportError as error:
            wanted = " ".join(f'"{package}"' for package in packages)
            print(f"{make.__name__} is left out ({error}): pip install {wanted}", file=sys.stderr)
    return found


def ragas(pairs: list[Pair]) -> dict[str, Way]:
    from ragas.embeddings.huggingface_provider import HuggingFaceEmbeddings
    from ragas.metrics.collections import SemanticSimilarity

    metric = SemanticSimilarity(embeddings=HuggingFaceEmbeddings(model=MODEL))

    async def score() -> list[float]:
        return [(await metric.ascore(reference=pair.reference, response=pair.answer)).value for pair in pairs]

    return {"ragas SemanticSimilarity": Way(lambda: asyncio.run(score()), len(pairs), ("ragas",))}


def autoevals(pairs: list[Pair]) -> dict[str, Way]:
    """Its client of OpenAI's form, answered by the local model. It keeps the vectors of texts that it has seen."""
    from autoevals.oai import LLMClient
    from autoevals.string import EmbeddingSimilarity

    model = SentenceTransformer(MODEL)

    def create(*, input: str, **_: Any) -> dict[str, Any]:
        return {"data": [{"embedding": model.encode(input).tolist()}]}

    asked = SimpleNamespace(create=create)
    client: Any = SimpleNamespace(
        chat=SimpleNamespace(completions=asked), responses=asked, moderations=asked, embeddings=asked
    )
    scorer = EmbeddingSimilarity(client=LLMClient(openai=client))

    def run() -> object:
        return [scorer.eval(output=pair.answer, expected=pair.reference).score for pair in pairs]

    forget = EmbeddingSimilarity._CACHE.clear
    return {"autoevals EmbeddingSimilarity": Way(run, len(pairs), ("autoevals",), forget)}


def openevals(pairs: list[Pair]) -> dict[str, Way]:
    """It loads the model at each call; the second way spares it that, which its own code does not offer."""
    import openevals.string.embedding_similarity as module
    from openevals.string.embedding_similarity import create_embedding_similarity_evaluator

    evaluate = create_embedding_similarity_evaluator(model=f"huggingface:{MODEL}")
    load, keep = module.init_embeddings, cache(module.init_embeddings)

    def score(some: list[Pair], init: Callable[..., Any]) -> list[Any]:
        module.init_embeddings = init
        return [evaluate(outputs=pair.answer, reference_outputs=pair.reference) for pair in some]

    few, packages = pairs[:LOADED_EACH_TIME], ("openevals", "langchain-huggingface")
    return {
        "openevals embedding similarity": Way(lambda: score(few, load), len(few), packages),
        "openevals embedding similarity, the model kept": Way(lambda: score(pairs, keep), len(pairs), packages),
    }


if __name__ == "__main__":
    main()
