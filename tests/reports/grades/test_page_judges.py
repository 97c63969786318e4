"""The page shows what judges said: beside the embedding, with their words located, and nothing of it is run."""

import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.flags import FLAGS
from grader.reports.grades.page import AnchoredSpan, quote_spans, verdict_views
from grader.schema import Evidence, Grade, PointGrade, Rated
from tests.reports.grades.test_page import Page, assert_inert, page
from tests.support.sample_grades import HOSTILE, grade, point, quote, verdict

SAID = "It switches some units off at random. It is active while training. Afterwards all of them are used."
OFF, TRAINING, USED = "switches some units off", "active while training", "all of them are used"


def judged(number: int = 1, **changes: Any) -> PointGrade:
    """Decided by one of two judges; the other one quotes other words."""
    given: dict[str, Any] = {
        "evidence": quote(SAID, OFF),
        "decided_by": "judge",
        "rationale": "gpt-x: gpt-x says so",
        "coverage": 0.52,
        "verdicts": (
            verdict("gpt-x", "covered", quote(SAID, OFF)),
            verdict("qwen-y", "contradicted", quote(SAID, USED)),
        ),
        "by_embedding": Rated("partial", 0.6),
    }
    return point(number, **(given | changes))


def shown(*points: PointGrade, **changes: Any) -> Page:
    return page(grade("a", 0.5, *points, **{"answer": SAID, **changes}))


def raters(result: Page) -> list[str]:
    """The rows of all lists of raters, each on one line; they are told apart by what stands between them."""
    rows = [""]
    for parents, data in result.texts:
        inside = [have for _, have in parents]
        if {"raters"} in inside:
            between = parents[-1][0] == "ul"
            rows = [*rows, ""] if between else [*rows[:-1], rows[-1] + data]
    return [" ".join(row.split()) for row in rows if row.strip()]


def test_each_rater_has_a_line_with_verdict_quote_and_reason() -> None:
    result = shown(judged(), point(2))
    assert raters(result) == [
        "embedding ◐ partial, coverage 52%, credit 60%",
        f"gpt-x ✓ covered “{OFF}” gpt-x says so",
        f"qwen-y ✗ contradicted “{USED}” qwen-y says so",
    ]
    figures = result.text(classes={"p1"}).split("embedding")[0]
    assert "earns 100%" in figures and "decided by judge" in figures and "coverage" not in figures
    assert result.text(classes={"judged"}).count("gpt-x says so") == 1
    assert "decided by" not in result.text(classes={"point", "p2"})


def test_verdicts_that_earn_nothing_are_told_apart() -> None:
    said = (
        verdict("a", "partial", supported=False, reason="no such words; it says: half of it"),
        verdict("b", "not_judged", supported=False, reason="it refused"),
        verdict("c", "cannot_tell", reason=""),
    )
    result = shown(judged(verdicts=said, decided_by="guard", rationale="it denies the point"))
    assert raters(result)[1:] == [
        "a ◐ partial unsupported no such words; it says: half of it",
        "b – not judged it refused",
        "c ? cannot tell",
    ]
    assert "guard: it denies the point" in result.text(classes={"why"})
    assert "A judge cannot tell" in result.text(tag="dl") and "awards nothing" in result.text(tag="dl")


def test_a_mistake_is_made_or_not_for_every_rater() -> None:
    said = (verdict("a", "covered"), verdict("b", "partial"), verdict("c", "missing"))
    rows = raters(shown(judged(weight=-1.0, verdicts=said, by_embedding=Rated("missing", 0.0))))
    words = ["✓ mistake not made", "✗ mistake made", "✓ mistake not made", "✓ mistake not made"]
    assert all(word in row for word, row in zip(words, rows, strict=True))


@pytest.mark.parametrize("alone", [None, Rated("not_judged", None)])
def test_an_embedding_without_a_result_has_no_line(alone: Rated | None) -> None:
    assert len(raters(shown(judged(by_embedding=alone)))) == 2


