"""Values as the cells of a table, safe to open in a spreadsheet."""

import json
import math
import re
from datetime import date, datetime, time
from typing import Any

from grader.phrases import number_text as number_text

# What a spreadsheet runs: OWASP "CSV Injection" (= + - @ TAB CR LF, fullwidth = + - @), also behind blanks.
_RUNS = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[^\S\t\r\n]*[\t\r\n]")


def safe_cell(value: Any) -> Any:
    """A value for a CSV or XLSX cell: text that a spreadsheet would run gets a leading `'`, NUL is dropped.

    Numbers stay numbers: a `-0.25` that is a number is not touched, the text `-0.25` is.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if _RUNS.match(text) else text


def cell_value(value: Any) -> Any:
    """A value as one cell: None is empty text, true and false are words, lists and objects are JSON text."""
    if value is None:
        return ""
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def json_value(value: Any) -> Any:
    """A cell of a typed table as JSON knows it: dates as ISO text, a missing number (NaN) as None."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, datetime) and value.time() == time() and value.tzinfo is None:
        value = value.date()
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, list):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    return value if value is None or isinstance(value, str | int | float) else str(value)
