"""What a model's tokens cost, from a file that people keep: prices change, and nobody's prices are built in."""

from pathlib import Path

from grader.errors import InputError
from grader.files import read_document
from grader.provider.limits import Price

_EXAMPLE = "a line such as 'my-model: {input: 0.5, output: 1.5}', money per million tokens"


def read_prices(path: str | Path) -> dict[str, Price]:
    """Prices by model, from a YAML or JSON document of `model: {input: .., output: ..}` per million tokens.

    Raises:
        InputError: with file and line: not such a document, or a price that is no number of 0 or more.

    """
    document = read_document(path)
    if not isinstance(document.data, dict):
        raise InputError(f"expected {_EXAMPLE}", source=document.source, line=document.line_of(()))
    prices = {}
    for model, value in document.data.items():
        line = document.line_of((model,))
        if not isinstance(value, dict) or value.keys() != {"input", "output"}:
            raise InputError(f"expected {_EXAMPLE}", source=document.source, line=line, field=model)
        amounts = {name: _amount(value[name]) for name in ("input", "output")}
        wrong = next((name for name, amount in amounts.items() if amount is None), None)
        if wrong is not None:
            problem = f"found '{value[wrong]}', expected a number of 0 or more"
            raise InputError(problem, source=document.source, line=line, field=f"{model}.{wrong}")
        prices[model] = Price(amounts["input"] or 0.0, amounts["output"] or 0.0)
    return prices


def _amount(value: object) -> float | None:
    """A price as YAML (text) or JSON (number) has it."""
    try:
        amount = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except ValueError:
        return None
    return amount if 0 <= amount < 1e9 else None
