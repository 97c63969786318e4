"""Numbers are compared by value, however they are written."""

import pytest

from grader.text import differing_quantities, normalise, quantities, rewrite_quantities, same_quantity

SAME = [
    ("7,400 seats", "7400 seats"),
    ("7,400 seats", "7 400 seats"),
    ("7,400 seats", "7.4 thousand seats"),
    ("7,400 seats", "seven thousand four hundred seats"),
    ("1,203,000 tiles", "1 203 000 tiles"),
    ("two hundred and six bones", "206 bones"),
    ("thirty-two teeth", "32 teeth"),
    ("a hundred pens", "100 pens"),
    ("a dozen eggs", "12 eggs"),
    ("0,75 of it", "0.75 of it"),
    ("4,5 kg", "4.5 kg"),
    ("1/4 of it", "a quarter of it"),
    ("¾ of it", "three quarters of it"),
    ("2/3 of it", "two thirds of it"),
    ("2½ hours", "2.5 hours"),
    ("2 1/2 hours", "two and a half hours"),
    ("half an hour", "30 minutes"),
    ("a quarter of an hour", "15 min"),
    ("2^8 colours", "256 colours"),
    ("2⁸ colours", "256 colours"),
    ("10^9 grains", "1 billion grains"),
    ("6 × 10^3 grains", "6000 grains"),
    ("7e5 grains", "700,000 grains"),
    ("4M users", "4 million users"),
    ("9k users", "nine thousand users"),
    ("-15 degrees", "minus 15 degrees"),
    ("-15 °C", "minus fifteen degrees Celsius"),
    ("-15 °C", "15 degrees below zero"),
    ("212 °F", "100 °C"),
    ("25 %", "0.25"),
    ("25 percent", "a quarter"),
    ("25 per cent", "1/4"),
    ("6.0 legs", "six legs"),
    ("$9", "$9.00"),
    ("$9", "9 dollars"),
    ("€3 million", "3,000,000 euros"),
    ("£80", "80 pounds"),
    ("2.4 km", "2400 m"),
    ("170 cm", "1.7 metres"),
    ("0.3 kg", "300 grams"),
    ("2 m³", "2000 litres"),
    ("2 cubic metres", "2 m3"),
    ("5 square metres", "5 m²"),
    ("3 kilobytes", "3 kB"),
    ("48 hours", "two days"),
    ("24 hours", "a day"),
    ("60 minutes", "an hour"),
    ("the fourth step", "step 4"),
    ("the 4th phase", "the fourth phase"),
    ("at least 21", "not younger than 21"),
    ("at least 21", "no fewer than 21"),
    ("at most 5", "no more than five"),
]
OTHER = [
    ("7,400 seats", "74,000 seats"),
    ("7,400 seats", "seven thousand five hundred seats"),
    ("2½ hours", "2¼ hours"),
    ("2^8 colours", "2^9 colours"),
    ("4M users", "4 billion users"),
    ("-15 degrees", "15 degrees"),
    ("-15 °C", "20 degrees below zero"),
    ("100 °C", "100 °F"),
    ("$9", "€9"),
    ("$9", "9 euros"),
    ("£7", "$7.00"),
    ("2.4 km", "2.4 m"),
    ("2 m³", "200 litres"),
    ("24 hours", "a week"),
    ("the fourth step", "step 5"),
    ("25 %", "35 %"),
    ("at least 21 years", "at most 21 years"),
    ("half an hour", "20 minutes"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_value_is_one_number(one: str, other: str) -> None:
    (mine,), (theirs,) = quantities(normalise(one).text), quantities(normalise(other).text)
    assert same_quantity(mine, theirs)
    assert differing_quantities([mine], [theirs]) is differing_quantities([theirs], [mine]) is None


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_value_unit_or_currency_is_another_number(one: str, other: str) -> None:
    (mine,), (theirs,) = quantities(normalise(one).text), quantities(normalise(other).text)
    assert not same_quantity(mine, theirs)
    assert mine.vague or differing_quantities([mine], [theirs]) is not None


def test_a_sequence_of_numbers_is_not_one_number() -> None:
    values = [one.value for one in quantities("six, four and five, or 1,2 and 3; two hundred three")]
    assert sorted(values) == [1, 2, 3, 4, 5, 6, 203]


def test_twice_a_day_is_no_length_of_time() -> None:
    assert [one.kind for one in quantities("The crew eats twice a day, at 60 km an hour")] == ["length", ""]


def test_a_number_out_of_range_is_left_out() -> None:
    assert quantities("9999^999") == ()


def test_superscripts_and_fractions_keep_their_value_when_normalised() -> None:
    assert normalise("2¹⁰ and 1½ and m³").text == "2^10 and 1 1⁄2 and m3"


def test_numbers_are_rewritten_as_the_other_text_has_them() -> None:
    text, wanted = "It weighs 300 grams, not 5 kg.", "0.3 kg"
    assert rewrite_quantities(text, quantities(text), quantities(wanted)) == "It weighs 0.3 kg, not 5 kg."
