"""Read question banks in XML: Moodle XML and QTI 2.x, also a QTI package (ZIP).

Sources: Moodle documentation, "Moodle XML format"; 1EdTech, "Question & Test Interoperability 2.2, Information Model".
"""

import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.files import text_lines
from grader.phrases import shorten
from grader.rubrics.multiple_choice import NOT_CHOSEN, UNMARKED, Option, reference_of
from grader.rubrics.parsed_page import DroppedText, ParsedPage, QuestionAnswer
from grader.rubrics.question_formats.gift import ACCEPTED
from grader.rubrics.rich_text import Markup, rich_text

PACKAGE_LIMIT = 100_000_000  # bytes, unpacked
_FORMATS: dict[str, Markup] = {"html": "html", "markdown": "markdown", "plain_text": "plain"}
_NO_WORDS = "a question of the type '{}', which has no reference answer in words"


def parse_xml(data: bytes, source: str) -> ParsedPage:
    """Questions and reference answers from Moodle XML or QTI 2.x, recognised by the first element.

    Args:
        data: the file.
        source: its name, for error messages.

    Raises:
        InputError: broken XML, a document type, or neither format; with the line.

    """
    root = _root(data, source)
    name = _name(root)
    if name == "quiz":
        return _parse_moodle(root)
    items = [element for element in root.iter() if _name(element) == "assessmentItem"]
    if items:
        return _parse_items(items)
    known = {
        "questestinterop": "is QTI 1.2, which is not read: export it as QTI 2.1 or 2.2",
        "qti-assessment-item": "is QTI 3, which is not read: export it as QTI 2.1 or 2.2",
        "manifest": "is the table of contents of a package: give the whole package (.zip)",
    }
    problem = known.get(name, f"begins with <{name}>, expected Moodle XML (<quiz>) or QTI 2.x (<assessmentItem>)")
    raise InputError(problem, source=source, line=root.sourceline)


def parse_package(path: Path) -> ParsedPage:
    """The questions of a QTI 2.x package (ZIP); lines are those of the files inside.

    Raises:
        InputError: no ZIP archive, too large, or without a question file.

    """
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    try:
        with zipfile.ZipFile(path) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir()]
            if sum(entry.file_size for entry in files) > PACKAGE_LIMIT:
                raise InputError(f"unpacks to more than {PACKAGE_LIMIT:,} bytes", source=path)
            for entry in sorted(files, key=lambda entry: entry.filename):
                if not entry.filename.lower().endswith(".xml"):
                    dropped.append(DroppedText(entry.filename, 1, "a file without questions"))
                    continue
                source = f"{path}/{entry.filename}"
                root = _root(archive.read(entry), source)
                if _name(root) in ("manifest", "assessmentTest"):
                    continue
                page = parse_xml(archive.read(entry), source)
                pairs += page.pairs
                dropped += [
                    DroppedText(piece.text, piece.line, f"{piece.why}, in {entry.filename}") for piece in page.dropped
                ]
    except FileNotFoundError as error:
        raise InputError("cannot be read: there is no such file", source=path) from error
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise InputError(f"cannot be unpacked: {error}", source=path) from error
    return ParsedPage("", tuple(pairs), tuple(dropped))


def read_xml(path: str | Path) -> bytes:
    """The bytes of an XML file; UTF-8 is checked line by line.

    Raises:
        InputError: as `text_lines`.

    """
    return "".join(text for _, text in text_lines(path)).encode()


def _root(data: bytes, source: str) -> Any:
    from lxml import etree

    if b"<!DOCTYPE" in data[:2000]:
        raise InputError("a document type (<!DOCTYPE ...>) is not accepted: leave it out", source=source, line=1)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True, encoding="utf-8")
    try:
        return etree.parse(BytesIO(data), parser).getroot()
    except etree.XMLSyntaxError as error:
        raise InputError(f"not valid XML: {error.msg}", source=source, line=error.lineno) from error


