"""Whether a judge helps, said from labelled answers alone."""

from functools import partial

import numpy as np
import pytest

from grader.evaluation.judge_comparison import JudgedAnswer, compare_judge
from grader.reports.evaluation import judge_lines
from grader.schema import Evidence, Grade, PointGrade, Rated, Rubric, Verdict, VerdictWord
from grader.statistics.intervals import cluster_bootstrap

RUBRIC = Rubric.model_validate({"question_id": "q", "points": [{"id": "p1", "text": "a"}, {"id": "p2", "text": "b"}]})
INTERVAL = partial(cluster_bootstrap, n_resamples=200, seed=1)


def graded(number: int, truth: list[bool], embedding: list[float], words: list[VerdictWord | None]) -> JudgedAnswer:
    """One answer of which the embedding gives some credits and a judge some words, which settle the point."""
    quote = Evidence(text="x", start=0, end=1)
    points, alone = [], []
    for at, (credit, word) in enumerate(zip(embedding, words, strict=True), 1):
        verdicts = () if word is None else (Verdict(judge="j", verdict=word, quote=quote),)
        given = credit if word in (None, "cannot_tell", "not_judged") else float(word == "covered")
        points.append(
            PointGrade(
                point_id=f"p{at}", text="", status="covered" if given >= 0.8 else "missing", coverage=credit,
                credit=given, weight=1, evidence=None, decided_by="judge", rationale="", confidence=0.5,
                verdicts=verdicts, by_embedding=Rated("partial", credit),
            )
        )  # fmt: skip
        without = {
            "status": "partial",
            "credit": credit,
            "decided_by": "embedding",
            "verdicts": (),
            "by_embedding": None,
        }
        alone.append(points[-1].model_copy(update=without))
    share = sum(point.credit or 0 for point in points) / 2
    grade = Grade(
        answer_id=str(number),
        question_id="q",
        score=share,
        max_score=1,
        fraction=share,
        points=tuple(points),
        signature="",
    )
    labels = {"p1": float(truth[0]), "p2": float(truth[1])}
    before = grade.model_copy(update={"points": tuple(alone)})
    return JudgedAnswer(sum(truth) / 2, grade, RUBRIC, f"q{number % 6}", labels, before)


def answers(right: float, n: int = 120) -> list[JudgedAnswer]:
    """Answers of which the embedding knows a little, and a judge that is right with a given chance."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(n):
        truth = [bool(rng.random() < 0.5) for _ in range(2)]
        embedding = [float(np.clip(0.5 + (0.15 if t else -0.15) + rng.normal(0, 0.25), 0, 1)) for t in truth]
        said = [t if rng.random() < right else not t for t in truth]
        rows.append(graded(number, truth, embedding, ["covered" if s else "missing" for s in said]))
    return rows


def test_a_good_judge_helps_and_earns_influence() -> None:
    found = compare_judge(answers(0.95), interval=INTERVAL, name="j")
    assert "makes agreement better" in found.verdict and found.verdict.startswith("j ")
    assert found.methods["judge"].gain.low is not None and found.methods["judge"].gain.low > 0
    assert found.weight.everywhere and found.weight.influence > 0.7
    assert found.weight.chances["covered"] == pytest.approx(0.95, abs=0.05)
    assert found.weight.name.startswith("proven")


def test_a_bad_judge_is_told_in_the_first_line_and_loses_its_influence() -> None:
    found = compare_judge(answers(0.2), interval=INTERVAL, name="j")
    assert "makes agreement worse" in judge_lines(found)[0]
    # Turned round it would even help, but an influence is never negative.
    assert found.weight.influence == 0 and found.weight.name == "harmful"
    assert not found.weight.everywhere and not found.weight.is_proven


def test_few_answers_prove_nothing() -> None:
    found = compare_judge(answers(0.95, n=30), interval=INTERVAL, name="j")
    assert found.weight.name == "unproven" and not found.weight.everywhere


def test_without_a_usable_verdict_nothing_is_said() -> None:
    rows = [graded(n, [True, False], [0.5, 0.5], ["not_judged", "cannot_tell"]) for n in range(5)]
    found = compare_judge(rows, interval=INTERVAL, name="j")
    assert "no usable verdict" in found.verdict and found.methods == {}
    assert found.n_verdicts == {"cannot_tell": 5, "not_judged": 5}
    assert found.as_dict()["weight"]["name"] == "unproven"
