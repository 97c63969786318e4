"""Pairs of raters and means over pairs, against loops and cases derived by hand."""

from itertools import combinations

import numpy as np
import pytest

from grader.statistics.agreement import Floats, exact_agreement, pearson_r, quadratic_weighted_kappa
from grader.statistics.pairwise import agreeing_shares, mean_over_pairs, means_by_weights, paired_rows, rater_pairs
from grader.statistics.rating_tables import LongForm, from_matrix

NAN = float("nan")


def panel(shape: tuple[int, int], share: float, seed: int = 1) -> Floats:
    """Ratings that agree to some extent; `share` of them are there."""
    rng = np.random.default_rng(seed)
    scores = np.clip(np.round(rng.normal(2.5, 1.2, (shape[0], 1)) + rng.normal(0, 0.8, shape)), 0, 5)
    return np.where(rng.random(shape) < share, scores, NAN)


def looped(table: Floats, least: int) -> tuple[float, float]:
    """Both means, pair by pair."""
    kappas, rs = [], []
    for r, s in combinations(range(table.shape[1]), 2):
        both = np.isfinite(table[:, [r, s]]).all(axis=1)
        if both.sum() >= least:
            kappas.append(quadratic_weighted_kappa(table[both, r], table[both, s]))
            rs.append(pearson_r(table[both, r], table[both, s]))
    return float(np.nanmean(kappas)), float(np.nanmean(rs))


# 40 x 5 is worked out by products of matrices, 90 x 30 with gaps by pairs.
@pytest.mark.parametrize(("shape", "share"), [((40, 5), 1.0), ((40, 5), 0.8), ((90, 30), 0.1)])
def test_means_over_pairs_against_a_loop(shape: tuple[int, int], share: float) -> None:
    table = panel(shape, share)
    least = 10 if share > 0.5 else 2
    found = mean_over_pairs(from_matrix(table))(np.ones((1, len(table))))
    assert found[0].tolist() == pytest.approx(looped(table, least), abs=1e-12)


@pytest.mark.parametrize(("shape", "share"), [((40, 5), 0.8), ((90, 30), 0.1)])
def test_weights_are_repeated_answers(shape: tuple[int, int], share: float) -> None:
    table = panel(shape, share)
    drawn = np.random.default_rng(2).multinomial(len(table), np.full(len(table), 1 / len(table)), 3)
    counts = [int(np.isfinite(table[:, [r, s]]).all(axis=1).sum()) for r, s in combinations(range(shape[1]), 2)]
    for weights, found in zip(drawn, mean_over_pairs(from_matrix(table))(drawn.astype(float)), strict=True):
        again = np.repeat(table, weights, axis=0)
        least = 10 if max(counts) >= 10 else 2
        kept = [pair for pair, n in zip(combinations(range(shape[1]), 2), counts, strict=True) if n >= least]
        kappas = []
        for r, s in kept:
            both = np.isfinite(again[:, [r, s]]).all(axis=1)
            kappas.append(quadratic_weighted_kappa(again[both, r], again[both, s]) if both.any() else NAN)
        assert found[0] == pytest.approx(np.nanmean(kappas), abs=1e-12)


def test_two_raters_by_hand() -> None:
    # h = 8 4 6 3, m = 9 4 5 12: the value of RSMTool's own test.
    found = mean_over_pairs(from_matrix([[8, 9], [4, 4], [6, 5], [3, 12]]))(np.ones((1, 4)))
    assert found[0, 0] == pytest.approx(-0.09210526315789469)


def test_pairs_that_do_not_vary_do_not_count() -> None:
    table = np.array([[1, 1, 2], [1, 2, 2], [1, 3, 2]], dtype=float)
    kappa, r = mean_over_pairs(from_matrix(table))(np.ones((1, 3)))[0]
    assert kappa == pytest.approx(0.0) and np.isnan(r)
    assert np.isnan(mean_over_pairs(from_matrix(table[:, [0, 2]]))(np.ones((1, 3)))[0, 1])
    assert np.isnan(mean_over_pairs(from_matrix([[1, NAN], [NAN, 2]]))(np.ones((1, 2)))).all()


def test_shares_that_agree() -> None:
    # The pairs of the first answer differ by 0, 1, 1, that of the second by 3, and the third has none.
    form = from_matrix([[2.0, 2, 3], [1, NAN, 4], [NAN, 5, NAN]])
    assert agreeing_shares(form)[:2].tolist() == [pytest.approx(1 / 3), 0] and np.isnan(agreeing_shares(form)[2])
    assert agreeing_shares(form, tolerance=1)[:2].tolist() == [1, 0]
    table = panel((40, 2), 1.0)
    assert agreeing_shares(from_matrix(table)).mean() == exact_agreement(*table.T)


def test_means_leave_out_what_has_no_value() -> None:
    found = means_by_weights(np.array([[1.0, NAN], [3.0, 5.0]]))
    assert found(np.array([[1.0, 1.0], [3.0, 1.0]])).tolist() == [[2, 5], [1.5, 5]]
    assert np.isnan(found(np.array([[1.0, 0.0]]))[0, 1])


def test_a_case_by_hand() -> None:
    # kim and lee share two answers (apart by 0 and -2), kim and max one (apart by 1), lee and max none.
    found = rater_pairs(from_matrix([[1, 1, NAN], [2, 4, NAN], [3, NAN, 2], [NAN, 5, NAN]]))
    assert found.common.tolist() == [[3, 2, 1], [2, 3, 0], [1, 0, 1]]
    assert found.exact[0, 1] == found.exact[1, 0] == 0.5
    assert (found.distance[0, 1], found.difference[0, 1], found.difference[1, 0]) == (1, -1, 1)
    assert (found.exact[0, 2], found.distance[0, 2], found.difference[0, 2]) == (0, 1, 1)
    assert np.isnan(found.exact[1, 2]) and np.isnan(found.exact[0, 0])


def test_scores_that_differ_by_rounding_are_equal() -> None:
    assert rater_pairs(from_matrix([[0.1 + 0.2, 0.3]])).exact[0, 1] == 1


def test_all_pairs_against_a_loop() -> None:
    rng = np.random.default_rng(3)
    table = np.where(rng.random((40, 6)) < 0.5, rng.integers(0, 4, (40, 6)), np.nan)
    form = from_matrix(table)
    seen = {(int(a), int(b)) for one, other in paired_rows(form, size=7) for a, b in zip(one, other, strict=True)}
    wanted = {(a, b) for a, b in combinations(range(form.n_ratings), 2) if form.answers[a] == form.answers[b]}
    assert seen == wanted
    found = rater_pairs(form)
    for r, s in combinations(range(6), 2):
        apart = table[:, r] - table[:, s]
        apart = apart[np.isfinite(apart)]
        assert found.common[r, s] == apart.size
        assert found.exact[r, s] == pytest.approx(np.mean(apart == 0))
        assert found.distance[s, r] == pytest.approx(np.abs(apart).mean())
        assert found.difference[s, r] == pytest.approx(-apart.mean())


def test_repeats_are_refused() -> None:
    twice = LongForm(np.array([0, 0]), np.array([0, 0]), np.array([1.0, 2.0]), 1, 1)
    with pytest.raises(ValueError, match="twice"):
        rater_pairs(twice)
