"""From judges to page and terminal: sample answers, graded by judges that disagree, refuse or mean harm."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.encoders.protocol import Encoder
from grader.files.grades import grade_row, read_grades
from grader.files.tables import write_rows
from grader.judges.mock import MockJudge
from grader.reports.grades.page import render_grades_page
from grader.reports.grades.summary import summarise_grades
from grader.schema import Grade
from grader.text.normalisation import is_hidden
from tests.reports.grades.test_page import Page, assert_inert
from tests.reports.grades.test_terminal import detailed, printed
from tests.support.sample_judges import (
    FEEDBACK,
    HOSTILE,
    HOSTILE_FEEDBACK,
    KIND,
    PROVEN,
    SPARING,
    STRICT,
    judged_grades,
    refusing,
)

CLOSED, OPEN = "regularization", "framework-experience"


@pytest.fixture(scope="module")
def disagreeing(encoder: Encoder) -> list[Grade]:
    return judged_grades(KIND, STRICT, questions=[CLOSED, OPEN], n=2, encoder=encoder)


def page_of(grades: Sequence[Grade]) -> tuple[str, Page]:
    html = render_grades_page(summarise_grades(grades), title="Practice")
    return html, Page(html)


def test_judges_that_disagree_are_shown_beside_the_embedding(disagreeing: list[Grade]) -> None:
    _, result = page_of(disagreeing)
    assert_inert(result)
    summary = summarise_grades(disagreeing).judges
    assert summary is not None and summary.agreement is not None
    kind, strict = summary.judges
    assert kind.verdicts["covered"] == summary.n_points == sum(len(grade.points) for grade in disagreeing)
    # All of them are unsupported: it quotes words that nobody wrote.
    assert strict.n_unsupported == strict.verdicts["partial"] > 0
    assert summary.agreement.exact == 0
    points = result.text(classes={"raters"})
    assert points.count("kind ") == points.count("strict ") == summary.n_points
    assert points.count("embedding ") == sum(len(grade.points) for grade in disagreeing[:2])
    needs_proof = ("covered", "partial", "contradicted")
    verdicts = [v for grade in disagreeing for point in grade.points for v in point.verdicts]
    n_unsupported = sum(not v.supported and v.verdict in needs_proof for v in verdicts)
    assert points.count("unsupported") == n_unsupported >= strict.n_unsupported + kind.n_unsupported
    chips = result.text(classes={"chips"})
    assert chips.count("judges split") == len(disagreeing) and "judge disagrees" in chips


def test_every_quote_that_stands_in_the_answer_is_linked_to_it(disagreeing: list[Grade]) -> None:
    _, result = page_of(disagreeing)
    quotes = sum(v.quote is not None for grade in disagreeing for point in grade.points for v in point.verdicts)
    links = [name for tag, name, value in result.attributes if tag == "a" and name == "class" and value == "quote"]
    assert len(links) == quotes > 0


def test_feedback_comes_in_the_words_of_a_proven_judge(encoder: Encoder) -> None:
    grades = judged_grades(SPARING, questions=[CLOSED, OPEN], n=2, encoder=encoder, weight=PROVEN)
    _, result = page_of(grades)
    assert result.text(classes={"own"}).count(FEEDBACK["study"]) == len(grades)
    lines = [line.strip() for line in detailed(*grades).split("\n")]
    assert lines.count(FEEDBACK["right"]) == lines.count(FEEDBACK["study"]) == len(grades)
    assert FEEDBACK["right"] not in printed(*grades)


def test_a_grades_file_has_all_that_judges_said(disagreeing: list[Grade], tmp_path: Path) -> None:
    path = tmp_path / "grades.jsonl"
    write_rows(path, map(grade_row, disagreeing), format="jsonl")
    read = list(read_grades(path))
    assert [[p.verdicts for p in g.points] for g in read] == [[p.verdicts for p in g.points] for g in disagreeing]
    assert summarise_grades(read).judges == summarise_grades(disagreeing).judges


def test_a_judge_that_refuses_leaves_an_open_question_without_a_score(encoder: Encoder) -> None:
    grades = judged_grades(refusing(), questions=[OPEN], encoder=encoder)
    _, result = page_of(grades)
    assert_inert(result)
    assert "0 of 9 points: the model refused to judge this answer" in result.text(classes={"reason"})
    assert "judge refused" in result.text(classes={"chips"})
    assert "judge refusing: not judged; the model refused to judge this answer" in detailed(*grades)
    assert "judges on 9 points: refusing\n" in re.sub(" +\n", "\n", printed(*grades))


def test_the_mock_says_that_it_is_one_and_leaves_the_plain_feedback(encoder: Encoder) -> None:
    grades = judged_grades(MockJudge(), questions=[OPEN], encoder=encoder)
    _, result = page_of(grades)
    assert "mock judge, no model was asked" in result.text(classes={"raters"})
    assert "Stated" in result.text(classes={"told"}) and result.text(classes={"own"}) == ""


def test_a_hostile_judge_is_shown_and_harmless(encoder: Encoder) -> None:
    """Markdown pictures, scripts, escapes and reordering characters are text on the page and gone in the terminal."""
    grades = judged_grades(HOSTILE, KIND, questions=[OPEN], encoder=encoder, weight=PROVEN)
    html, result = page_of(grades)
    assert_inert(result)
    assert not any(is_hidden(char) for char in html)
    told = result.text(classes={"own"})
    assert HOSTILE_FEEDBACK["right"] in told and HOSTILE_FEEDBACK["missing"] in told
    assert "U+202E" in told and "U+001B" in told
    assert "![x](http://host.invalid/?q=reason)" in result.text(classes={"raters"})
    for plain in (printed(*grades), detailed(*grades)):
        assert not any(is_hidden(char) for char in plain)
    lines = [line.strip() for line in detailed(*grades, width=120).split("\n")]
    assert HOSTILE_FEEDBACK["missing"] in lines and "red read txt.exe =HYPERLINK(1)" in lines
