from pathlib import Path
from typing import Any

import docx
import pytest

from grader.errors import InputError, InputWarning
from grader.files.answer_files.answers import read_answers
from grader.files.docx import docx_lines
from tests.support.exports import QUESTIONS

TIDES, LAVA, WAVES = QUESTIONS.values()
EXPECTED = [("tides", "The moon.\nTwo bulges."), ("lava-types", "Aa is rough.")]


def read(document: Any, folder: Path) -> list[tuple[str, str]]:
    document.save(folder / "a.docx")
    return [(answer.answer_id, answer.answer) for answer in read_answers(folder / "a.docx", questions=QUESTIONS)]


@pytest.mark.parametrize("way", ["heading", "bold", "numbered", "plain", "label", "table"])
def test_every_way(tmp_path: Path, way: str) -> None:
    document = docx.Document()
    table = document.add_table(1, 2) if way == "table" else None
    if table is not None:
        table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Question", "Answer"
    for question, answer in ((TIDES, ["The moon.", "Two bulges."]), (LAVA, ["Aa is rough."])):
        if table is not None:
            cells = table.add_row().cells
            cells[0].text, cells[1].text = question, "\n".join(answer)
            continue
        if way == "heading":
            document.add_heading(question, 2)
        elif way == "bold":
            document.add_paragraph().add_run(question).bold = True
        else:
            style = "List Number" if way == "numbered" else None
            document.add_paragraph(f"Q: {question}" if way == "label" else question, style=style)
        for text in answer:
            document.add_paragraph(text)
    assert read(document, tmp_path) == EXPECTED


def test_title_and_student(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading("Geology", 0)
    document.add_paragraph("Name: Ann")
    document.add_heading(WAVES, 1)
    document.add_paragraph("P waves push.\nS waves shake.")
    with pytest.warns(InputWarning, match="a.docx:1: left out above the first question: 'Geology'"):
        assert read(document, tmp_path) == [("Ann/seismic-waves", "P waves push.\nS waves shake.")]


def test_lists_and_tables_of_an_answer_stay_in_it(tmp_path: Path) -> None:
    document = docx.Document()
    document.add_heading(TIDES, 1)
    for text in ("near", "far"):
        document.add_paragraph(text, style="List Number")
    document.add_paragraph("more", style="List Bullet")
    table = document.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "a", "b"
    assert read(document, tmp_path) == [("tides", "1. near\n2. far\nmore\na | b")]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04"])
def test_what_is_no_document(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a.docx: not a .docx document \(an old .doc\?\): save it as .docx or text"):
        list(docx_lines(path))
    with pytest.raises(InputError, match="there is no such file"):
        list(docx_lines(tmp_path / "no.docx"))
