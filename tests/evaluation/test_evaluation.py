"""Evaluation of a small labelled set, with the real encoder and hand-checked parts."""

import json
from typing import Any

import numpy as np
import pytest

from grader.encoders.protocol import Encoder
from grader.errors import InputError
from grader.evaluation.agreement import cross_validated_map, fit_line
from grader.evaluation.evaluation import evaluate
from grader.evaluation.labelled_set import LabelledAnswer
from grader.reports.evaluation import evaluation_lines

QUESTIONS = {
    "dropout": ("What does dropout do?", "Dropout randomly disables units during training."),
    "momentum": ("What does momentum do?", "Momentum averages past gradients, which damps oscillations."),
    "pooling": ("What does pooling do?", "Pooling shrinks the feature map and keeps the strongest responses."),
    "clipping": ("What does gradient clipping do?", "Gradient clipping limits the norm of the gradient."),
}


def row(question_id: str, number: int, text: str, score: float, **more: Any) -> LabelledAnswer:
    question, reference = QUESTIONS[question_id]
    values = {
        "question_id": question_id,
        "question": question,
        "reference_answers": [reference],
        "answer_id": f"{question_id}-{number}",
        "answer": text,
        "human_score": score,
        "max_score": 1,
    }
    return LabelledAnswer.model_validate(values | more)


@pytest.fixture(scope="module")
def rows() -> list[LabelledAnswer]:
    made = []
    for name, (_, reference) in QUESTIONS.items():
        made += [
            row(name, 1, reference, 1, human_scores={"r1": 1, "r2": 1}),
            row(name, 2, "I do not know.", 0, human_scores={"r1": 0, "r2": 0}),
            row(name, 3, " ".join(reference.split()[:4]), 1, human_scores={"r1": 1, "r2": 0}),
            row(name, 4, "Cats sleep all day.", 0, human_scores={"r1": 0, "r2": 0}),
        ]
    return made


def test_every_statistic_of_the_set_is_there(rows: list[LabelledAnswer], encoder: Encoder) -> None:
    result = evaluate(rows, encoder=encoder, n_resamples=200)
    data = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert (data["n_answers"], data["n_questions"], data["n_graded"], data["n_ungraded"]) == (16, 4, 16, 0)
    assert data["answers_per_second"] > 0
    assert data["signature"].startswith("grader:")
    names = (
        "pearson spearman within_question_pearson rmse rmse_calibrated qwk_calibrated length_pearson lexical_pearson"
    )
    for name in f"{names} cosine_pearson human_pearson human_qwk human_alpha auc accuracy macro_f1".split():
        assert {"value", "low", "high", "n"} <= set(data[name])
    assert data["auc"]["value"] == 1
    assert data["pearson"]["low"] <= data["pearson"]["value"] <= data["pearson"]["high"]
    # four answers a question are too few to correlate within questions
    assert data["within_question_pearson"]["value"] is None
    assert data["within_question_pearson"]["note"]
    assert "point_auc" not in data
    review = data["review"]
    assert (review["statistic"], review["random"]) == ("auc", 1)
    assert [(step["share_sent"], step["n"]) for step in review["steps"]] == list(
        zip((0.0, 0.1, 0.2, 0.3, 0.4, 0.5), (16, 14, 13, 11, 10, 8), strict=True)
    )
    assert data["reliability"].keys() == {"answers"}
    assert data["reliability"]["answers"]["n"] == 16


def test_marks_of_some_answers_grade_the_others(rows: list[LabelledAnswer], encoder: Encoder) -> None:
    # people of this team give half marks to what is not right, and the grader learns it from three marks a question
    lenient = [item.model_copy(update={"human_score": 0.5 + item.human_score / 2, "human_scores": {}}) for item in rows]
    result = evaluate(lenient, encoder=encoder, marked=3, n_resamples=100)
    data = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    marked = data["marked"]
    assert (marked["n_per_question"], marked["n_draws"], marked["n_marks"], data["rmse"]["n"]) == (3, 5, 12, 4)
    assert data["rmse"]["value"] < marked["without_marks"]["rmse"]["value"]
    assert marked["interval"]["nominal"] == 0.9 and 0 < marked["interval"]["coverage"] <= 1
    assert data["review"] is None and data["reliability"] == {}
    assert "the statistics are of the other answers, means over 5 draws" in "\n".join(evaluation_lines(result))


def test_it_is_repeatable(rows: list[LabelledAnswer], encoder: Encoder) -> None:
    first, second = (evaluate(rows, encoder=encoder, n_resamples=100).statistics for _ in range(2))
    assert first == second


