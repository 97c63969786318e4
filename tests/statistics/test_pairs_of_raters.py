from itertools import combinations

import numpy as np
import pytest

from grader.statistics.long_form import LongForm, from_matrix
from grader.statistics.pairs_of_raters import paired_rows, rater_pairs

NAN = float("nan")


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
