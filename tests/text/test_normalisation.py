"""Normalisation keeps its way back; segments are what a reader would call sentences and items."""

import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from grader.text.normalisation import content_words, has_digit, normalise, segments, words


def shown(text: str) -> list[str]:
    return [text[start:end] for start, end in segments(text)]


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("one\x0btwo\x85three", "one\ntwo\nthree"),
        ("plain text", "plain text"),
        ("ｆｕｌｌｗｉｄｔｈ", "fullwidth"),
        ("\ufb01ne \U0001d400\U0001d401", "fine AB"),
        ("a\u200bb\u202ec\ufeff\U000e0041", "abc"),
        ("cafe\u0301", "café"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("nul\x00 and lone \ud800 surrogate", "nul and lone  surrogate"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_normalise(raw: str, normal: str) -> None:
    assert normalise(raw).text == normal


def test_hidden_characters_are_counted() -> None:
    assert normalise("a\u200b\u202eb").n_hidden == 2
    assert normalise("line\nand\ttab").n_hidden == 0


def test_a_span_leads_back_to_the_original() -> None:
    raw = "ｘ\u200b the \ufb01rst cafe\u0301"
    normal = normalise(raw)
    start = normal.text.index("first")
    span = normal.original_span(start, start + 5)
    assert raw[span.start : span.end] == "\ufb01rst"
    start = normal.text.index("é")
    assert raw[slice(*normal.original_span(start, start + 1))] == "e\u0301"


@given(st.text(max_size=60))
def test_every_span_of_the_normalised_text_lies_in_the_original(raw: str) -> None:
    normal = normalise(raw)
    for start in range(len(normal.text)):
        span = normal.original_span(start, start + 1)
        assert 0 <= span.start < span.end <= len(raw)


@given(st.text("aZ1. ~\n\t\r\0\x7féé\u0301\u0336\u200b\ufb01\u1161’", max_size=30))
def test_a_stretch_is_read_as_its_characters_are_one_by_one(raw: str) -> None:
    whole = normalise(raw)
    places = [match.span() for match in re.finditer("\r\n|.[\u0301\u0336\u1161]*", raw, re.DOTALL)]
    alone = [(normalise(raw[start:end]), start, end) for start, end in places]
    assert whole.text == "".join(part.text for part, _, _ in alone)
    assert whole.n_hidden == sum(part.n_hidden for part, _, _ in alone)
    if whole.starts is not None and whole.ends is not None:
        assert whole.starts.tolist() == [start for part, start, _ in alone for _ in part.text]
        assert whole.ends.tolist() == [end for part, _, end in alone for _ in part.text]


@given(st.text(max_size=20))
def test_digits_of_any_script(text: str) -> None:
    assert has_digit(text) == any(char.isdigit() for char in text)


@given(st.text(st.sampled_from("aZé. \n)(-•1;。_"), max_size=12))
def test_where_two_letters_stand_side_by_side_there_is_a_segment(text: str) -> None:
    if re.search(r"[^\W\d_]{2}", text):
        assert segments(text)


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), max_size=60))
def test_plain_ascii_is_left_alone(raw: str) -> None:
    assert normalise(raw).text == raw


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=60))
def test_without_hidden_characters_it_is_the_standard_form(raw: str) -> None:
    standard = unicodedata.normalize("NFKC", raw)
    assume(not any(unicodedata.combining(char) for char in standard))
    normal = normalise(raw)
    assume(normal.n_disguised == 0)
    # Superscripts and fractions after a digit keep their value instead (test_numbers.py).
    assume(not any(unicodedata.category(char) == "No" for char in raw))
    assert unicodedata.normalize("NFKC", normal.text) == standard


def test_a_span_outside_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match=r"span \[2, 9\] is not inside a text of 3 characters"):
        normalise("abc").original_span(2, 9)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One here. Two there! Three?", ["One here.", "Two there!", "Three?"]),
        ("CNNs, e.g. LeNet, use 0.5 dropout. So do I.", ["CNNs, e.g. LeNet, use 0.5 dropout.", "So do I."]),
        ("- first\n- second\n\n3. third", ["first", "second", "third"]),
        ("a) one; b) two", ["one;", "two"]),
        ("O(n) vs. O(n^2), see Fig. 3", ["O(n) vs. O(n^2), see Fig. 3"]),
        ("It ends with layer A. Then it stops.", ["It ends with layer A.", "Then it stops."]),
        ("(Really.) Yes.", ["(Really.)", "Yes."]),
        ("一つ。二つ。", ["一つ。", "二つ。"]),
        ("...", []),
        ("", []),
        ("\n \n", []),
    ],
)
def test_segments(text: str, expected: list[str]) -> None:
    assert shown(text) == expected


@given(st.text(max_size=200))
def test_segments_are_ordered_and_hold_every_letter(text: str) -> None:
    spans = segments(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    inside = {i for start, end in spans for i in range(start, end)}
    outside = [char for i, char in enumerate(text) if i not in inside]
    # numbering such as "3." or "b)" is the only thing with letters or digits that stays outside
    assert sum(char.isalnum() for char in outside) <= 2 * text.count("\n") + 2 * len(spans) + 2


def test_joiners_and_soft_hyphens_hide_nothing() -> None:
    assert normalise("👩\u200d💻 hy\u00adphen").n_hidden == 0


@pytest.mark.parametrize("piece", ["e.g. x ", "Dr. ", "see e.g. a ", "a\n\n \n", "x" * 50])
def test_long_texts_are_cut_quickly(piece: str) -> None:
    # quadratic cutting took minutes for this; the test would not end
    assert len(segments(piece * (400_000 // len(piece)))) >= 1


def test_words() -> None:
    assert words("It's a state-of-the-art model, v2.") == ["It's", "a", "state-of-the-art", "model", "v2"]
    assert content_words("The loss of THE model is a number") == ["loss", "model", "number"]


@pytest.mark.parametrize(
    ("raw", "text", "n_disguised"),
    [
        ("Drop\u043eut r\u0430ndomly", "Dropout randomly", 2),
        ("\u0430 model", "a model", 1),
        ("rate \u03b1 and \u03b2", "rate \u03b1 and \u03b2", 0),
        ("\u03b1t + \u03b2x", "\u03b1t + \u03b2x", 0),
        ("\u042d\u0442\u043e \u043e\u0442\u0432\u0435\u0442", "\u042d\u0442\u043e \u043e\u0442\u0432\u0435\u0442", 0),
    ],
)
def test_lookalikes_are_read_as_latin_where_they_stand_in_for_it(raw: str, text: str, n_disguised: int) -> None:
    normalised = normalise(raw)
    assert (normalised.text, normalised.n_disguised) == (text, n_disguised)


def test_piled_marks_are_hidden_characters() -> None:
    normalised = normalise("d\u0337\u0322\u031brop")
    assert normalised.text == "drop"
    assert normalised.n_hidden == 1


def test_accents_stay() -> None:
    assert normalise("cafe\u0301 na\u00efve").text == "caf\u00e9 na\u00efve"
    assert normalise("cafe\u0301 na\u00efve").n_hidden == 0
