"""What marks may not do: no attack that gains nothing without marks gains anything with them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.marks.bounds import BY_SCALE_ALONE, NEVER_GAIN, NOT_BY_SIMILARITY, OFF_TOPIC, FlaggedMark, bound, lifts

UNIT = st.floats(0, 1, allow_nan=False)
FLAGS = st.lists(st.sampled_from([*sorted(NEVER_GAIN | NOT_BY_SIMILARITY | BY_SCALE_ALONE), "duplicate"]), unique=True)


@pytest.mark.parametrize("flag", sorted(NEVER_GAIN | NOT_BY_SIMILARITY))
def test_what_is_no_answer_gains_nothing(flag: str) -> None:
    found = bound(
        0.9,
        flags=["verbatim_copy", flag],
        fraction=0.1,
        mapped=0.6,
        topic=0.9,
        nearest=0,
        share_beyond_question=1,
        lifts={},
    )
    assert found == (0.1, flag)


@pytest.mark.parametrize("flag", sorted(BY_SCALE_ALONE))
def test_a_guarded_answer_gains_nothing_by_likeness(flag: str) -> None:
    found = bound(0.9, flags=[flag], fraction=0.1, mapped=0.4, topic=0.9, nearest=0, share_beyond_question=1, lifts={})
    assert found == (0.4, flag)


def test_what_people_gave_such_answers_counts() -> None:
    marked = [FlaggedMark(("keyword_list",), 0.1, 0.3, 0.9), FlaggedMark(("keyword_list", "duplicate"), 0.2, 0.3, 0.8)]
    # (.8 + .6) / (2 + 2)
    assert lifts(marked) == {"keyword_list": pytest.approx(0.35)}
    assert lifts(marked[:1]) == {}
    assert bound(
        0.9,
        flags=["keyword_list"],
        fraction=0.1,
        mapped=0.3,
        topic=1,
        nearest=0,
        share_beyond_question=1,
        lifts=lifts(marked),
    ) == (
        pytest.approx(0.45),
        "keyword_list",
    )


def test_people_who_give_nothing_for_it_lift_nothing() -> None:
    marked = [FlaggedMark(("contradiction",), 0.3, 0.5, 0.0)] * 5
    assert lifts(marked) == {"contradiction": 0.0}
    assert lifts([FlaggedMark(("instructions",), 0.1, 0.5, 1.0)] * 5) == {}


def test_an_answer_about_something_else_gains_nothing_and_one_in_between_a_part() -> None:
    said: dict[str, Any] = {
        "flags": (),
        "fraction": 0.2,
        "mapped": 0.5,
        "share_beyond_question": 1,
        "lifts": {},
        "nearest": 0.1,
    }
    assert bound(0.8, topic=OFF_TOPIC, **said) == (0.2, "off_topic")
    assert bound(0.8, topic=0.25, **said) == (pytest.approx(0.5), "off_topic")
    assert bound(0.8, topic=0.3, **said) == (0.8, None)
    assert bound(0.1, topic=0.0, **said) == (0.1, None)
    assert bound(0.8, topic=0.0, **{**said, "nearest": 0.4}) == (0.8, None)


def test_the_question_in_other_words_gains_nothing() -> None:
    said: dict[str, Any] = {"flags": (), "mapped": 0.5, "topic": 0.9, "lifts": {}}
    assert bound(0.8, fraction=0.05, share_beyond_question=0.2, nearest=0.7, **said) == (0.05, "says_nothing")
    assert bound(0.8, fraction=0.05, share_beyond_question=0.5, nearest=0.7, **said) == (0.8, None)  # words of its own
    assert bound(0.8, fraction=0.3, share_beyond_question=0.2, nearest=0.7, **said) == (
        0.8,
        None,
    )  # it states something
    assert bound(0.8, fraction=0.05, share_beyond_question=0.2, nearest=0.85, **said) == (
        0.8,
        None,
    )  # as a marked answer does


@given(UNIT, UNIT, UNIT, st.floats(-1, 1), st.floats(-1, 1), UNIT, FLAGS, UNIT)
def test_a_bound_never_raises_and_more_flags_never_help(
    expected: float,
    fraction: float,
    mapped: float,
    topic: float,
    nearest: float,
    own: float,
    flags: list[str],
    lift: float,
) -> None:
    given_lifts = dict.fromkeys(NOT_BY_SIMILARITY | BY_SCALE_ALONE, lift)
    context: dict[str, Any] = {
        "fraction": fraction,
        "mapped": mapped,
        "topic": topic,
        "nearest": nearest,
        "share_beyond_question": own,
        "lifts": given_lifts,
    }
    found = bound(expected, flags=flags, **context)
    assert found.fraction <= expected
    assert found.fraction <= bound(expected, flags=flags[:-1], **context).fraction
    assert found.fraction >= min(expected, fraction) - 1e-12