def test_quotes_beside_the_evidence_are_marked_quietly_and_linked() -> None:
    result = shown(judged())
    assert result.text(tag="mark", classes={"covered", "p1"}, without="tags") == OFF
    assert result.text(tag="mark", classes={"quoted", "p1"}, without="tags") == f"{USED}."
    assert "(shows 1)" in result.text(classes={"answer"}) and "(quoted on 1)" in result.text(classes={"answer"})
    assert result.text(classes={"answer"}, without="tags") == SAID
    links = [href for href in result.values("href") if href.startswith("#a1p1")]
    assert links == ["#a1p1", "#a1p1", "#a1p1q1"]
    assert_inert(result)


def test_words_that_show_one_point_and_are_quoted_on_another_have_both_numbers() -> None:
    other = judged(2, evidence=quote(SAID, USED), verdicts=(verdict("a", "covered", quote(SAID, OFF)),))
    result = shown(judged(1), other)
    first, last = [text for text in result.text(tag="mark").split(")") if text]
    assert first == f"{OFF} (shows 1, quoted on 2" and last == f"{USED}. (shows 2, quoted on 1"
    assert_inert(result)


def test_quotes_that_overlap_are_one_mark_and_the_evidence_is_not_cut() -> None:
    evidence = AnchoredSpan(*span(OFF), "p1")
    quotes = [quote(SAID, words) for words in ("some units", "It is active", TRAINING, "them are")]
    marked = point(1, verdicts=tuple(verdict(str(n), "covered", words) for n, words in enumerate(quotes)))
    marks = quote_spans(marked, 1, evidence, SAID)
    assert [SAID[mark.start : mark.end] for mark in marks] == ["It is active while training.", "them are"]
    assert [said.anchor for said in verdict_views(marked, [evidence, *marks])] == ["p1", "p1q1", "p1q1", "p1q2"]


def span(words: str) -> tuple[int, int]:
    found = quote(SAID, words)
    return found.start, found.end


def test_evidence_and_quotes_end_alike_with_their_full_stop() -> None:
    """The embedding's evidence is a sentence, a judge's quote has no full stop: no mark of a full stop alone."""
    sentence = quote(SAID, "It is active while training.")
    by_embedding = judged(2, evidence=sentence, decided_by="embedding", verdicts=())
    by_judge = judged(1, evidence=quote(SAID, "It is active while training"), verdicts=())
    marks = shown(by_judge, by_embedding).text(tag="mark", without="tags")
    assert marks == sentence.text


@pytest.mark.parametrize(("start", "end"), [(3, 3), (90, 80), (900, 950)])
def test_a_quote_that_is_not_in_the_answer_is_no_link(start: int, end: int) -> None:
    said = verdict("a", "covered", Evidence(text="other words", start=start, end=end))
    result = shown(judged(evidence=None, verdicts=(said,)))
    assert raters(result)[1] == "a ✓ covered “other words” a says so"
    assert "mark" not in result.tags
    assert_inert(result)


spans = st.tuples(st.integers(0, 40), st.integers(0, 40))


@given(st.text(max_size=30), st.lists(spans, max_size=5), st.none() | spans)
def test_marks_of_quotes_never_overlap(text: str, found: list[tuple[int, int]], taken: tuple[int, int] | None) -> None:
    said = tuple(verdict(str(n), "covered", Evidence(text="x", start=a, end=b)) for n, (a, b) in enumerate(found))
    evidence = AnchoredSpan(*taken, "p1") if taken and taken[0] < min(taken[1], len(text)) else None
    marks = quote_spans(point(1, verdicts=said), 1, evidence, text)
    in_order = sorted([*marks, *([evidence] if evidence else [])])
    assert all(before.end <= after.start for before, after in pairwise(in_order))
    assert all(mark.start < mark.end for mark in marks)
    assert len({mark.anchor for mark in in_order}) == len(in_order)


def test_long_quotes_are_cut_in_the_list_and_whole_in_the_answer() -> None:
    answer = "words of an answer " * 50
    said = verdict("a", "covered", quote(answer, answer.strip()))
    result = shown(judged(evidence=None, verdicts=(said,)), answer=answer)
    assert len(raters(result)[1]) < 200 and "…”" in raters(result)[1]
    assert result.text(tag="mark", without="tags").strip() == answer.strip()


