"""The Markdown summary: what it says, and that texts of others stay text."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from typer.testing import CliRunner, Result

from grader.cli.app import app
from grader.files.grades import grade_row
from grader.reports.grades.markdown import grades_markdown
from grader.reports.grades.summary import summarise_grades
from grader.reports.untrusted_text import markdown_text
from grader.schema import Grade
from tests.support.sample_grades import HOSTILE, grade, hostile_grade, point

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
MORE_HOSTILE = [
    "# heading",
    "- item",
    "1. item",
    "1) item",
    "> quote",
    "===",
    "| a | b |\n| --- | --- |",
    "a\\",
    "a\\|b",
    "`code`",
    "```\nfence",
    "[x](https://example.org) ![x](https://example.org/x.png)",
    "[x]: https://example.org",
    "<https://example.org>",
    "*a* _b_ **c** ~~d~~",
    "    indented",
    "---",
    "&lt;b&gt; &copy;",
    "$x$ $$y$$",
]


def page(*grades: Grade, keep: int = 500, title: str = "Practice") -> str:
    return grades_markdown(summarise_grades(grades, keep=keep), title=title)


def structure(markdown: str) -> list[str]:
    """The kinds of all tokens: what a page is made of, whatever its words are."""
    return [
        kind
        for token in PARSER.parse(markdown)
        for kind in (token.type, *(child.type for child in token.children or () if child.type != "text"))
    ]


def shown(markdown: str) -> str:
    tokens = PARSER.parse(markdown)
    return "\n".join("".join(child.content for child in token.children or ()) for token in tokens if token.children)


def test_totals_answers_and_what_is_missed() -> None:
    made = page(
        grade("a1", 0.5, point(1), point(2, "missing", text="Weights | shrink")),
        grade("a2", 1.0, point(1), point(2, text="Weights | shrink"), candidate="Ada *L.*"),
        grade("a3", None, point(1, "not_judged")),
    )
    assert made.startswith("# Practice\n\n**3 answers**, mean 75%, 1 ungraded, 0 to be looked at by a person.\n")
    assert "- 1 ungraded: the judge did not reply" in made
    assert "| answer | candidate | score | sure | points | missed | flags |\n| --- | --- | ---: | ---: |" in made
    assert r"| a1 |  | 5/10 |  | \+1 -1 | Weights \| shrink |  |" in made
    assert r"| a2 | Ada \*L.\* | 10/10 |" in made
    assert r"| q1 | 3 | 75% | 50% | Weights \| shrink |" in made
    assert structure(made).count("table_open") == 2


def test_of_very_many_the_first_are_shown() -> None:
    made = page(grade("a1"), grade("a2"), grade("a3"), keep=2)
    assert "The first 2 are shown." in made and "| a3 |" not in made


@pytest.mark.parametrize("fraction", [0.5, None])
@pytest.mark.parametrize("text", [*HOSTILE, *MORE_HOSTILE])
def test_no_markup_of_others_comes_through(text: str, fraction: float | None) -> None:
    harmless, hostile = (page(hostile_grade(each, fraction), title=each) for each in ("harmless", text))
    assert structure(hostile) == structure(harmless)
    assert not [kind for kind in structure(hostile) if kind.startswith(("html", "link", "image", "code", "fence"))]


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_no_text_changes_the_page(text: str) -> None:
    made = page(grade("a", 0.5, point(1, "missing", text=f"x{text}")), title=f"x{text}")
    assert structure(made) == structure(page(grade("a", 0.5, point(1, "missing", text="x")), title="x"))


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30))
def test_a_text_is_shown_as_it_is(text: str) -> None:
    assert shown(f"- {markdown_text(text)}").replace("\u2060", "") == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ask @octocat", "ask @\u2060octocat"),
        ("a@b.example", "a@b.example"),
        ("https://example.org", r"https\://example.org"),
        ("www.example.org", r"www\.example.org"),
    ],
)
def test_no_person_is_called_and_no_address_is_a_link(text: str, kept: str) -> None:
    assert markdown_text(text) == kept


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_report_and_grade_write_it(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    answers.write_text(json.dumps({"answer_id": "a1", "question_id": "q", "answer": "Cats purr."}))
    rubric = tmp_path / "q.yaml"
    rubric.write_text("question_id: q\npoints: [{text: Cats purr}, {text: Dogs bark loudly}]\n")
    grading = ("grade", answers, "--rubrics", rubric, "--encoder", "static", "--reader", "none")
    told = run(*grading, "--format", "markdown")
    assert told.exit_code == 0 and told.stdout.startswith("# Grades of answers.jsonl\n\n**1 answer**")
    assert run(*grading, "-o", tmp_path / "a.md").exit_code == 0
    assert (tmp_path / "a.md").read_text() == told.stdout
    assert run(*grading, "--format", "markdown", "--by", "student").exit_code == 2
    grades = tmp_path / "grades.jsonl"
    assert run(*grading, "-o", grades).exit_code == 0
    for arguments in (["--format", "markdown"], ["--format", "markdown", "-o", "-"]):
        said = run("report", grades, *arguments).stdout
        assert said == told.stdout.replace("Grades of answers.jsonl", "Grades in grades.jsonl")
    assert run("report", grades, "-o", tmp_path / "b.md").exit_code == 0
    assert (tmp_path / "b.md").read_text() == said
    assert run("report", grades, "--format", "markdown", "--by", "student").exit_code == 2


def test_a_grades_file_of_a_stranger(tmp_path: Path) -> None:
    grades = tmp_path / "grades.jsonl"
    rows = [grade_row(grade("<img src=x onerror=alert(1)>", 0.5, point(1, "missing", text="]( javascript:alert(1))")))]
    grades.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = run("report", grades, "--format", "markdown").stdout
    assert r"\<img src=x onerror=alert(1)\>" in made and not re.search(r"(?<!\\)[<\[]", made)
