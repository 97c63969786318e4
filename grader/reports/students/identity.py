"""Which columns of an answers file say who a student is, as gradebooks need them."""

from collections.abc import Iterable, Mapping
from typing import Literal

from grader.files import plain_name, student_columns

Identity = Literal["first_name", "last_name", "name", "email", "username", "id_number", "section"]
_KINDS: Mapping[Identity, tuple[str, ...]] = {
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "name": ("name", "student"),
    "email": ("email",),
    "username": ("username", "sis_login"),
    "id_number": ("sis_id", "student_number"),
    "section": ("section",),
}
# The number that Canvas gives a person stands in a column with a bare name.
CANVAS_ID = ("id",)


def identity_columns(columns: Iterable[str]) -> dict[Identity, str]:
    """The columns that tell names, addresses and numbers of students, by what they tell."""
    found: dict[str, str] = dict(student_columns(columns).items())
    told = ((what, next((found[kind] for kind in kinds if kind in found), None)) for what, kinds in _KINDS.items())
    return {what: column for what, column in told if column is not None}


def column_called(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """The first column with one of these names, whatever their case."""
    wanted = set(names)
    return next((column for column in columns if plain_name(column) in wanted), None)
