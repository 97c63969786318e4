import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.files.documents import DEPTH_LIMIT, NODE_LIMIT, SIZE_LIMIT, dump_yaml, read_document, write_document

STEADY = settings(deadline=None, derandomize=True)


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


PAGE = """\
# a comment
title: no
ids: [007, 0x1F, 1e5, 12:30:45, 2024-02-29, true]
empty:
none: ~
null_word: null
quoted: 'null'
points:
  - id: p1
    text: >-
      a long
      text
  - id: "p2"
"""


def test_scalars_stay_text_and_lines_are_known(tmp_path: Path) -> None:
    document = read_document(put(tmp_path, "a.yaml", PAGE))
    assert document.data == {
        "title": "no",
        "ids": ["007", "0x1F", "1e5", "12:30:45", "2024-02-29", "true"],
        "empty": None,
        "none": None,
        "null_word": None,
        "quoted": "null",
        "points": [{"id": "p1", "text": "a long text"}, {"id": "p2"}],
    }
    assert document.line_of(("points", 0, "text")) == 10
    assert document.line_of(("points", 1)) == 13
    assert document.line_of(("points", 1, "weight")) == 13  # what is missing is told where it is missing
    assert document.line_of(("ids", 5)) == 3
    assert document.line_of(("no", "such")) == 2


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_marks_and_line_ends(tmp_path: Path, mark: str, end: str) -> None:
    for name, text in (("a.yaml", "a: x\nb: y\n"), ("a.json", '{"a": "x",\n"b": "y"}')):
        document = read_document(put(tmp_path, name, mark + text.replace("\n", end)))
        assert document.data == {"a": "x", "b": "y"}
        assert document.line_of(("b",)) == 2


def test_json_keeps_its_types_and_knows_its_lines(tmp_path: Path) -> None:
    data = {"a": [1, -2.5, True, None, 'q"]}{[,:\\\n\u2028é'], "b": {}, "c": []}
    text = json.dumps(data, indent=2)
    document = read_document(put(tmp_path, "a.json", text))
    assert document.data == data
    assert [document.line_of(("a", n)) for n in range(5)] == [3, 4, 5, 6, 7]
    assert document.line_of(("c",)) == text.split("\n").index('  "c": []') + 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: &x 2\n", ":2: anchors and aliases (here 'x') are not accepted: write the value out"),
        ("a: 1\nb: *x\n", ":2: anchors and aliases (here 'x')"),
        ("a: &x [1]\n", ":1: anchors"),
        (
            "a: !!python/object/apply:os.system [x]\n",
            ":1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("a: !secret x\n", ":1: the tag '!secret' is not accepted: leave it out"),
        ("a: 1\nb: 2\na: 3\n", ":3: the key 'a' appears twice, the first time on line 1"),
        ("p:\n  - a: 1\n    a: 2\n", ":3: the key 'a' appears twice, the first time on line 2"),
        ("a: 1\n---\nb: 2\n", ":2: a second document starts here, expected one"),
        ("[a]: 1\n", ":1: a key must be text"),
        ("a: {b}: 1\n", ":1: not valid YAML"),
        ("? {a: 1}\n: 2\n", ":1: a key must be text"),
        ("~: 1\n", ":1: a key must be text"),
        ("a: b: c\n", ":1: not valid YAML: mapping values are not allowed"),
        ("a: 1\n\tb: 2\n", ":2: not valid YAML"),
        ("a: 'x\n", ":2: not valid YAML"),
        ("a: x\nb: \x07\n", ":2: the character U+0007 is not allowed: write it as"),
        ("[" * (DEPTH_LIMIT + 1), f":1: nested deeper than {DEPTH_LIMIT} levels"),
        ("[" * 100_000, f":1: nested deeper than {DEPTH_LIMIT} levels"),
        ("- " * 100_000, f":1: nested deeper than {DEPTH_LIMIT} levels"),
        ("- x\n" * (NODE_LIMIT + 1), f"more than {NODE_LIMIT:,} values"),
        ("a: " + "x" * SIZE_LIMIT, f"a.yaml: larger than {SIZE_LIMIT:,} bytes"),
        ("", "a.yaml: is empty"),
        ("# only a comment\n", "a.yaml: is empty"),
        ("a: \0\n", ":1: not UTF-8 text"),
        (b"a: 1\nb: \x81\n", ":2: not UTF-8 text: save the file as UTF-8"),
    ],
)
def test_broken_yaml(tmp_path: Path, text: str | bytes, problem: str) -> None:
    assert problem in fault(put(tmp_path, "a.yaml", text))


