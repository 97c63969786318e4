"""The terminal: one line an answer or every point of it, and nothing that moves the cursor."""

import io
import re
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from grader.reports.grades.summary import summarise_grades
from grader.reports.grades.terminal import grade_details, grades_table
from grader.reports.untrusted_text import clean_for_terminal
from grader.schema import Evidence, Grade, Rated, Status
from grader.text.normalisation import is_hidden
from tests.support.sample_grades import BLANK, HOSTILE, grade, hostile_grade, point, quote, verdict


def printed(*grades: Grade, width: int = 110, keep: int = 500) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(grades_table(summarise_grades(grades, keep=keep)))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jx \x9d0;t\x9cy", "x y"),
        ("\x1bPq#0\x1b\\x\x1b_a\x1b\\y", "xy"),
        ("\x1b(B\x1bcx", "x"),
        ("unfinished \x1b]0;title", "unfinished 0;title"),
        ("shown\rhidden", "shown\nhidden"),
        ("a\r\nb\tc\x00\x08", "a\nb\tc"),
        ("\u202egnp\u2066.exe\u200b", "gnp.exe"),
        ("[bold]x[/bold]", "[bold]x[/bold]"),
        ("Größe 全部 \u2764\ufe0f", "Größe 全部 \u2764\ufe0f"),
    ],
)
def test_clean_terminal(text: str, clean: str) -> None:
    assert clean_for_terminal(text) == clean


@pytest.mark.parametrize("char", BLANK)
def test_blank_letters_and_marks_are_not_printed(char: str) -> None:
    assert clean_for_terminal(f"a{char}b") == "ab"


@given(st.text())
def test_clean_text_has_nothing_hidden_and_stays_clean(text: str) -> None:
    clean = clean_for_terminal(text)
    assert not any(is_hidden(char) for char in clean)
    assert clean_for_terminal(clean) == clean


def test_a_row_has_score_points_what_was_missed_and_flags() -> None:
    points = [point(1), point(2, "missing"), point(3, "missing", weight=-1)]
    lines = printed(
        grade(
            "a17",
            0.8,
            *points,
            candidate="c01",
            confidence=0.871,
            feedback="Stated 1 of 2 points. Missed: x | mistake: y",
        ),
        grade("a18", None, needs_review=True, flags=("no_answer",)),
    ).splitlines()
    assert re.search(r"a17 +c01 +8/10 +\.87 +\+1 -1 +x; mistake: y", lines[3])
    assert re.search(r"a18 +ungraded +the judge did not reply +review: ungraded; no ", lines[4])
    assert " 2 answers; mean 80%; 1 ungraded; 1 to be looked at by a person" in lines
    assert any(re.search(r"q1 +2 +80% +100%: point number 2", line) for line in lines)


def test_the_points_column_tells_what_is_stated_in_part() -> None:
    """A score of 5.3 beside "0/3" would be a riddle: what was stated in part is counted and explained."""
    points = [point(1, "partial"), point(2, "partial"), point(3, "contradicted"), point(4, weight=-1)]
    text = printed(grade("a1", 0.53, *points))
    assert re.search(r"a1 +5.5/10 +~2 !1 x1", text)
    assert "~ partial  ! contradicted  x mistake made" in text


def test_full_marks_and_other_feedback_are_told_as_they_are() -> None:
    assert "Stated 1 of 1 points." in printed(grade("a", 1.0, point(1), feedback="Stated 1 of 1 points."))


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_gets_no_escapes_and_one_line_an_answer(text: str, width: int) -> None:
    plain = printed(hostile_grade(text * 30), hostile_grade(text * 30, None), width=width)
    assert not any(is_hidden(char) for char in plain)
    assert all(cell_len(line) <= width for line in plain.splitlines())
    assert len(plain.splitlines()) <= 20


def test_square_brackets_are_no_markup() -> None:
    assert "[bold]x[/]" in printed(grade("[bold]x[/]"))


