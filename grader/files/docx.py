"""Read the paragraphs and tables of a Word document as lines of text with marks as in Markdown."""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.errors import InputError
from grader.files.markup import PageLine
from grader.files.xlsx import WORKBOOK_LIMIT

_QUESTION = ("question", "q", "frage", "pregunta")
_HEADING = re.compile(r"#{1,6} (?=\S)")
_BOLD = re.compile(r"\*\*(.+)\*\*")
_ITEM = re.compile(r"\s*(?:\d{1,4}[.)]|[-*•–])\s")
_ANSWER = ("answer", "a", "response", "your answer", "antwort", "respuesta")


def docx_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """The lines of a document with the numbers of their paragraphs (a row of a table is one).

    Headings become `# text`, paragraphs in bold `**text**`, items of numbered lists `1. text`. The rows of a table
    with the columns Question and Answer become `Q: ...` and `A: ...`, those of others their cells with `|` between.

    Raises:
        InputError: not a document, damaged or too large.

    """
    from docx.table import Table

    number = 0
    numbers: Counter[tuple[Any, Any]] = Counter()
    for item in _items(path):
        for lines in _table_lines(item) if isinstance(item, Table) else [_paragraph_lines(item, numbers)]:
            number += 1
            yield from ((number, line) for line in lines)


def docx_page(path: str | Path) -> list[PageLine]:
    """The lines of a document as those of a page, with a gap below each paragraph that is no item of a list.

    Raises:
        InputError: as `docx_lines`.

    """
    from docx.table import Table

    page: list[PageLine] = []
    numbers: Counter[tuple[Any, Any]] = Counter()
    number = 0
    for item in _items(path):
        if isinstance(item, Table):
            for at, row in enumerate(item.rows):
                number += 1
                cells = tuple(cell.text.strip() for cell in row.cells)
                page.append(PageLine(number, f"| {' | '.join(cells)} |", role="row", cells=cells))
                page += [] if at else [PageLine(number, "", role="row")]  # the line below the names of columns
            page.append(PageLine(number, ""))
            continue
        number += 1
        lines = _paragraph_lines(item, numbers)
        if page and not (_ITEM.match(lines[0]) and _ITEM.match(page[-1].text)):
            page.append(PageLine(page[-1].number, ""))
        for text in lines:
            heading, bold = _HEADING.match(text), _BOLD.fullmatch(text)
            level = heading.end() - 1 if heading else 0
            said = text[heading.end() :] if heading else bold[1] if bold else text
            page.append(PageLine(number, said, heading=level, bold=bold is not None))
    return page


def _items(path: str | Path) -> list[Any]:
    """The paragraphs and tables of a document, in their order."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > WORKBOOK_LIMIT:
            raise InputError(f"unpacks to {size:,} bytes, the limit is {WORKBOOK_LIMIT:,}: copy its text", source=path)
        return list(Document(str(path)).iter_inner_content())
    except FileNotFoundError as error:
        raise InputError("cannot be read: there is no such file", source=path) from error
    except (zipfile.BadZipFile, PackageNotFoundError, OSError, ValueError, LookupError, SyntaxError) as error:
        raise InputError("not a .docx document (an old .doc?): save it as .docx or text", source=path) from error


def _paragraph_lines(paragraph: Any, numbers: "Counter[tuple[Any, Any]]") -> list[str]:
    lines = paragraph.text.split("\n") or [""]
    style = paragraph.style.name if paragraph.style is not None else ""
    heading = re.fullmatch(r"Heading (\d)", style)
    if heading:
        return [f"{'#' * min(int(heading[1]), 6)} {' '.join(lines)}"]
    place = _list_place(paragraph)
    if place is not None:
        numbers[place] += 1
        return [f"{numbers[place]}. {lines[0]}", *lines[1:]]
    runs = [run for run in paragraph.runs if run.text.strip()]
    if runs and all(run.bold for run in runs) and len(lines) == 1:
        return [f"**{lines[0].strip()}**"]
    return lines


def _list_place(paragraph: Any) -> tuple[Any, Any] | None:
    """The numbered list that a paragraph is an item of; `None` for others, also for lists with bullets."""
    properties = paragraph._p.pPr
    style = paragraph.style.name if paragraph.style is not None else ""
    if properties is not None and properties.numPr is not None and "Bullet" not in style:
        numbering = properties.numPr
        return (
            None if numbering.numId is None else numbering.numId.val,
            0 if numbering.ilvl is None else numbering.ilvl.val,
        )
    return (style, 0) if style.startswith("List Number") else None


def _table_lines(table: Any) -> Iterator[list[str]]:
    rows = [[cell.text.strip() for cell in row.cells] for row in table.rows]
    names = [name.casefold().rstrip(":") for name in rows[0]] if rows else []
    asked = next((at for at, name in enumerate(names) if name in _QUESTION), None)
    answered = next((at for at, name in enumerate(names) if name in _ANSWER), None)
    for position, cells in enumerate(rows):
        if asked is None or answered is None:
            yield " | ".join(cells).split("\n")
        elif position:
            yield [f"Q: {' '.join(cells[asked].split())}", *f"A: {cells[answered]}".split("\n")]
