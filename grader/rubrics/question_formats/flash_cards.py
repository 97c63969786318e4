"""Read flash cards as Anki and Quizlet export them: a card a line, its sides separated by a TAB."""

import csv
import re
from collections.abc import Iterator, Sequence

from grader.files import ends_as_question
from grader.rubrics.parsed_page import Doubt, DroppedText, ParsedPage, QuestionAnswer
from grader.rubrics.rich_text import Markup, rich_text

_DIRECTIVE = re.compile(
    r"#(?P<name>separator|html|tags|columns|notetype|deck|guid|if matches)(?: column)?:(?P<value>.*)", re.I
)
_SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "space": " ", "pipe": "|", "colon": ":"}
_CLOZE = re.compile(r"\{\{c\d+::")
_CARD = re.compile(r"\S[^\t]*\t+\s*\S")
_SOUND = re.compile(r"\[sound:[^\]]*\]")


def looks_like_cards(lines: Sequence[tuple[int, str]]) -> bool:
    """Whether a text begins as an Anki export, or most of its lines have a TAB between two texts."""
    filled = [text for _, text in lines if text.strip()]
    if filled and _DIRECTIVE.match(filled[0]):
        return True
    cards = sum(_CARD.match(text) is not None for text in filled)
    return cards > 0 and 2 * cards >= len(filled)


def parse_cards(lines: Sequence[tuple[int, str]]) -> ParsedPage:
    """Cards as questions and reference answers; a deck is the topic.

    Anki names separator, HTML and columns in lines that begin with `#`. Quizlet has nothing but TABs, and a line
    without a TAB continues the answer above it.
    """
    names: dict[str, str] = {}
    at = 0
    while at < len(lines) and ((found := _DIRECTIVE.match(lines[at][1])) or not lines[at][1].strip()):
        if found:
            names[lines[at][1][1 : found.start("value") - 1].lower()] = found["value"].strip()
        at += 1
    separator = names.get("separator", "tab")
    delimiter = _SEPARATORS.get(separator.lower(), separator[:1])
    markup: Markup = "html" if names.get("html") == "true" else "auto"
    roles = {
        int(names[f"{role} column"]) - 1: role
        for role in ("guid", "notetype", "deck", "tags")
        if names.get(f"{role} column", "").isdecimal()
    }
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    cards = _quoted(lines[at:], delimiter) if names or _is_quoted(lines[at:], delimiter) else _unquoted(lines[at:])
    for line, cells in cards:
        given = {role: cells[column].strip() for column, role in roles.items() if column < len(cells)}
        fields = [cell for column, cell in enumerate(cells) if column not in roles]
        if not any(field.strip() for field in fields):
            continue
        if any(_CLOZE.search(field) for field in fields):
            dropped.append(DroppedText(fields[0], line, "a cloze note has no question: write it as one"))
            continue
        for field in fields:
            dropped += [DroppedText(sound, line, "a sound") for sound in _SOUND.findall(field)]
        question, answer, *more = [
            rich_text(_SOUND.sub("", field), line, dropped, markup=markup)
            for field in [*fields, ""][: max(2, len(fields))]
        ]
        dropped += [DroppedText(text, line, "a further field of the card") for text in more if text]
        dropped += [DroppedText(given["tags"], line, "the tags of the card")] if given.get("tags") else []
        pairs.append(
            QuestionAnswer(question, answer, given.get("deck", "").split("::")[-1] or names.get("deck", ""), line)
        )
    asked = sum(ends_as_question(pair.question) for pair in pairs)
    turned = sum(ends_as_question(pair.answer) for pair in pairs)
    doubts = []
    if turned > asked and 2 * turned > len(pairs):
        pairs = [pair._replace(question=pair.answer, answer=pair.question) for pair in pairs]
        doubts.append(Doubt("the second side of the cards asks, so it was taken as the question", pairs[0].line))
    return ParsedPage("", tuple(pairs), tuple(dropped), tuple(doubts))


def _is_quoted(lines: Sequence[tuple[int, str]], delimiter: str) -> bool:
    """Whether quotes enclose fields with line ends or quotes in them, as in CSV; other quotes are part of the text."""
    text = "".join(text for _, text in lines)
    if not re.search(r'(?:^|\t)"', text, re.MULTILINE):
        return False
    try:
        cards = list(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return '""' in text or any("\n" in cell for card in cards for cell in card)


def _quoted(lines: Sequence[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((text for _, text in lines), delimiter=delimiter)
    first = lines[0][0] if lines else 1
    start = first
    for cells in reader:
        yield start, cells
        start = first + reader.line_num


def _unquoted(lines: Sequence[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    card: tuple[int, list[str]] | None = None
    for number, raw in lines:
        text = raw.rstrip("\r\n")
        if "\t" in text and text.partition("\t")[0].strip():
            if card:
                yield card
            card = (number, [cell.strip() for cell in re.split(r"\t+", text)])
        elif card:
            card[1][-1] += f"\n{text}"
        elif text.strip():
            yield number, [text]
    if card:
        yield card
