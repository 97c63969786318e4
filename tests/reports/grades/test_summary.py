"""What the summary counts."""

from collections.abc import Iterator

import pytest

from grader.reports.grades.summary import GradesSummary, summarise_grades
from grader.schema import Grade
from tests.support.sample_grades import SIGNATURE, grade, point


def test_totals_and_mean_leave_ungraded_answers_out() -> None:
    summary = summarise_grades([grade("a", 1.0), grade("b", 0.4), grade("c", None, needs_review=True)])
    assert (summary.n_answers, summary.n_graded, summary.n_ungraded, summary.n_needs_review) == (3, 2, 1, 1)
    assert summary.mean_fraction == pytest.approx(0.7)
    assert summary.ungraded_reasons == (("the judge did not reply", 1),)


def test_nothing_graded_has_no_mean() -> None:
    assert summarise_grades([grade(fraction=None)]).mean_fraction is None
    assert summarise_grades([]) == GradesSummary(0, 0, 0, 0, None, (0,) * 10, (), (), (), ())


def test_bins_take_their_lower_edge_and_the_last_one_takes_full_marks() -> None:
    fractions = [0.0, 0.0999, 0.1, 0.3 - 1e-16, 0.1 + 0.2, 0.7, 0.9, 1.0]
    histogram = summarise_grades(grade(str(f), f) for f in fractions).histogram
    assert histogram == (2, 1, 0, 2, 0, 0, 0, 1, 0, 2)


def test_reasons_come_most_frequent_first() -> None:
    reasons = ["b", "a", "c", "c"]
    summary = summarise_grades(grade(str(i), None, ungraded_reason=reason) for i, reason in enumerate(reasons))
    assert summary.ungraded_reasons == (("c", 2), ("a", 1), ("b", 1))


def test_questions_keep_their_order_and_count_their_points() -> None:
    summary = summarise_grades(
        [
            grade("a", 0.2, point(1), point(2, "missing"), question_id="second", question=""),
            grade("b", 0.4, point(1, "partial"), point(2, "contradicted"), question_id="second"),
            grade("c", None, point(1, "not_judged"), point(2, "not_judged"), question_id="second"),
            grade("d", 1.0, question_id="first"),
        ]
    )
    second, first = summary.questions
    assert (second.question_id, first.question_id) == ("second", "first")
    assert (second.question, second.n_answers, second.n_graded) == ("What does dropout do?", 3, 2)
    assert second.mean_fraction == pytest.approx(0.3)
    p1, p2 = second.points
    assert (p1.n_judged, p1.covered, p1.partial, p1.missing, p1.contradicted) == (2, 0.5, 0.5, 0, 0)
    assert (p2.covered, p2.partial, p2.missing, p2.contradicted) == (0, 0, 0.5, 0.5)
    assert second.most_missed == p2
    assert first.most_missed is None


def test_a_point_that_nobody_judged_has_no_shares() -> None:
    (row,) = summarise_grades([grade("a", None, point(1, "not_judged"))]).questions
    assert (row.points[0].n_judged, row.points[0].covered, row.most_missed) == (0, None, None)


def test_a_mistake_that_nobody_made_is_not_missed() -> None:
    (row,) = summarise_grades([grade("a", 1.0, point(1), point(2, "missing", weight=-1))]).questions
    assert row.most_missed is None


def test_a_reworded_point_is_another_point() -> None:
    (row,) = summarise_grades([grade("a", 1.0, point(1, text="old")), grade("b", 1.0, point(1, text="new"))]).questions
    assert [(p.text, p.n_judged) for p in row.points] == [("old", 1), ("new", 1)]


def test_signatures_that_differ_in_the_rubric_alone_are_one() -> None:
    other = SIGNATURE.replace("aaaa", "bbbb")
    assert summarise_grades([grade("a"), grade("b")]).signatures == (SIGNATURE,)
    both = summarise_grades([grade("a"), grade("b", signature=other)]).signatures
    assert both == (SIGNATURE.removesuffix("|rubric:aaaa"),)
    newer = SIGNATURE.replace("0.1.0", "0.2.0")
    assert summarise_grades([grade("a"), grade("b", signature=newer)]).signatures == (SIGNATURE, newer)


def test_only_the_first_grades_are_kept() -> None:
    def endless() -> Iterator[Grade]:
        yield from (grade(f"a{i}", 0.5) for i in range(1000))

    summary = summarise_grades(endless(), keep=3)
    assert [g.answer_id for g in summary.grades] == ["a0", "a1", "a2"]
    assert (summary.n_answers, summary.n_not_shown, summary.histogram[5]) == (1000, 997, 1000)
