import time
from dataclasses import FrozenInstanceError
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.rubrics.derivation import derive
from grader.rubrics.linter import DUPLICATE_SHARE, Finding, _alike, lint
from grader.schema import PointGroup, Question, Rubric, RubricPoint

QUESTION = "What does dropout do in a neural network?"


def rubric_of(*texts: str, reference: str = "", **options: Any) -> Rubric:
    """Points of equal weight that sum to 10, with any further fields of a rubric."""
    weight = 10 / len(texts)
    points = tuple(RubricPoint(id=f"p{number}", text=text, weight=weight) for number, text in enumerate(texts, 1))
    return Rubric.model_validate(
        {"question_id": "q1", "question": QUESTION, "reference_answer": reference, "points": points, **options}
    )


def kinds(rubric: Rubric) -> list[tuple[str, str | None]]:
    return [(finding.kind, finding.point_id) for finding in lint(rubric)]


GOOD = "Dropout switches off random units during training"


def test_a_good_rubric_has_no_findings() -> None:
    assert lint(rubric_of(GOOD, "Dropout reduces overfitting", "All units are active at inference")) == ()


class TestPoints:
    def test_two_claims(self) -> None:
        (finding,) = lint(rubric_of("Dropout switches off random units and reduces overfitting"))
        assert finding == Finding(
            "compound",
            "p1",
            "makes 2 claims; write one point for each: 'Dropout switches off random units', "
            "'Dropout reduces overfitting'",
        )

    def test_a_list(self) -> None:
        (finding,) = lint(rubric_of("Common remedies include weight decay, dropout and early stopping"))
        assert (finding.kind, finding.point_id) == ("compound", "p1")
        assert finding.message == "lists 3 things; write one point for each and join them in a group with 'need'"

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Explains the concept well", "nothing"),
            ("Gives a good and clear answer", "nothing"),
            ("Describes overfitting correctly", "only 'overfit'"),
            ("Regularization", "only 'regularize'"),
        ],
    )
    def test_vague(self, text: str, found: str) -> None:
        (finding,) = lint(rubric_of(text))
        assert (finding.kind, finding.point_id) == ("vague", "p1")
        assert finding.message == f"{found} in it says what to state; write the claim itself, in a full sentence"

    def test_only_words_of_the_question(self) -> None:
        (finding,) = lint(rubric_of("What dropout does in neural networks", GOOD))
        assert (finding.kind, finding.point_id) == ("unreachable", "p1")
        assert "no word beyond the question's own" in finding.message

    def test_without_a_question_nothing_is_unreachable(self) -> None:
        assert lint(rubric_of("What dropout does in neural networks", question="")) == ()

    def test_a_span_about_something_else(self) -> None:
        reference = "Units are dropped. The sky is blue."
        point = RubricPoint(id="p1", text="Random units are dropped", weight=10, source_span=(19, 35))
        first = point.model_copy(update={"source_span": (0, 18)})
        rubric = rubric_of("x", reference=reference).model_copy(update={"points": (point,)})
        assert kinds(rubric) == [("span_mismatch", "p1"), ("missing_words", None)]
        assert lint(rubric)[0].message == (
            "source_span [19, 35] is 'The sky is blue.', which shares no word with the point; correct or remove it"
        )
        assert kinds(rubric.model_copy(update={"points": (first,)})) == [("missing_words", None)]


