"""The worklist keeps answers in order, finds duplicates, and knows which answers have a grade."""

from collections.abc import Iterator

import pytest

from grader.batch.journal import JournalEntry
from grader.batch.worklist import Worklist
from grader.errors import InputError
from grader.schema import Answer


@pytest.fixture
def worklist() -> Iterator[Worklist]:
    with Worklist() as opened:
        yield opened


def _add(
    worklist: Worklist, answer_id: str, *, key: str, candidate: str | None = None, words: bytes | None = b"w"
) -> None:
    answer = Answer(answer_id=answer_id, question_id="q", answer=f"answer {key}", candidate=candidate, extra={"n": 1.5})
    worklist.add(answer, key=key, words=words, line=worklist.n_answers + 2, source="answers.csv")


def test_answers_come_back_in_input_order_and_unchanged(worklist: Worklist) -> None:
    for answer_id in ("b", "a", "c"):
        _add(worklist, answer_id, key=f"k-{answer_id!r}", candidate="c")
    worklist.build_index()
    items = list(worklist.in_order())
    assert [item.answer.answer_id for item in items] == ["b", "a", "c"]
    assert items[0].answer.model_dump() == {
        "answer_id": "b",
        "question_id": "q",
        "answer": "answer k-'b'",
        "candidate": "c",
        "extra": {"n": 1.5},
    }
    assert all(item.entry is None for item in items)


def test_a_repeated_id_is_an_error_with_both_lines(worklist: Worklist) -> None:
    _add(worklist, "a", key="1")
    _add(worklist, "b", key="2")
    with pytest.raises(
        InputError, match=r"answers\.csv:4: field 'answer_id': 'a' appears twice, the first time on line 2"
    ):
        _add(worklist, "a", key="3")
    assert worklist.n_answers == 2


@pytest.mark.parametrize(
    ("candidates", "words", "expected"),
    [
        (("x", "y"), b"w", [True, True]),
        (("x", "x"), b"w", [False, False]),
        ((None, None), b"w", [True, True]),  # answers without a candidate count as those of different candidates
        (("x", "y"), None, [False, False]),  # equal by chance
    ],
)
def test_equal_words_of_different_candidates_are_duplicates(
    worklist: Worklist, candidates: tuple[str | None, ...], words: bytes | None, expected: list[bool]
) -> None:
    for number, candidate in enumerate(candidates):
        _add(worklist, str(number), key="1", candidate=candidate, words=words)
    assert [item.is_duplicate for item in worklist.in_order()] == expected


def test_grades_are_counted_by_answer_and_by_key(worklist: Worklist) -> None:
    for answer_id, key in (("a", "1"), ("b", "1"), ("c", "2")):
        _add(worklist, answer_id, key=key)
    worklist.build_index()
    for key, offset in (("unused", 0), ("1", 50), ("1", 90)):
        worklist.mark_graded(JournalEntry(key, offset, 40, retry=False))
    assert worklist.n_with(["1", "1", "2"]) == 3
    assert (worklist.has_grade("1"), worklist.has_grade("2")) == (True, False)
    assert (worklist.n_graded, worklist.n_used, worklist.n_unused) == (2, 1, 1)
    assert list(worklist.used()) == [("1", 90, 40)]
    assert [item.entry for item in worklist.in_order()] == [(90, 40), (90, 40), None]


def test_grades_recorded_during_the_iteration_are_seen_on_the_next_page(worklist: Worklist) -> None:
    for number in range(300):  # more than one page
        _add(worklist, str(number), key=str(number))
    seen = []
    for item in worklist.in_order():
        if item.answer.answer_id == "0":
            worklist.mark_graded(JournalEntry("299", 7, 8, retry=False))
        seen.append(item)
    assert len(seen) == 300
    assert seen[-1].entry == (7, 8)
