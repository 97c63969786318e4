"""The whole way of an answer, with the real encoder."""

import random
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import Answer, Grade, Grader, InputError, Rubric
from grader.encoders.protocol import Encoder
from grader.encoders.token_vectors import TokenVectors
from grader.grading import content as substance
from grader.grading import coverage
from grader.grading.grader import chunks
from grader.settings import COVERAGE_VERSION, Settings
from tests.support.rubrics import as_points

DROPOUT: dict[str, Any] = {
    "question_id": "dropout",
    "question": "What does dropout do, and when is it active?",
    "reference_answer": "Dropout disables random units. It is active in training only. It reduces overfitting.",
    "points": [
        {"id": "p1", "text": "Dropout disables random units.", "weight": 4},
        {"id": "p2", "text": "Dropout is active only during training.", "weight": 3},
        {"id": "p3", "text": "Dropout reduces overfitting.", "weight": 3},
    ],
}
SPEED = {
    "question_id": "speed",
    "question": "How fast is binary search on 1000 sorted items?",
    "points": [{"id": "p1", "text": "It needs about 10 comparisons."}],
}
OPEN = {
    "question_id": "about-you",
    "question": "Tell us about a model that you put into production.",
    "kind": "open",
    "points": [{"id": "p1", "text": "Names a concrete project"}],
}
GOOD = "It switches random units off. That happens while training, not at test time. The net overfits less."


@pytest.fixture(scope="module")
def grader(encoder: Encoder) -> Grader:
    return Grader([Rubric.model_validate(some) for some in (DROPOUT, SPEED, OPEN)], encoder=encoder)


def answer(text: str, question_id: str = "dropout", answer_id: str = "a1", **extra: Any) -> Answer:
    return Answer(answer_id=answer_id, question_id=question_id, answer=text, extra=extra)


def check_evidence(grade: Grade) -> None:
    for point in grade.points:
        if point.evidence is not None:
            assert grade.answer[point.evidence.start : point.evidence.end] == point.evidence.text
            assert point.evidence.text.strip()


def test_a_good_answer_scores_and_shows_its_words(grader: Grader) -> None:
    grade = grader.grade(answer(GOOD))
    assert grade.score is not None and grade.score > 5
    assert grade.max_score == 10
    assert grade.fraction == pytest.approx(grade.score / 10)
    first = grade.points[0]
    assert first.evidence is not None
    assert first.evidence.text == "It switches random units off."
    assert first.decided_by == "embedding"
    check_evidence(grade)


def test_what_is_missing_has_no_evidence_and_is_named(grader: Grader) -> None:
    grade = grader.grade(answer("Pictures are cropped and mirrored."))
    assert {point.status for point in grade.points} == {"missing"}
    assert {point.evidence for point in grade.points} == {None}
    assert "Stated 0 of 3 points." in grade.feedback
    assert "Missed: " in grade.feedback and "Dropout reduces overfitting." in grade.feedback
    assert "missing" not in grade.feedback


def test_the_score_is_the_weighted_credit(grader: Grader) -> None:
    grade = grader.grade(answer(GOOD))
    earned = sum(point.weight * (point.credit or 0) for point in grade.points)
    assert grade.score == pytest.approx(earned)


@pytest.mark.parametrize(
    "text", ["", "   \n\t", "...", ":", "👍👍👍", "\u200b\u200b", "— • —", "∑ ∂ √", "a) ...", "(b) !!!", "- a) ?"]
)
def test_nothing_said_is_zero_by_rule_before_any_model(text: str) -> None:
    class NoModel:
        name = revision = "none"

        def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
            raise AssertionError(f"the encoder was asked for {texts}")

    grade = Grader([Rubric.model_validate(DROPOUT)], encoder=NoModel()).grade(answer(text))
    assert grade.score == 0
    assert "no_answer" in grade.flags
    assert {point.decided_by for point in grade.points} == {"rule"}
    assert all(point.rationale.startswith("no answer") for point in grade.points)


def test_digits_count_only_where_a_number_is_asked_for(grader: Grader) -> None:
    assert grader.grade(answer("1234")).flags == ("no_answer",)
    assert grader.grade(answer("10", "speed")).flags == ()


@pytest.mark.parametrize(
    "points", [[{"id": "p1", "text": "ten layers"}], [{"id": "p1", "text": "x", "aliases": ["10"]}]]
)
def test_number_words_and_aliases_ask_for_a_number_too(points: list[dict[str, Any]], encoder: Encoder) -> None:
    rubric = Rubric(question_id="q", question="How many layers?", points=as_points(points))
    assert Grader([rubric], encoder=encoder).grade(answer("10", "q")).flags == ()


