"""Read the cells of a Jupyter notebook as the lines of a page."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from grader.errors import InputError
from grader.files.documents import parse_document
from grader.files.markup import PageLine, markdown_lines


def notebook_lines(lines: Iterable[tuple[int, str]], source: str) -> list[PageLine]:
    """Markdown cells as Markdown, code cells as code; the outputs of code cells as comments.

    The number of a line is its line in the file, where a notebook has every line of a cell on a line of its own.

    Raises:
        InputError: it is no notebook of version 4.

    """
    document = parse_document("".join(text for _, text in lines), source, as_json=True)
    data = document.data
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list) or not all(isinstance(cell, dict) for cell in cells):
        raise InputError("expected a Jupyter notebook of version 4, with 'cells'", source=source, line=1)
    kernel = data.get("metadata") or {}
    language = str((kernel.get("language_info") or kernel.get("kernelspec") or {}).get("name", ""))
    language = "python" if language.startswith("python") else language
    page: list[PageLine] = []
    for at, cell in enumerate(cells):
        text, line_of = _cell_text(cell.get("source"), ("cells", at, "source"), document.line_of)
        if cell.get("cell_type") == "code":
            if text.strip():
                code = [f"```{language}", *text.split("\n"), "```"]
                page += [PageLine(line_of(number), line, code=True) for number, line in enumerate(code)]
        elif cell.get("cell_type") == "markdown":
            page += [replace(line, number=line_of(line.number)) for line in markdown_lines(text, source)]
        else:
            page += [PageLine(line_of(number), line) for number, line in enumerate(text.split("\n"), 1)]
        if cell.get("outputs"):
            line = document.line_of(("cells", at, "outputs")) or 1
            page.append(PageLine(line, f"the output of cell {at + 1}", role="comment"))
        page.append(PageLine(line_of(text.count("\n") + 1), ""))
    return page


def _cell_text(value: Any, place: Any, line_of: Any) -> tuple[str, Any]:
    """The text of a cell, and the line in the file of each of its lines (from 1)."""
    pieces = [str(piece) for piece in value] if isinstance(value, list) else [str(value or "")]
    lines: list[int] = []
    for at, piece in enumerate(pieces):
        line = line_of((*place, at) if isinstance(value, list) else place) or 1
        lines += [line] * max(1, piece.count("\n") if piece.endswith("\n") else piece.count("\n") + 1)
    return "".join(pieces), lambda number: lines[min(max(number, 1), len(lines)) - 1] if lines else 1