def test_the_terminal_says_where_the_rest_is() -> None:
    text = " ".join(printed(*(grade(f"a{i}") for i in range(5)), keep=2).split())
    assert "3 not shown here, all are in the grades file" in text


def test_nothing_to_show() -> None:
    assert "0 answers; mean \u2013; 0 to be looked at by a person" in printed()


def test_width_sets_the_table() -> None:
    stream = io.StringIO()
    table = grades_table(summarise_grades([grade(feedback="long " * 100)]), width=60)
    Console(file=stream, width=200, color_system=None).print(table)
    assert max(len(line.rstrip()) for line in stream.getvalue().splitlines()) <= 60


# Every point of an answer


def detailed(*grades: Grade, width: int = 100, console_width: int | None = None, color: bool = False) -> str:
    stream = io.StringIO()
    system: Literal["standard"] | None = "standard" if color else None
    console = Console(file=stream, width=console_width or width, color_system=system, force_terminal=color)
    console.print(grade_details(grades, width=None if console_width is None else width))
    return "\n".join(line.rstrip() for line in stream.getvalue().split("\n"))


def every_status() -> Grade:
    answer = "It turns units off. It stays on while predicting. It stops any overfitting."
    statuses: list[Status] = ["covered", "partial", "missing", "contradicted", "not_judged"]
    points = [point(n, status) for n, status in enumerate(statuses, 1)]
    points[0] = point(1, evidence=quote(answer, "It turns units off."))
    points[3] = point(4, "contradicted", evidence=quote(answer, "It stays on while predicting."))
    points += [
        point(6, weight=-1, evidence=quote(answer, "It stops any overfitting.")),
        point(7, "missing", weight=-1),
    ]
    changes = {"candidate": "c01", "confidence": 0.46, "needs_review": True, "flags": ("long_answer",)}
    return grade("a17", 0.83, *points, answer=answer, **changes)


EVERY_STATUS = """\
a17  c01  8.5/10  sure .46  a person should look: unsure; long answer
  + point number 1
      “It turns units off.”
  ~ point number 2 (50%)
  - point number 3
  ! point number 4
      “It stays on while predicting.”
  ? point number 5
  x point number 6
      “It stops any overfitting.”
  o point number 7

+ covered  ~ partial  - missing  ! contradicted  ? not judged  x mistake made  o mistake not made
"""


def test_every_point_has_its_mark_and_its_words() -> None:
    assert detailed(every_status()) == EVERY_STATUS


def test_colours_add_nothing_that_the_marks_do_not_say() -> None:
    colourful = detailed(every_status(), width=120, color=True)
    assert "\x1b[32m+" in colourful and "\x1b[33m~" in colourful and "\x1b[31m-" in colourful
    plain = re.sub(r"\x1b\[[\d;]*m", "", colourful)
    assert [line.rstrip() for line in plain.split("\n")] == detailed(every_status(), width=120).split("\n")


def test_ungraded_answers_tell_their_reason() -> None:
    lines = detailed(grade("a18", None, point(1, "not_judged"), needs_review=True, flags=("no_answer",))).split("\n")
    assert lines[:3] == [
        "a18  ungraded  a person should look: ungraded; no answer",
        "  the judge did not reply",
        "  ? point number 1",
    ]
    unknown = detailed(grade("a19", None, ungraded_reason="unknown question 'q9'", max_score=None))
    assert unknown == "a19  ungraded\n  unknown question 'q9'\n\n"


def test_answers_come_in_order_and_the_marks_are_explained_once() -> None:
    text = detailed(grade("b", 1.0, point(1)), grade("a", 0.0, point(1, "missing")))
    assert text.index("b  10/10") < text.index("a  0/10")
    assert text.endswith("\n\n+ covered  - missing\n")


@pytest.mark.parametrize("status", ["missing", "covered"])
def test_no_words_are_shown_for_what_is_not_stated(status: Status) -> None:
    answer = "It turns units off."
    weight = 1 if status == "missing" else -1
    stated = point(1, status, weight=weight, evidence=quote(answer, answer))
    assert (answer in detailed(grade("a", 0.0, stated, answer=answer))) == (status == "covered")


