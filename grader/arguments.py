"""Arguments of a wrong type from Python: one `TypeError` that says what was found and how to write it."""

from typing import Any

from grader.phrases import shorten


def wrong_type(name: str, found: Any, expected: str, write: str) -> TypeError:
    """The error to raise.

    Args:
        name: of the argument.
        found: what was given.
        expected: what it must be, in words.
        write: a piece of code that is right.
    """
    return TypeError(f"{name}: found {_described(found)}, expected {expected}; write {write}")


def _described(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"the text {shorten(repr(value), 60)}"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}"
