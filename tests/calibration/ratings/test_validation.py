from dataclasses import replace

import pytest

from grader.calibration.ratings.arrays import rating_arrays
from grader.calibration.ratings.reading import Rating, Ratings
from grader.calibration.ratings.validation import check_choices, check_earlier, check_raters
from grader.errors import InputError
from grader.statistics.reliability import Level


def rated(*scores: float, full: float | None = None, raters: tuple[str, ...] = ("kim", "lee")) -> Ratings:
    """Each answer with one score, by everybody."""
    rows = [Rating(f"a{place}", rater, score, max_score=full) for place, score in enumerate(scores) for rater in raters]
    return Ratings("r.csv", tuple(rows))


@pytest.mark.parametrize(
    ("raters", "said"),
    [
        (("kim",), "r.csv: all ratings are by 'kim': to compare, add ratings of the same answers by a second person"),
        (("system:m",), "r.csv: all ratings are by machines: to compare, add ratings of the same answers by people"),
    ],
)
def test_somebody_to_compare_with_is_needed(raters: tuple[str, ...], said: str) -> None:
    ratings = rated(1, 2, raters=raters)
    with pytest.raises(InputError, match=said):
        check_raters(rating_arrays(ratings), ratings)
    left_out = replace(ratings, n_not_blind={"after": 3, "1": 1})
    with pytest.raises(InputError, match=r"; 4 ratings not given blind were left out$"):
        check_raters(rating_arrays(left_out), left_out)


def test_two_people_or_one_beside_a_machine_will_do() -> None:
    for raters in (("kim", "lee"), ("kim", "system:m")):
        ratings = rated(1, 2, raters=raters)
        check_raters(rating_arrays(ratings), ratings)


@pytest.mark.parametrize("cut", [-1.0, 5.5, 60.0])
def test_a_cut_is_on_the_scale(cut: float) -> None:
    arrays = rating_arrays(rated(1, 2, full=5.0))
    with pytest.raises(InputError, match=r"--cut .* is not on the scale: expected 0 to 5"):
        check_choices(arrays, "r.csv", level="ordinal", cut=cut)


@pytest.mark.parametrize(("full", "cut"), [(5.0, 5.0), (5.0, 0.0), (None, 60.0), (5.0, None)])
def test_a_cut_that_may_be_on_the_scale_is_taken(full: float | None, cut: float | None) -> None:
    check_choices(rating_arrays(rated(1, 2, full=full)), "r.csv", level="ordinal", cut=cut)


@pytest.mark.parametrize(("level", "fits"), [("ratio", False), ("interval", True)])
def test_ratios_have_no_negative_scores(level: Level, fits: bool) -> None:
    arrays = rating_arrays(rated(-3, 2))
    if fits:
        check_choices(arrays, "r.csv", level=level, cut=None)
        return
    with pytest.raises(InputError, match="--level ratio needs scores of 0 or more, found -3: choose interval or"):
        check_choices(arrays, "r.csv", level=level, cut=None)


@pytest.mark.parametrize(
    ("now", "then", "fits"),
    [
        (rated(1, 4, full=5.0), rated(20, 80, full=100.0), False),
        (rated(1, 4, full=5.0), rated(2, 4, full=6.0), False),
        (rated(1, 5), rated(20, 100), False),
        (rated(1, 5), rated(20, 100, full=100.0), False),
        (rated(1, 5, full=10.0), rated(1, 9, full=10.0), True),
        (rated(1, 3), rated(1, 5), True),
        (rated(0, 0), rated(1, 5), True),
    ],
)
def test_earlier_ratings_are_on_the_same_scale(now: Ratings, then: Ratings, fits: bool) -> None:
    if fits:
        check_earlier(rating_arrays(now), rating_arrays(then), "old.csv")
        return
    with pytest.raises(InputError, match=r"old.csv: field 'score': scores go up to .* Bring both files to one scale"):
        check_earlier(rating_arrays(now), rating_arrays(then), "old.csv")
