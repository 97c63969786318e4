"""What a few answers tell of a judge on a whole set."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.evaluation.judge_comparison import JudgedAnswer
from grader.evaluation.judge_sample import (
    SampledAnswer,
    UnaskedAnswer,
    assess_sample,
    draw_answers,
    error_removed,
    inclusion_probabilities,
)
from grader.provider import Price
from tests.evaluation.test_judge_comparison import INTERVAL, answers


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.data())
def test_chances_add_up_to_the_size_of_the_sample(sizes: list[float], data: st.DataObject) -> None:
    n = data.draw(st.integers(1, len(sizes)))
    chances = inclusion_probabilities(np.array(sizes), n)
    assert chances.sum() == pytest.approx(n) and (chances > 0).all() and (chances <= 1).all()


def test_unsure_answers_are_drawn_by_seed() -> None:
    grades = [item.alone for item in answers(0.9, n=60)]
    first, again, other = (draw_answers(grades, 10, seed=seed) for seed in (1, 1, 2))
    assert len(first) == 10 and first == again and first != other
    assert draw_answers([None, *grades], 100, seed=1) == dict.fromkeys(range(1, 61), 1.0)


def test_a_judge_that_is_merely_kinder_takes_no_error_away() -> None:
    residuals, ones = np.array([0.2, -0.1, 0.3]), np.ones(3)
    assert error_removed(residuals, np.full(3, 0.4), ones) == pytest.approx(0)
    assert error_removed(residuals - residuals.mean(), residuals, ones) == pytest.approx(1)
    assert np.isnan(error_removed(np.zeros(3), residuals, ones))


@pytest.mark.parametrize(("right", "says"), [(0.97, "would help"), (0.1, "would harm")])
def test_forty_answers_tell_a_good_judge_from_a_bad_one(right: float, says: str) -> None:
    rows = answers(right, n=200)
    drawn = draw_answers([item.alone for item in rows], 40, seed=3)
    asked = [SampledAnswer(rows[at], chance) for at, chance in drawn.items()]
    rest = [UnaskedAnswer(i.human, i.alone, i.rubric) for at, i in enumerate(rows) if at not in drawn]
    found = assess_sample(asked, rest, name="j", prices={"j": Price(input=1, output=2)}, interval=INTERVAL)
    assert says in found.verdict and (found.n_asked, found.n_rest) == (40, 160)
    assert found.bands[0].calls == 160 and found.bands[0].cost == pytest.approx(
        (found.bands[0].input_tokens + 2 * found.bands[0].output_tokens) / 1e6
    )
    assert (found.proposed is None) == (right < 0.5)


def test_the_sample_says_what_the_whole_set_says() -> None:
    """The estimate from weighted draws is near the figure of all answers."""
    rows = answers(0.85, n=300)
    price = {"j": None}

    def gain(asked: dict[int, float]) -> float:
        chosen = [SampledAnswer(rows[at], chance) for at, chance in asked.items()]
        rest = [UnaskedAnswer(i.human, i.alone, i.rubric) for at, i in enumerate(rows) if at not in asked]
        value = assess_sample(chosen, rest, name="j", prices=price, interval=INTERVAL).bands[-1].gain.value
        assert value is not None
        return value

    drawn = [gain(draw_answers([item.alone for item in rows], 60, seed=seed)) for seed in range(8)]
    assert np.mean(drawn) == pytest.approx(gain(dict.fromkeys(range(300), 1.0)), abs=0.08)


def test_without_a_price_no_cost_is_named() -> None:
    rows: list[JudgedAnswer] = answers(0.9, n=30)
    asked = [SampledAnswer(item, 1.0) for item in rows]
    found = assess_sample(asked, [], name="j", prices={"j": None}, interval=INTERVAL)
    assert found.bands[0].cost is None and found.bands[0].calls == 0
    assert found.as_dict()["bands"][0]["band"] == [0.45, 0.55]
