"""Prices come from a file that people keep."""

from pathlib import Path

import pytest

from grader.errors import InputError
from grader.provider.limits import Price, TokenUsage
from grader.provider.prices import read_prices


def test_prices_are_per_million_tokens(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("my-model: {input: 0.5, output: 1.5}\nlocal/one: {input: 0, output: 0}\n")
    prices = read_prices(path)
    assert prices == {"my-model": Price(0.5, 1.5), "local/one": Price(0, 0)}
    assert prices["my-model"].cost(TokenUsage(2_000_000, 1_000_000)) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("my-model: 3\n", r"prices\.yaml:1: field 'my-model': expected a line such as"),
        ("a: {input: 1, output: 2}\nb: {input: 1}\n", r"prices\.yaml:2: field 'b'"),
        ("a: {input: 1, output: cheap}\n", r"field 'a\.output': found 'cheap', expected a number"),
        ("a: {input: -1, output: 1}\n", "found '-1'"),
        ("a: {input: nan, output: 1}\n", "found 'nan'"),
        ("- a\n", "expected a line such as"),
    ],
)
def test_a_wrong_price_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_prices(path)
