import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import InputError
from grader.rubrics.rubric_files import read_rubric, read_rubrics, rubric_hash, rubric_path, write_rubric
from grader.schema import PointGroup, Rubric, RubricPoint

RUBRIC = Rubric(
    question_id="dough-rest",
    question="Why does dough rest?",
    reference_answer="The gluten relaxes. The last water is taken up, by bran or by germ.",
    max_score=5,
    points=(
        RubricPoint(id="p1", text="The gluten relaxes", importance="vital", source_span=(0, 18)),
        RubricPoint(id="p2", text="Bran takes up water", weight=0.5, group="water", aliases=("Bran swells",)),
        RubricPoint(id="p3", text="Germ takes up water", weight=0.5, group="water"),
        RubricPoint(id="p4", text="Claims that yeast dies", weight=-1),
    ),
    groups={"water": PointGroup(need=1)},
    derived_by="rules",
)
RUBRIC_TEXT = """\
question_id: dough-rest
question: Why does dough rest?
reference_answer: The gluten relaxes. The last water is taken up, by bran or by germ.
kind: knowledge
max_score: 5
points:
- id: p1
  text: The gluten relaxes
  weight: 1
  importance: vital
  source_span: [0, 18]
- id: p2
  text: Bran takes up water
  weight: 0.5
  group: water
  aliases:
  - Bran swells
- id: p3
  text: Germ takes up water
  weight: 0.5
  group: water
- id: p4
  text: Claims that yeast dies
  weight: -1
groups:
  water:
    need: 1
derived_by: rules
"""


def put(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def points(rubric: Rubric) -> list[tuple[str, str, float]]:
    return [(point.id, point.text, point.weight) for point in rubric.points]


def fault(path: Path) -> str:
    with pytest.raises(InputError) as raised:
        read_rubrics(path)
    return str(raised.value)


def test_a_rubric_is_written_for_people_and_read_back(tmp_path: Path) -> None:
    write_rubric(RUBRIC, tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == RUBRIC_TEXT
    assert read_rubric(tmp_path / "a.yaml") == RUBRIC
    write_rubric(RUBRIC, tmp_path / "a.json")
    assert read_rubric(tmp_path / "a.json") == RUBRIC


@settings(deadline=None, derandomize=True)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    st.floats(0.001, 1000),
)
def test_any_rubric_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, reference: str, text: str, weight: float
) -> None:
    span = (0, len(reference)) if reference else None
    point = RubricPoint(id="p1", text=text, weight=weight, source_span=span)
    rubric = Rubric(question_id="007", reference_answer=reference, points=(point,))
    path = tmp_path_factory.mktemp("rubric") / "a.yaml"
    write_rubric(rubric, path)
    assert read_rubric(path) == rubric


# --- forms of peers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        [
            {"requirement": "It relaxes", "weight": 2, "name": "rest"},
            {"requirement": "It drinks", "weight": 1},
        ],
        {"criteria": [{"requirement": "It relaxes", "weight": 2.0}, {"requirement": "It drinks"}]},
        {"rubric": [{"criterion": "It relaxes", "points": 2}, {"criterion": "It drinks", "points": 1}]},
        {
            "prompt_id": "dough",
            "prompt": [{"role": "user", "content": "Why?"}],
            "rubrics": [
                {"criterion": "It relaxes", "points": 2, "tags": ["level:example"]},
                {"criterion": "It drinks", "points": 1, "tags": []},
            ],
        },
    ],
)
def test_criteria_of_peers(tmp_path: Path, data: Any) -> None:
    rubric = read_rubric(put(tmp_path, "dough.json", json.dumps(data)))
    assert rubric.question_id == "dough"
    assert points(rubric) == [("p1", "It relaxes", 2), ("p2", "It drinks", 1)]


