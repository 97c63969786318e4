import numpy as np
import pytest

from grader.calibration.overview import Overview, level_step, overview, strength_of
from grader.calibration.raters.severity import linked_components
from grader.calibration.ratings.arrays import rating_arrays
from grader.calibration.ratings.reading import Rating, Ratings
from grader.statistics.pairwise import rater_pairs
from grader.statistics.rating_tables import first_ratings

NAN = float("nan")


def seen(*rows: Rating, n_not_blind: dict[str, int] | None = None) -> Overview:
    ratings = Ratings("r.csv", rows, n_rows=len(rows), n_not_blind=n_not_blind or {})
    arrays = rating_arrays(ratings)
    first_totals = first_ratings(arrays.totals)
    return overview(
        ratings,
        arrays,
        first_totals=first_totals,
        pairs=rater_pairs(first_totals),
        components=linked_components(first_totals),
        step=1.0,
    )


def marked(n: int, *raters: str, start: int = 0) -> list[Rating]:
    return [Rating(f"a{i}", rater, float(i % 3), "q") for i in range(start, start + n) for rater in raters]


@pytest.mark.parametrize(
    ("n", "strength"),
    [(0, "none"), (19, "none"), (20, "early"), (49, "early"), (50, "bands"), (99, "bands"), (100, "claims")],
)
def test_what_may_be_said(n: int, strength: str) -> None:
    assert strength_of(n) == strength


def test_what_there_is() -> None:
    found = seen(*marked(3, "kim", "lee"), *marked(2, "max", start=2), Rating("a0", "kim", 1.0, "q"))
    assert (found.n_answers, found.n_raters, found.n_ratings, found.n_questions) == (4, 3, 9, 1)
    assert (found.n_double_marked, found.strength, found.connected) == (3, "none", True)
    assert found.repeats is not None and (found.repeats.exact.value, found.repeats.distance) == (0, 1)
    assert found.notes == (
        "3 answers with two or more raters: too few for a verdict; 20 allow an early indication, 50 a verdict.",
        "1 rating of an answer that the same rater had rated before: the first one counts, the others show how well "
        "raters agree with themselves.",
    )


def test_raters_without_a_common_answer_are_not_compared() -> None:
    found = seen(*marked(30, "kim", "lee"), *marked(20, "max", "sam", start=30), *marked(1, "pat", start=60))
    assert found.components == ((0, 1), (2, 4), (3,)) and not found.connected
    assert found.notes[0].startswith("The raters fall into 3 groups that have no answer in common")


def test_one_rater_and_constant_raters() -> None:
    assert seen(*marked(3, "kim")).notes[0] == "There is one rater: nobody to compare with."
    found = seen(*marked(30, "kim"), *(Rating(f"a{i}", "lee", 2.0) for i in range(30)), Rating("a1", "max", 1.0))
    assert found.constant == (1,)
    assert found.notes == ("1 rater always gave the same score, which says nothing about answers.",)


def test_what_was_left_out_and_scales_that_differ() -> None:
    rows = [Rating(f"a{i}", rater, 1.0 + i % 2, max_score=4.0 + i % 2) for i in range(30) for rater in ("kim", "lee")]
    found = seen(*rows, n_not_blind={"after": 2})
    assert found.scale is not None and list(found.scale) == [4, 5]
    assert [note[:40] for note in found.notes] == [
        "2 ratings of phase 'after' left out: onl",
        "Full scores go from 4 to 5 points: over ",
    ]


def test_slips_in_the_file_are_named() -> None:
    points = [Rating(f"a{i}", "max", 1.0, "q", point) for i in range(9) for point in ("p1", "p2")]
    part = [Rating(f"a{i}", "pat", 1.0, "q", "p1") for i in range(9)]
    found = seen(*marked(30, "kim", "lee"), Rating("a0", "Kim ", -1.0, "q"), *points, *part)
    assert (found.n_summed, found.n_incomplete) == (9, 9)
    said = " ".join(found.notes)
    assert "9 times a rater rated some points of an answer and not all that others rated" in said
    assert "1 score below 0: where that stands for no score, leave the cell blank" in said
    assert "1 name of raters like another but for capitals or blanks" in said


@pytest.mark.parametrize(
    ("scores", "scales", "step"),
    [
        ([0, 2.5, 5], [5, 5, NAN], 1),
        ([0, 1, 1], [1, 1, 1], 1),
        ([0, 0.5, 1], [1, 1, 1], 0.1),
        ([10, 80, 90], [100, 100, 100], 10),
        ([10, 80, 90], [NAN, NAN, NAN], 9),
        ([7, 20, 30], [16, 16, 40], 1),
    ],
)
def test_one_level(scores: list[float], scales: list[float], step: float) -> None:
    assert level_step(np.array(scores, dtype=float), np.array(scales, dtype=float)) == pytest.approx(step)
