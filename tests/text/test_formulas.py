"""Formulas are atoms: no sentence, clause or bracket is cut in them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.text.formulas import ATOM, FORMULA, is_factor
from grader.text.grammar.sentence import detokenize
from grader.text.grammar.tagging import tokenize
from grader.text.normalisation import segments


@pytest.mark.parametrize(
    "formula",
    [
        r"$E(X) = \sum_i p_i x_i$",
        r"\(f(x) = 1. 5; g(x) = 2\)",
        "\\[ a^2 + b^2\n= c^2 \\]",
        "$$ x = 1; y = 2. $$",
        r"\begin{align}a &= b. \\ c &= d\end{align}",
        r"\([0, 1)\)",
        r"$\$5 + x$",
    ],
)
def test_a_formula_is_one_stretch_and_one_token(formula: str) -> None:
    text = f"It is {formula}, as shown. Next."
    assert FORMULA.findall(text)
    assert len(segments(text)) == 2
    assert formula in [token.text for token in tokenize(text)]
    assert detokenize(tokenize(f"It is {formula}.")) == "It is " + " ".join(formula.split())


@pytest.mark.parametrize("text", ["It costs $5 and $10 more.", "$ x $", "a \\$ b $ c"])
def test_money_is_no_formula(text: str) -> None:
    assert not FORMULA.search(text)


@pytest.mark.parametrize("text", ["Use `for x in y: a; b` here.", "The loop (i = 0; i < n; i++) runs."])
def test_code_in_a_sentence_is_not_cut(text: str) -> None:
    assert ATOM.search(text)
    assert len(segments(text)) == 1


@pytest.mark.parametrize(
    ("before", "inside", "expected"),
    [
        ("n", "n + 1", True),
        ("V", "I", True),
        ("log", "n", True),
        ("2", "a - b", True),
        ("integers", "n (n + 1) / 2", True),
        ("networks", "RNNs", False),
        ("weeks", "2-5", False),
        ("bits", "often 8", False),
        ("Chen", "2011", False),
    ],
)
def test_brackets_of_a_formula(before: str, inside: str, expected: bool) -> None:
    assert is_factor(before, inside) is expected


FORMULAS = st.text("abxyz0123456789 =+-*/^_.,;()[]{}", min_size=1, max_size=40).map(str.strip).filter(bool)


@given(FORMULAS, st.sampled_from([("$", "$"), ("\\(", "\\)"), ("\\[ ", " \\]"), ("$$", "$$")]))
def test_any_formula_keeps_every_sign(inside: str, signs: tuple[str, str]) -> None:
    formula = f"{signs[0]}{inside}{signs[1]}"
    (start, end), *others = segments(f"The value is {formula} in all cases")
    assert not others
    assert formula in [token.text for token in tokenize(f"The value is {formula} in all cases"[start:end])]


@pytest.mark.parametrize("piece", ["\\[", "\\(", "$$", "$a ", "`", "(= ;", "\\begin{a}"])
def test_signs_that_nothing_closes_are_not_slow(piece: str) -> None:
    start = time.process_time()
    segments(piece * (100_000 // len(piece)))
    assert time.process_time() - start < 10