@pytest.mark.parametrize("unit", ["word ", "x", "全部", "wörter, länger als sonst; ", "e\u0301\u0301"])
@pytest.mark.parametrize("width", [30, 57, 100])
def test_long_evidence_keeps_its_beginning_and_its_end_on_two_lines(unit: str, width: int) -> None:
    said = f"Begin {unit * 400} end."
    evidence = Evidence(text=said, start=0, end=len(said))
    lines = detailed(grade("a", 1.0, point(1, evidence=evidence), answer=said), width=width).split("\n")[2:-3]
    assert len(lines) == 2
    assert lines[0].startswith("      “Begin") and lines[0].endswith(" …")
    assert lines[1].startswith("      … ") and lines[1].endswith("end.”")
    assert all(cell_len(line) <= width for line in lines)
    if unit == "word ":
        assert set(" ".join(lines).split()) == {"“Begin", "word", "…", "end.”"}


@given(st.text(st.sampled_from("ab \n全\u0301.")), st.integers(12, 60))
def test_evidence_never_takes_more_than_two_lines(said: str, width: int) -> None:
    stated = point(1, text="p", evidence=Evidence(text=said, start=0, end=len(said)))
    lines = detailed(grade("a", 1.0, stated), width=width).split("\n")
    shown = lines[2 : lines.index("")]
    assert len(shown) <= 2
    assert all(cell_len(line) <= width for line in shown)
    assert bool(shown) == bool(said.split())
    if shown and "…" not in "".join(shown):
        assert "".join("".join(shown).split()) == "".join(f"“{said}”".split())


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("width", [20, 80])
def test_details_of_hostile_text_get_no_escapes(text: str, width: int) -> None:
    plain = detailed(hostile_grade(text * 30), hostile_grade(text * 30, None), width=width)
    assert not any(is_hidden(char) for char in plain)
    assert all(cell_len(line) <= width for line in plain.split("\n"))


def test_square_brackets_are_no_markup_in_details() -> None:
    text = "[bold]x[/]"
    shown = detailed(hostile_grade(text))
    assert f"{text}  {text}  5/10  a person should look: {text}" in shown
    assert f"+ {text}\n      “{text}”" in shown


def test_a_long_name_leaves_room_for_the_score() -> None:
    [first, *_] = detailed(grade("name" * 50, 1.0, candidate="c" * 200), width=80).split("\n")
    assert first.endswith("…  10/10") and cell_len(first) <= 80


def test_width_sets_the_details() -> None:
    said = "long words " * 100
    evidence = Evidence(text=said, start=0, end=len(said))
    text = detailed(grade("a", 1.0, point(1, text=said, evidence=evidence)), width=60, console_width=200)
    assert 50 < max(map(len, text.split("\n"))) <= 60


def test_no_details_of_nothing() -> None:
    assert detailed() == ""


# What judges said

SAID = "It switches some units off at random. It is active while training."


def judged_grade(**changes: Any) -> Grade:
    off, active = quote(SAID, "switches some units off"), quote(SAID, "It is active while training.")
    said = {
        1: (verdict("gpt-x", "covered", off), verdict("qwen-y", "missing", reason="")),
        2: (
            verdict("gpt-x", "partial", supported=False, reason="no such words; it says: half of it"),
            verdict("qwen-y", "covered", active),
        ),
        3: (verdict("gpt-x", "not_judged", supported=False, reason="it refused"), verdict("qwen-y", "cannot_tell")),
        4: (verdict("gpt-x", "missing"), verdict("qwen-y", "partial")),
    }
    points = [
        point(1, "covered", evidence=off, decided_by="judge", verdicts=said[1], by_embedding=Rated("partial", 0.6)),
        point(2, "covered", verdicts=said[2], by_embedding=Rated("covered", 0.9)),
        point(3, "missing", verdicts=said[3], by_embedding=Rated("missing", 0.1)),
        point(4, "missing", weight=-1, verdicts=said[4], by_embedding=Rated("missing", 0.0)),
        point(5, "missing"),
    ]
    told = "You say well what happens.\n\nLook at  when it happens."
    return grade("a17", 0.8, *points, **{"answer": SAID, "feedback": told, **changes})