def _name(element: Any) -> str:
    """The name of an element without its namespace; empty for comments."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if _name(child) == name)


def _all(element: Any, *names: str) -> list[Any]:
    return [child for child in element.iter() if _name(child) in names]


# --- Moodle ----------------------------------------------------------------------------------------


def _parse_moodle(root: Any) -> ParsedPage:
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    topic = ""
    for question in _children(root, "question"):
        kind = question.get("type", "")
        if kind == "category":
            path = _text(question, "category", [])
            topic = path.replace("//", "\0").split("/")[-1].replace("\0", "/").strip()
            topic = "" if topic == "top" or topic.startswith("$") else topic
            continue
        pair = _moodle_question(question, kind, topic, dropped)
        pairs += [pair] if pair else []
    return ParsedPage("", tuple(pairs), tuple(dropped))


def _text(element: Any, name: str, dropped: list[DroppedText], markup: Markup | None = None) -> str:
    """The text of a field such as `<name><text>..</text></name>`; files attached to it are reported."""
    field = next(_children(element, name), None)
    return "" if field is None else _field_text(field, dropped, markup)


def _field_text(field: Any, dropped: list[DroppedText], markup: Markup | None = None) -> str:
    line = field.sourceline or 1
    for file in _children(field, "file"):
        dropped.append(DroppedText(file.get("name") or "a file", line, "an attached file"))
    texts = list(_children(field, "text"))
    written = "".join((texts[0] if texts else field).itertext())
    return rich_text(written, line, dropped, markup=markup or _FORMATS.get(field.get("format", ""), "auto"))


def _moodle_question(question: Any, kind: str, topic: str, dropped: list[DroppedText]) -> QuestionAnswer | None:
    line = question.sourceline or 1
    name = _text(question, "name", [])
    text = _text(question, "questiontext", dropped)
    general = _text(question, "generalfeedback", dropped)
    max_score = _text(question, "defaultgrade", [])
    answers = [
        (float(answer.get("fraction") or 0), _field_text(answer, dropped), _text(answer, "feedback", dropped), answer)
        for answer in _children(question, "answer")
    ]
    if kind == "essay":
        reference = _text(question, "graderinfo", dropped)
        if reference and general:
            dropped.append(DroppedText(general, line, "the general feedback of an essay with information for graders"))
        reference = reference or general
        template = _text(question, "responsetemplate", dropped)
        dropped += [DroppedText(template, line, "the template of a response")] if template else []
    elif kind in ("shortanswer", "numerical"):
        right = sorted((answer for answer in answers if answer[0] > 0), key=lambda answer: -answer[0])
        wordings = [words + _tolerance(answer) for _, words, _, answer in right]
        dropped += [
            DroppedText(words, answer.sourceline, ACCEPTED)
            for words, (*_, answer) in zip(wordings[1:], right[1:], strict=True)
        ]
        dropped += [
            DroppedText(words, answer.sourceline, "a wrong answer") for share, words, _, answer in answers if share <= 0
        ]
        reference = reference_of(wordings[:1], [right[0][2], general]) if right else ""
    elif kind in ("multichoice", "truefalse"):
        chosen = [answer for answer in answers if answer[0] > 0]
        if not chosen:
            dropped.append(DroppedText(text, line, UNMARKED))
            return None
        others = [answer for answer in answers if answer[0] <= 0]
        dropped += [
            DroppedText(f"{words} ({feedback})" if feedback else words, answer.sourceline, NOT_CHOSEN)
            for _, words, feedback, answer in others
        ]
        reference = reference_of(
            [words for _, words, *_ in chosen], [*(feedback for _, _, feedback, _ in chosen), general]
        )
    elif kind == "matching":
        rows = [
            (_field_text(row, dropped), _text(row, "answer", dropped)) for row in _children(question, "subquestion")
        ]
        reference = "\n".join(f"{left}: {right}" for left, right in rows if left)
    else:
        dropped.append(DroppedText(text or name or kind, line, _NO_WORDS.format(kind)))
        return None
    identifier = _text(question, "idnumber", [])
    return QuestionAnswer(text, reference, topic, line, max_score, identifier or name)


def _tolerance(answer: Any) -> str:
    tolerance = _text(answer, "tolerance", [])
    return f" (± {tolerance})" if tolerance and tolerance.strip("0.") else ""


# --- QTI -------------------------------------------------------------------------------------------

_INTERACTIONS = ("extendedTextInteraction", "textEntryInteraction", "choiceInteraction", "inlineChoiceInteraction")


def _parse_items(items: Iterable[Any]) -> ParsedPage:
    pairs: list[QuestionAnswer] = []
    dropped: list[DroppedText] = []
    for item in items:
        pair = _item(item, dropped)
        pairs += [pair] if pair else []
    return ParsedPage("", tuple(pairs), tuple(dropped))


def _item(item: Any, dropped: list[DroppedText]) -> QuestionAnswer | None:
    line = item.sourceline or 1
    body = next(_children(item, "itemBody"), None)
    title = item.get("title") or item.get("identifier") or ""
    if body is None:
        dropped.append(DroppedText(title, line, "an item without a body"))
        return None
    interactions = [element for element in body.iter() if _name(element).endswith("Interaction")]
    unknown = next((one for one in interactions if _name(one) not in _INTERACTIONS), None)
    question = _body_text(body, line, dropped)
    if unknown is not None or not interactions:
        kind = _name(unknown) if unknown is not None else "without an interaction"
        dropped.append(DroppedText(question or title, line, _NO_WORDS.format(kind)))
        return None
    guidance = [_html(block, line, dropped) for block in _all(item, "rubricBlock") if "scorer" in block.get("view", "")]
    feedback = [_html(block, line, dropped) for block in _all(item, "modalFeedback")]
    right: list[str] = []
    for interaction in interactions:
        found = _right_answers(item, interaction, dropped)
        if not found and "hoice" in _name(interaction):
            dropped.append(DroppedText(question, line, UNMARKED))
            return None
        right += found
    if right:
        reference = reference_of(right, [*guidance, *feedback])
    else:
        reference = "\n\n".join(filter(None, [*guidance, *feedback]))
    return QuestionAnswer(question, reference, "", line, _max_score(item), item.get("identifier") or title)


def _right_answers(item: Any, interaction: Any, dropped: list[DroppedText]) -> list[str]:
    """The right answers that the declaration of an interaction names, as texts."""
    identifier = interaction.get("responseIdentifier")
    declared = next(
        (one for one in _children(item, "responseDeclaration") if one.get("identifier") == identifier), None
    )
    if declared is None:
        return []
    line = interaction.sourceline or 1
    values = [
        "".join(value.itertext()).strip() for correct in _children(declared, "correctResponse") for value in correct
    ]
    entries = sorted(_all(declared, "mapEntry"), key=lambda entry: -float(entry.get("mappedValue") or 0))
    scored = [entry.get("mapKey", "") for entry in entries if float(entry.get("mappedValue") or 0) > 0]
    if "hoice" in _name(interaction):
        options = [
            Option(one.get("identifier", ""), _html(one, line, dropped), False, one.sourceline or line)
            for one in _all(interaction, "simpleChoice", "inlineChoice")
        ]
        values = values or scored
        dropped += [option.as_dropped() for option in options if values and option.letter not in values]
        return [option.text for option in options if option.letter in values]
    wordings = [rich_text(value, line, dropped) for value in dict.fromkeys([*values, *scored])]
    dropped += [DroppedText(words, line, ACCEPTED) for words in wordings[1:]]
    return wordings[:1]


def _max_score(item: Any) -> str:
    for outcome in _children(item, "outcomeDeclaration"):
        if outcome.get("identifier") == "MAXSCORE":
            return "".join("".join(default.itertext()) for default in _children(outcome, "defaultValue")).strip()
        if outcome.get("identifier") == "SCORE" and outcome.get("normalMaximum"):
            return str(outcome.get("normalMaximum"))
    return ""


def _body_text(body: Any, line: int, dropped: list[DroppedText]) -> str:
    """The text of a body: a blank in place of a field to fill, without options and guidance for scorers."""
    from copy import deepcopy

    body = deepcopy(body)
    for element in list(body.iter()):
        name = _name(element)
        if name in ("simpleChoice", "inlineChoice") or (name == "rubricBlock" and "scorer" in element.get("view", "")):
            _replace_by_text(element, "")
        elif name == "rubricBlock":
            dropped.append(DroppedText(shorten("".join(element.itertext())), line, "instructions for candidates"))
            _replace_by_text(element, "")
        elif name in ("textEntryInteraction", "inlineChoiceInteraction"):
            _replace_by_text(element, " _____ ")
    return _html(body, line, dropped)


def _replace_by_text(element: Any, text: str) -> None:
    parent, before = element.getparent(), element.getprevious()
    text += element.tail or ""
    if before is not None:
        before.tail = (before.tail or "") + text
    else:
        parent.text = (parent.text or "") + text
    parent.remove(element)


def _html(element: Any, line: int, dropped: list[DroppedText]) -> str:
    """The text of an element with XHTML in it."""
    from lxml import etree

    plain = etree.fromstring(etree.tostring(element, with_tail=False))
    for one in plain.iter():
        if isinstance(one.tag, str):
            name = _name(one)
            one.tag = {"prompt": "p", "feedbackInline": "span"}.get(name, name if name == name.lower() else "div")
    etree.cleanup_namespaces(plain)
    return rich_text(etree.tostring(plain, encoding="unicode", method="html"), line, dropped, markup="html")
