"""What people give an answer, with strictness taken out."""

from collections.abc import Sequence

import pytest

from grader.calibration.marking.people_marks import people_marks
from grader.calibration.ratings.reading import Rating, Ratings
from grader.errors import InputError


def ratings(*rows: tuple[str, str, float], gold: dict[tuple[str, str | None], float] | None = None) -> Ratings:
    return Ratings("ratings.csv", tuple(Rating(*row, max_score=10.0) for row in rows), gold=gold or {})


def both(shift: Sequence[float]) -> Ratings:
    """Two raters of the same answers; the second gives less by `shift`, answer by answer."""
    levels = [3.0, 8.0, 5.0, 7.0, 4.0, 6.0, 3.0, 7.0]
    rows = [(f"a{i}", "kim", level) for i, level in enumerate(levels)]
    return ratings(
        *rows, *((f"a{i}", "lee", level - by) for i, (level, by) in enumerate(zip(levels, shift, strict=True)))
    )


def test_a_single_rater_is_taken_at_their_word() -> None:
    found = people_marks(ratings(("a", "kim", 7), ("b", "kim", 0)), {})
    assert found.marks == {"a": 0.7, "b": 0.0}
    assert (found.n_raters, found.severity) == (1, {})


def test_a_full_score_may_come_from_elsewhere_and_without_one_an_answer_is_left_out() -> None:
    rows = Ratings("ratings.csv", (Rating("a", "kim", 2.0), Rating("b", "kim", 2.0)))
    assert people_marks(rows, {"a": 4.0}).marks == {"a": 0.5}


def test_strictness_is_taken_out_where_it_is_sure() -> None:
    # lee gives 1 less throughout: half of it is above, half below the panel of two
    found = people_marks(both([1.0, 0.9, 1.1, 1.0, 1.0, 0.9, 1.1, 1.0]), {})
    assert found.severity == pytest.approx({"kim": 0.05, "lee": -0.05}, abs=0.002)
    assert found.marks["a0"] == pytest.approx(0.25, abs=0.002)  # both of them together: nothing moves
    alone = ratings(("x", "lee", 4.0))
    more = people_marks(Ratings("ratings.csv", (*both([1.0, 0.9, 1.1, 1.0, 1.0, 0.9, 1.1, 1.0]).rows, *alone.rows)), {})
    assert more.marks["x"] == pytest.approx(0.45, abs=0.003)


def test_strictness_that_chance_explains_is_left_alone() -> None:
    found = people_marks(both([2.0, -2.0, 1.0, -2.0, 1.5, -1.0, 2.0, -1.5]), {})
    assert found.severity.get("lee", 0.0) == pytest.approx(0, abs=0.005)


def test_a_definitive_score_counts_alone_and_machines_do_not() -> None:
    found = people_marks(ratings(("a", "kim", 2), ("a", "system:x", 9), gold={("a", None): 10.0}), {})
    assert found.marks == {"a": 1.0} and found.n_raters == 1


def test_a_score_above_the_scale_is_refused() -> None:
    with pytest.raises(InputError, match=r"a score of the answer 'b' is above its full score of 4"):
        people_marks(Ratings("r.csv", (Rating("a", "kim", 1.0), Rating("b", "kim", 5.0))), {"a": 4.0, "b": 4.0})
