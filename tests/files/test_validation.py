"""What was read, checked against models."""

import time
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from grader.errors import InputError
from grader.files.documents import read_document
from grader.files.validation import id_text, normalised_words, refuse_duplicate, slug, validate


def put(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fault(path: Path) -> str:
    begin = time.process_time()
    with pytest.raises(InputError) as raised:
        read_document(path)
    assert time.process_time() - begin < 1.5
    return str(raised.value)


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    weight: float = Field(default=1.0, gt=0)


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    leaves: tuple[Leaf, ...] = ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("leaves: []\n", "a.yaml:1: field 'title': is missing"),
        (
            "title: x\nleafs: []\n",
            "a.yaml:2: field 'leafs': is not a known field, expected one of title, leaves",
        ),
        (
            "title: x\nleaves:\n- name: a\n- name: b\n  wieght: 2\n",
            "a.yaml:5: field 'leaves[2].wieght': is not a known field, expected one of name, weight",
        ),
        ("title: x\nleaves:\n- weight: 2\n", "a.yaml:3: field 'leaves[1].name': is missing"),
        (
            "title: x\nleaves:\n- name: a\n  weight: -1\n",
            "a.yaml:4: field 'leaves[1].weight': expected greater than 0, found \"-1\"",
        ),
        (
            "title: x\nleaves:\n- name: a\n  weight: heavy\n  colour: red\n",
            "a.yaml:4: field 'leaves[1].weight': expected a number, found \"heavy\" (and 1 more)",
        ),
        ("title: [a, b]\n", "a.yaml:1: field 'title': expected text, found a list of 2"),
        (
            "title: x\nleaves: " + "y" * 99,
            f"a.yaml:2: field 'leaves': expected a list, found \"{'y' * 56}...",
        ),
        ("[x]\n", "a.yaml:1: expected an object with named fields"),
    ],
)
def test_the_first_fault_is_named_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    document = read_document(put(tmp_path, "a.yaml", text))
    with pytest.raises(InputError) as raised:
        validate(Tree, document.data, source="a.yaml", line_of=document.line_of)
    assert str(raised.value) == problem


def test_a_part_of_a_document_is_checked_in_its_place(tmp_path: Path) -> None:
    document = read_document(put(tmp_path, "a.yaml", "trees:\n- title: x\n- title: y\n  leaves: 3\n"))
    with pytest.raises(InputError) as raised:
        validate(Tree, document.data["trees"][1], source="a.yaml", line_of=document.line_of, at=("trees", 1))
    assert (raised.value.line, raised.value.field) == (4, "leaves")


def test_numbers_in_yaml_are_converted_where_a_number_belongs(tmp_path: Path) -> None:
    document = read_document(put(tmp_path, "a.yaml", "title: 007\nleaves: [{name: no, weight: 1e1}]\n"))
    tree = validate(Tree, document.data, source="a.yaml", line_of=document.line_of)
    assert tree == Tree(title="007", leaves=(Leaf(name="no", weight=10),))


def test_refuse_duplicate_names_both_lines() -> None:
    seen: dict[str, int | None] = {}
    refuse_duplicate(seen, "a", line=3, field="id", source="f.csv")
    with pytest.raises(InputError) as raised:
        refuse_duplicate(seen, "a", line=7, field="id", source="f.csv")
    assert str(raised.value) == "f.csv:7: field 'id': 'a' appears twice, the first time on line 3"


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (7.0, "7"), (" 007 ", "007"), ("", ""), (None, None), (True, True), ([1], [1])],
)
def test_id_text(value: object, text: object) -> None:
    assert id_text(value) == text


def test_slug_and_wording() -> None:
    assert slug("  Crème brûlée, what's it? ") == "creme-brulee-what-s-it"
    assert slug("你好") == ""
    assert normalised_words("What is  C++?") == normalised_words("what is c++") != normalised_words("What is C#?")