JUDGED = """\
a17  8/10
  You say well what happens.
  Look at when it happens.
  + point number 1
      “switches some units off”
      judge gpt-x: covered; gpt-x says so
      judge qwen-y: missing
      embedding: partial
  + point number 2
      judge gpt-x: partial, unsupported; no such words; it says: half of it
      judge qwen-y: covered, “It is active while training.”; qwen-y says so
      embedding: covered
  - point number 3
      judge gpt-x: not judged; it refused
      judge qwen-y: cannot tell; qwen-y says so
  o point number 4
      judge gpt-x: mistake not made; gpt-x says so
      judge qwen-y: mistake not made; qwen-y says so
  - point number 5

+ covered  - missing  o mistake not made
"""


def test_details_show_what_each_judge_said_and_the_feedback_in_its_words() -> None:
    """The embedding is shown where a judge says something else; words that stand above are not quoted again."""
    assert detailed(judged_grade()) == JUDGED


def test_what_an_open_question_has_no_embedding_for_is_not_compared() -> None:
    alone = point(1, verdicts=(verdict("gpt-x", "covered"),), by_embedding=Rated("not_judged", None))
    assert "embedding" not in detailed(grade("a", 1.0, alone))


def test_plain_feedback_says_no_more_than_the_points() -> None:
    assert "Stated" not in detailed(judged_grade(feedback="Stated 2 of 3 points. Missed: point number 3"))


def test_long_quotes_and_reasons_of_judges_are_cut() -> None:
    answer = "words of an answer " * 50
    said = verdict("gpt-x", "covered", quote(answer, answer), reason="because of reasons " * 30)
    text = " ".join(detailed(grade("a", 1.0, point(1, verdicts=(said,)), answer=answer), width=400).split())
    line = text[text.index("judge gpt-x") :]
    assert "words of an answer…”; because of reasons" in line
    assert "of reasons… +" in line and len(line) < 240


def test_the_table_tells_what_was_missed_and_not_what_a_judge_tells_the_candidate() -> None:
    points = [
        point(1),
        point(2, "partial"),
        point(3, "contradicted"),
        point(4, weight=-1),
        point(5, "missing", weight=-1),
    ]
    text = printed(grade("a17", 0.8, *points, feedback="You forget training."), width=160)
    assert "only in part: point number 2; contradicted: point number 3; mistake: point number 4 " in text
    assert "You forget" not in text


def test_one_line_below_the_table_tells_how_far_raters_agree() -> None:
    lines = printed(judged_grade(), grade("b", 0.5, point(1)), width=200).split("\n")
    [line] = [line for line in lines if line.startswith(" judges on")]
    # Three points with two verdicts: covered and missing, partial and covered, twice not made. Of the six values four
    # are of pairs that differ; of all 30 ordered pairs 22 differ: 1 - (4 / 6) / (22 / 30).
    assert line.strip() == (
        "judges on 4 points: gpt-x as the embedding on 33%, qwen-y as the embedding on 67%; "
        "all the same on 33% (alpha 0.09), credits 50% apart"
    )
    assert not any(line.startswith(" judges") for line in printed(grade("b", 0.5, point(1))).split("\n"))


def test_a_judge_without_any_verdict_agrees_with_nobody() -> None:
    refused = point(1, verdicts=(verdict("gpt-x", "not_judged", supported=False),), by_embedding=Rated("covered", 1.0))
    assert " judges on 1 point: gpt-x\n" in re.sub(" +\n", "\n", printed(grade("a", 1.0, refused)))
