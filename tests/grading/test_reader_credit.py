"""Two logits and a coverage -> probabilities and a credit."""

from hypothesis import given
from hypothesis import strategies as st

from grader.grading.reader_credit import READER_CALIBRATION, best_of_wordings
from grader.reader.reader import Reading

logits = st.floats(-30, 30)
coverages = st.floats(0, 1)


@given(coverages, logits, logits, coverages, coverages)
def test_everything_is_a_share(
    coverage: float, stated: float, contradicted: float, by_coverage: float, style: float
) -> None:
    read = READER_CALIBRATION.read_point(coverage, Reading(stated, contradicted))
    assert 0 <= read.stated <= 1 and 0 <= read.contradicted <= 1 and 0 <= read.share <= 1
    assert 0 <= read.credit_with(by_coverage, style) <= 1
    assert not (read.contradicts and read.stated > read.contradicted)


@given(coverages, logits, logits, st.floats(0, 5))
def test_more_for_stated_and_for_coverage(coverage: float, stated: float, contradicted: float, more: float) -> None:
    def chance(coverage: float, stated: float) -> float:
        return READER_CALIBRATION.read_point(coverage, Reading(stated, contradicted)).stated

    assert chance(coverage, stated + more) >= chance(coverage, stated)
    assert chance(min(1.0, coverage + more), stated) >= chance(coverage, stated)


def test_a_clear_reading_decides_where_the_words_are_others() -> None:
    clearly = READER_CALIBRATION.read_point(0.3, Reading(8, -8))
    assert clearly.credit_with(0.2, 1.0) > 0.5 and not clearly.contradicts
    against = READER_CALIBRATION.read_point(0.3, Reading(-8, 8))
    assert against.credit_with(0.2, 1.0) < 0.2 and against.contradicts


@given(coverages, logits, logits, st.floats(0, 5))
def test_less_for_contradicted(coverage: float, stated: float, contradicted: float, more: float) -> None:
    def credit(contradicted: float) -> float:
        return READER_CALIBRATION.read_point(coverage, Reading(stated, contradicted)).credit_with(0.7, 1.0)

    assert credit(contradicted + more) <= credit(contradicted)


def test_without_any_coverage_the_reader_is_not_heard() -> None:
    assert READER_CALIBRATION.read_point(0.0, Reading(8, -8)).credit_with(0.0, 1.0) == 0
    muted = READER_CALIBRATION.read_point(0.3, Reading(8, -8)).muted(0.2)
    assert muted.stated == 0.2 and muted.credit_with(0.1, 1.0) == 0.1


def test_the_best_wording_of_each_point_is_taken() -> None:
    readings = [Reading(0, 3), Reading(1, -2), Reading(-4, 0)]
    assert best_of_wordings([0, 0, 1], readings) == readings[1:]
    assert best_of_wordings([], []) == []