def test_feedback_in_a_judges_words_is_paragraphs() -> None:
    told = "You say well what happens. Missed: nothing | much.\n\nLook at training."
    result = shown(judged(), feedback=told)
    assert "Feedback in a judge’s words" in result.text(tag="h5")
    paragraphs = result.text(classes={"told", "own"}).strip().split("\n")
    assert paragraphs == ["You say well what happens. Missed: nothing | much.", "Look at training."]
    plain = shown(judged(), feedback="Stated 1 of 2 points. Missed: training")
    assert "in a judge" not in plain.text(tag="h5") and plain.text(classes={"own"}) == ""


@pytest.mark.parametrize("told", ["متى يعمل؟\nانظر إلى التدريب", "\u202eevil\u202c", "\x1b]0;title\x07x"])
def test_feedback_keeps_its_script_and_shows_what_cannot_be_seen(told: str) -> None:
    result = shown(judged(), feedback=told)
    text = result.text(classes={"told"})
    assert not set("\u202e\u202c\x1b\x07") & set(text)
    assert ("U+" in text) != ("متى" in text)
    assert [value for tag, name, value in result.attributes if tag == "p" and name == "dir"].count("auto") >= 1


@pytest.mark.parametrize("text", [*HOSTILE, "![x](http://host.invalid/?q=secret) [y](http://host.invalid)"])
def test_what_a_judge_writes_is_text(text: str) -> None:
    """Nothing that a judge writes becomes a link, a picture or an attribute (`hostile_grade` has the other fields)."""
    said = (verdict(text, "covered", quote(SAID, OFF), reason=text), verdict(f"{text}#2", "missing", reason=text))
    result = shown(judged(verdicts=said), feedback=f"{text}\n{text}")
    assert_inert(result)
    if text.isprintable():
        for place in ("told", "raters", "judges"):
            assert text in result.text(classes={place})


# The block in the summary


def test_the_block_counts_verdicts_and_agreement() -> None:
    block = " ".join(shown(judged(1), judged(2), point(3)).text(classes={"judges"}).split())
    assert "2 points of 1 answer" in block
    assert "gpt-x covered 2 partial 0 missing 0 contradicted 0 no verdict 0 unsupported 0 as embedding 0% of 2" in block
    note = " ".join(shown(judged(1), judged(2)).text(classes={"note"}).split())
    assert note == (
        "Of the 2 points that two or more judges decided they say the same on 0%; their credits lie 100% apart on "
        "average. Krippendorff’s alpha is -0.5 (1 agreement, 0 chance)."
    )


def test_alpha_is_said_to_be_undefined() -> None:
    same = judged(verdicts=(verdict("a", "covered"), verdict("b", "covered")))
    assert "alpha is undefined, for all verdicts are the same." in shown(same).text(classes={"note"})


def test_a_judge_without_verdicts_is_compared_with_nothing() -> None:
    refused = judged(verdicts=(verdict("a", "not_judged", supported=False, reason="it refused"),))
    block = " ".join(shown(refused).text(classes={"judges"}).split())
    assert "no verdict 1 unsupported 0 as embedding –" in block and " of 0" not in block
    assert shown(refused).text(classes={"note"}) == ""


def test_without_judges_the_page_says_nothing_of_them() -> None:
    result = shown(point(1))
    assert not re.search(r"(?i)\bjudges?\b", result.text(tag="main") + result.text(tag="dl"))
    assert "raters" not in " ".join(result.values("class"))


def test_flags_about_judges_are_explained() -> None:
    raised = ("judge_disagrees", "judges_split", "unsupported_verdict", "judge_failed", "judge_refused")
    result = shown(judged(), flags=raised, needs_review=True)
    chips = result.text(classes={"chips"})
    for flag in raised:
        assert FLAGS[flag] in result.text(tag="dl")
        assert flag.replace("_", " ") in chips


def test_the_block_counts_answers_that_are_not_shown() -> None:
    many: list[Grade] = [grade(f"a{n}", 0.5, judged(), answer=SAID) for n in range(3)]
    assert "3 points of 3 answers" in " ".join(page(*many, keep=1).text(classes={"judges"}).split())