class TestRubrics:
    def test_duplicates(self) -> None:
        (finding,) = lint(rubric_of(GOOD, "During training, random units are switched off by dropout"))
        assert (finding.kind, finding.point_id) == ("duplicate", "p2")
        assert finding.message == "says nearly the same as 'p1'; delete one of them or say what sets them apart"

    def test_only_the_first_of_many_duplicates_is_named(self) -> None:
        found = lint(rubric_of(*[GOOD] * 3))
        assert [(finding.point_id, finding.message.split(";")[0]) for finding in found] == [
            ("p2", "says nearly the same as 'p1'"),
            ("p3", "says nearly the same as 'p1'"),
        ]

    @given(st.lists(st.frozensets(st.sampled_from("abcdefgh"), max_size=7), max_size=8))
    def test_alike_sets_are_found_without_comparing_all(self, sets: list[frozenset[str]]) -> None:
        every_two = combinations(range(len(sets)), 2)
        alike = {
            (i, j) for i, j in every_two if len(sets[i] & sets[j]) >= DUPLICATE_SHARE * max(len(sets[i]), len(sets[j]))
        }
        assert set(_alike(sets)) == alike

    def test_many_points_take_no_quadratic_time(self) -> None:
        texts = [f"Layer{i} of the network changes the weight{i * 7} and the bias{i * 3}" for i in range(1500)]
        begin = time.perf_counter()
        lint(rubric_of(*texts))
        assert time.perf_counter() - begin < 5

    @pytest.mark.parametrize(
        "other",
        ["Dropout does not switch off random units during training", "Dropout scales random units during inference"],
    )
    def test_what_differs_is_no_duplicate(self, other: str) -> None:
        assert lint(rubric_of(GOOD, other)) == ()

    def test_a_mistake_that_costs_is_no_duplicate(self) -> None:
        rubric = rubric_of(GOOD)
        mistake = RubricPoint(id="m1", text=GOOD, weight=-2)
        assert lint(rubric.model_copy(update={"points": (*rubric.points, mistake)})) == ()

    def test_items_of_a_group_share_their_introduction(self) -> None:
        reference = "Common ways to shrink large deep networks include pruning, quantization and distillation."
        assert lint(derive(Question(id="q1", question="?", reference_answer=reference))) == ()

    def test_reference_text_that_no_point_covers(self) -> None:
        reference = "Dropout switches off random units. Inference keeps all units active and scaled. It is so."
        point = RubricPoint(id="p1", text="Dropout switches off random units", weight=10, source_span=(0, 33))
        rubric = rubric_of("x", reference=reference).model_copy(update={"points": (point,)})
        (finding,) = lint(rubric)
        assert (finding.kind, finding.point_id) == ("uncovered_reference", None)
        assert finding.message == (
            "no point covers 'Inference keeps all units active and scaled.'; "
            "add a point or shorten the reference answer"
        )

    def test_guidance_and_points_without_spans_leave_nothing_uncovered(self) -> None:
        reference = "Inference keeps all units active and scaled."
        assert lint(rubric_of(GOOD, reference=reference)) == ()
        assert lint(rubric_of(GOOD, reference=reference, kind="open")) == ()

    def test_unequal_weights_in_a_group(self) -> None:
        points = [
            RubricPoint(id="p1", text="Weight decay helps", weight=7, group="ways"),
            RubricPoint(id="p2", text="Early stopping helps", weight=3, group="ways"),
        ]
        rubric = Rubric(question_id="q1", points=tuple(points), groups={"ways": PointGroup(need=1)})
        (finding,) = lint(rubric)
        assert (finding.kind, finding.point_id) == ("unequal_group_weights", None)
        assert finding.message == "group 'ways' has the weights 7, 3; make them equal"

    def test_rounded_weights_count_as_equal(self) -> None:
        points = [
            RubricPoint(id=f"p{number}", text=f"{word} methods help", weight=weight, group="ways")
            for number, word, weight in [(1, "Fast", 3.33), (2, "Robust", 3.33), (3, "Sparse", 3.34)]
        ]
        assert lint(Rubric(question_id="q1", points=tuple(points), groups={"ways": PointGroup(need=1)})) == ()

    @pytest.mark.parametrize(("weight", "expected"), [(10.0, []), (10.01, []), (9.5, [("weights", None)])])
    def test_weights_sum_to_the_maximum(self, weight: float, expected: list[tuple[str, None]]) -> None:
        rubric = rubric_of(GOOD)
        points = (rubric.points[0].model_copy(update={"weight": weight}),)
        assert kinds(rubric.model_copy(update={"points": points})) == expected

    def test_what_to_do_about_weights(self) -> None:
        rubric = rubric_of(GOOD, max_score=8)
        assert lint(rubric)[0].message == (
            "positive weights sum to 10, max_score is 8; make them equal (until then the score is scaled)"
        )


class TestProse:
    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("Both are stored in the cache", "Both"),
            ("Without them the buffer overflows quickly", "them"),
            ("They replace the oldest page", "They"),
            ("Its entries expire after an hour", "Its"),
            ("The latter needs a second pass", "latter"),
            ("With it, training converges faster", "it"),
            ("Neither needs a second pass", "Neither"),
        ],
    )
    def test_a_subject_outside_the_point(self, text: str, word: str) -> None:
        (finding,) = lint(rubric_of(text))
        assert finding == Finding("dangling", "p1", f"'{word}' speaks of something that is not in the point; name it")

    @pytest.mark.parametrize(
        "text",
        [
            "Both caches are stored on disk",
            "If a buffer overflows, it drops packets",
            "It is important to normalise inputs",
            "This layer halves the resolution",
            "Each unit updates its weights",
            "There are many small caches",
            "A pointer that holds an address",
        ],
    )
    def test_subjects_that_are_named(self, text: str) -> None:
        assert "dangling" not in [kind for kind, _ in kinds(rubric_of(text))]

    @pytest.mark.parametrize(
        "text",
        [
            "Total = sum.get(rows[0]);",
            "Order | Delivers in order | No guarantee of order |",
            "![lock icon](lock.png)",
            "(https://example.org/manual)",
            "The lock is freed </div>",
            "With open('a.txt') as f: # 1",
        ],
    )
    def test_points_that_are_no_prose(self, text: str) -> None:
        assert ("non_prose", "p1") in kinds(rubric_of(text))

    @pytest.mark.parametrize(
        "text",
        [
            "The mean is $\\frac{x_1 + x_2}{2}$",
            "P(B) = 0.014",
            "The y-intercept is 45 [y = -5(0 + 1)(0 - 9)]",
            "Call `free(a[0]);` after the loop ends",
            "C# and F# share a runtime",
        ],
    )
    def test_formulas_and_code_in_a_sentence_are_prose(self, text: str) -> None:
        assert ("non_prose", "p1") not in kinds(rubric_of(text))

    def test_words_that_no_point_holds(self) -> None:
        reference = "Caches store hot rows. Queues order jobs fairly."
        rubric = derive(Question(id="q1", question="?", reference_answer=reference))
        assert lint(rubric) == ()
        shorter = rubric.points[1].model_copy(update={"text": "Queues order jobs"})
        (finding,) = lint(rubric.model_copy(update={"points": (rubric.points[0], shorter)}))
        assert (finding.kind, finding.message) == (
            "missing_words",
            "no point holds 'fairly' of 'Queues order jobs fairly.'; add to a point what an answer must say",
        )

    def test_what_is_left_out_is_named(self) -> None:
        reference = "Locks guard lists.\n```\nlock(m)\n```\n![lock](l.png)\n[manual](https://example.org)"
        found = lint(derive(Question(id="q1", question="?", reference_answer=reference)))
        assert [(finding.kind, finding.point_id) for finding in found] == [("non_prose", None)] * 3
        assert found[0].message == (
            "the code '``` lock(m) ```' is in no point; say in a sentence what of it an answer must state, if anything"
        )


def test_findings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Finding("weights", None, "x").message = "y"  # type: ignore[misc]  # assigning is the test