def test_nuggets(tmp_path: Path) -> None:
    text = "qid: 12\nquery: Why does dough rest?\nnuggets:\n- {text: It relaxes, importance: vital}\n"
    text += "- {text: It drinks, importance: okay, assignment: support}\n"
    rubric = read_rubric(put(tmp_path, "a.yaml", text))
    assert (rubric.question_id, rubric.question) == ("12", "Why does dough rest?")
    assert [(point.text, point.importance) for point in rubric.points] == [
        ("It relaxes", "vital"),
        ("It drinks", "okay"),
    ]


def test_missing_point_ids_are_filled_without_clashes(tmp_path: Path) -> None:
    text = "question_id: q\npoints:\n- {text: a}\n- {id: p3, text: b}\n- {text: c}\n- {id: 7, text: d}\n"
    assert [point.id for point in read_rubric(put(tmp_path, "a.yaml", text)).points] == [
        "p1",
        "p3",
        "p4",
        "7",
    ]


def test_number_ids_of_json_become_text(tmp_path: Path) -> None:
    text = '{"question_id": 7, "points": [{"id": 1, "text": "a", "points": -2}, {"id": 2.0, "text": "b"}]}'
    rubric = read_rubric(put(tmp_path, "a.json", text))
    assert (rubric.question_id, points(rubric)) == ("7", [("1", "a", -2), ("2", "b", 1)])


# --- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("points:\n- {text: a}\n", "a.yaml:1: field 'question_id': is missing"),
        ("question_id: q\npoints: 3\n", "a.yaml:2: field 'points': expected a list of points"),
        ("question_id: q\n", "a.yaml:1: field 'points': not a rubric: expected 'points:' with a list"),
        ("just text\n", "a.yaml:1: field 'points': not a rubric"),
        ("- 3\n", "a.yaml:1: field 'points[1]': expected an object with named fields"),
        ("question_id: q\npoints: []\n", "a.yaml:1: points: a rubric needs at least one point"),
        (
            "question_id: q\npoints:\n- id: a\n  text: x\n- id: a\n  text: y\n",
            "a.yaml:5: field 'points[2].id': 'a' appears twice, the first time on line 3",
        ),
        (
            "question_id: q\npoints:\n- id: a\n  text: x\n  wieght: 2\n",
            "a.yaml:5: field 'points[1].wieght': is not a known field, expected one of id, text, weight",
        ),
        (
            "criteria:\n- requirement: x\n  weight: 0\n",
            "a.yaml:3: field 'points[1].weight': must not be 0: a point that is worth nothing",
        ),
        ("question_id: q\npoints:\n- text: ''\n", "a.yaml:3: field 'points[1].text': must not be blank"),
        (
            "question_id: q\npoints:\n- {text: x, source_span: [0, 9]}\n",
            "a.yaml:1: points: source_span [0, 9] of 'p1'",
        ),
        ("question_id: q\npoints:\n- {text: x, group: g}\n", "a.yaml:1: points: 'p1' belongs to group 'g'"),
        ("question_id: q\npoints: [&a {text: x}]\n", "a.yaml:2: anchors and aliases"),
    ],
)
def test_broken_rubrics(tmp_path: Path, text: str, problem: str) -> None:
    assert problem in fault(put(tmp_path, "a.yaml", text))


def test_a_folder_of_rubrics(tmp_path: Path) -> None:
    write_rubric(RUBRIC, tmp_path / "b.yaml")
    put(tmp_path, "a.json", '{"question_id": "other", "points": [{"text": "x"}]}')
    put(tmp_path, "c.yml", "question_id: third\npoints: [{text: x}]\n")
    put(tmp_path, "README.md", "not a rubric")
    put(tmp_path, ".hidden.yaml", "not a rubric")
    assert list(read_rubrics(tmp_path)) == ["other", "dough-rest", "third"]
    assert read_rubrics(tmp_path / "b.yaml") == {"dough-rest": RUBRIC}
    twice = put(tmp_path, "d.yaml", RUBRIC_TEXT)
    first = tmp_path / "b.yaml"
    problem = f"a rubric for 'dough-rest' is in {first} too: keep one of them"
    assert fault(tmp_path) == f"{twice}: field 'question_id': {problem}"


