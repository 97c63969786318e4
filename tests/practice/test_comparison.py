from grader.practice.comparison import compare_grades
from tests.practice.support import exercise, grade

DROPOUT = exercise("dropout", n_points=3)


def test_what_was_gained_and_lost() -> None:
    found = compare_grades(grade(DROPOUT, 1, 0, 0.5), grade(DROPOUT, 0.5, 1, 0.52))
    assert found is not None and found.word == "better" and found.same_rules
    assert round(found.score_change, 2) == 1.73 and round(found.fraction_change, 3) == 0.173
    assert [(change.point_id, change.before, change.after) for change in found.gained] == [("p2", 0, 1)]
    assert [change.point_id for change in found.lost] == ["p1"]


def test_a_mistake_that_is_not_made_again_is_a_gain() -> None:
    fields = [{"id": "p1", "text": "So."}, {"id": "x", "text": "Not so.", "weight": -1}]
    careful = exercise("careful", points=fields)
    found = compare_grades(grade(careful, 1, 1), grade(careful, 1, 0))
    assert found is not None and [change.point_id for change in found.gained] == ["x"] and not found.lost


def test_equal_tries_other_rules_and_no_score() -> None:
    found = compare_grades(grade(DROPOUT, 1, 0, 0.5), grade(DROPOUT, 1, 0, 0.51, signature="other"))
    assert found is not None and (found.word, found.gained, found.same_rules) == ("same", (), False)
    none = grade(DROPOUT, 1, 1, 1).model_copy(update={"score": None, "fraction": None, "ungraded_reason": "x"})
    assert compare_grades(none, grade(DROPOUT, 1, 1, 1)) is None


def test_points_whose_text_has_changed_are_not_compared() -> None:
    other = exercise("dropout", points=[{"id": "p1", "text": "Something else."}])
    found = compare_grades(grade(DROPOUT, 0, 0, 0), grade(other, 1))
    assert found is not None and found.gained == () and found.word == "better"
