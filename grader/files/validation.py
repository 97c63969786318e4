"""Check data from a file against a pydantic model, with errors that name file, line and field."""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from grader.errors import InputError
from grader.ids import id_text as id_text
from grader.phrases import count

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


def refuse_duplicate(seen: dict[str, int | None], value: str, *, line: int | None, field: str, source: str) -> None:
    """Record in `seen` that `value` is on `line`.

    Raises:
        InputError: with both lines, if `seen` has the value already.

    """
    if value in seen:
        raise duplicate_error(value, seen[value], line=line, field=field, source=source)
    seen[value] = line


# As spreadsheets show large numbers in narrow columns and write them to CSV; `1e5` is what a person may type.
_SHORTENED = re.compile(r"\d(?:[.,]\d+)?E\+\d{2,}")


def refuse_shortened_id(text: str, *, line: int | None, field: str, source: str) -> None:
    """Refuse an id such as 1.23E+11, which a spreadsheet has made of several that were different.

    Raises:
        InputError: with the way out.

    """
    if "E+" in text and _SHORTENED.fullmatch(text):
        problem = (
            f"'{text}' is an id that a spreadsheet has shortened, so different ids look the same: give the column the "
            "format Text (or Number without decimals) before you save it, or export again without a spreadsheet"
        )
        raise InputError(problem, source=source, line=line, field=field)


def duplicate_error(value: str, first: int | None, *, line: int | None, field: str, source: str) -> InputError:
    """The error for a value on `line` that repeats the one on line `first`."""
    problem = f"'{value}' appears twice, the first time on line {first}"
    return InputError(problem, source=source, line=line, field=field)


def slug(text: str) -> str:
    """The words of a text as lowercase ASCII, joined by hyphens; empty if it has no Latin letter and no digit."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def validate(
    model: type[Model],
    data: object,
    *,
    source: str,
    line_of: Callable[[Place], int | None],
    at: Place = (),
) -> Model:
    """Check `data` against a model.

    Args:
        model: the model.
        data: the data that was read.
        source: the file, for error messages.
        line_of: gives the line of a place in the file, such as `Document.line_of`.
        at: the place of `data` in the file.

    Raises:
        InputError: names file, line and field of the first error, what was found, and the number of further errors.

    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        place = faults[0]["loc"]
        problem = _fault_text(model, faults[0])
        if len(faults) > 1:
            problem += f" (and {len(faults) - 1} more)"
        raise InputError(problem, source=source, line=line_of(at + place), field=_field_name(place)) from error


def _fault_text(model: type[BaseModel], fault: Any) -> str:
    if fault["type"] == "missing":
        return "is missing"
    if fault["type"] == "extra_forbidden":
        return f"is not a known field, expected one of {', '.join(_fields(model, fault['loc']))}"
    message = _expected(fault)
    found = "" if not fault["loc"] else f", found {_short(fault['input'])}"
    return f"{message}{found}"


# The expected value in plain words, by the beginning of pydantic's error type.
_EXPECTED = {
    "string": "expected text",
    "tuple": "expected a list",
    "list": "expected a list",
    "dict": "expected an object with named fields",
    "model": "expected an object with named fields",
    "float": "expected a number",
    "int": "expected a whole number",
    "bool": "expected true or false",
    "finite_number": "expected a finite number",
}


def _expected(fault: Any) -> str:
    """The expected value in words that need no knowledge of the program."""
    kind, limits = fault["type"], fault.get("ctx", {})
    if kind in ("too_long", "too_short") and "actual_length" in limits:
        wanted = limits.get("max_length", limits.get("min_length"))
        return f"expected {count(wanted, 'value')}"
    prefix = next((name for name in _EXPECTED if kind.startswith(name)), None)
    if prefix is not None:
        return _EXPECTED[prefix]
    return str(fault["msg"]).removeprefix("Value error, ").replace("Input should be", "expected")


def _fields(model: Any, place: Place) -> list[str]:
    """The field names of the model that contains the last step of `place`."""
    for step in place[:-1]:
        if isinstance(step, int) or step not in getattr(model, "model_fields", {}):
            continue
        model = model.model_fields[step].annotation
        while get_args(model):  # tuple[RubricPoint, ...], dict[str, PointGroup], RubricPoint | None
            model = next((part for part in reversed(get_args(model)) if part not in (type(None), ...)), None)
    return list(getattr(model, "model_fields", {}))


def _field_name(place: Place) -> str:
    """`("points", 3, "text")` as `points[4].text`; shown positions start at one."""
    return "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def _short(value: object) -> str:
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def normalised_words(text: str) -> str:
    """The words of a text in lower case, for comparisons that ignore case and punctuation (`C++` keeps its signs)."""
    return " ".join(re.findall(r"[\w+#]+", text.casefold()))
