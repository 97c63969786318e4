"""What is counted about judges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.reports.grades.summary import InterJudgeAgreement, JudgesSummary, JudgesTally, summarise_grades
from grader.schema import Grade, PointGrade, Rated, VerdictWord
from tests.support.sample_grades import grade, point, verdict


def tallied(*grades: Grade) -> JudgesSummary:
    tally = JudgesTally()
    for each in grades:
        tally.add(each)
    summary = tally.summary()
    assert summary is not None
    return summary


def judged(number: int, *words: VerdictWord, embedding: Rated | None = None, weight: float = 1) -> PointGrade:
    """A point on which judges a, b, c ... gave these verdicts."""
    verdicts = tuple(verdict(judge, word) for judge, word in zip("abcdefgh", words, strict=False))
    return point(number, weight=weight, verdicts=verdicts, by_embedding=embedding or Rated("covered", 1.0))


def test_without_judges_there_is_nothing_to_tell() -> None:
    assert JudgesTally().summary() is None
    assert summarise_grades([grade("a", 0.5, point(1))]).judges is None


def test_verdicts_of_each_judge_are_counted() -> None:
    summary = tallied(
        grade("a", 0.5, judged(1, "covered", "missing"), judged(2, "covered", "cannot_tell"), point(3)),
        grade("b", 0.5, judged(1, "partial", "not_judged")),
        grade("c", 0.5, point(1)),
    )
    a, b = summary.judges
    assert (summary.n_answers, summary.n_points) == (2, 3)
    assert (a.judge, dict(a.verdicts)) == ("a", {"covered": 2, "partial": 1})
    assert (b.judge, dict(b.verdicts)) == ("b", {"missing": 1, "cannot_tell": 1, "not_judged": 1})
    assert (a.n_compared, a.same_as_embedding) == (3, pytest.approx(2 / 3))
    assert (b.n_compared, b.same_as_embedding) == (1, 0.0)


def test_only_awards_are_unsupported() -> None:
    said = (
        verdict("a", "covered", supported=False),
        verdict("b", "not_judged", supported=False),
        verdict("c", "partial"),
    )
    rows = tallied(grade("a", 0.5, point(1, verdicts=said))).judges
    assert [row.n_unsupported for row in rows] == [1, 0, 0]


@pytest.mark.parametrize("embedding", [None, Rated("not_judged", None)])
def test_without_a_result_of_the_embedding_nothing_is_compared(embedding: Rated | None) -> None:
    (row,) = tallied(grade("a", 0.5, point(1, verdicts=(verdict("a", "covered"),), by_embedding=embedding))).judges
    assert (row.n_compared, row.same_as_embedding) == (0, None)


def test_a_mistake_was_made_or_not() -> None:
    """The embedding never calls a mistake partial or contradicted: these words of a judge mean that it was not made."""
    missing = Rated("missing", 0.0)
    points = [
        judged(1, "partial", "contradicted", embedding=missing, weight=-1),
        judged(2, "partial", "contradicted", embedding=missing),
    ]
    summary = tallied(grade("a", 0.5, *points))
    assert [row.same_as_embedding for row in summary.judges] == [0.5, 0.5]
    assert summary.agreement is not None
    assert (summary.agreement.exact, summary.agreement.spread) == (0.5, 0.25)


def test_a_single_judge_agrees_with_nobody() -> None:
    assert tallied(grade("a", 0.5, judged(1, "covered"))).agreement is None
    alone = tallied(grade("a", 0.5, judged(1, "covered", "not_judged"), judged(2, "cannot_tell", "missing")))
    assert alone.agreement == InterJudgeAgreement(0, None, None, None)


def test_agreement_between_judges() -> None:
    """Krippendorff (2011), binary data of two observers on ten units: alpha .095, agreement on six of them."""
    first: list[VerdictWord] = [("missing", "covered")[int(value)] for value in "0100000010"]
    second: list[VerdictWord] = [("missing", "covered")[int(value)] for value in "1110010000"]
    points = [judged(n, a, b) for n, (a, b) in enumerate(zip(first, second, strict=True))]
    between = tallied(grade("a", 0.5, *points[:3]), grade("b", 0.5, *points[3:])).agreement
    assert between is not None
    assert (between.n_points, between.exact, between.spread) == (10, 0.6, pytest.approx(0.4))
    assert between.alpha == pytest.approx(0.095, abs=5e-4)


def test_the_spread_is_from_the_highest_to_the_lowest_credit() -> None:
    points = [judged(1, "covered", "partial", "missing"), judged(2, "partial", "cannot_tell", "contradicted")]
    between = tallied(grade("a", 0.5, *points, judged(3, "partial", "partial", "partial"))).agreement
    assert between is not None and between.spread == pytest.approx((1 + 0.5 + 0) / 3)


def test_alpha_is_undefined_where_all_verdicts_are_the_same() -> None:
    between = tallied(grade("a", 0.5, judged(1, "covered", "covered"), judged(2, "covered", "covered"))).agreement
    assert between == InterJudgeAgreement(2, 1.0, None, 0.0)


WORDS: list[VerdictWord] = ["covered", "partial", "missing", "contradicted", "cannot_tell", "not_judged"]
tables = st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=3), min_size=1, max_size=8)


@given(tables)
def test_neither_order_of_points_nor_of_judges_matters(table: list[list[VerdictWord]]) -> None:
    one = tallied(grade("a", 0.5, *(judged(n, *words) for n, words in enumerate(table))))
    other = tallied(*(grade(str(n), 0.5, judged(n, *reversed(words))) for n, words in enumerate(reversed(table))))
    assert one.agreement is not None and other.agreement is not None
    assert one.agreement._replace(alpha=None) == pytest.approx(other.agreement._replace(alpha=None))
    assert one.agreement.alpha == (None if other.agreement.alpha is None else pytest.approx(other.agreement.alpha))
    assert [row.verdicts for row in one.judges] == [row.verdicts for row in reversed(other.judges)]
    assert all(row.verdicts.total() == len(table) for row in one.judges)
