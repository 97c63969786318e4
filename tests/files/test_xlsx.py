"""XLSX workbooks in."""

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from grader.errors import InputError, InputWarning
from grader.files.tables import read_rows
from grader.files.xlsx import WORKBOOK_LIMIT


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def values(path: Path) -> list[dict[str, Any]]:
    return [row.values for row in read_rows(path)]


def fault(path: str | Path) -> str:
    with pytest.raises(InputError) as raised:
        list(read_rows(path))
    return str(raised.value)


def workbook(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    book.close()
    return path


def test_xlsx_cells_come_as_text(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        [],
        ["id", "answer", None],
        [7.0, "x"],
        ["007", True, None],
        [1.5, None],
        [None, None],
    )
    assert [(row.line, row.values) for row in read_rows(path)] == [
        (3, {"id": "7", "answer": "x"}),
        (4, {"id": "007", "answer": "true"}),
        (5, {"id": "1.5", "answer": ""}),
    ]


def test_xlsx_faults(tmp_path: Path) -> None:
    formula = workbook(tmp_path / "f.xlsx", ["id", "answer"], ["1", "=1+1"])
    assert "f.xlsx:2: cell B2 holds a formula without a stored result" in fault(formula)
    error = workbook(tmp_path / "e.xlsx", ["id", "answer"], ["1", "#NAME?"])
    assert "e.xlsx:2: cell B2 holds the error #NAME?" in fault(error)
    wide = workbook(tmp_path / "w.xlsx", ["id", "answer"], ["1", "a", "b"])
    assert "w.xlsx:2: found 3 fields, the header has 2 columns" in fault(wide)
    assert "not an .xlsx workbook" in fault(put(tmp_path, "n.xlsx", "id,answer\n"))
    assert "there is no such file" in fault(tmp_path / "no.xlsx")
    assert "e.xlsx: is empty" in fault(workbook(tmp_path / "e.xlsx"))
    whole = formula.read_bytes()
    assert "not an .xlsx workbook" in fault(put(tmp_path, "cut.xlsx", whole[: len(whole) // 2]))
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "a damaged .xlsx workbook" in fault(tmp_path / "other.xlsx")


def test_xlsx_formula_gives_its_stored_result(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["id", "answer"], ["1", "=1+1"])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<v></v>", b"<v>2</v>").replace(b"<v />", b"<v>2</v>")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert values(path) == [{"id": "1", "answer": "2"}]


def test_zip_bomb_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.xml", "w") as part,
    ):
        for _ in range(WORKBOOK_LIMIT // 1_000_000 + 1):
            part.write(bytes(1_000_000))
    assert (tmp_path / "bomb.xlsx").stat().st_size < 1_000_000
    assert "unpacks to 101,000,000 bytes, the limit is 100,000,000" in fault(tmp_path / "bomb.xlsx")


def test_xml_entities_in_a_workbook_do_not_explode(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ["id"], ["1"])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE worksheet [<!ENTITY e0 "lol">{levels}]>'
    sheet = parts["xl/worksheets/sheet1.xml"].decode().replace(">1<", ">&e9;<").replace("<v>0</v>", "<v>&e9;</v>")
    parts["xl/worksheets/sheet1.xml"] = (doctype + sheet).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert "a damaged .xlsx workbook" in fault(path)


def test_ids_that_excel_has_changed_are_refused_and_other_numbers_are_not(tmp_path: Path) -> None:
    """Excel keeps 15 digits and stores longer numbers as such; other programs store all digits."""
    from grader.files.answer_files.answers import read_answers

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["answer_id", "question_id", "answer", "points"])
    sheet.append([1234567890123456, "q", "one_x000D_\ntwo", 1.5e18])
    book.save(tmp_path / "a.xlsx")
    [answer] = read_answers(tmp_path / "a.xlsx")
    assert (answer.answer_id, answer.answer) == ("1234567890123456", "one\r\ntwo")
    sheet.append([1.23456789012345e16, "q", "x", 2])
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(InputError, match=r"a.xlsx:3: field 'answer_id': '1.23456789012345E\+16' is an id that a"):
        list(read_answers(tmp_path / "a.xlsx"))


def test_sheets_that_are_not_read_are_named(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].title = "Monday"
    for row in (["id", "answer"], ["1", "Salt lowers the freezing point."]):
        book.worksheets[0].append(row)
    book.create_sheet("Blank")
    book.create_sheet("Lists").append(["yes"])
    book["Lists"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    assert values(tmp_path / "a.xlsx") == [{"id": "1", "answer": "Salt lowers the freezing point."}]
    tuesday = book.create_sheet("Tuesday")
    for row in ([], ["id", "answer"], ["2", "Ice takes up more room."]):
        tuesday.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.warns(InputWarning, match="a.xlsx: only the sheet 'Monday' is read; left out: 'Tuesday'"):
        assert len(values(tmp_path / "a.xlsx")) == 1
