"""Import questions and reference answers from pages, tables and documents; the result lists what was left out.

`page_parser` splits a page into questions and answers.
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
    Place,
    Row,
    csv_rows,
    exported_questions,
    id_text,
    jsonl_rows,
    looks_like_json,
    normalised_words,
    parse_document,
    parse_json,
    pick_columns,
    read_document,
    read_rows,
    refuse_duplicate,
    slug,
    source_name,
    text_lines,
    validate,
)
from grader.rubrics.page_parser import DroppedText, parse_page
from grader.schema import Question, QuestionBank

# Accepted column names, the most specific first. `answer` means the reference answer here.
_COLUMNS = {
    "id": ("id", "question_id"),
    "question": ("question", "user_input", "input", "prompt", "query"),
    "reference_answer": (
        *("reference_answer", "reference", "expected_output", "desired_answer", "ideal_answer"),
        *("expected", "target", "answer"),
    ),
    "kind": ("kind",),
    "topic": ("topic",),
    "max_score": ("max_score",),
}
_PAGE_ENDINGS = (".txt", ".text", ".md", ".markdown", "")
_FORMS = (
    "'Question: ... / Answer: ...' or 'Q: / A:' lines, a question and below it '- Answer: ...', numbered "
    "questions, Markdown headings, **bold** lines or lines that end with '?' with the answer below, or a "
    "table with the columns question and reference_answer"
)


@dataclass(frozen=True)
class ImportResult:
    """The imported bank, and the pieces of the source that were left out, in order."""

    bank: QuestionBank
    dropped: tuple[DroppedText, ...]


class _Found(NamedTuple):
    """A question before validation: fields of `Question`, possibly without id and kind."""

    values: dict[str, Any]
    line: int
    line_of: Callable[[Place], int | None]


def import_questions(path: str | Path) -> ImportResult:
    """Questions and reference answers from a page, a table or a bank.

    Args:
        path: a text or Markdown file, a table (`files.FORMATS`), a YAML or JSON bank, or `-` for standard input (any
            text format, recognised by its beginning).

    Raises:
        InputError: no question with an answer was found, or a table or bank is broken; with the line.

    """
    source, ending = source_name(path), Path(path).suffix.lower()
    if str(path) == "-":
        return _import_stdin()
    if ending in (".yaml", ".yml", ".json"):
        return _import_document(read_document(path))
    if ending in FORMATS:
        exported = [_exported(question) for question in exported_questions(path)]
        return _assemble(exported, "", [], source) if exported else _import_rows(read_rows(path), source)
    if ending in _PAGE_ENDINGS:
        return _import_page(text_lines(path), source)
    known = ", ".join([*FORMATS, ".yaml", ".yml", *_PAGE_ENDINGS[:-1]])
    raise InputError(f"the ending '{ending}' is not known: use {known}", source=source)


def _import_stdin() -> ImportResult:
    source, lines = "<stdin>", list(text_lines("-"))
    number, first = next(((number, text.strip()) for number, text in lines if text.strip()), (1, ""))
    columns = {name.strip().lower() for name in re.split(r"[,;\t]", first.replace('"', ""))}
    as_json = looks_like_json(first)
    if as_json:
        one_line = first.endswith("}") and parse_json(first, source=source, line=number)
        if isinstance(one_line, dict) and "questions" not in one_line:
            return _import_rows(jsonl_rows(iter(lines), source), source)
    elif columns & {*_COLUMNS["question"]} and columns & {*_COLUMNS["reference_answer"]}:
        return _import_rows(csv_rows(iter(lines), source), source)
    elif not re.match(r"(title|questions):|---$|- +(id|question):", first):
        return _import_page(iter(lines), source)
    return _import_document(parse_document("".join(text for _, text in lines), source, as_json=as_json))


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


def _import_page(lines: Iterable[tuple[int, str]], source: str) -> ImportResult:
    page = parse_page(lines)
    found = [
        _Found(
            _without_empty({"question": pair.question, "reference_answer": pair.answer, "topic": pair.topic}),
            pair.line,
            partial(_same_line, pair.line),
        )
        for pair in page.pairs
    ]
    return _assemble(found, page.title, list(page.dropped), source)


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
    names = list(dict.fromkeys(name for row, _ in records for name in row.values))
    header = records[0][0].header if records else None
    required = ("question", "reference_answer")
    chosen = pick_columns(names, _COLUMNS, required=required, source=source, line=header)
    unused = [name for name in names if name not in chosen.values()]
    dropped = [DroppedText(name, records[0][0].line, "a column that a bank does not have") for name in unused]
    found = []
    for row, line_of in records:
        values = {field: id_text(row.values.get(name)) for field, name in chosen.items()}
        found.append(_Found(_without_empty(values), row.line, line_of))
    return _assemble(found, title, dropped, source)


def _assemble(found: Iterable[_Found], title: str, dropped: list[DroppedText], source: str) -> ImportResult:
    """Validate questions and give them ids; a repeated question is kept once."""
    kept = _without_repeats(found, dropped)
    if not kept:
        raise InputError(f"no question with an answer found; understood are {_FORMS}", source=source)
    taken: dict[str, int | None] = {}
    for item in kept:
        if "id" in item.values:
            refuse_duplicate(taken, str(item.values["id"]), line=item.line, field="id", source=source)
    questions = []
    for item in kept:
        name = item.values.get("id") or _free_id(question_id(str(item.values["question"])), taken)
        taken[str(name)] = item.line
        values = {**_with_kind(item.values), "id": name}
        questions.append(validate(Question, values, source=source, line_of=item.line_of))
    bank = QuestionBank(title=title, questions=tuple(questions))
    return ImportResult(bank, tuple(sorted(dropped, key=lambda piece: piece.line)))


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


def _with_kind(values: dict[str, Any]) -> dict[str, Any]:
    """Set `kind: open` for a placeholder such as "[Describe your own project ...]", which is kept as guidance."""
    answer = values["reference_answer"]
    if "kind" in values or not isinstance(answer, str):
        return values
    bracketed = _BRACKETED.fullmatch(answer)
    inside = (bracketed[1] or bracketed[2]).strip() if bracketed else ""
    if inside and (_GUIDANCE.search(inside) or _OPEN.fullmatch(inside)):
        return {**values, "kind": "open", "reference_answer": inside}
    return {**values, "kind": "open"} if _NO_FIXED_ANSWER.match(answer) else values


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