def test_no_rubrics_names_the_way_out(tmp_path: Path) -> None:
    way_out = "make rubrics with: grader derive bank.yaml -o rubrics/"
    assert fault(tmp_path / "no") == f"{tmp_path}/no: there is no such file or folder; {way_out}"
    assert fault(tmp_path) == f"{tmp_path}: holds no rubric (.yaml, .yml, .json); {way_out}"


# --- hash and path ---------------------------------------------------------------------------------


def with_point(**changes: Any) -> Rubric:
    first = RUBRIC.points[0].model_copy(update=changes)
    return RUBRIC.model_copy(update={"points": (first, *RUBRIC.points[1:])})


def test_the_hash_changes_with_what_affects_a_score_and_only_then() -> None:
    base = rubric_hash(RUBRIC)
    assert len(base) == 12 and int(base, 16) >= 0
    same = [
        with_point(importance=None),
        RUBRIC.model_copy(update={"derived_by": "hand"}),
        RUBRIC.model_copy(update={"question_id": "x"}),
    ]
    assert {rubric_hash(rubric) for rubric in same} == {base}
    # a point without its source span may borrow words from the reference, so the span counts
    other = [
        with_point(source_span=None),
        *(with_point(text="x"), with_point(weight=2.0), with_point(aliases=("x",)), with_point(id="x")),
        *(
            RUBRIC.model_copy(update={field: value})
            for field, value in [
                *(("question", "x"), ("reference_answer", "x"), ("kind", "open"), ("max_score", 6.0)),
                *(("groups", {"water": PointGroup(need=2)}), ("points", RUBRIC.points[::-1])),
            ]
        ),
    ]
    assert len({base, *(rubric_hash(rubric) for rubric in other)}) == 1 + len(other)


def test_the_hash_of_several_rubrics() -> None:
    other = with_point(text="x")
    assert len({rubric_hash(RUBRIC), rubric_hash(RUBRIC, other), rubric_hash(other, RUBRIC), rubric_hash()}) == 4


def test_the_hash_is_the_same_on_every_machine() -> None:
    rubric = Rubric(question_id="q", points=(RubricPoint(id="p1", text="It relaxes"),))
    assert rubric_hash(rubric) == "0df3a7b274d9"


@pytest.mark.parametrize("name", ["dough-rest", "q1", "1.2", "a_b", "007", "a" * 80])
def test_safe_ids_are_their_own_file_names(name: str) -> None:
    assert rubric_path("rubrics", name) == Path("rubrics") / f"{name}.yaml"


UNSAFE = [
    *(
        "../../etc/passwd",
        "..",
        ".",
        "",
        "/etc/passwd",
        "C:\\x",
        "a/b",
        "a\0b",
        "con",
        "nul.txt",
        "com1",
        ".hidden",
    ),
    *(
        "Q1",
        "q 1",
        "a" * 81,
        "a" * 5000,
        "é",
        "你好",
        "a\nb",
        "a.",
        "a..b",
        "-a",
        "q1\n",
        "\ud800",
        "a\u202eb",
    ),
]


def test_other_ids_never_leave_the_folder_and_never_meet() -> None:
    paths = [rubric_path("rubrics", name) for name in [*UNSAFE, "q1", "etc-passwd"]]
    assert {path.parent for path in paths} == {Path("rubrics")}
    assert len({path.name.lower() for path in paths}) == len(paths)
    for path in paths[: len(UNSAFE)]:
        assert path.name.isascii() and path.stem[-9] == "-" and len(path.name) <= 60
    assert rubric_path("rubrics", "Q1").name.startswith("q1-")


@settings(derandomize=True)
@given(st.text())
def test_any_id_is_a_plain_file_name(name: str) -> None:
    path = rubric_path("folder", name)
    assert path.parent == Path("folder") and path.suffix == ".yaml" and len(path.name) <= 90
