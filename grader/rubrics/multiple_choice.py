"""Find the options of multiple-choice questions, and the one that is marked as right.

The reference answer is the marked option with its explanation. An option is never taken because it comes first.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from grader.files import normalised_words
from grader.rubrics.page_marks import EXPLANATION, LIST_MARK, SOURCE_LINE, Line
from grader.rubrics.parsed_page import DroppedText

UNMARKED = "multiple choice without a marked option: mark it ('Answer: B', '[x]'), or write the answer"
NOT_CHOSEN = "an option that is not marked as right"

_OPTION = re.compile(
    r"^\s*(?:[-+•]\s+|\*\s+)?(?P<mark>\*\s?|[✓✔✅☑√]\ufe0f?\s*|\[(?P<box>[xX ]?)\]\s*|=>\s*|)"
    r"\(?(?P<letter>[A-Ha-h])(?:[.):\]\uff1a]|\s[-\u2013])\s+(?P<rest>\S.*)$"
)
_CHECKBOX = re.compile(r"^\s*(?:[-*+•]\s+)?\[(?P<box>[xX ]?)\]\s+(?P<rest>\S.*)$")
_INLINE_OPTION = re.compile(r"(?<!\S)\(?(?P<letter>[A-Ha-h])[.)]\s+(?=\S)")
_RIGHT_AT_END = re.compile(
    r"(?:[\[(]\s?(?:correct|right|true|richtig|correct[ao]|juste|x|✓|✔)(?:\sanswer)?\s?[\])]"
    r"|[✓✔✅☑]\ufe0f?|<[-=]+\s*(?:correct|right|answer).*)$",
    re.IGNORECASE,
)
_LETTERS = re.compile(
    r"^\W{0,9}(?:(?:the\s)?(?:correct|right|best)?\s?(?:answer|option|choice)s?\b\W{0,9}(?:is|are)?\W{0,9}"
    r"(?:option|choice)?\W{0,9})?"
    r"(?P<letters>[A-Ha-h](?:\s*(?:,|;|/|&|\+|and|und|y|et|or)\s*[A-Ha-h])*)"
    r"(?:[\s\W]*$|[^\w\n]*\n\s*(?P<below>.*)$|\s?[.):,;\]\uff1a\u2013\u2014*-]+\s*(?P<rest>.*)$|\s+(?P<cause>(?:because|since|as)\b.*)$)",
    re.DOTALL | re.IGNORECASE,
)
_SAYS_RIGHT = re.compile(
    r"\b(?:answer|option|choice|solution|key|antwort|respuesta|réponse)\b(?:\s(?:is|ist|es|est))?\s*[:\uff1a-]?\s*"
    r"(?:option\s)?\(?(?P<letter>[A-H])\b\)?(?!['\u2019])",
)
_PRAISE = re.compile(
    r"\W*(?:correct|right|yes|well done|good(?: job)?|great|exactly|excellent|perfect|that'?s (?:correct|right)|"
    r"your answer is correct|richtig|correcto|bravo|exact)\W*",
    re.IGNORECASE,
)
_FAR = 12  # lines between an option and the next one


class Option(NamedTuple):
    """An answer to choose: its letter, its text, whether it is marked as right, and its line."""

    letter: str
    text: str
    right: bool
    line: int

    def as_dropped(self) -> DroppedText:
        """The option as text that is left out."""
        return DroppedText(f"{self.letter}. {self.text}", self.line, NOT_CHOSEN)


class Choice(NamedTuple):
    """The reference answer, empty where no option is marked, and the options that it does not hold."""

    reference: str
    others: tuple[DroppedText, ...]


def with_own_lines(lines: Iterable[Line]) -> Iterator[Line]:
    """Give each option of "... A) one B) two C) three" its own line."""
    for line in lines:
        marks = [] if line.code else list(_INLINE_OPTION.finditer(line.text))
        letters = "".join(mark["letter"] for mark in marks)
        in_order = len(letters) > 1 and letters in ("ABCDEFGH"[: len(letters)], "abcdefgh"[: len(letters)])
        if not in_order or (marks[0].start() and len(letters) < 3):
            yield line
            continue
        cuts = [0, *(mark.start() for mark in marks if mark.start()), len(line.text)]
        for begin, end in pairwise(cuts):
            yield line._replace(text=line.text[begin:end].strip())


def mark_options(lines: Sequence[Line]) -> list[Line]:
    """The lines with `option` and `right` set where two or more options follow each other in the order of letters."""
    marked = list(lines)
    run: list[tuple[int, str, bool, str]] = []  # position, text, is right, kind
    for at, line in enumerate(lines):
        found = None if line.code or line.role not in ("text", "summary") else _option(line)
        if found is None:
            if line.heading or (run and at - run[-1][0] > _FAR):
                _set_options(marked, run)
                run = []
            continue
        letter, text, right, kind = found
        expected = "ABCDEFGH"[len(run)] if len(run) < 8 else ""
        if run and (run[0][3] != kind or (kind != "box" and letter != expected)):
            _set_options(marked, run)
            run = []
        if run or kind == "box" or letter == "A":
            run.append((at, text, right, kind))
    _set_options(marked, run)
    return marked


def _option(line: Line) -> tuple[str, str, bool, str] | None:
    """Letter, text, whether it is marked, and kind of an option."""
    written = line.text.rstrip()
    match = _OPTION.match(written)
    if match:
        text, n_marks = _RIGHT_AT_END.subn("", match["rest"])
        text = text.rstrip()
        right = n_marks > 0 or (match["mark"].strip() != "" and match["box"] != " " and match["box"] != "")
        return match["letter"].upper(), text, right, "upper" if match["letter"].isupper() else "lower"
    match = _CHECKBOX.match(written)
    return ("", match["rest"], match["box"] in ("x", "X"), "box") if match else None


def _set_options(marked: list[Line], run: list[tuple[int, str, bool, str]]) -> None:
    if len(run) < 2:
        return
    bold = [marked[at].bold for at, *_ in run]
    only_bold = sum(bold) == 1 and not any(right for _, _, right, _ in run)
    for letter, (at, _, right, _) in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", run, strict=False):
        marked[at] = marked[at]._replace(option=letter, right=right or (only_bold and marked[at].bold))


def option_text(line: Line) -> str:
    """The text of an option without its letter and mark."""
    found = _option(line)
    return found[1] if found else line.text


def choose(options: Sequence[Option], answer: str, *, is_labelled: bool) -> Choice:
    """The reference answer of a multiple-choice question.

    Args:
        options: the answers to choose from.
        answer: what follows them: a letter, the text of an option, an explanation.
        is_labelled: whether `answer` has a label, such as "Answer:".

    """
    chosen, explanation = _named(options, answer, is_labelled=is_labelled)
    if not chosen:
        chosen, explanation = [option for option in options if option.right], answer
    if not chosen and is_labelled and not re.match(r"\W{0,9}\w?\W{0,9}(?:\n|$)", answer):
        return Choice(answer, _others(options, []))  # the answer in words of its own
    if not chosen:
        return Choice("", ())
    return Choice(reference_of([option.text for option in chosen], [explanation]), _others(options, chosen))


def reference_of(right: Sequence[str], explanations: Sequence[str]) -> str:
    """Right answers, one a line, and below them what explains them; praise ("Well done!") explains nothing."""
    below = [EXPLANATION.sub("", text.strip(), count=1).strip() for text in explanations]
    return "\n\n".join(["\n".join(right), *(text for text in below if text and not _says_nothing(text))])


def _says_nothing(text: str) -> bool:
    return (_PRAISE.fullmatch(text) or SOURCE_LINE.fullmatch(text)) is not None


def _others(options: Sequence[Option], chosen: Sequence[Option]) -> tuple[DroppedText, ...]:
    rest = (option for option in options if option not in chosen)
    return tuple(option.as_dropped() for option in rest)


def _named(options: Sequence[Option], answer: str, *, is_labelled: bool) -> tuple[list[Option], str]:
    """The options that an answer names by letter or text, and the rest of the answer."""
    by_letter = {option.letter: option for option in options}
    for option in sorted(options, key=lambda option: -len(option.text)):
        if is_labelled and normalised_words(answer) == normalised_words(option.text):
            return [option], ""
    match = _LETTERS.match(answer) if is_labelled else None
    if match:
        letters = re.findall(r"\b[A-H]\b", match["letters"].upper())
        if letters and all(letter in by_letter for letter in letters):
            chosen = [by_letter[letter] for letter in letters]
            rest = (match["rest"] or match["below"] or match["cause"] or "").strip()
            return chosen, _without_option(rest, chosen)
    first, _, rest = answer.partition("\n")
    match = _SAYS_RIGHT.search(first)
    if match and match["letter"] in by_letter:
        chosen = [by_letter[match["letter"]]]
        return chosen, _without_option(first[match.end() :].lstrip(" .:,;)*-\u2013").rstrip(), chosen) + "\n" * bool(
            rest
        ) + rest
    return [], answer


def _without_option(rest: str, chosen: Sequence[Option]) -> str:
    """An explanation without the text of the chosen option before it."""
    item = LIST_MARK.match(rest)
    rest = item["rest"] if item else rest
    text = chosen[0].text
    if len(chosen) == 1 and rest.startswith(text) and not rest[len(text) : len(text) + 1].isalnum():
        return rest[len(text) :].lstrip(" .:,;-\u2013\u2014")
    return rest