def test_a_rubric_in_the_row_is_used_and_its_labels_count(encoder: Encoder) -> None:
    rubric = [{"id": "p1", "text": "disables random units"}, {"id": "p2", "text": "only during training"}]
    texts = [
        "It disables random units.",
        "Only during training.",
        "It disables random units, only during training.",
        "Cats.",
    ]
    labels = [(1, 0), (0, 1), (1, 1), (0, 0)]
    rows = [
        row(
            *("dropout", number, text, (a + b) / 2),
            rubric=rubric,
            reference_answers=[],
            point_labels={"p1": a, "p2": b},
        )
        for number, (text, (a, b)) in enumerate(zip(texts, labels, strict=True))
    ]
    result = evaluate(rows, encoder=encoder, n_resamples=100)
    statistics = result.statistics
    assert result.review is not None and result.review.statistic == "pearson"
    assert result.reliability.keys() == {"points"} and result.reliability["points"].n == 8
    assert statistics["point_auc"].value == 1
    assert statistics["point_kappa"].n == 8
    assert statistics["pearson"].value is not None and statistics["pearson"].value > 0.9
    assert "auc" not in statistics


def test_the_best_matching_reference_counts(encoder: Encoder) -> None:
    references = ["Bananas grow in warm countries.", QUESTIONS["dropout"][1]]
    alone, among = (
        evaluate([row("dropout", 1, QUESTIONS["dropout"][1], 1, reference_answers=some)], encoder=encoder)
        for some in (references[:1], references)
    )
    assert alone.statistics["rmse"].value is not None and alone.statistics["rmse"].value > 0.8
    assert among.statistics["rmse"].value == pytest.approx(0, abs=0.02)


def test_an_answer_without_rubric_and_reference_is_left_out(rows: list[LabelledAnswer], encoder: Encoder) -> None:
    result = evaluate(
        [*rows, row("dropout", 9, "text", 1, reference_answers=["..."])], encoder=encoder, n_resamples=100
    )
    assert (result.n_graded, result.n_ungraded) == (16, 1)


def test_people_are_compared_on_fractions_and_only_where_both_marked(encoder: Encoder) -> None:
    scores = [(0, 0, 1), (1, 1, 1), (0, 0, 100), (100, 100, 100), (20, 60, 100), (60, 20, 100)]
    both = [
        row("dropout", i, "text", a, max_score=top, human_scores={"r1": a, "r2": b})
        for i, (a, b, top) in enumerate(scores)
    ]
    others = [row("momentum", 9, "text", 1, human_scores={"r2": 1, "r3": 1}), row("pooling", 9, "text", 1)]
    statistics = evaluate([*both, *others], encoder=encoder, n_resamples=100).statistics
    # fractions 0, 1, 0, 1, .2, .6 against 0, 1, 0, 1, .6, .2: covariance .1444, variances .1822 -> .8659 (hand check)
    x, y = np.array([0, 1, 0, 1, 0.2, 0.6]), np.array([0, 1, 0, 1, 0.6, 0.2])
    assert statistics["human_pearson"].value == pytest.approx(np.corrcoef(x, y)[0, 1])
    assert statistics["human_pearson"].n == 7


def test_small_questions_stay_out_of_the_correlation_within_questions(encoder: Encoder) -> None:
    answers = [
        "Dropout disables random units.",
        "Cats.",
        "Units.",
        "Training",
        "Random",
        "No.",
        "Dropout",
        "Disables",
        "x",
    ]
    large = [row("dropout", i, text, i % 2) for i, text in enumerate(answers)]
    small = [row("momentum", i, "Momentum.", i % 2) for i in range(5)]
    within = evaluate([*large, *small], encoder=encoder, n_resamples=100).statistics["within_question_pearson"]
    assert within.n == len(large)


def test_a_constant_system_learns_the_mean() -> None:
    assert fit_line(np.full(3, 0.1), np.array([0.2, 0.4, 0.9]))(np.array([0.0, 1.0])) == pytest.approx([0.5, 0.5])


def test_nothing_to_evaluate_is_an_error() -> None:
    with pytest.raises(InputError, match="no rows"):
        evaluate([])


def test_the_score_map_is_learned_on_other_questions() -> None:
    # human = 0.5 + system / 2 everywhere, so the line is exact wherever it was learned
    system = np.linspace(0, 1, 12)
    questions = np.repeat(["a", "b", "c", "d"], 3)
    assert cross_validated_map(system, 0.5 + system / 2, questions) == pytest.approx(0.5 + system / 2)
    # question d is far off, but its own marks teach it nothing
    human = np.where(questions == "d", 0.0, 0.5 + system / 2)
    assert cross_validated_map(system, human, questions)[questions == "d"] == pytest.approx(0.5 + system[-3:] / 2)
    assert np.isnan(cross_validated_map(system, human, np.repeat(["a"], 12))).all()
