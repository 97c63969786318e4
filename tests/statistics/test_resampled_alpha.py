import numpy as np
import pytest

from grader.statistics.bootstrap import by_rows
from grader.statistics.long_form import from_matrix
from grader.statistics.reliability import Level, krippendorff_alpha
from grader.statistics.resampled_alpha import alpha_by_weights

NAN = float("nan")
# Krippendorff (2011): 4 observers, 12 units.
PUBLISHED = [
    [1, 1, NAN, 1],
    [2, 2, 3, 2],
    [3, 3, 3, 3],
    [3, 3, 3, 3],
    [2, 2, 2, 2],
    [1, 2, 3, 4],
    [4, 4, 4, 4],
    [1, 1, 2, 1],
    [2, 2, 2, 2],
    [NAN, 5, 5, 5],
    [NAN, NAN, 1, 1],
    [NAN, NAN, 3, NAN],
]


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_published_example(level: Level, alpha: float) -> None:
    found = alpha_by_weights(from_matrix(PUBLISHED), level=level)(np.ones((1, 12)))
    assert found[0] == pytest.approx(alpha, abs=5e-4)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval", "ratio"])
def test_weights_are_repeated_answers(level: Level) -> None:
    rng = np.random.default_rng(4)
    table = np.clip(np.round(rng.normal(2, 1, (30, 1)) + rng.normal(0, 0.7, (30, 5)), 1), 0, 4)
    table[rng.random(table.shape) < 0.4] = NAN
    weights = rng.multinomial(30, np.full(30, 1 / 30), 8).astype(float)
    looped = by_rows(lambda rows: krippendorff_alpha(table[rows], level=level))(weights)
    assert alpha_by_weights(from_matrix(table), level=level)(weights).tolist() == pytest.approx(looped.tolist())


@pytest.mark.parametrize("table", [[[2, 2], [2, 2]], [[1, NAN], [NAN, 2]], [[0.1 + 0.2, 0.3], [0.3, 0.3]]])
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_undefined(table: list[list[float]], level: Level) -> None:
    assert np.isnan(alpha_by_weights(from_matrix(table), level=level)(np.ones((1, 2)))).all()


def test_a_draw_without_variation_is_undefined() -> None:
    found = alpha_by_weights(from_matrix([[1, 1], [2, 3]]))(np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert np.isnan(found[0]) and np.isfinite(found[1])


def test_negative_scores_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        alpha_by_weights(from_matrix([[-1, 1]]), level="ratio")
