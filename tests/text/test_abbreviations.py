"""A full stop ends a sentence unless it ends an abbreviation, an initial or a time in its middle."""

import pytest

from grader.text.normalisation import segments


@pytest.mark.parametrize(
    "sentence",
    [
        "Table 4 agrees with Tab. 7 and Eqs. 2-5.",
        "The proof is on p. 12 of vol. 3, ch. IV, in Fig. B.",
        "Prof. Ada Moss Sr. of Lund Ltd. signed it.",
        "The lab opens at 8 a.m. on Mondays and closes at 6 p.m. daily.",
        "The course runs from Sept. 3 to Dec. 12, i.e. until Fri. 12 Dec. at the latest.",
        "A. A. Milne met W. E. B. Du Bois.",
        "The U.S. Congress and the U.K. Parliament sit in winter.",
        "Rivera et al. (2011) and Chen et al. agree, cf. Ohm.",
        "E. coli is No. 1 among approx. 20 species, bacteria etc. included.",
    ],
)
def test_sentences_that_stay_whole(sentence: str) -> None:
    text = f"{sentence} Then it goes on."
    assert [text[start:end] for start, end in segments(text)] == [sentence, "Then it goes on."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The office is in Bath, U.K.", "It opens soon."),
        ("The train leaves at 5 p.m.", "The bus waits."),
        ("The founder is Ann Poe Jr.", "She lives in Cork."),
        ("Oranges hold vitamin C.", "The body needs it."),
        ("Is it stable? No.", "The pole lies outside."),
        ("It uses maps, sets, etc.", "Lists are slower."),
        ("The planet orbits the sun.", "the moon does not."),
        ("The worst case is the max.", "We use that."),
        ("It started in Jan.", "The end is open."),
    ],
)
def test_abbreviations_that_end_a_sentence(first: str, second: str) -> None:
    text = f"{first} {second}"
    assert [text[start:end] for start, end in segments(text)][-1] == second
