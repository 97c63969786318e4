"""Workbooks that people fill in: texts above a header, rows to read, and cells that take only what they may hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.files.output_files import atomic_bytes
from grader.files.xlsx import cell_text, save_workbook


@dataclass(frozen=True)
class FormSheet:
    """One sheet.

    Attributes:
        name: of the sheet, up to 31 characters without `[]:*?/\\`.
        above: rows above the header.
        header: the names of the columns.
        rows: their cells, texts alone.
        widths: of the columns, in characters.
        boxes: names of the columns that take an `x`.
        ranges: by name of a column, the lowest and the highest number that it takes.

    """

    name: str
    above: tuple[tuple[str, ...], ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    boxes: tuple[str, ...] = ()
    ranges: tuple[tuple[str, float, float], ...] = ()


def write_forms(target: Path, sheets: Iterable[FormSheet]) -> None:
    """Write a workbook; equal sheets give equal bytes, and no text is run as a formula.

    Raises:
        InputError: the file cannot be written.

    """
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for sheet in sheets:
        _fill(book.create_sheet(sheet.name), sheet)
    with atomic_bytes(target) as stream:
        save_workbook(book, stream)


def _fill(page: Any, sheet: FormSheet) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    top = len(sheet.above) + 1
    for line, cells in enumerate((*sheet.above, sheet.header, *sheet.rows), 1):
        _write(page, line, cells, bold=line == top)
    for place, width in enumerate(sheet.widths, 1):
        page.column_dimensions[get_column_letter(place)].width = width
    page.freeze_panes = page.cell(top + 1, 1)
    last = top + len(sheet.rows)

    def cells_of(name: str) -> str:
        letter = get_column_letter(sheet.header.index(name) + 1)
        return f"{letter}{top + 1}:{letter}{last}"

    box = DataValidation(type="list", formula1='"x"', allow_blank=True, showErrorMessage=True, error="x or nothing")
    for name in sheet.boxes:
        box.add(cells_of(name))
    rules = [box] if sheet.boxes else []
    for name, low, high in sheet.ranges:
        about = f"a number from {low:g} to {high:g}"
        rule = DataValidation(type="decimal", operator="between", formula1=f"{low:.10g}", formula2=f"{high:.10g}")
        rule.allow_blank, rule.showErrorMessage, rule.error = True, True, about
        rule.add(cells_of(name))
        rules.append(rule)
    for rule in rules:
        page.add_data_validation(rule)


def _write(page: Any, line: int, cells: Sequence[str], *, bold: bool) -> None:
    from openpyxl.styles import Alignment, Font

    for place, text in enumerate(cells, 1):
        if text:
            cell = page.cell(line, place, cell_text(text))
            cell.data_type = "s"  # openpyxl would make "=1" a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=bold)