def test_an_unknown_question_is_ungraded_and_the_run_goes_on(grader: Grader) -> None:
    first, second = grader.grade_many([answer(GOOD, "nonsense"), answer(GOOD)])
    assert first.score is None and first.fraction is None and first.max_score is None
    assert first.ungraded_reason == "unknown question 'nonsense': there is no rubric for it"
    assert first.needs_review
    assert second.score is not None


def test_an_open_question_needs_a_judge(grader: Grader) -> None:
    grade = grader.grade(answer("I built a spam filter.", "about-you"))
    assert grade.score is None
    assert grade.ungraded_reason is not None and "judge" in grade.ungraded_reason
    assert [point.status for point in grade.points] == ["not_judged"]
    assert grade.points[0].credit is None
    assert grader.grade(answer(" ", "about-you")).score == 0
    assert grader.grade(answer("12", "about-you")).score is None


def test_any_company_and_any_order_give_the_same_grade(grader: Grader) -> None:
    texts = [
        GOOD,
        "",
        "Overfitting becomes smaller.",
        GOOD + " " + "More words follow here. " * 90,
        "no idea " * 3,
        GOOD,
    ]
    answers = [answer(text, answer_id=f"a{i}") for i, text in enumerate(texts)]
    alone = {item.answer_id: grader.grade(item) for item in answers}
    random.Random(1).shuffle(answers)
    for together in grader.grade_many(answers):
        one = alone[together.answer_id]
        assert together.score == pytest.approx(one.score, abs=1e-6)
        assert [point.status for point in together.points] == [point.status for point in one.points]
        assert [point.evidence for point in together.points] == [point.evidence for point in one.points]


def test_long_answers_go_in_smaller_chunks() -> None:
    """Vectors of one chunk are held at once: 256 answers of a book's length would fill the memory."""
    short = [answer("x", answer_id=str(i)) for i in range(600)]
    assert [len(chunk) for chunk in chunks(short)] == [256, 256, 88]
    long = [answer("x" * 100_000, answer_id=str(i)) for i in range(7)]
    assert [len(chunk) for chunk in chunks(iter(long))] == [3, 3, 1]


def test_twice_gives_the_same_bytes(grader: Grader) -> None:
    answers = [answer(GOOD), answer("Overfitting", answer_id="a2")]
    first, second = ([grade.model_dump_json() for grade in grader.grade_many(answers)] for _ in range(2))
    assert first == second


def test_a_long_answer_is_read_to_its_end_and_says_so(grader: Grader) -> None:
    grade = grader.grade(answer("Nothing to the point stands here. " * 150 + GOOD))
    assert "long_answer" in grade.flags
    assert grade.points[0].evidence is not None
    assert grade.points[0].evidence.start > 150 * 30
    check_evidence(grade)


def test_hidden_characters_change_nothing_but_a_flag(grader: Grader) -> None:
    hidden = "\u200b".join(GOOD.split(" ")[0]) + GOOD[len(GOOD.split(" ")[0]) :]
    grade = grader.grade(answer(hidden))
    assert grade.fraction == pytest.approx(grader.grade(answer(GOOD)).fraction, abs=1e-6)
    assert grade.flags == ("hidden_characters",)
    assert grade.needs_review
    check_evidence(grade)


def test_a_mistake_costs_only_when_it_was_made(encoder: Encoder) -> None:
    points = [*DROPOUT["points"], {"id": "m1", "text": "Dropout makes training faster.", "weight": -2}]
    grader = Grader([Rubric.model_validate({**DROPOUT, "points": points})], encoder=encoder)
    clean, wrong = grader.grade_many([answer(GOOD), answer(GOOD + " Dropout makes training faster.", answer_id="a2")])
    assert clean.points[3].credit == 0
    assert (clean.points[3].status, clean.points[3].evidence) == ("missing", None)
    assert wrong.points[3].credit == pytest.approx(1, abs=0.01)
    assert wrong.fraction is not None and clean.fraction is not None
    assert wrong.fraction < clean.fraction


def test_an_alias_earns_the_point(encoder: Encoder) -> None:
    plain: dict[str, Any] = {
        "question_id": "q",
        "question": "Which nets?",
        "points": [{"id": "p1", "text": "recurrent neural networks"}],
    }
    with_alias = {**plain, "points": [{**plain["points"][0], "aliases": ["RNNs"]}]}
    scores = [
        Grader([Rubric.model_validate(some)], encoder=encoder).grade(answer("RNNs", "q")).fraction
        for some in (plain, with_alias)
    ]
    assert scores[0] is not None and scores[1] is not None
    assert scores[0] < scores[1] == pytest.approx(1, abs=1e-3)


def test_the_reference_earns_its_own_rubric(grader: Grader) -> None:
    grade = grader.grade(answer(DROPOUT["reference_answer"]))
    assert grade.fraction is not None and grade.fraction >= 0.95


