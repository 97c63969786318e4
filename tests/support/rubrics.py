"""Points of rubrics as tests write them."""

from collections.abc import Iterable, Mapping
from typing import Any

from grader.schema import RubricPoint


def as_points(given: Iterable[Mapping[str, Any]]) -> tuple[RubricPoint, ...]:
    """The points of a rubric from their fields, as in a file."""
    return tuple(RubricPoint.model_validate(fields) for fields in given)
