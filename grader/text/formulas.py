"""Formulas and inline code: stretches of a text that are never cut and keep every sign."""

import re

# A longer stretch between two signs is no formula: signs that nothing closes would make long texts slow.
_FORMULA = r"""
    \$\$(?:[^$]|\\\$){1,500}\$\$
  | \\\[(?s:.){1,500}?\\\]
  | \\\((?s:.){1,500}?\\\)
  | \\begin\{(?P<environment>\w{1,20}\*?)\}(?s:.){1,500}?\\end\{(?P=environment)\}
  # One dollar sign as in Pandoc: no blank inside it and no digit after it, so "$5 and $10" is money.
  | (?<![\\\w$])\$(?![\s$])(?:[^$\n\\]|\\[^\n]){0,300}(?<![\s\\])\$(?![\d$])
"""
FORMULA = re.compile(_FORMULA, re.VERBOSE)
# A formula, `code`, or brackets with a semicolon and an operator: "(i = 0; i < n; i++)".
ATOM = re.compile(
    rf"{_FORMULA} | `[^`\n]{{1,300}}` | \([^();\n]{{0,100}}[=<>+][^()\n]{{0,100}};[^()\n]{{0,200}}\)", re.VERBOSE
)

# Variables, numbers and names of functions between signs.
_FUNCTION = r"log|ln|exp|sin|cos|tan|max|min|sqrt|mod|argmax|argmin|sign|abs|det"
_ARITHMETIC = re.compile(
    rf"(?:(?<![^\W_])(?:[^\W\d_]\d*|{_FUNCTION})(?![^\W_])|\d+(?:[.,]\d+)*[^\W\d_]?|[^\w\s]|_|\s)+"
)
_OPERATOR = re.compile(r"[-+*/^=<>|\u00b1\u00b7\u00d7\u00f7\u2212\u2248\u2260\u2264\u2265]")
_FACTOR = re.compile(rf"(?:[^\W\d_]\d*|{_FUNCTION}|\d+(?:\.\d+)?)")


def is_factor(before: str, inside: str) -> bool:
    """Whether brackets with `inside` after the word `before` belong to a formula: n (n + 1), V (I), O (log n).

    After another word they do only with a letter and an operator: "the sum (n + 1)", not "weeks (2-5)".
    """
    if not _ARITHMETIC.fullmatch(inside):
        return False
    letter = any(char.isalpha() for char in inside)
    if _FACTOR.fullmatch(before):
        return letter or _OPERATOR.search(inside) is not None
    return letter and _OPERATOR.search(inside) is not None
