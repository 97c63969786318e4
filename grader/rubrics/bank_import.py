"""Import questions and reference answers from pages, tables, documents and question formats.

The result lists what was left out. `page_parser` splits a page into questions and answers, `question_formats` reads
formats with a name, `bank_columns` knows the columns of tables.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from grader.errors import InputError
from grader.files import (
    FORMATS,
    Document,
    ExportedQuestion,
    PageLine,
    Place,
    Row,
    csv_rows,
    docx_page,
    exported_questions,
    html_lines,
    jsonl_rows,
    looks_like_html,
    looks_like_json,
    looks_like_markdown,
    markdown_lines,
    normalised_words,
    notebook_lines,
    parse_document,
    parse_json,
    plain_lines,
    read_document,
    read_rows,
    refuse_duplicate,
    slug,
    source_name,
    text_lines,
    validate,
)
from grader.phrases import shorten
from grader.rubrics.bank_columns import (
    bank_columns,
    is_question_table,
    may_be_peoples_answers,
    record_values,
    refuse_peoples_answers,
)
from grader.rubrics.multiple_choice import UNMARKED
from grader.rubrics.page_parser import parse_page
from grader.rubrics.parsed_page import Doubt, DroppedText, ParsedPage
from grader.rubrics.question_formats.flash_cards import looks_like_cards, parse_cards
from grader.rubrics.question_formats.gift import looks_like_gift, parse_gift
from grader.rubrics.question_formats.xml_banks import parse_package, parse_xml, read_xml
from grader.schema import Question, QuestionBank

_MARKDOWN_ENDINGS = (".md", ".markdown")
_TEXT_ENDINGS = (".txt", ".text", ".gift", ".aiken", "", *_MARKDOWN_ENDINGS)
_HTML_ENDINGS = (".html", ".htm", ".xhtml")
_FORMS = (
    "'Question: ... / Answer: ...' or 'Q: / A:' lines, a question and below it '- Answer: ...', numbered "
    "questions, Markdown headings, **bold** lines, <details>, or lines that end with '?' with the answer below, a "
    "table with the columns question and reference_answer, GIFT, Aiken, Moodle XML, QTI 2.x, Anki, Quizlet, notebooks"
)


@dataclass(frozen=True)
class ImportResult:
    """The imported bank, the pieces of the source that were left out, and what may have been misread, in order."""

    bank: QuestionBank
    dropped: tuple[DroppedText, ...]
    doubts: tuple[Doubt, ...] = ()


class _Found(NamedTuple):
    """A question before validation: fields of `Question`, possibly without id and kind; `name` may become the id."""

    values: dict[str, Any]
    line: int
    line_of: Callable[[Place], int | None]
    name: str = ""


def import_questions(path: str | Path) -> ImportResult:
    """Questions and reference answers from a page, a table, a question format or a bank.

    Args:
        path: a text, Markdown or HTML page, a Word document, a notebook, a table (`files.FORMATS`), GIFT, Aiken,
            Moodle XML, QTI 2.x (`.xml`, `.zip`), an export of Anki or Quizlet, a YAML or JSON bank, or `-` for standard
            input (any text format, recognised by its beginning).

    Raises:
        InputError: no question with an answer was found, a table or bank is broken, or holds many people's answers;
            with the line.

    """
    source, ending = source_name(path), Path(path).suffix.lower()
    if str(path) == "-":
        return _import_stdin()
    if ending in (".yaml", ".yml", ".json"):
        return _import_document(read_document(path))
    if ending in FORMATS:
        exported = [_exported(question) for question in exported_questions(path)]
        return _assemble(exported, "", [], [], source) if exported else _import_rows(read_rows(path), source)
    if ending == ".zip":
        return _import_parsed(parse_package(Path(path)), source)
    if ending == ".xml":
        return _import_parsed(parse_xml(read_xml(path), source), source)
    if ending == ".ipynb":
        return _import_page(notebook_lines(text_lines(path), source), source)
    if ending == ".docx":
        return _import_page(docx_page(path), source)
    if ending in _HTML_ENDINGS:
        return _import_page(html_lines("".join(text for _, text in text_lines(path)), source), source)
    if ending in _TEXT_ENDINGS:
        return _import_text(list(text_lines(path)), source, ending)
    known = ", ".join(
        [*FORMATS, ".yaml", ".yml", ".xml", ".zip", ".ipynb", ".docx", *_HTML_ENDINGS, *filter(None, _TEXT_ENDINGS)]
    )
    raise InputError(f"the ending '{ending}' is not known: use {known}", source=source)


def _import_stdin() -> ImportResult:
    source, lines = "<stdin>", list(text_lines("-"))
    number, first = next(((number, text.strip()) for number, text in lines if text.strip()), (1, ""))
    as_json = looks_like_json(first)
    text = "".join(text for _, text in lines)
    if as_json and re.search(r'"nbformat"\s*:', text):
        return _import_page(notebook_lines(iter(lines), source), source)
    if as_json:
        one_line = first.endswith("}") and parse_json(first, source=source, line=number)
        if isinstance(one_line, dict) and "questions" not in one_line:
            return _import_rows(jsonl_rows(iter(lines), source), source)
    elif first.startswith(("<?xml", "<quiz", "<assessmentItem")):
        return _import_parsed(parse_xml(text.encode(), source), source)
    elif is_question_table(re.split(r"[,;\t]", first.replace('"', ""))):
        return _import_rows(csv_rows(iter(lines), source), source)
    elif not re.match(r"(title|questions):|---$|- +(id|question):", first) or _has_front_matter(first, text):
        return _import_text(lines, source, "")
    return _import_document(parse_document(text, source, as_json=as_json))


def _has_front_matter(first: str, text: str) -> bool:
    """Whether a text that begins with `---` is a page below front matter, not a YAML document."""
    return first == "---" and re.search(r"^---\s*\n(?:.*\n){1,60}?---\s*\n", text) is not None


def _import_text(lines: list[tuple[int, str]], source: str, ending: str) -> ImportResult:
    """A page or a question format in plain text, told apart by what it looks like."""
    text = "".join(text for _, text in lines)
    first = next((line for _, line in lines if line.strip()), "")
    is_markdown = ending in _MARKDOWN_ENDINGS
    if ending == ".gift" or (not is_markdown and looks_like_gift(text)):
        return _import_parsed(parse_gift(lines), source)
    if not is_markdown and "\t" in first and is_question_table(first.split("\t")):
        return _import_rows(csv_rows(iter(lines), source), source)
    if not is_markdown and looks_like_cards(lines):
        return _import_parsed(parse_cards(lines), source)
    if looks_like_html(text, is_page=True):
        return _import_page(html_lines(text, source), source)
    if is_markdown or looks_like_markdown(text):
        return _import_page(markdown_lines(text, source), source)
    return _import_page(plain_lines(lines), source)


def _import_page(page: Sequence[PageLine], source: str) -> ImportResult:
    return _import_parsed(parse_page(page, is_question_table=is_question_table), source)


def _import_parsed(page: ParsedPage, source: str) -> ImportResult:
    dropped = list(page.dropped)
    found = []
    for pair in page.pairs:
        values = {
            "question": pair.question,
            "reference_answer": pair.answer,
            "topic": pair.topic,
            "max_score": pair.max_score.replace(",", "."),
        }
        found.append(_Found(_without_empty(values), pair.line, partial(_same_line, pair.line), pair.name))
    for table in page.tables:
        records = [(row, partial(_same_line, row.line)) for row in table]
        found += _found_records(records, source, dropped)
    found.sort(key=lambda item: item.line)
    return _assemble(found, page.title, dropped, list(page.doubts), source)


def _import_document(document: Document) -> ImportResult:
    data = document.data
    at: Place = ("questions",) if isinstance(data, dict) else ()
    entries = data.get("questions") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        problem = "expected a bank ('questions:' with a list) or a list of questions"
        raise InputError(problem, source=document.source, line=1)
    records = []
    for number, entry in enumerate(entries):
        place = (*at, number)
        line = document.line_of(place) or 1
        if not isinstance(entry, dict):
            problem = "expected an object with 'question' and 'reference_answer'"
            raise InputError(problem, source=document.source, line=line)
        records.append((Row(line, entry), partial(_line_below, document, place)))
    title = data.get("title") if isinstance(data, dict) else None
    return _import_records(records, str(title or ""), document.source)


def _import_rows(rows: Iterator[Row], source: str) -> ImportResult:
    return _import_records([(row, partial(_same_line, row.line)) for row in rows], "", source)


def _exported(found: ExportedQuestion) -> _Found:
    values = {"question": found.question, "reference_answer": found.reference_answer, "max_score": found.max_score}
    return _Found(_without_empty(values), found.line, partial(_same_line, found.line))


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in values.items() if value not in (None, "")}


def _line_below(document: Document, place: Place, inner: Place) -> int | None:
    return document.line_of((*place, *inner))


def _same_line(line: int, place: Place) -> int:
    return line


def _import_records(
    records: Sequence[tuple[Row, Callable[[Place], int | None]]], title: str, source: str
) -> ImportResult:
    dropped: list[DroppedText] = []
    doubts: list[Doubt] = []
    found = _found_records(records, source, dropped)
    rows = [row for row, _ in records]
    if rows and rows[0].header is not None and may_be_peoples_answers(columns := bank_columns(rows, source)):
        name = columns.fields["reference_answer"]
        said = f"'{name}' is taken as the reference answers; a person's answers are for 'grader grade {source}'"
        doubts.append(Doubt(said, rows[0].header))
    return _assemble(found, title, dropped, doubts, source)


def _found_records(
    records: Sequence[tuple[Row, Callable[[Place], int | None]]], source: str, dropped: list[DroppedText]
) -> list[_Found]:
    """The questions in the rows of a table; columns and cells that a bank does not have are added to `dropped`."""
    rows = [row for row, _ in records]
    columns = bank_columns(rows, source)
    refuse_peoples_answers(rows, columns, source)
    for name in columns.unused:
        line = next((row.line for row in rows if row.values.get(name) not in (None, "")), rows[0].line)
        dropped.append(DroppedText(name, line, "a column that a bank does not have"))
    found = []
    for row, line_of in records:
        values = record_values(row, columns, dropped)
        found += [_Found(_without_empty(values), row.line, line_of)] if values else []
    return found


def _assemble(
    found: Iterable[_Found], title: str, dropped: list[DroppedText], doubts: list[Doubt], source: str
) -> ImportResult:
    """Validate questions and give them ids; a repeated question is kept once."""
    kept = _without_repeats(_with_guidance(found, doubts), dropped)
    if not kept:
        refused = next((piece for piece in dropped if piece.why == UNMARKED), None)
        if refused:
            raise InputError(f"'{shorten(refused.text, 60)}' is {refused.why}", source=source, line=refused.line)
        raise InputError(f"no question with an answer found; understood are {_FORMS}", source=source)
    taken: dict[str, int | None] = {}
    for item in kept:
        if "id" in item.values:
            refuse_duplicate(taken, str(item.values["id"]), line=item.line, field="id", source=source)
    questions = []
    for item in kept:
        name = item.values.get("id") or _free_id(question_id(item.name or str(item.values["question"])), taken)
        taken[str(name)] = item.line
        values = {**_with_kind(item.values), "id": name}
        questions.append(validate(Question, values, source=source, line_of=item.line_of))
    bank = QuestionBank(title=title, questions=tuple(questions))
    in_order = sorted(dropped, key=lambda piece: piece.line)
    return ImportResult(bank, tuple(in_order), tuple(sorted(doubts, key=lambda doubt: doubt.line)))


_NO_GUIDANCE = "There is no fixed answer: the question is about the candidate's own experience."


def _with_guidance(found: Iterable[_Found], doubts: list[Doubt]) -> Iterator[_Found]:
    """Keep questions about a person that have no answer below them, as open ones, and say so in `doubts`."""
    for item in found:
        question = str(item.values.get("question") or "")
        if question and not item.values.get("reference_answer") and _ABOUT_A_PERSON.search(question):
            doubts.append(Doubt(f"'{shorten(question, 60)}' has no answer below it, so it is open", item.line))
            item = item._replace(values={**item.values, "reference_answer": _NO_GUIDANCE, "kind": "open"})
        yield item


def _without_repeats(found: Iterable[_Found], dropped: list[DroppedText]) -> list[_Found]:
    """Leave out incomplete and repeated questions and record them in `dropped`.

    Questions with two different given ids are both kept, even if the wording is the same.
    """
    kept: list[_Found] = []
    first: dict[str, _Found] = {}
    for item in found:
        question, answer = item.values.get("question"), item.values.get("reference_answer")
        if not question or not answer:
            if question or answer:
                why = "no answer" if question else "no question"
                dropped.append(DroppedText(str(question or answer), item.line, why))
            continue
        earlier = first.setdefault(normalised_words(str(question)), item)
        ids = {earlier.values.get("id"), item.values.get("id")}
        if earlier is not item and (len(ids) == 1 or None in ids):
            differs = "" if earlier.values["reference_answer"] == answer else ", with another answer"
            why = f"the same question as on line {earlier.line}{differs}"
            dropped.append(DroppedText(str(question), item.line, why))
            continue
        kept.append(item)
    return kept


_BRACKETED = re.compile(r"\[([^\[\]]+)\][\s.]*|\(([^()]+)\)[\s.]*")
_GUIDANCE = re.compile(
    r"\b(personal\w*|yours?|candidate|subjective|own experience|(will|may|can) vary|varies)\b", re.IGNORECASE
)
_OPEN = re.compile(r"open(?:[- ]ended)?(?: (?:question|answer))?", re.IGNORECASE)
_NO_FIXED_ANSWER = re.compile(
    r"this (question |answer )?(requires|needs|calls for) an? (personal|individual)"
    r"|(the )?answers? (will|may|can) vary\b",
    re.IGNORECASE,
)
# Questions about the candidate's own life, which have no right answer.
_ABOUT_A_PERSON = re.compile(
    r"\b(tell (me|us) about (yourself|your|an?( \w+){0,3} (time|situation|occasion|experience|instance|conflict|failure"
    r"|mistake|challenge|project|moment) (when |where |in which |that |which )?(you|your)\b|an?( \w+)? time)"
    r"|(describe|discuss|recall|share|think of|give( me| us)?( an?)? examples? of) (an?|one|any|some|the)?( \w+){0,3} ?"
    r"(times?|situations?|occasions?|projects?|experiences?|instances?|conflicts?|failures?|mistakes?|challenges?)"
    r"( \w+){0,3} (when |where |in which |that |which )?you('ve| have| had| were| did| faced| worked)?\b"
    r"|(describe|share|tell (me|us) about|talk about|what(?: is|'s| was)|how much|do you have|summari[sz]e) (\w+ )?"
    r"(your|any) (\w+ )?(experiences?|background|career|current role|last (job|role|project)|biggest|greatest|proudest"
    r"|strengths?|weakness(es)?|hobbies|goals)\b"
    r"|describe yourself|introduce yourself|walk (me|us) through your (resume|cv|r\u00e9sum\u00e9|background|career)"
    r"|why (do you want|should we hire|are you (interested|leaving)|did you (leave|apply))"
    r"|what are your( \w+){0,2} (strengths|weaknesses|goals|hobbies)|where do you see yourself|what motivates you"
    r"|have you ever|what (are you|were you) most proud of"
    r"|beschreiben sie (ihre (erfahrung|laufbahn)|eine situation)"
    r"|erz\u00e4hlen sie (mir |uns )?(von|\u00fcber) (sich|ihre|einer)"
    r"|cu\u00e9nt[ae](me|nos) (de|sobre)|h\u00e1bl[ae](me|nos) de|parlez-(moi|nous) d|racontez)",
    re.IGNORECASE,
)


def _with_kind(values: dict[str, Any]) -> dict[str, Any]:
    """Set `kind: open` for questions about a person, and for placeholders such as "[Describe your own project ...]".

    The answer is kept as guidance.
    """
    answer = values["reference_answer"]
    if "kind" in values or not isinstance(answer, str):
        return values
    bracketed = _BRACKETED.fullmatch(answer)
    inside = (bracketed[1] or bracketed[2]).strip() if bracketed else ""
    if inside and (_GUIDANCE.search(inside) or _OPEN.fullmatch(inside)):
        return {**values, "kind": "open", "reference_answer": inside}
    is_open = _NO_FIXED_ANSWER.match(answer) or _ABOUT_A_PERSON.search(str(values["question"]))
    return {**values, "kind": "open"} if is_open else values


# Words that are left out of an id, because they do not say what a question is about.
_ASKING = re.compile(
    "a|about|an|and|any|are|as|at|be|between|briefly|by|can|common|compare|concepts?|context|contrast|could|define"
    "|describe|did|differen(t|tiate)|discuss|do|does|eg?|explain|for|from|g|give|has|have|how|i|idea|in|is|it|its"
    "|list|main|me|mean|meaning|mention|my|name|of|on|or|please|s|should|some|state|t|tell|terms?|that|the|their"
    "|them|there|these|they|this|to|used?|using|various|was|we|what|when|where|which|who|why|will|with|would|your?"
)
_ID_LENGTH = 60


def question_id(question: str) -> str:
    """An id from the main words of a question: lowercase ASCII, hyphens, at most 60 characters.

    It depends on the question alone, so it is stable when other questions are added or removed.
    """
    words = slug(re.sub(r"\([^()]*\)", "", question)).split("-")
    words = [word for word in words if not _ASKING.fullmatch(word)] or words
    name = words[0][:_ID_LENGTH]
    for word in words[1:]:
        if len(name) + 1 + len(word) > _ID_LENGTH:
            break
        name += f"-{word}"
    letters = sum(character.isalpha() for character in question)
    latin = sum(character.isalpha() for character in slug(question))
    if name and 2 * latin >= letters:
        return name
    # Mostly in another script, which a slug drops: a hash tells such questions apart.
    digest = hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{name[:40] or 'question'}-{digest}"


def _free_id(name: str, taken: dict[str, int | None]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free
