import numpy as np
import pytest

from grader.calibration.panel_agreement import PanelAgreement, Scale, n_resamples, panel_agreement, usual_raters
from grader.statistics.agreement import Floats
from grader.statistics.rating_tables import LongForm, from_matrix

NAN = float("nan")
SHROUT_FLEISS: list[list[float]] = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]


def agreed(table: list[list[float]] | Floats, scale: Scale = Scale()) -> PanelAgreement:  # noqa: B008  # frozen
    return panel_agreement(from_matrix(table), scale, seed=1)


def noisy(n: int, k: int = 2) -> Floats:
    rng = np.random.default_rng(5)
    return np.asarray(np.clip(np.round(rng.normal(3, 1.2, (n, 1)) + rng.normal(0, 0.8, (n, k))), 0, 5), dtype=float)


def test_the_example_of_shrout_and_fleiss() -> None:
    found = agreed(SHROUT_FLEISS)
    for name, value, low, high in (
        ("icc_a1", 0.290, 0.02, 0.76),
        ("icc_ak", 0.620, 0.07, 0.93),
        ("icc_c1", 0.715, 0.34, 0.95),
        ("icc_ck", 0.909, 0.68, 0.99),
    ):
        estimate = found.statistics[name]
        assert (estimate.value, estimate.low, estimate.high) == (
            pytest.approx(value, abs=5e-4),
            pytest.approx(low, abs=6e-3),
            pytest.approx(high, abs=6e-3),
        )
    assert found.components.rater == pytest.approx(5.2444, abs=1e-4)
    assert found.statistics["sem"].value == pytest.approx(np.sqrt(5.2444 + 1.0194), abs=1e-4)
    assert found.usual_raters == 4
    assert found.verdicts == {}  # six answers


def test_two_raters_have_wilson_intervals() -> None:
    table = [[1.0, 1.0]] * 8 + [[1.0, 2.0]] * 2
    exact = agreed(table).statistics["exact"]
    assert (exact.value, exact.n) == (0.8, 10)
    assert (exact.low, exact.high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_where_all_pairs_agree_the_interval_still_says_how_few_there_were() -> None:
    """Resamples do not vary, but 20 answers do not show that all others would get one score."""
    for table, value in ((np.full((20, 3), 2.0), 1.0), (np.tile([1.0, 3.0, 5.0], (20, 1)), 0.0)):
        exact = agreed(table).statistics["exact"]
        assert exact.value == value
        assert exact.low is not None and exact.high is not None
        assert exact.high - exact.low == pytest.approx(0.1611, abs=1e-3)


def test_answers_with_one_rating_make_nothing_surer() -> None:
    """One answer with two ratings among 30: its agreement has no interval."""
    table = np.full((30, 2), NAN)
    table[:, 0] = noisy(30)[:, 0]
    table[0, 1] = table[0, 0] + 1
    found = agreed(table).statistics["krippendorff_alpha"]
    assert found.value is not None and (found.low, found.high, found.n) == (None, None, 1)
    assert found.note is not None and "no interval: one answer alone" in found.note


def in_pairs(n: int, k: int) -> Floats:
    """Each answer goes to the next of all pairs of raters."""
    table = noisy(n, k)
    teams = [(one, other) for one in range(k) for other in range(one + 1, k)]
    for answer, row in enumerate(table):
        row[[rater for rater in range(k) if rater not in teams[answer % len(teams)]]] = NAN
    return table


def test_kappa_of_pairs_with_few_answers_in_common_has_no_word() -> None:
    """60 answers of 6 raters in rotating pairs: 4 a pair, over which kappa is far too low."""
    few, enough = agreed(in_pairs(60, 6)), agreed(in_pairs(60, 4))
    for name in ("quadratic_weighted_kappa", "pearson_r"):
        assert few.statistics[name].low is None and name not in few.verdicts
        assert "no two raters share 10 answers" in (few.statistics[name].note or "")
        assert enough.statistics[name].low is not None
    assert few.statistics["krippendorff_alpha"].low is not None and few.statistics["icc_a1"].low is not None


def test_the_interval_of_kappa_allows_for_its_bias_over_small_pairs() -> None:
    """Over 10 answers a pair kappa is .05 too low: the interval lies around more than the value."""
    few, whole = (agreed(table).statistics["quadratic_weighted_kappa"] for table in (in_pairs(150, 6), noisy(150, 6)))
    middles = [((one.low or 0.0) + (one.high or 0.0)) / 2 for one in (few, whole)]
    assert few.value is not None and whole.value is not None
    assert middles[0] - few.value > 0.01 > abs(middles[1] - whole.value)


def test_the_whole_set_of_statistics_lies_in_its_intervals() -> None:
    found = agreed(noisy(80, 3), Scale(cut=3))
    assert set(found.statistics) == {
        *("exact", "adjacent", "quadratic_weighted_kappa", "pearson_r", "krippendorff_alpha", "gwet_ac1"),
        *("icc_a1", "icc_ak", "icc_c1", "icc_ck", "sem", "flips"),
    }
    for name, estimate in found.statistics.items():
        assert estimate.value is not None and estimate.low is not None and estimate.high is not None, name
        assert estimate.low < estimate.value < estimate.high and estimate.n == 80, name
    assert {"exact", "icc_a1", "krippendorff_alpha"} <= set(found.verdicts)


def test_gaps_are_no_hindrance() -> None:
    table = noisy(60, 4)
    table[np.random.default_rng(1).random(table.shape) < 0.3] = NAN
    found = agreed(table)
    whole, holed = agreed(noisy(60, 4)).statistics["icc_a1"], found.statistics["icc_a1"]
    assert holed.value == pytest.approx(whole.value, abs=0.1)
    assert holed.n == int((np.isfinite(table).sum(axis=1) >= 2).sum())


def test_one_level_is_what_counts_as_adjacent() -> None:
    table = [[0.0, 10.0], [20.0, 50.0], [30.0, 30.0]]
    assert agreed(table, Scale(step=10)).statistics["adjacent"].value == pytest.approx(2 / 3)
    assert agreed(table).statistics["adjacent"].value == pytest.approx(1 / 3)


def test_flips_at_the_cut() -> None:
    found = agreed([[6.0, 6.0]] * 15 + [[5.0, 6.0]] * 5, Scale(cut=6)).statistics["flips"]
    assert found.value == pytest.approx(25)
    assert found.low is not None and found.high is not None and found.low < 25 < found.high


@pytest.mark.parametrize(
    ("table", "note"),
    [
        ([[2.0, 2.0], [2.0, 2.0]], "all raters gave the same score everywhere"),
        ([[2.0, NAN], [NAN, 1.0]], "no answer has two ratings"),
    ],
)
def test_undefined_says_why(table: list[list[float]], note: str) -> None:
    found = agreed(table).statistics
    for name in ("quadratic_weighted_kappa", "krippendorff_alpha", "gwet_ac1", "icc_a1"):
        assert found[name].value is None and note in (found[name].note or ""), name


def test_the_usual_number_of_raters_and_of_resamples() -> None:
    form = from_matrix([[1, 2, NAN], [1.0, 2, 3], [2.0, 2, 3], [NAN, NAN, 3]])
    assert usual_raters(form) == 3
    assert usual_raters(from_matrix([[1, NAN]])) == 2
    assert n_resamples(form) == 2000
    many = LongForm(np.repeat(np.arange(2000), 50), np.tile(np.arange(50), 2000), np.zeros(100_000), 2000, 50)
    assert n_resamples(many) == 200
