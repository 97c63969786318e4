"""What asking a judge about unclear points alone costs and gains: agreement against the share of points and calls.

The judge knows the truth and errs at a stated rate: it reads what people marked, point by point. Everything else is the
program's own way: drafts, prompt, reply, quotes, settling, scores.

    python -m tests.benchmarks.judge_band [FOLDER]     reads summary_points_dev.jsonl and physics_points_dev.jsonl there
"""

import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader.encoders.registry import load_encoder
from grader.evaluation.labelled_set import LabelledAnswer, own_rubric, read_labelled_set
from grader.grading.grader import Grader
from grader.grading.judge_verdicts import judge_drafts
from grader.judges.judge_weight import JudgeWeight
from grader.judges.mock import read_prompt
from grader.judges.panel import Panel
from grader.judges.protocol import Completion, Message
from grader.schema import Answer, Grade
from grader.settings import JudgeSettings, Settings
from grader.statistics import agreement
from grader.text.normalisation import content_words, segments

PROVEN = JudgeWeight(1.0, everywhere=True, name="proven")
SETS = ("summary_points_dev", "physics_points_dev")
ERRORS = (0.0, 0.05, 0.1, 0.2, 0.3)
BANDS = ((0.5, 0.5), (0.45, 0.55), (0.4, 0.6), (0.35, 0.65), (0.3, 0.7), (0.3, 0.8), (0.4, 0.8), (0.25, 0.75),
         (0.2, 0.8), (0.1, 0.9), (0.0, 1.0))  # fmt: skip


class TruthJudge:
    """Says of each point what people marked, but for a share of errors drawn by seed; quotes the nearest sentence."""

    revision = "1"

    def __init__(self, marked: Mapping[tuple[str, str], bool], error: float) -> None:
        self.name = f"truth-{error:g}"
        self._marked = marked
        self._error = error

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        answer, material = read_prompt(messages)
        verdicts = []
        for point in material["points"]:
            stated = self._marked[answer, point["point"]]
            if random.Random(f"{answer}|{point['point']}").random() < self._error:
                stated = not stated
            quote = _nearest(answer, point["point"]) if stated else ""
            verdict = "covered" if stated else "missing"
            verdicts.append({"id": point["id"], "quote": quote, "reason": "marked so", "verdict": verdict})
        reply = {"verdicts": verdicts, "feedback": {"right": "", "missing": "", "study": ""}}
        return Completion(json.dumps(reply), 0, 0)


def _nearest(answer: str, point: str) -> str:
    wanted = set(content_words(point))
    spans = segments(answer)
    start, end = max(spans, key=lambda s: len(wanted & set(content_words(answer[s.start : s.end]))), default=(0, 0))
    return answer[start:end]


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/datasets")
    for name in SETS:
        rows = read_labelled_set(folder / f"{name}.jsonl")
        print(f"\n{name}: {len(rows)} answers")
        for line in table(rows):
            print(line)


def table(rows: Sequence[LabelledAnswer]) -> list[str]:
    """Lines of the table for one set."""
    rubrics = [own_rubric(row, f"{row.question_id}#{number}") for number, row in enumerate(rows)]
    settings = Settings()
    grader = Grader({r.question_id: r for r in rubrics}, encoder=load_encoder(settings.encoder), settings=settings)
    answers = [
        Answer(answer_id=row.answer_id, question_id=rubric.question_id, answer=row.answer)
        for row, rubric in zip(rows, rubrics, strict=True)
    ]
    drafts = [draft for start in range(0, len(answers), 64) for draft in grader.draft(answers[start : start + 64])]
    marked = {
        (draft.text.text, point.text): row.point_labels[point.id] >= 0.5
        for row, rubric, draft in zip(rows, rubrics, drafts, strict=True)
        for point in rubric.points
        if point.id in row.point_labels
    }
    lines = [f"{'error':>6} {'band':>10} {'points':>7} {'calls':>6} {'accuracy':>9} {'kappa':>6} {'Pearson':>8}"]
    for error in ERRORS:
        for low, high in BANDS:
            when = JudgeSettings(unclear_from=low, unclear_to=high)
            panel = Panel([TruthJudge(marked, error)], settings=when)
            judged = judge_drafts(drafts, panel, settings, draft=grader.draft, weight=PROVEN)
            lines.append(_line(error, (low, high), panel, rows, [grader.finish(draft) for draft in judged]))
    return lines


def _line(
    error: float, band: tuple[float, float], panel: Panel, rows: Sequence[LabelledAnswer], grades: Sequence[Grade]
) -> str:
    points = [
        (row.point_labels[point.point_id] >= 0.5, point)
        for row, grade in zip(rows, grades, strict=True)
        for point in grade.points
        if point.point_id in row.point_labels
    ]
    human = np.array([label for label, _ in points], float)
    system = np.array([point.status == "covered" for _, point in points], float)
    asked = sum(bool(point.verdicts) for _, point in points) / len(points)
    calls = sum(any(point.verdicts for point in grade.points) for grade in grades) / len(grades)
    scores = np.array([row.human_score / row.max_score for row in rows])
    fractions = np.array([grade.fraction for grade in grades], float)
    return (
        f"{error:6.0%} {f'{band[0]:g}-{band[1]:g}':>10} {asked:7.0%} {calls:6.0%}"
        f" {agreement.exact_agreement(human, system):9.3f} {agreement.cohen_kappa(human, system):6.3f}"
        f" {agreement.pearson_r(scores, fractions):8.3f}"
    )


if __name__ == "__main__":
    main()
