"""The order of words, against the table that the package carries."""

from hypothesis import given
from hypothesis import strategies as st

from grader.text.word_order import load_table, runs, word_class, word_salad_score

SENTENCE = "The model learns a map from the inputs to the labels and is then tested on data that it has not seen."


def test_a_sentence_is_not_odd() -> None:
    assert word_salad_score([SENTENCE]) == 0


def test_the_same_words_backwards_are_odd() -> None:
    assert word_salad_score([" ".join(reversed(SENTENCE.rstrip(".").split()))]) == 1


def test_few_words_are_never_odd() -> None:
    assert word_salad_score(["of the is a to"]) == 0


def test_numbers_and_code_part_the_runs() -> None:
    assert list(runs("we set x = 3 and (then) stop")) == [["we", "set"], ["and", "(", "then", ")", "stop"]]


def test_unknown_words_have_the_class_of_their_ending() -> None:
    known = load_table().rows
    assert word_class("The", known) == "the"
    assert word_class("blorping", known) == "-ing"
    assert word_class("blorp", known) == "-"


@given(st.lists(st.text(), max_size=5))
def test_any_text_has_a_word_salad_score(sentences: list[str]) -> None:
    assert 0 <= word_salad_score(sentences) <= 1
