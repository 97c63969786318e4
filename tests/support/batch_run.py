"""A whole batch with a fast encoder, for tests that repeat it and kill it: python -m tests.batch_run ANSWERS OUTPUT."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from grader import Grader, Rubric
from grader.batch.journal import Journal
from grader.batch.run import Batch, LocalEngine
from grader.batch.worklist import Worklist
from grader.cli.outputs import journal_of, write_grades
from grader.encoders.token_vectors import TokenVectors
from grader.files.answer_files.answers import numbered_answers
from grader.files.output_files import remove_temporary_files
from grader.settings import Settings
from tests.support.fake_encoder import WordEncoder
from tests.support.rubrics import as_points

CHUNK = 8


class Remembering(WordEncoder):
    """Remembers what it was asked to encode."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        self.asked += texts
        return super().encode(texts)


class Done(NamedTuple):
    """How many answers a run found graded already, and the texts of those that it had to grade itself."""

    n_reused: int
    graded: list[str]


def rubrics(first: str = "Dropout disables random units") -> list[Rubric]:
    points = {"q1": first, "q2": "A loss says how wrong a net is"}
    return [
        Rubric(question_id=name, question="What is it?", points=as_points([{"id": "p1", "text": text}]))
        for name, text in points.items()
    ]


def run(answers: Path, output: Path, *, first: str = "Dropout disables random units") -> Done:
    encoder = Remembering()
    grader = Grader(rubrics(first), encoder=encoder, settings=Settings(verifier=False))
    grader.prepare()
    encoder.asked.clear()
    with Journal(journal_of(output)) as journal, Worklist() as work:
        remove_temporary_files(output)
        batch = Batch(grader.signature_of, LocalEngine(grader), journal, work, chunk_size=CHUNK)
        batch.load(numbered_answers(answers), source=str(answers))
        for _ in batch.grade():
            pass
        write_grades(batch, "jsonl", output, as_json=False)
        batch.compact_journal()
        return Done(batch.n_reused, encoder.asked)


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
