"""Convert values to table cells that are safe to open in a spreadsheet, and typed cells to JSON values."""

import json
import math
import re
from datetime import date, datetime, time
from typing import Any

from grader.phrases import number_text as number_text

# Beginnings of text that a spreadsheet runs as a formula, also after blanks: = + - @ TAB CR LF, fullwidth = + - @.
# Source: OWASP, "CSV Injection".
_FORMULA_START = re.compile(r"[\s\x00-\x1f\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[^\S\t\r\n]*[\t\r\n]")


def safe_cell(value: Any) -> Any:
    """A value for a CSV or XLSX cell: text that a spreadsheet would run gets a leading `'`; NUL is removed.

    Only text changes: the number -0.25 stays as it is, the text "-0.25" becomes "'-0.25".
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if _FORMULA_START.match(text) else text


def cell_value(value: Any) -> Any:
    """A value as one cell: None becomes empty text; booleans, lists and objects become JSON text."""
    if value is None:
        return ""
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return value


def json_value(value: Any) -> Any:
    """A cell of a typed table as a JSON value: dates become ISO text, a missing number (NaN) becomes None."""
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