def test_the_signature_names_what_moves_a_score(grader: Grader) -> None:
    grade = grader.grade(answer(GOOD))
    for part in ("grader:", "encoder:all-MiniLM-L6-v2@53aa51172d14", "coverage:v2,q.2", "rubric:"):
        assert part in grade.signature
    reworded = Rubric.model_validate({**DROPOUT, "max_score": 5})
    other = Grader([reworded], encoder=grader.encoder).grade(answer(GOOD))
    assert other.signature != grade.signature


def test_a_changed_constant_of_coverage_raises_its_version() -> None:
    """These are no settings, so the version in the signature is their only trace: raise it, then note them here."""
    constants = (coverage._CHANCE, coverage._RELEVANT, substance._MIN_SHARE, substance._LITTLE, substance._MIN_LENGTH)
    assert (COVERAGE_VERSION, *constants) == (2, 0.2, 0.35, 0.1, 3.0, 5)
    assert Settings().signature().startswith(f"v{COVERAGE_VERSION},")


def test_letters_that_the_encoder_does_not_know_are_refused_and_never_match(encoder: Encoder) -> None:
    rubric = Rubric(question_id="q", points=as_points([{"id": "p1", "text": "ሀሁሂ ሃሄ"}]))
    with pytest.raises(InputError, match="the encoder knows no character of 'p1'"):
        Grader([rubric], encoder=encoder).prepare()


def test_soft_line_breaks_part_words(grader: Grader) -> None:
    assert grader.grade(answer(GOOD.replace(" ", "\x0b"))).fraction == pytest.approx(
        grader.grade(answer(GOOD.replace(" ", "\n"))).fraction, abs=1e-6
    )


def test_two_rubrics_for_one_question_are_refused() -> None:
    rubric = Rubric.model_validate(DROPOUT)
    with pytest.raises(InputError, match="two rubrics are for the question 'dropout'"):
        Grader([rubric, rubric])


def test_a_point_without_a_readable_character_is_refused(encoder: Encoder) -> None:
    rubric = Rubric(question_id="q", points=as_points([{"id": "p1", "text": "\u200b\u2060"}]))
    with pytest.raises(InputError, match="rubric 'q': the point 'p1' has a wording without any readable character"):
        Grader([rubric], encoder=encoder).grade(answer("text", "q"))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gets_a_grade_within_bounds(grader: Grader, text: str) -> None:
    grade = grader.grade(answer(text))
    if grade.score is None:
        assert grade.ungraded_reason and "language" in grade.flags
    else:
        assert 0 <= grade.score <= 10
    check_evidence(grade)


def test_a_near_copy_that_turns_the_point_round_earns_nothing(encoder: Encoder) -> None:
    points = [{"id": "p1", "text": "A larger batch size smooths the gradient estimate."}]
    rubric = Rubric(question_id="q", points=as_points(points))
    turned = answer("A larger batch size makes the gradient estimate noisier.", "q")
    [point] = Grader([rubric], encoder=encoder).grade(turned).points
    assert (point.status, point.credit, point.decided_by) == ("contradicted", 0, "guard")
    [by_rules] = Grader([rubric], encoder=encoder, settings=Settings(verifier=False)).grade(turned).points
    assert by_rules.status != "contradicted"


def test_a_mistake_that_is_only_hinted_at_is_the_less_surely_absent(encoder: Encoder) -> None:
    points = [
        {"id": "p1", "text": "Dropout disables random units.", "weight": 5},
        {"id": "m1", "text": "At inference dropout doubles the number of layers.", "weight": -2},
    ]
    grader = Grader([Rubric(question_id="q", points=as_points(points))], encoder=encoder)
    hinted, silent = (
        grader.grade(answer(text, "q")).points[1]
        for text in (
            "Dropout disables random units of all layers.",
            "Dropout disables random units.",
        )
    )
    assert hinted.credit == silent.credit == 0
    assert hinted.confidence is not None and silent.confidence is not None
    assert hinted.confidence < silent.confidence


def test_no_bit_of_a_grade_depends_on_its_company(encoder: Encoder) -> None:
    rng = np.random.default_rng(0)
    pieces = [*re.split(r"(?<=[.]) ", DROPOUT["reference_answer"]), GOOD, "It makes training faster.", "Not sure."]
    answers = [
        answer(" ".join(rng.permutation(pieces)[: rng.integers(1, 5)]), answer_id=str(number)) for number in range(40)
    ]
    alone = [Grader([Rubric.model_validate(DROPOUT)], encoder=encoder).grade(one) for one in answers]
    for size in (2, 7, len(answers)):
        order = rng.permutation(len(answers)).tolist()
        grader = Grader([Rubric.model_validate(DROPOUT)], encoder=encoder)
        for start in range(0, len(order), size):
            some = order[start : start + size]
            for index, grade in zip(some, grader.grade_many([answers[i] for i in some]), strict=True):
                assert grade == alone[index]
