"""The cells of a ratings table: text, numbers and moments, each with its place for messages."""

import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.files import id_text
from grader.statistics import DECIMALS

# How people write that there is no score.
_NOTHING = {"", "-", "–", ".", "na", "n/a", "nan", "none", "null"}
_YES_OR_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
# Beyond this sums of squares would lose the points themselves.
_LARGEST = 1e9


class Cell(NamedTuple):
    """A value and where it stands."""

    value: Any
    column: str
    line: int
    source: str

    def fault(self, problem: str) -> InputError:
        """The error that says what is wrong with this cell."""
        return InputError(problem, source=self.source, line=self.line, field=self.column)

    def text(self) -> str | None:
        """Text, or a number as text; nothing for a blank cell.

        Raises:
            InputError: true, false, a list or an object.

        """
        text = id_text(self.value)
        if text is None or isinstance(text, str):
            return text or None
        raise self.fault(f"expected text or a number, found {str(self.value)[:40]}")

    def needed(self) -> str:
        """The same, where something must stand.

        Raises:
            InputError: also for a blank cell.

        """
        text = self.text()
        if text is None:
            raise self.fault("is blank, expected a name or an id")
        return text

    def number(self) -> float | None:
        """A number of points, rounded to where scores count as different; nothing for a blank or a word such as `NA`.

        Raises:
            InputError: anything else, and what is too large for a score.

        """
        value = self.value
        if value is None or (isinstance(value, str) and value.strip().lower() in _NOTHING):
            return None
        number = math.nan if isinstance(value, bool) else _finite(value)
        if math.isnan(number):
            hint = "; write it with a decimal point" if "," in str(value) else ""
            raise self.fault(f"expected a number or nothing, found '{str(value)[:40]}'{hint}")
        if abs(number) > _LARGEST:
            raise self.fault(f"found {number:g}, expected at most {_LARGEST:,.0f} points")
        return round(number, DECIMALS)

    def moment(self) -> float | None:
        """A number as it is, a date as seconds since 1970 (UTC where it names no zone); nothing for a blank cell.

        Raises:
            InputError: anything else.

        """
        text = self.text()
        if text is None:
            return None
        number = _finite(text)
        if not math.isnan(number):
            return number
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            problem = f"expected a number or a date such as 2026-01-31 or 2026-01-31T14:30, found '{text[:40]}'"
            raise self.fault(problem) from None
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()

    def is_date(self) -> bool:
        """Whether a moment is a date and no number."""
        return math.isnan(_finite(self.value))

    def yes_or_no(self) -> bool | None:
        """Whether it says yes (`1`, `true`, `yes`) or no; nothing for a blank cell and for anything else."""
        text = str(self.value).strip().lower()
        return _YES_OR_NO.get(text)


def _finite(value: Any) -> float:
    """A finite number, or NaN for what is none; `1_000` is none."""
    try:
        number = math.nan if "_" in str(value) else float(value)
    except (ValueError, TypeError):
        return math.nan
    return number if math.isfinite(number) else math.nan