def test_billion_laughs(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
    assert ":1: anchors and aliases" in fault(put(tmp_path, "a.yaml", bomb))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1,\n"b" 2}', ":2: not valid JSON: Expecting ':' delimiter"),
        ('{"a": 1,\n"b": NaN}', ":2: not valid JSON: NaN is not a JSON number"),
        ('{"a": 1,\n"b": 1e999}', ":2: not valid JSON: the number 1e999 is too large"),
        ('{"a": 1,\n"b": 2,\n"a": 3}', ":3: the key 'a' appears twice, the first time on line 1"),
        ("[" * 40 + "{" + '"a": [' * 10 + "]" * 10 + "}" + "]" * 40, "not valid JSON"),
        ("[" * 51 + "]" * 51, ":1: nested deeper than 50 levels"),
        ("[" * 100_000, "nested too deeply"),
        ("[" + "1," * NODE_LIMIT + "1]", f"more than {NODE_LIMIT:,} values"),
        ("", "is empty"),
        ("null", "is empty"),
        ("{} {}", "not valid JSON: Extra data"),
    ],
)
def test_broken_json(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in fault(put(tmp_path, "a.json", text))


def test_missing_and_unknown(tmp_path: Path) -> None:
    assert "there is no such file" in fault(tmp_path / "no.yaml")
    assert "'.toml' is not a known document: use .yaml, .yml or .json" in fault(tmp_path / "a.toml")
    (tmp_path / "d.yaml").mkdir()
    assert "it is a folder" in fault(tmp_path / "d.yaml")


@pytest.mark.parametrize(("text", "data"), [("a: 1\n", {"a": "1"}), ('\n {"a": 1}', {"a": 1}), ("[1]", [1])])
def test_standard_input(monkeypatch: pytest.MonkeyPatch, text: str, data: Any) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    document = read_document("-")
    assert (document.data, document.source) == (data, "<stdin>")


# --- writing ---------------------------------------------------------------------------------------

# Pieces that YAML gives a meaning, put together in all ways.
PIECES = st.sampled_from(
    [
        *(" \n\t:#-'\"\\|>[]{},&*!%@`?~=<0"),
        *(
            "\r",
            "\x85",
            "\u2028",
            "\ufeff",
            "\u00a0",
            "\x07",
            "\x7f",
            "\ufffe",
            "é",
            "😀",
            "word",
            "long" * 30,
        ),
        *(
            "null",
            "no",
            "1.5",
            "0x1f",
            "12:30:45",
            "2001-01-01",
            "---",
            "...",
            ": ",
            " #",
            "- ",
            "? ",
            "\n\n",
        ),
    ]
)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
TEXTS = ANY_TEXT | st.lists(PIECES, max_size=40).map("".join) | st.lists(PIECES, max_size=60).map(" ".join)
TREES = st.recursive(TEXTS, lambda tree: st.lists(tree, max_size=4) | st.dictionaries(TEXTS, tree, max_size=4))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(TREES)
def test_what_is_dumped_is_read_back(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    path = tmp_path_factory.mktemp("yaml") / "a.yaml"
    dump_yaml(tree, path)
    assert read_document(path).data == tree
    written = path.read_bytes()
    assert yaml.safe_load(written) == tree  # other readers see the same texts
    dump_yaml(tree, path)
    assert path.read_bytes() == written


def test_a_dump_is_readable(tmp_path: Path) -> None:
    long = "A cache keeps what was asked before; the same question is then answered at once. " * 2
    data = {
        "id": "007",
        "flag": "no",
        "text": "plain text, with a comma",
        "long": long.strip(),
        "lines": "first\n\n- second\n",
        "max_score": 10.0,
        "weight": 0.25,
        "tiny": 1e-07,
        "span": (0, 57),
        "names": ["a", "b"],
        "nothing": None,
        "sure": True,
        "empty": {},
        "none": [],
        "trailing": "two \nlines",
    }
    dump_yaml(data, tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == (
        "id: '007'\n"
        "flag: 'no'\n"
        "text: plain text, with a comma\n"
        "long: >-\n"
        "  A cache keeps what was asked before; the same question is then answered at once. A cache keeps "
        "what\n  was asked before; the same question is then answered at once.\n"
        "lines: |\n  first\n\n  - second\n"
        "max_score: 10\n"
        "weight: 0.25\n"
        "tiny: 1e-07\n"
        "span: [0, 57]\n"
        "names:\n- a\n- b\n"
        "nothing: null\n"
        "sure: true\n"
        "empty: {}\n"
        "none: []\n"
        'trailing: "two \\nlines"\n'
    )


def test_json_is_written_for_json_files(tmp_path: Path) -> None:
    write_document({"a": "é", "b": [1]}, tmp_path / "a.json")
    assert read_document(tmp_path / "a.json").data == {"a": "é", "b": [1]}
    write_document({"a": "é"}, tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == "a: é\n"


def test_half_a_surrogate_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.yaml: half a surrogate pair cannot be written"):
        dump_yaml({"a": "x\ud800"}, tmp_path / "a.yaml")
    assert list(tmp_path.iterdir()) == []
