"""Denials in words of their own, found by the vectors of the words."""

import numpy as np
import pytest

from grader.alignment import doubt, may_doubt, word_cosines
from grader.claims import read_claim

POINT = read_claim("A warm oven browns small loaves early")


def kind(statement: str, pairs: dict[str, str]) -> str | None:
    """What is found where the given words of the point mean the same as words of the statement."""
    said = read_claim(statement)
    cosines = np.array(
        [
            [0.8 if pairs.get(POINT.words[i].text) == said.words[j].text else 0.1 for j in said.content]
            for i in POINT.content
        ],
        np.float32,
    )
    found = doubt(POINT, said, cosines) if may_doubt(POINT, said, 0.8) else None
    assert found is None or not found.certain
    return None if found is None else found.kind


SAME = {"warm": "heated", "oven": "stove", "browns": "toasts", "small": "tiny", "loaves": "buns"}


@pytest.mark.parametrize(
    ("statement", "pairs", "expected"),
    [
        ("A heated stove does not toasts tiny buns", SAME, "negation"),
        ("A heated stove toasts tiny buns late", SAME | {"early": "late"}, "opposite"),
        ("A heated stove toasts tiny buns", SAME, None),
        ("A heated stove toasts tiny buns, but it is not cheap", SAME, None),
        ("If there is no power, a heated stove does not toasts tiny buns", SAME, None),
        ("The stove does not cost much", {"oven": "stove"}, None),
    ],
)
def test_a_clause_that_says_most_of_a_point_and_is_denied(
    statement: str, pairs: dict[str, str], expected: str | None
) -> None:
    assert kind(statement, pairs) == expected


def test_a_point_that_denies_something_is_left_alone() -> None:
    point, said = read_claim("The oven prevents burns"), read_claim("The stove does not scald")
    assert doubt(point, said, np.full((3, 2), 0.9, np.float32)) is None


def test_a_statement_that_says_little_of_a_point_is_left_alone() -> None:
    assert not may_doubt(POINT, read_claim("A warm oven does not brown small loaves early"), 0.3)


def test_a_word_of_several_tokens_has_their_mean() -> None:
    claim = read_claim("The mini-batch")
    vectors = np.eye(4, dtype=np.float32)
    [[cosine]] = word_cosines(
        (claim, ("the", "mini", "-", "batch"), vectors), (read_claim("mini"), ("mini",), vectors[1:2])
    )
    assert cosine == pytest.approx(0.5**0.5)
