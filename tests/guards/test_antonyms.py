"""Opposite words one by one, and looked up all at once."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.guards.antonyms import antonym_index, are_opposites, may_any_oppose, may_oppose

PAIRS = [
    ("increase", "decrease"),
    ("increases", "falls"),
    ("stable", "unstable"),
    ("harmful", "harmless"),
    ("symmetric", "asymmetric"),
    ("faster", "slowest"),
]
KEPT = [("increase", "increases"), ("put", "input"), ("stable", "table"), ("sleep", "asleep"), ("cat", "dog")]


@pytest.mark.parametrize("pair", PAIRS)
def test_opposites(pair: tuple[str, str]) -> None:
    assert are_opposites(*pair) and are_opposites(*pair[::-1])


@pytest.mark.parametrize("pair", KEPT)
def test_no_opposites(pair: tuple[str, str]) -> None:
    assert not are_opposites(*pair) and not are_opposites(*pair[::-1])


def test_looking_up_all_at_once_misses_none() -> None:
    words = sorted({word for pair in PAIRS + KEPT for word in pair})
    for word, other in product(words, words):
        if are_opposites(word, other):
            assert may_oppose(word, antonym_index(["the", other, "cat"]))
    assert not may_oppose("increase", antonym_index(["cat", "input", "table"]))


_SOME = st.lists(st.sampled_from(sorted({word for pair in PAIRS + KEPT for word in pair})), max_size=3)


@given(_SOME, _SOME)
def test_all_words_at_once_are_looked_up_as_one_by_one(words: list[str], others: list[str]) -> None:
    known = antonym_index(others)
    assert may_any_oppose(antonym_index(words), known) == any(may_oppose(word, known) for word in words)
