"""Fit the packaged reader's calibration: coverage and two logits -> chances that a point is stated, or contradicted.

Usage: python -m tests.benchmarks.fit_reader_credit [FOLDER] [--answers N]   (default folder: ../shared/datasets)

Only answers that the reader was not trained on: the questions held out of `data/statements` and of the sets that it
learned from, and sets that it never saw. Each source has the same weight, `data/statements` three times that. Prints
the coefficients for `grader/grading/reader_credit.py`, what each source gets from a fit without it, and reliability.
"""

import argparse
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from grader.evaluation.labelled_set import read_labelled_set
from grader.grading.grader import Grader
from grader.reader.reader import Task
from grader.reader.registry import load_reader
from grader.schema import Answer, Rubric
from grader.settings import Settings
from grader.statistics.agreement import auc
from tests.benchmarks.accuracy import DEFAULT
from tests.benchmarks.reader_data import Statements, read_sets, read_statements

_FARTHEST = 5.0
_STATEMENTS, _STATEMENTS_WEIGHT = "statements", 3.0

Floats = NDArray[np.float64]


class Features(NamedTuple):
    """Pairs of a point and an answer.

    Attributes:
        values: coverage and the two logits of each, shape `(n_pairs, 3)`.
        labels: 1, .5, 0 or -1, shape `(n_pairs,)`.
        sources: where each comes from, shape `(n_pairs,)`.

    """

    values: Floats
    labels: Floats
    sources: NDArray[np.str_]


def unseen(folder: Path) -> list[Statements]:
    """Questions that the reader was not trained on, `file` being the source."""
    held_out = [question._replace(file=_STATEMENTS) for question in read_statements() if question.is_held_out]
    held_out += [question for question in read_sets(folder) if question.is_held_out]
    for row in read_labelled_set(folder / "physics_points_dev.jsonl"):
        points = tuple(point for point in row.rubric or () if point.id in row.point_labels)
        answer = (row.answer, tuple(row.point_labels[point.id] for point in points))
        texts = tuple(point.text for point in points)
        held_out.append(Statements("physics", row.question, "", texts, (answer,), is_held_out=True))
    for row in read_labelled_set(folder / "reading_math_three_raters_dev.jsonl"):
        if row.reference_answers and row.answer.strip():
            [reference, *_] = row.reference_answers
            answer = (row.answer, (row.human_score / row.max_score,))
            held_out.append(Statements("reading_math", row.question, "", (reference,), (answer,), is_held_out=True))
    return held_out


def features(questions: Sequence[Statements], n_answers: int) -> Features:
    """Coverage and readings of at most `n_answers` answers of each source."""
    rng = random.Random(0)
    by_source: dict[str, list[tuple[int, int]]] = {}
    for number, question in enumerate(questions):
        by_source.setdefault(question.file, []).extend((number, index) for index in range(len(question.answers)))
    chosen = [pair for pairs in by_source.values() for pair in rng.sample(pairs, min(n_answers, len(pairs)))]
    asked = {number: _rubric(number, questions[number]) for number, _ in chosen}
    texts = [questions[number].answers[index][0] for number, index in chosen]
    answers = [
        Answer(answer_id=str(place), question_id=f"q{number}", answer=text)
        for place, ((number, _), text) in enumerate(zip(chosen, texts, strict=True))
    ]
    drafts = Grader(asked.values(), settings=Settings(reader="none")).draft(answers)
    reader = load_reader("packaged")
    assert reader is not None
    readings = reader.read(
        [Task(questions[n].question, text, questions[n].points) for (n, _), text in zip(chosen, texts, strict=True)]
    )
    values, labels, sources = [], [], []
    for (number, index), draft, found in zip(chosen, drafts, readings, strict=True):
        given = questions[number].answers[index][1]
        for label, point, reading in zip(given, draft.points, found, strict=True):
            values.append([point.coverage or 0.0, *np.clip(reading, -_FARTHEST, _FARTHEST)])
            labels.append(label)
            sources.append(questions[number].file)
    return Features(np.array(values), np.array(labels), np.array(sources))


def _rubric(number: int, question: Statements) -> Rubric:
    points = [{"id": f"p{place}", "text": text} for place, text in enumerate(question.points)]
    return Rubric.model_validate({"question_id": f"q{number}", "question": question.question or "?", "points": points})


def fit(found: Features, targets: Floats, used: Iterable[str], columns: Sequence[int]) -> LogisticRegression:
    """A logistic curve for shares in 0..1 over some columns of the features, each source with its weight."""
    sources = [source for source in used if (found.sources == source).any()]
    weights = np.zeros(len(targets))
    for source in sources:
        own = found.sources == source
        weights[own] = (_STATEMENTS_WEIGHT if source == _STATEMENTS else 1.0) / own.sum()
    weights *= (weights > 0).sum() / weights.sum()
    doubled, sides = np.vstack([found.values[:, columns]] * 2), np.repeat([1, 0], len(targets))
    sides_weights = np.concatenate([weights * targets, weights * (1 - targets)])
    kept = sides_weights > 0
    model: LogisticRegression = LogisticRegression(C=10).fit(
        doubled[kept], sides[kept], sample_weight=sides_weights[kept]
    )
    return model


def reliability(chances: Floats, truth: Floats) -> str:
    """Mean chance and share that is true, in ten steps of chance."""
    steps = np.minimum((chances * 10).astype(int), 9)
    cells = [
        f"{chances[steps == step].mean():.2f}: {truth[steps == step].mean():.2f} (n {(steps == step).sum()})"
        for step in range(10)
        if (steps == step).any()
    ]
    return ", ".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--answers", type=int, default=1000)
    arguments = parser.parse_args()
    found = features(unseen(arguments.folder), arguments.answers)
    all_sources = list(dict.fromkeys(found.sources.tolist()))
    stated, denied = np.clip(found.labels, 0, 1), (found.labels == -1).astype(float)
    # Sources without a contradiction say nothing of the second curve.
    telling = [source for source in all_sources if denied[found.sources == source].any()]
    for name, targets, sources, columns in (
        ("stated", stated, all_sources, [0, 1]),
        ("contradicted", denied, telling, [2]),
    ):
        model = fit(found, targets, sources, columns)
        numbers = ", ".join(f"{value:.3f}" for value in (*model.intercept_, *model.coef_[0]))
        print(f"{name}: ({numbers})")
        left_out = np.zeros(len(targets))
        for source in sources:
            own = found.sources == source
            others = fit(found, targets, [other for other in sources if other != source], columns)
            left_out[own] = others.predict_proba(found.values[own][:, columns])[:, 1]
            clear = own & (targets != 0.5)
            plain = auc(np.round(targets[clear]), found.values[clear, 0])
            print(
                f"  {source}: n {own.sum()}, AUC of coverage {plain:.3f}, of a fit without this source "
                f"{auc(np.round(targets[clear]), left_out[clear]):.3f}"
            )
        measured = np.isin(found.sources, sources)
        print(f"  reliability, each source left out: {reliability(left_out[measured], targets[measured])}")


if __name__ == "__main__":
    main()
