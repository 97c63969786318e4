"""The attacks' building blocks, on sentences written by hand: each change must be English and change what it says."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.evaluation.attacks import (
    answer_cases,
    attack_texts,
    cases,
    catalogue,
    fact_edits,
    point_texts,
    role_swap,
    sentence_edits,
    surface_edits,
)
from grader.evaluation.attacks.word_lists import OPPOSITES
from grader.rubrics.rubric_files import read_rubric
from grader.schema import Grade, PointGrade, Rubric, RubricPoint
from grader.text.normalisation import normalise, words


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize(
    ("sentence", "denied"),
    [
        ("Dropout reduces overfitting.", "Dropout does not reduce overfitting."),
        ("Large kernels cost more.", "Large kernels do not cost more."),
        ("The loss is convex.", "The loss is not convex."),
        ("A tree can overfit.", "A tree cannot overfit."),
        ("The cache must be cleared.", "The cache must not be cleared."),
        ("It usually converges fast.", "It usually does not converge fast."),
        ("The layer has two inputs.", "The layer does not have two inputs."),
        ("ReLU does not saturate.", "ReLU saturates."),
        ("The test set is not used for tuning.", "The test set is used for tuning."),
        ("Threads don't share stacks.", "Threads share stacks."),
        ("The server has closed the socket.", "The server has not closed the socket."),
    ],
)
def test_negations(sentence: str, denied: str) -> None:
    assert denied in [edit.text for edit in sentence_edits.negations(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Huge batches may hurt generalization.",  # "may not" contradicts nothing
        "Only the output layer is trained.",
        "The red house.",
        "Nothing is calculated in vain.",
    ],
)
def test_what_cannot_be_denied_is_left_alone(sentence: str) -> None:
    assert sentence_edits.negations(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "turned"),
    [
        ("Pruning increases the speed.", "Pruning decreases the speed."),
        ("The key is checked before the lookup.", "The key is checked after the lookup."),
        ("Adam needs more memory.", "Adam needs less memory."),
        ("The client encrypts the message.", "The client decrypts the message."),
        ("It raises the maximum.", "It raises the minimum."),
        ("Structured pruning speeds up inference.", "Structured pruning slows down inference."),
        ("Both use the same weights.", "Both use a different weights."),
    ],
)
def test_opposites(sentence: str, turned: str) -> None:
    assert turned in [edit.text for edit in sentence_edits.opposites(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "Common causes of failure are known.",  # a noun
        "It is checked before and after the run.",  # both are named
        "Two points at least are needed.",
        "A low-rank matrix is stored.",
        "A mask keeps tokens from seeing what follows.",
    ],
)
def test_words_that_mean_something_else_are_left_alone(sentence: str) -> None:
    kept = {"known", "stored", "needed"}
    assert [edit.old for edit in sentence_edits.opposites(sentence) if edit.old not in kept] == []


@pytest.mark.parametrize(
    ("sentence", "changed"),
    [
        ("The cost is O(n).", "The cost is O(n^2)."),
        ("The cost is O(n log n).", "The cost is O(n^2)."),
        ("The register holds 8 bits.", "The register holds 80 bits."),
        ("The register holds 8 bits.", "The register holds 8 bytes."),
        ("A packet took 20 ms to arrive.", "A packet took 20 s to arrive."),
        ("It was published in 1991.", "It was published in 1919."),
        ("About 70 % are kept.", "About 7 % are kept."),
        ("The threshold is 0.5 by default.", "The threshold is 5 by default."),
        ("Adam stores two extra values.", "Adam stores five extra values."),
        ("The cost grows quadratically.", "The cost grows linearly."),
    ],
)
def test_numbers(sentence: str, changed: str) -> None:
    assert changed in [edit.text for edit in sentence_edits.numbers(sentence)]


@pytest.mark.parametrize("sentence", ["An L1 penalty helps.", "The F1 score counts.", "Use ResNet-50 or a 0/1 flag."])
def test_digits_in_names_are_no_numbers(sentence: str) -> None:
    assert sentence_edits.numbers(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "swapped"),
    [
        ("Adam needs more memory than SGD.", "SGD needs more memory than Adam."),
        ("TCP is slower than UDP.", "UDP is slower than TCP."),
        ("The client opens the connection.", "The connection opens the client."),
        ("A small student learns from a large teacher.", "A small teacher learns from a large student."),
    ],
)
def test_role_swaps(sentence: str, swapped: str) -> None:
    assert swapped in [edit.text for edit in role_swap.role_swaps(sentence)]


@pytest.mark.parametrize("sentence", ["We use Adam, SGD and RMSprop.", "Ridge differs from Lasso.", "It works."])
def test_swaps_that_change_nothing_are_not_built(sentence: str) -> None:
    assert role_swap.role_swaps(sentence) == []


@pytest.mark.parametrize(
    ("sentence", "weaker"),
    [
        ("All the weights are updated.", "Some of the weights are updated."),
        ("The lock must be held.", "The lock may be held."),
        ("Every token attends.", "Some token attends."),
        ("It always ends.", "It sometimes ends."),
    ],
)
def test_weakenings(sentence: str, weaker: str) -> None:
    assert weaker in [edit.text for edit in sentence_edits.weakenings(sentence)]


@pytest.mark.parametrize(
    "sentence", ["It need not always end.", "No data at all.", "It runs every time.", "Each other's keys."]
)
def test_quantifiers_that_claim_nothing_are_left_alone(sentence: str) -> None:
    assert sentence_edits.weakenings(sentence) == []


@given(st.text(max_size=80))
def test_edits_never_fail_and_always_change(sentence: str) -> None:
    edits = sentence_edits
    for edit in (edits.negations, edits.opposites, edits.numbers, role_swap.role_swaps, edits.weakenings):
        for change in edit(sentence):
            assert sentence[change.span.start : change.span.end] == change.old
            assert change.text != sentence


def test_opposites_never_turn_a_word_into_itself() -> None:
    assert [word for word, other in OPPOSITES.items() if word == other] == []


# --- what a change is about -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "quantity"),
    [("two", "2"), ("2", "2"), ("n^2", "n^2"), ("O(n²)", "n^2"), ("quadratically", "n^2"), ("ms", "ms")],
)
def test_quantities_meet_in_figures_and_words(word: str, quantity: str) -> None:
    assert fact_edits.quantity(word) == quantity


def test_a_number_counts_only_where_the_point_states_it() -> None:
    [edit] = sentence_edits.numbers("It keeps two copies.")
    assert fact_edits.same_quantity(RubricPoint(id="p1", text="There are 2 copies"), edit)
    assert not fact_edits.same_quantity(RubricPoint(id="p1", text="There are three copies"), edit)


# --- disguises ------------------------------------------------------------------------------------------

GOOD = "Dropout switches off random units. It doesn't run at test time; 50 % of the units is common."


@pytest.mark.parametrize("table", [attack_texts.FULLWIDTH, attack_texts.MATH_BOLD])
def test_styled_letters_are_the_same_after_normalising(table: dict[int, int]) -> None:
    assert normalise(GOOD.translate(table)).text == GOOD


@pytest.mark.parametrize(
    "hidden",
    [
        surface_edits.with_inserts(GOOD, surface_edits.ZERO_WIDTH, every=5),
        surface_edits.with_overrides(GOOD),
        GOOD + surface_edits.in_tags("Nobody sees this."),
    ],
)
def test_invisible_characters_show_nothing(hidden: str) -> None:
    assert hidden != GOOD
    assert normalise(hidden).text == GOOD


def test_every_third_letter_looks_alike() -> None:
    changed = surface_edits.every_nth("aaaaaa", attack_texts.LOOK_ALIKES, 3)
    assert changed == "aa\u0430aa\u0430"


def test_typos_swap_inner_letters_of_few_words() -> None:
    typed = surface_edits.with_typos(GOOD, rng())
    wrong = [(word, other) for word, other in zip(words(GOOD), words(typed), strict=True) if word != other]
    assert 1 <= len(wrong) <= 2
    assert all(sorted(word) == sorted(other) and word[0] == other[0] for word, other in wrong)


def test_padding_has_the_words_asked_for_and_keeps_the_answer() -> None:
    filler = surface_edits.padding(300, rng())
    assert 300 <= sum(len(sentence.split()) for sentence in filler) <= 320
    mixed = surface_edits.interleaved(GOOD, filler)
    assert all(sentence.rstrip(".;") in mixed for sentence in [*surface_edits.sentences(GOOD), *filler])


@pytest.mark.parametrize(
    "layout",
    [surface_edits.as_bullets, surface_edits.as_table, surface_edits.as_code, surface_edits.as_latex],
    ids=lambda f: f.__name__,
)
def test_layouts_keep_every_word(layout: object) -> None:
    assert callable(layout)
    said = " ".join(words(layout(GOOD)))
    assert all(word in said for word in words(GOOD))


def test_a_salad_has_the_same_words() -> None:
    assert sorted(words(surface_edits.word_salad(GOOD, rng()))) == sorted(words(GOOD))


def test_replacing_keeps_capitals_and_whole_words() -> None:
    assert surface_edits.replaced("Use it. The user uses it.", {"use": "employ"}) == "Employ it. The user uses it."


SHARED = "A forward pass first computes the output and stores the activations."


def changes(edit: fact_edits.EditRule) -> set[tuple[str, str]]:
    """The points and the changed words of a reference whose two points share their subject."""
    rubric = Rubric.model_validate(
        {
            "question_id": "q",
            "reference_answer": SHARED,
            "points": [
                {"id": "p1", "text": "A forward pass first computes the output", "source_span": [0, 40]},
                {"id": "p2", "text": "A forward pass stores the activations", "source_span": [45, 67]},
            ],
        }
    )
    places = fact_edits.in_reference(rubric)
    found = fact_edits.changed(SHARED, places, edit, fact_edits.any_claim, rng(), limit=9, within_source_span=True)
    return {(fact.point_id, fact.change) for fact in found}


def test_only_words_on_which_no_other_point_hangs_are_changed() -> None:
    assert changes(sentence_edits.negations) == {
        ("p1", "first computes -> does not first compute"),
        ("p2", "stores -> does not store"),
    }
    assert changes(sentence_edits.opposites) == {("p2", "stores -> discards")}  # not "forward", the subject of both
    assert changes(role_swap.role_swaps) == set()


# --- whole points ---------------------------------------------------------------------------------------


def kite(*points: str, **more: object) -> Rubric:
    numbered = [{"id": f"p{at}", "text": text} for at, text in enumerate(points, 1)]
    return Rubric.model_validate(
        {"question_id": "kite", "question": "How does a kite fly?", "reference_answer": " ".join(points)}
        | {"points": numbered}
        | more
    )


KITE = kite(
    "The wind lifts the sail",
    "A tail prevents spinning",
    "Benjamin used a balloon in a storm",
    "The line holds the kite against the wind",
    "Common materials include paper",
    "Lightweight bamboo spars",
    "Heavy kites need more wind, because the sail must carry the weight",
)


def test_points_that_can_be_said_within_a_sentence() -> None:
    assert [point.id for point in point_texts.sayable_points(KITE)] == ["p1", "p2", "p3", "p4"]
    few = kite("The wind lifts the sail", "A tail prevents spinning, so that the kite does not spin")
    assert [point.id for point in point_texts.sayable_points(few)] == ["p1", "p2"]


@pytest.mark.parametrize(
    ("claim", "inside"),
    [
        ("The wind lifts the sail.", "the wind lifts the sail"),
        ("A tail prevents it", "a tail prevents it"),
        ("Benjamin flew a kite", "Benjamin flew a kite"),
        ("Wind lifts it", "wind lifts it"),  # the rubric has it in small letters elsewhere
        ("NASA flew a kite", "NASA flew a kite"),
        ("L1 penalties help", "L1 penalties help"),
    ],
)
def test_only_names_keep_their_capital_within_a_sentence(claim: str, inside: str) -> None:
    assert point_texts.within(claim, KITE) == inside
    assert point_texts.sentence(inside) == claim[:1].upper() + claim[1:].rstrip(".") + "."


def test_terms_of_a_point() -> None:
    assert point_texts.terms(KITE.points[3], KITE) == ["line", "kite", "wind"]
    assert point_texts.enumerated(["line", "kite", "wind"]) == "line, kite and wind"
    assert point_texts.enumerated(["line"]) == "line"


def test_predicates_are_exchanged_between_things_that_differ() -> None:
    pairs = list(point_texts.exchanged_halves(point_texts.sayable_points(KITE)))
    texts = {(one.id, other.id): (first, second) for one, other, first, second in pairs}
    assert texts["p2", "p3"] == ("A tail used a balloon in a storm", "Benjamin prevents spinning")
    same = kite("The wind lifts the sail", "The cold wind hums", "The lines hum")
    assert list(point_texts.exchanged_halves(list(same.points))) == []


NO_GRADE = Grade(answer_id="", question_id="kite", score=0.0, max_score=1.0, fraction=0.0, signature="")


def built(name: str, **more: tuple[str, ...]) -> list[cases.AttackCase]:
    [attack] = [attack for attack in catalogue.ATTACKS if attack.id == name]
    target = cases.AttackTarget(KITE, "good", "The wind carries it.", NO_GRADE, "It flies.", **more)
    return list(attack.build(target, rng()))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("C38", "A tail used a balloon in a storm"),
        ("C40", "a tail prevents spinning"),
        ("C41", "a tail prevents spinning"),
        ("C42", "tail prevents spinning"),
        ("C43", "a tail does not prevent spinning"),
        ("C44", "a tail prevents spinning"),
        ("C46", "tail prevents spinning"),
        ("C47", "A tail prevents spinning."),
        ("C48", "A balloon used Benjamin in a storm."),
    ],
)
def test_attacks_on_points_hold_their_words(name: str, part: str) -> None:
    found = built(name)
    assert any(part in case.text for case in found), [case.text for case in found]
    assert all("{" not in case.text and ".." not in case.text for case in found)


@pytest.mark.parametrize("name", ["C39", "C45"])
def test_lists_of_terms_claim_nothing_about_them(name: str) -> None:
    first = built(name)[0].text
    assert all(term in first for term in ("wind", "sail", "tail", "storm", " and "))
    assert not any(verb in first for verb in ("lifts", "prevents", "used", "holds"))


def test_a_list_after_half_an_answer_adds_to_the_written_one() -> None:
    half = "Wind pushes up the cloth."
    assert [case.base for case in built("C39", partials=(half,)) if case.text.startswith(half)] == [half]


# --- what must hold -------------------------------------------------------------------------------------


def graded(fraction: float, *credits: float, flags: tuple[str, ...] = ()) -> Grade:
    points = tuple(
        PointGrade(
            point_id=f"p{at}",
            text="t",
            status="covered",
            coverage=credit,
            credit=credit,
            weight=1.0,
            evidence=None,
            decided_by="embedding",
            rationale="",
        )
        for at, credit in enumerate(credits, 1)
    )
    return NO_GRADE.model_copy(update={"fraction": fraction, "points": points, "flags": flags})


def test_named_points_earn_little_on_average() -> None:
    check = cases.earn_at_most(0.2, ["p1", "p2"])
    assert check(NO_GRADE, graded(0.5, 0.4, 0.0, 1.0)) is None
    assert check(NO_GRADE, graded(0.5, 0.4, 0.1, 0.0)) == "p1, p2 earn 0.25 of their credit, allowed 0.20"
    warned = cases.earn_at_most(0.2, ["p1"], or_warned=True)
    assert warned(NO_GRADE, graded(1, 1.0, flags=("contradiction",))) is None
    assert warned(NO_GRADE, graded(1, 1.0)) is not None


def test_named_points_earn_enough_on_average() -> None:
    assert cases.earn_at_least(0.7, ["p1"])(NO_GRADE, graded(0.7, 0.7)) is None
    assert cases.earn_at_least(0.7, ["p1", "p2"])(NO_GRADE, graded(0.5, 1.0, 0.2)) is not None


def test_a_better_answer_scores_higher_and_a_tie_is_none() -> None:
    assert cases.scores_higher()(graded(0.4), graded(0.5)) is None
    assert cases.scores_higher()(graded(0.4), graded(0.4)) == "score 0.40 against 0.40"
    assert cases.never_rises(0.1)(graded(0.4), graded(0.5)) is None
    assert cases.never_rises(0.1)(graded(0.4), graded(0.6)) == "score 0.40 -> 0.60"


# --- the sample answers ---------------------------------------------------------------------------------


def test_contrast_answers_have_every_level_and_both_wordings(root: Path) -> None:
    rows = [json.loads(line) for line in (root / "data" / "contrast_answers.jsonl").read_text().splitlines()]
    by_question: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_question.setdefault(row["question_id"], []).append(row)
    assert len({row["answer_id"] for row in rows}) == len(rows) == 24
    for name, mine in by_question.items():
        kinds = [("strong", "own"), ("partial", "own"), ("misconception", "own"), ("misconception", "reference")]
        assert [(row["level"], row["words"]) for row in mine] == kinds
        rubric = read_rubric(root / "rubrics" / f"{name}.yaml")
        for row in mine:
            is_borrowed = answer_cases.borrowed(row["answer"], rubric.reference_answer) >= answer_cases.BORROWED
            assert is_borrowed == (row["words"] == "reference"), row["answer_id"]
