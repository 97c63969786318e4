"""Ids as people and other programs write them: numbers become text, and points without an id get one."""

import math
import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from grader.phrases import number_text

# Fields of other programs' points that do not change a score here.
IGNORED_POINT_FIELDS = frozenset({"tags", "name", "required", "dimension", "category", "assignment"})


_SURROGATE = re.compile(r"[\ud800-\udfff]")


def id_text(value: Any) -> Any:
    """An id as text: `7` for the numbers 7 and 7.0, without blanks around it; what is no id is returned as it is."""
    if isinstance(value, str):  # nearly always: first, for `Real` takes long to ask
        return value.strip()
    return number_text(int(value) if isinstance(value, Integral) else float(value)) if _is_number(value) else value


def finite_id(value: Any) -> Any:
    """An id that a program gives: a number as in `id_text`, text as it is.

    Raises:
        ValueError: the number is NaN or infinite, or the text has half of a surrogate pair, which no file can hold.
    """
    if isinstance(value, str):
        if not value.isascii() and _SURROGATE.search(value):
            raise ValueError(f"found {value!a}, half of a character: write the whole character or leave it out")
        return value
    if not _is_number(value):
        return value
    if not math.isfinite(value):
        raise ValueError(f"found {float(value)}, expected an id: text or a whole number")
    return id_text(value)


def _is_number(value: Any) -> bool:
    """Also of numpy's types; but not True and False."""
    return isinstance(value, Real) and not isinstance(value, bool)


def with_point_ids(points: Iterable[Any]) -> list[Any]:
    """Rubric points as people and other programs write them, with ids as text and an id for each.

    Args:
        points: mappings of fields, or anything with an `id`; the id that is missing in the third becomes `p3`.
    """
    tidy = [_tidy(point) for point in points]
    ids = [point.get("id") if isinstance(point, dict) else getattr(point, "id", None) for point in tidy]
    taken = {name for name in ids if isinstance(name, str)}
    return [_with_id(point, number, taken) for number, point in enumerate(tidy, 1)]


def _tidy(point: Any) -> Any:
    if not isinstance(point, dict):
        return point
    kept = {key: value for key, value in point.items() if key not in IGNORED_POINT_FIELDS}
    return {**kept, "id": id_text(kept["id"])} if "id" in kept else kept


def _with_id(point: Any, number: int, taken: set[str]) -> Any:
    if not isinstance(point, dict) or point.get("id") not in (None, ""):
        return point
    while f"p{number}" in taken:
        number += 1
    taken.add(f"p{number}")
    return {**point, "id": f"p{number}"}
