"""The page: everything is shown, nothing is run."""

import re
import time
from collections.abc import Collection
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.flags import FLAGS
from grader.grading.feedback import plain_feedback
from grader.reports.grades.page import cut_into_runs, render_grades_page
from grader.reports.grades.summary import summarise_grades
from grader.schema import Evidence, Grade, PointGroup, Rubric, RubricPoint, Status
from grader.text.normalisation import is_hidden
from tests.support.sample_grades import BLANK, HOSTILE, grade, hostile_grade, point, quote


class Page(HTMLParser):
    """A page taken apart: tags, attributes, texts by the innermost tag's classes, ids, links, headings."""

    VOID = frozenset({"meta", "link", "img", "br", "input", "hr", "base"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[tuple[str, frozenset[str]]] = []
        self.texts: list[tuple[tuple[tuple[str, frozenset[str]], ...], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append((tag, frozenset((dict(attrs).get("class") or "").split())))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((tuple(self.open), data))

    def text(self, *, tag: str = "", classes: Collection[str] = (), without: str = "") -> str:
        """All text inside elements of this tag (any if empty) with all these classes, not in `without`."""
        wanted = set(classes)
        return "".join(
            data
            for parents, data in self.texts
            if any((not tag or name == tag) and wanted <= have for name, have in parents)
            and not any(without in have for _, have in parents)
        )

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


def page(*grades: Grade, title: str = "Practice", keep: int = 500) -> Page:
    return Page(render_grades_page(summarise_grades(grades, keep=keep), title=title))


def assert_inert(page: Page) -> None:
    allowed = {
        "http-equiv",
        "content",
        "charset",
        "name",
        "lang",
        "class",
        "id",
        "href",
        "style",
        "open",
        "dir",
    }
    allowed |= {"scope", "role", "aria-label", "aria-labelledby", "aria-hidden"}
    assert {name for _, name, _ in page.attributes} <= allowed
    assert not {"script", "svg", "img", "iframe", "object", "embed", "form", "base", "link"} & set(page.tags)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(href[0] == "#" and href[1:] in ids for href in page.values("href"))
    assert all(re.fullmatch(r"--share:[01]\.\d+", style) for style in page.values("style"))
    styles = page.text(tag="style")
    assert "url(" not in styles and "@import" not in styles and "expression" not in styles


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("fraction", [0.5, None])
def test_hostile_text_is_shown_and_inert(text: str, fraction: float | None) -> None:
    html = render_grades_page(summarise_grades([hostile_grade(text, fraction)]), title=text)
    html.encode("utf-8")
    result = Page(html)
    assert_inert(result)
    assert not any(is_hidden(char) for char in html)
    if text.isprintable():
        assert result.text(tag="h1") == text
        assert result.text(tag="title") == text
        assert result.text(
            classes={
                "answer",
            }
        ).startswith(text)
    else:
        assert "U+" in result.text(tag="h1")


@settings(max_examples=60, deadline=None)
@given(st.text(min_size=1).filter(str.strip))
def test_any_text_is_inert(text: str) -> None:
    html = render_grades_page(summarise_grades([hostile_grade(text), hostile_grade(text, None)]), title=text)
    html.encode("utf-8")
    assert_inert(Page(html))
    assert not any(is_hidden(char) for char in html)


def test_the_policy_forbids_everything_from_elsewhere() -> None:
    contents = page(grade()).values("content")
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in contents


def test_unseen_characters_are_tags_with_their_number() -> None:
    text = page(grade(answer="a\u200b\u200b\u200bb\u202ec")).text(classes={"answer"})
    assert text == "aU+200B \u00d7 3bU+202Ec"


@pytest.mark.parametrize("char", BLANK)
def test_blank_letters_and_marks_are_seen_too(char: str) -> None:
    assert page(grade(answer=f"a{char}b")).text(classes={"answer"}) == f"aU+{ord(char):04X}b"


def test_characters_that_people_use_stay() -> None:
    answer = "Größe \u2764\ufe0f \u0645\u0631\u062d\u0628\u0627 全部 \tx\u00a0y"
    assert page(grade(answer=answer)).text(classes={"answer"}) == answer


def test_line_ends_of_any_system_are_line_feeds() -> None:
    assert page(grade(answer="a\r\nb\rc\nd")).text(classes={"answer"}) == "a\nb\nc\nd"


@pytest.mark.parametrize(
    "answer",
    [
        "It turns random units off. Only in training.",
        "\U0001f600 It turns random units off \U0001f680. Only in training.",
        "e\u0301\u0301 It turns random units off \u0645\u0631\u062d\u0628\u0627. Only in training.",
    ],
)
def test_evidence_is_marked_with_the_numbers_of_its_points(answer: str) -> None:
    spans = ["It turns random units off", "units off", "Only in training."]
    result = page(
        grade("a", 1.0, *(point(n, evidence=quote(answer, s)) for n, s in enumerate(spans, 1)), answer=answer)
    )
    for number, words in enumerate(spans, 1):
        assert result.text(tag="mark", classes={f"p{number}"}, without="tags") == words
    assert result.text(classes={"answer"}, without="tags") == answer
    marks = [have for parents, _ in result.texts for tag, have in parents if tag == "mark"]
    assert list(dict.fromkeys(marks)) == [{"covered", "p1"}, {"covered", "p1", "p2"}, {"covered", "p3"}]


def test_each_point_links_to_its_words() -> None:
    answer = "one two three"
    result = page(grade("a", 1.0, point(1, evidence=quote(answer, "two")), point(2, "missing"), answer=answer))
    assert "#a1p1" in result.values("href") and "#a1p2" not in result.values("href")
    assert_inert(result)


@pytest.mark.parametrize("span", [(3, 3), (90, 95), (5, 2)])
def test_evidence_outside_the_answer_marks_nothing(span: tuple[int, int]) -> None:
    evidence = Evidence(text="", start=span[0], end=span[1])
    result = page(grade("a", 1.0, point(1, evidence=evidence)))
    assert "mark" not in result.tags
    assert_inert(result)


def test_confidence_is_shown_where_it_is_known() -> None:
    assert "sure .91" in page(grade(confidence=0.908)).text(classes={"chips"})
    assert "sure" not in page(grade()).text(classes={"chips"})
    figures = page(grade("a", 0.5, point(1, confidence=0.9), point(2))).text(classes={"figures"})
    assert figures.count("sure") == 1 and "sure .90" in figures


def test_why_a_person_should_look_is_told_and_flags_are_explained() -> None:
    given = {"needs_review": True, "flags": ("contradiction", "long_answer")}
    result = page(grade("a", 0.5, point(1, "contradicted"), **given), grade("b", 0.5, needs_review=True))
    chips = result.text(classes={"chips"})
    assert "a person should look: contradiction\n" in chips and "a person should look: unsure\n" in chips
    assert chips.count("long answer") == 1
    assert FLAGS["contradiction"] in result.text(tag="dl") and FLAGS["repetition"] not in result.text(tag="dl")


def test_statuses_are_told_in_words() -> None:
    statuses: list[Status] = ["covered", "partial", "missing", "contradicted", "not_judged"]
    points = [point(n, status) for n, status in enumerate(statuses)]
    points += [point(8, "covered", weight=-1), point(9, "missing", weight=-1)]
    result = page(grade("a", 0.5, *points))
    words = re.findall(
        r"\S (covered|partial|missing|contradicted|not judged|mistake made|mistake not made)\n",
        result.text(classes={"judged"}),
    )
    assert words == [
        "covered",
        "partial",
        "missing",
        "contradicted",
        "not judged",
        "mistake made",
        "mistake not made",
    ]


def test_a_mistake_that_was_not_made_marks_no_words() -> None:
    answer = "It turns units off."
    avoided = point(1, "partial", weight=-1, evidence=quote(answer, answer))
    assert page(grade("a", 0.5, point(2, "missing"), avoided, answer=answer)).text(tag="mark") == ""


def test_feedback_of_older_files_is_shown_by_number_too() -> None:
    result = page(
        grade("a", 0.5, point(1, "missing"), feedback="Stated 0 of 1 points. Missed: missing: point number 1")
    )
    assert " ".join(result.text(classes={"told"}).split()) == "Stated 0 of 1 points. \u25cb missing 1"


def test_what_was_missed_stands_by_number_and_a_group_in_words() -> None:
    wanted = [RubricPoint(id=f"p{n}", text=f"point number {n}") for n in (1, 2, 3)]
    examples = [RubricPoint(id=f"p{n}", text=f"point number {n}", group="examples") for n in (4, 5)]
    mistake = RubricPoint(id="p6", text="point number 6", weight=-1)
    rubric = Rubric(question_id="q1", points=(*wanted, *examples, mistake), groups={"examples": PointGroup(need=1)})
    statuses: list[Status] = ["missing", "covered", "partial", "missing", "missing", "covered"]
    points = [point(n, status, weight=-1 if n == 6 else 1) for n, status in enumerate(statuses, 1)]
    result = page(grade("a", 0.5, *points, feedback=plain_feedback(rubric, points)))
    told = " ".join(result.text(classes={"told"}).split())
    assert told == (
        "Stated 1 of 5 points, 1 more in part. \u25d0 partial 3 \u25cb missing 1 \u2717 mistake made 6 "
        "1 more of: point number 4; point number 5"
    )


def test_a_rule_that_decided_everything_is_told_once() -> None:
    points = [point(n, "missing", decided_by="rule", rationale="no answer at all") for n in (1, 2, 3)]
    result = page(grade("a", 0.0, *points, answer=" \n", flags=("no_answer",)))
    assert result.text(tag="main").count("no answer at all") == 1
    assert "Nothing was written." in result.text(classes={"said"})
    assert "no answer" in result.text(classes={"chips"})


def test_what_another_than_the_embedding_decided_has_its_reason() -> None:
    judged = point(1, "contradicted", decided_by="judge", rationale="it says the opposite")
    assert "judge: it says the opposite" in page(grade("a", 0.0, judged, point(2))).text(classes={"judged"})


def test_ungraded_answers_show_their_reason_and_no_score() -> None:
    result = page(grade("a", None, needs_review=True), grade("b", 1.0))
    assert "Ungraded. the judge did not reply" in result.text(classes={"reason"})
    assert result.text(classes={"score"}).split() == ["\u2013", "10/10"]
    assert "1 answer could not be graded" in result.text(classes={"lead"})
    assert "1 needs to be looked at by a person" in " ".join(result.text(classes={"lead"}).split())


def test_a_page_without_answers() -> None:
    result = page()
    assert_inert(result)
    assert "There are no answers in this report." in result.text(classes={"lead"})
    assert "figure" not in result.tags and "table" not in result.tags


def test_cards_are_open_up_to_twenty_answers() -> None:
    def opened(n: int) -> int:
        result = page(*(grade(f"a{i}") for i in range(n)))
        return sum(tag == "details" and name == "open" for tag, name, _ in result.attributes)

    assert (opened(20), opened(21)) == (20, 0)


def test_the_rest_is_in_the_grades_file() -> None:
    result = page(*(grade(f"a{i}", question_id=f"q{i}") for i in range(4)), keep=3)
    assert "The first 3 of 4 answers are shown. All of them are in the grades file" in result.text(classes={"note"})
    assert "none of them is shown here" in result.text(tag="main")
    assert_inert(result)


def test_questions_link_to_their_answers_and_the_chart_is_told_in_words() -> None:
    result = page(grade("a", 0.25, question_id="x y"), grade("b", 1.0, question_id="z"))
    links = [href for href in result.values("href") if href.startswith("#q")]
    assert len(set(links)) == 2
    assert "20 to 30 %: 1." in result.values("aria-label")[0]
    assert result.tags.count("table") == result.tags.count("caption")


def test_headings_never_skip_a_level() -> None:
    points = [point(1), point(2, "missing")]
    result = page(*(grade(f"a{i}", 0.5, *points, feedback="Stated 1 of 2 points.") for i in range(3)))
    levels = [int(tag[1]) for tag in result.tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_numbers_are_rounded_on_the_page_alone() -> None:
    points = [point(1, "partial", coverage=0.123456, weight=1 / 3)]
    result = page(grade("a", 2 / 3, *points), grade("b", 2 / 3, max_score=5.0, score=10 / 3, question_id="q2"))
    assert result.text(classes={"score"}).split() == ["6.5/10", "3.25/5"]
    figures = result.text(classes={"figures"})
    assert "coverage 12%" in figures and "weight 0.33" in figures


def test_the_same_grades_give_the_same_page() -> None:
    grades = [hostile_grade(text) for text in HOSTILE]
    first, second = (render_grades_page(summarise_grades(list(grades)), title="x") for _ in range(2))
    assert first == second


def test_overlapping_spans_are_cut_where_any_begins_or_ends() -> None:
    runs = cut_into_runs("abcdefgh", [(1, 5), (3, 7), (3, 5)])
    assert [(run.text, run.holders, run.begins) for run in runs] == [
        ("a", (), ()),
        ("bc", (0,), (0,)),
        ("de", (0, 1, 2), (1, 2)),
        ("fg", (1,), ()),
        ("h", (), ()),
    ]
    assert cut_into_runs("", [(0, 3)]) == []


def test_many_overlapping_spans_are_cut_in_no_quadratic_time() -> None:
    spans = [(2 * i, 2 * i + 5) for i in range(20_000)]
    begin = time.perf_counter()
    assert len(cut_into_runs("x" * 40_004, spans)) == 40_000
    assert time.perf_counter() - begin < 5


@given(st.text(max_size=30), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6))
def test_runs_join_to_the_text_and_hold_their_spans(text: str, spans: list[tuple[int, int]]) -> None:
    runs = cut_into_runs(text, spans)
    assert "".join(run.text for run in runs) == text
    for i, (start, end) in enumerate(spans):
        assert "".join(run.text for run in runs if i in run.holders) == text[start:end]
