"""Prices, and budgets that are never exceeded, with threads too."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.provider.budget import Budget, Price, TokenUsage, read_prices

same_every_run = settings(derandomize=True, deadline=None, max_examples=60)

# What a request may cost, the share of it that it does cost, and how many others begin before it ends.
OUTLAY = st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 8))


def at_once() -> bool:
    """A run that is stopped waits for no reservation of others."""
    return True


@given(st.lists(OUTLAY, max_size=40), st.floats(0, 4), st.integers(0, 40))
@same_every_run
def test_a_budget_is_never_passed(wanted: list[tuple[float, float, int]], most: float, calls: int) -> None:
    budget = Budget(calls, most)
    on_their_way: list[tuple[int, float, float]] = []
    for number, (reserved, share, others) in enumerate(wanted):
        for ended in [some for some in on_their_way if some[0] < number]:
            on_their_way.remove(ended)
            budget.settle(*ended[1:])
        if budget.reserve(reserved, at_once) is None:
            on_their_way.append((number + others, reserved, reserved * share))
        assert budget.cost + sum(some[1] for some in on_their_way) <= most + 1e-9
        assert budget.calls <= calls


def test_threads_together_do_not_pass_a_budget() -> None:
    budget = Budget(max_calls=500, max_cost=70.0)
    begin = threading.Barrier(16)

    def spend(seed: int) -> int:
        draw = random.Random(seed)
        begin.wait()
        taken = 0
        for _ in range(100):
            reserved = draw.random()
            if budget.reserve(reserved) is None:
                taken += 1
                budget.settle(reserved, reserved * draw.random())
        return taken

    with ThreadPoolExecutor(16) as pool:
        taken = sum(pool.map(spend, range(16)))
    assert taken == budget.calls <= 500
    assert 60 < budget.cost <= 70


def test_a_request_waits_for_what_others_reserved_and_did_not_spend() -> None:
    budget = Budget(max_cost=1.0)
    assert budget.reserve(0.9) is None
    threading.Timer(0.1, budget.settle, (0.9, 0.1)).start()
    assert budget.reserve(0.9) is None


def test_a_budget_says_which_limit_is_reached() -> None:
    budget = Budget(max_calls=1)
    assert budget.reserve(1) is None
    assert budget.reserve(1) == "the limit of 1 calls is reached"
    spent = Budget(max_cost=0.5)
    assert spent.reserve(0.4) is None
    spent.settle(0.4, 0.3)
    assert spent.reserve(0.3) == "the limit of 0.5 is reached: 0.3 is spent"
    assert spent.reserve(0.2) is None
    assert spent.reserve(0.01, at_once) is not None  # what is on its way may cost all that is left


def test_a_price_is_for_a_million_tokens() -> None:
    assert Price(2.5, 10).cost(TokenUsage(400_000, 50_000)) == pytest.approx(1.5)


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
