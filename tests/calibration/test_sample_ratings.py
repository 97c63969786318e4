"""The made-up ratings are what their script writes, and every planted habit is found in them."""

import runpy
from functools import cache
from pathlib import Path

import pytest

from grader.calibration.agenda import discussion_agenda
from grader.calibration.raters.gold import GoldRecord, IntraRaterAgreement, gold_records, intra_rater_agreement
from grader.calibration.raters.profiles import RaterProfile, profile_raters
from grader.calibration.raters.severity import fit_additive
from grader.calibration.ratings.arrays import RatingArrays, rating_arrays
from grader.calibration.ratings.reading import read_ratings
from grader.statistics.rating_tables import first_ratings

DATA = Path(__file__).parents[2] / "data"


@cache
def sample() -> RatingArrays:
    return rating_arrays(read_ratings(DATA / "ratings.csv"))


@cache
def profiles() -> dict[str, RaterProfile]:
    arrays = sample()
    assert arrays.point_ratings is not None
    found = profile_raters(first_ratings(arrays.totals), points=first_ratings(arrays.point_ratings))
    return dict(zip(arrays.raters, found, strict=True))


def gold() -> dict[str, GoldRecord]:
    records = gold_records(first_ratings(sample().totals), sample().gold, tolerance=1)
    return dict(zip(sample().raters, records, strict=True))


def again() -> dict[str, IntraRaterAgreement]:
    return dict(zip(sample().raters, intra_rater_agreement(sample().totals), strict=True))


def test_the_script_writes_the_file() -> None:
    assert runpy.run_path(str(DATA / "make_ratings.py"))["text"]() == (DATA / "ratings.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rater", "word"), [("rater-a", "strict"), ("rater-b", "halo"), ("rater-c", "noisy"), ("rater-d", "drifting")]
)
def test_every_planted_habit_is_found_and_nothing_else(rater: str, word: str) -> None:
    verdict = profiles()[rater].verdict
    assert verdict.flags == (word,), verdict.reason
    assert (profiles()[rater].n_common, verdict.early) == (114, False)


def test_the_numbers_are_near_what_was_planted() -> None:
    # Blank and empty answers get 0 from everybody, and no score is below 0: what is seen is less than the habit.
    strict, _, _, drifting = profiles().values()
    assert strict.effects.against_colleagues.estimate.value == pytest.approx(-1.6, abs=0.8)
    assert drifting.effects.drift.estimate.value == pytest.approx(3.6, abs=1.2)


def test_gold_answers_show_the_strict_rater() -> None:
    errors = {rater: record.mean_error for rater, record in gold().items()}
    assert min(errors, key=lambda rater: errors[rater].estimate.value or 0) == "rater-a"
    assert gold()["rater-b"].stop_after is None
    assert all(record.accuracy.n == 12 for record in gold().values())


def test_repeats_show_the_noisy_and_the_drifting_rater() -> None:
    spread = {rater: found.standard_error or 0 for rater, found in again().items()}
    assert min(spread["rater-c"], spread["rater-d"]) > max(spread["rater-a"], spread["rater-b"])


def test_discussed_and_definitive_scores_are_no_blind_ratings() -> None:
    ratings = read_ratings(DATA / "ratings.csv")
    assert dict(ratings.n_not_blind) == {"after": 24}
    assert len(ratings.gold) == 12 and "definitive" not in sample().raters


def test_there_is_something_to_discuss() -> None:
    form = first_ratings(sample().totals)
    items = discussion_agenda(form, fit_additive(form), points=sample().point_ratings, cut=5)
    assert len(items) == 8 and all(item.split and item.points for item in items)
