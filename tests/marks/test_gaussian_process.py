"""The model of marks on simulated teams: recovery, shrinkage, leave-one-out, and what must not change it."""

import numpy as np
import pytest

from grader.marks.gaussian_process import PRIOR, GaussianProcess, MarkedQuestion, Variances, fit_variances
from grader.statistics.conformal import conformal_quantile, covered

Floats = np.ndarray


def kernel(rng: np.random.Generator, n: int) -> Floats:
    vectors = rng.normal(size=(n, 6))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.exp((vectors @ vectors.T - 1) / 0.5)


def simulate(
    rng: np.random.Generator,
    *,
    questions: int,
    n: int,
    closeness: float = 0.02,
    level: float = 0.01,
    noise: float = 0.02,
) -> list[MarkedQuestion]:
    """Marks as the model has them, with no effect of shared words."""
    made = []
    for _ in range(questions):
        close = kernel(rng, n)
        part = np.linalg.cholesky(close + 1e-9 * np.eye(n)) @ rng.normal(size=n) * np.sqrt(closeness)
        mapped, told = rng.uniform(0, 1, n), rng.uniform(0, 1, n)
        marks = mapped + 0.1 * (told - 0.5) + rng.normal() * np.sqrt(level) + part + rng.normal(0, np.sqrt(noise), n)
        made.append(MarkedQuestion(marks, mapped, told, close, np.eye(n)))
    return made


def part_of(question: MarkedQuestion, rows: slice) -> MarkedQuestion:
    return MarkedQuestion(
        question.marks[rows],
        question.mapped[rows],
        question.containment[rows],
        question.embedding_kernel[rows, rows],
        question.lexical_kernel[rows, rows],
    )


def predict(model: GaussianProcess, place: int, question: MarkedQuestion, new: slice, old: slice):  # type: ignore[no-untyped-def]
    return model.predict(
        place,
        question.mapped[new],
        question.containment[new],
        question.embedding_kernel[new, old],
        np.zeros((len(question.marks[new]), len(question.marks[old]))),
    )


def test_variances_are_found_again() -> None:
    rng = np.random.default_rng(1)
    without, with_likeness = (
        fit_variances(simulate(rng, questions=60, n=12, closeness=size, level=0.03)) for size in (0.0, 0.06)
    )
    # an identity kernel of shared words cannot be told from noise: together they are the noise
    assert without.noise + without.lexical == pytest.approx(0.02, rel=0.2)
    assert without.embedding < 0.01 and 0.04 < with_likeness.embedding < 0.08
    assert [without.level, with_likeness.level] == pytest.approx([0.03, 0.03], rel=0.4)


def test_few_marks_leave_the_first_guess() -> None:
    found = fit_variances(simulate(np.random.default_rng(2), questions=1, n=2))
    assert np.allclose(found.components, PRIOR, rtol=0.6)


def test_marks_help_and_more_help_more() -> None:
    old, new = slice(0, 16), slice(16, None)
    errors = []
    for n in (0, 4, 16):
        team = simulate(np.random.default_rng(3), questions=20, n=40, closeness=0.05, level=0.02)
        some = slice(0, n)
        model = GaussianProcess([part_of(q, some) for q in team], fit_variances([part_of(q, old) for q in team]))
        found = [predict(model, k, q, new, some).mean if n else q.mapped[new] for k, q in enumerate(team)]
        errors.append(np.sqrt(np.mean([(p - q.marks[new]) ** 2 for p, q in zip(found, team, strict=True)])))
    assert errors[0] > 1.05 * errors[1] > 1.05**2 * errors[2]


def test_left_out_marks_are_predicted_as_if_they_had_not_been_given() -> None:
    team = simulate(np.random.default_rng(4), questions=5, n=7)
    variances = fit_variances(team)
    shortcut = GaussianProcess(team, variances).leave_one_out()
    for place in (0, 3):
        rest = slice(0, 6)
        fewer = [part_of(q, rest) if k == place else q for k, q in enumerate(team)]
        again = predict(GaussianProcess(fewer, variances), place, team[place], slice(6, 7), rest)
        assert shortcut[place].mean[6] == pytest.approx(again.mean[0])
        assert shortcut[place].spread[6] == pytest.approx(again.spread[0])


def test_the_order_of_answers_and_questions_does_not_matter() -> None:
    team = simulate(np.random.default_rng(5), questions=4, n=8)
    backwards = [part_of(q, slice(None, None, -1)) for q in reversed(team)]
    assert fit_variances(team).components == pytest.approx(fit_variances(backwards).components)


def test_a_mark_moves_the_like_towards_it_and_far_answers_less() -> None:
    near, far = 0.95, 0.05
    question = MarkedQuestion(np.array([1.0]), np.array([0.5]), np.array([np.nan]), np.ones((1, 1)), np.ones((1, 1)))
    model = GaussianProcess([question], Variances(0.001, 0.04, 0.001, 0.01, 0.0, 1.0))
    mapped, unknown = np.full(2, 0.5), np.full(2, np.nan)
    found = model.predict(0, mapped, unknown, np.array([[near], [far]]), np.array([[near], [far]]))
    assert 0.5 < found.mean[1] < found.mean[0] < 1
    assert found.spread[0] < found.spread[1]


def test_a_constant_team_is_met() -> None:
    team = [
        MarkedQuestion(np.full(10, 0.8), q.mapped, q.containment, q.embedding_kernel, q.lexical_kernel)
        for q in simulate(np.random.default_rng(6), questions=8, n=10)
    ]
    model = GaussianProcess(team, fit_variances(team))
    assert np.concatenate([p.mean for p in model.leave_one_out()]) == pytest.approx(np.full(80, 0.8), abs=0.06)


def test_large_questions_are_looked_at_in_part_only() -> None:
    big = simulate(np.random.default_rng(7), questions=1, n=40)[0]
    kept = big.subsample(10)
    assert kept.marks.shape == (10,) and kept.embedding_kernel.shape == (10, 10)
    assert kept.marks[[0, -1]].tolist() == big.marks[[0, -1]].tolist()
    assert big.subsample(40) is big


def test_intervals_from_left_out_marks_hold_what_they_promise() -> None:
    hits = []
    for seed in range(40):
        team = simulate(np.random.default_rng(1000 + seed), questions=6, n=20)
        old, new = slice(0, 10), slice(10, 20)
        given = [part_of(q, old) for q in team]
        model = GaussianProcess(given, fit_variances(given))
        sizes = [np.abs(q.marks - p.mean) / p.spread for q, p in zip(given, model.leave_one_out(), strict=True)]
        reach = conformal_quantile(np.concatenate(sizes), alpha=0.1)
        for place, question in enumerate(team):
            found = predict(model, place, question, new, old)
            hits.append(covered(question.marks[new], found.mean, reach * found.spread).mean())
    assert np.mean(hits) == pytest.approx(0.9, abs=0.02)
