import numpy as np
import pytest

from grader.calibration.change_since import COMPARED, change_since
from grader.calibration.panel_agreement import Scale
from grader.statistics.agreement import Floats
from grader.statistics.rating_tables import from_matrix


def panel(n: int, spread: float, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(np.round(rng.normal(5, 2, (n, 1)) + rng.normal(0, spread, (n, 2))), dtype=float)


def test_better_agreement_on_other_answers() -> None:
    now, then = from_matrix(panel(80, 0.5, 1)), from_matrix(panel(80, 2.0, 2))
    found = change_since(now, then, np.full(80, -1), Scale(), seed=1)
    assert set(found) == set(COMPARED)
    alpha = found["krippendorff_alpha"]
    assert alpha.now is not None and alpha.earlier is not None
    assert alpha.difference.value == pytest.approx(alpha.now - alpha.earlier)
    assert alpha.difference.low is not None and alpha.difference.low > 0
    assert alpha.difference.n == 160
    assert found["sem"].difference.high is not None and found["sem"].difference.high < 0


def test_nothing_has_changed_when_the_ratings_are_the_same() -> None:
    table = panel(40, 1.0, 3)
    found = change_since(from_matrix(table), from_matrix(table[::-1]), np.arange(40)[::-1], Scale(), seed=1)
    for change in found.values():
        assert change.difference.value == pytest.approx(0, abs=1e-12)
        assert change.difference.low is None or change.difference.high == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n_now", "n_then"), [(60, 2), (60, 19), (19, 60)])
def test_a_handful_of_answers_shows_no_change(n_now: int, n_then: int) -> None:
    """Of two answers every resample may give the same: no word may rest on that."""
    now, then = from_matrix(panel(n_now, 1.0, 1)), from_matrix(panel(n_then, 1.0, 2))
    for change in change_since(now, then, np.full(n_then, -1), Scale(), seed=1).values():
        note = change.difference.note or ""
        assert (change.difference.low, change.difference.high) == (None, None)
        assert change.difference.value is None or f"{n_then} answers with two ratings then" in note


def test_answers_rated_one_time_by_one_rater_alone_make_nothing_surer() -> None:
    """25 answers with two ratings then, alone and among 400 with one."""
    now, few = panel(60, 1.0, 1), panel(25, 1.0, 2)
    many = np.vstack([few, panel(400, 1.0, 3)])
    many[25:, 1] = np.nan
    alone, among = (
        change_since(from_matrix(now), from_matrix(then), np.full(len(then), -1), Scale(), seed=1)["exact"].difference
        for then in (few, many)
    )
    assert alone.low == pytest.approx(among.low, abs=0.02) and alone.high == pytest.approx(among.high, abs=0.02)


def test_a_change_of_design_is_no_change_of_kappa() -> None:
    """Everybody rated everything, now pairs take turns: kappa over 4 answers a pair is lower without any change."""
    rng = np.random.default_rng(3)
    then = np.round(rng.normal(5, 2, (60, 1)) + rng.normal(0, 1, (60, 6)))
    now = then.copy()
    pairs = [(one, other) for one in range(6) for other in range(one)]
    for answer, row in enumerate(now):
        row[[rater for rater in range(6) if rater not in pairs[answer % 15]]] = np.nan
    found = change_since(from_matrix(now), from_matrix(then), np.arange(60), Scale(), seed=1)
    assert found["quadratic_weighted_kappa"].difference.low is None
    assert found["krippendorff_alpha"].difference.low is not None


def test_answers_rated_both_times_make_the_difference_surer() -> None:
    then = panel(60, 1.5, 4)
    now = then.copy()
    now[:, 1] = np.round((then[:, 0] + then[:, 1]) / 2)
    same, other = (
        change_since(from_matrix(now), from_matrix(then), places, Scale(), seed=1)["krippendorff_alpha"].difference
        for places in (np.arange(60), np.full(60, -1))
    )
    assert same.value == pytest.approx(other.value)
    assert same.high is not None and same.low is not None and other.high is not None and other.low is not None
    assert same.high - same.low < other.high - other.low
