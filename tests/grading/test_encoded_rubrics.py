"""Points become token vectors; instructions to the examiner borrow the reference's words."""

from typing import Any

import numpy as np
import pytest

from grader import Answer, Grader, Rubric
from grader.encoders.protocol import Encoder
from grader.grading.encoded_rubrics import encode_rubrics
from grader.settings import Settings
from tests.support.rubrics import as_points

REFERENCE = (
    "The global lock is too coarse, so threads contend for it. Without the flag the run times stay close together."
)
POINTS: list[dict[str, Any]] = [
    {"id": "p1", "text": "Explains the main problem"},
    {"id": "p2", "text": "Compares the performance"},
]


def rubric(reference: str = REFERENCE, points: list[dict[str, Any]] | None = None) -> Rubric:
    return Rubric(
        question_id="q", question="What is wrong?", reference_answer=reference, points=as_points(points or POINTS)
    )


def wordings_of(some: Rubric, encoder: Encoder) -> list[int]:
    """How many wordings each point has."""
    prepared = encode_rubrics([some], encoder, Settings())["q"].points
    return np.bincount(prepared.owners).tolist()


def test_an_instruction_borrows_the_nearest_part_of_the_reference(encoder: Encoder) -> None:
    assert wordings_of(rubric(), encoder) == [2, 2]
    grader = Grader([rubric()], encoder=encoder)
    grade = grader.grade(
        Answer(answer_id="1", question_id="q", answer="All threads contend for one coarse global lock.")
    )
    assert grade.points[0].status == "covered"
    assert grade.points[1].status == "missing"


def test_a_point_that_the_reference_states_needs_no_further_wording(encoder: Encoder) -> None:
    claims: list[dict[str, Any]] = [{"id": "p1", "text": "The global lock is too coarse."}, POINTS[1]]
    assert wordings_of(rubric(points=claims), encoder) == [1, 2]


def test_derived_points_and_text_that_they_took_are_left_alone(encoder: Encoder) -> None:
    derived = [{**POINTS[0], "source_span": (0, 56)}, POINTS[1]]
    assert wordings_of(rubric(points=derived), encoder) == [1, 2]
    both = [{**POINTS[0], "source_span": (0, len(REFERENCE))}, POINTS[1]]
    assert wordings_of(rubric(points=both), encoder) == [1, 1]


def test_without_a_reference_there_is_nothing_to_borrow(encoder: Encoder) -> None:
    assert wordings_of(rubric(reference=""), encoder) == [1, 1]
    assert wordings_of(rubric(reference="..."), encoder) == [1, 1]


def test_the_weights_of_every_wording_sum_to_one(encoder: Encoder) -> None:
    prepared = encode_rubrics([rubric()], encoder, Settings())["q"].points
    sums = np.add.reduceat(prepared.weights, prepared.starts)
    assert sums == pytest.approx(np.ones(len(prepared.starts)), abs=1e-5)
    assert (np.diff(prepared.owners) >= 0).all()


def test_words_that_other_points_say_too_weigh_less(encoder: Encoder) -> None:
    points = [
        {"id": "p1", "text": "Dropout removes random units."},
        {"id": "p2", "text": "Dropout is active only during training."},
    ]

    def share_of_dropout(shared_discount: float) -> list[float]:
        settings = Settings(shared_discount=shared_discount)
        prepared = encode_rubrics([rubric(reference="", points=points)], encoder, settings)["q"].points
        return [float(prepared.weights[start]) for start in prepared.starts]

    as_said, halved = share_of_dropout(1), share_of_dropout(0.5)
    assert all(less < plain for less, plain in zip(halved, as_said, strict=True))
    alone = encode_rubrics([rubric(reference="", points=points[:1])], encoder, Settings())["q"].points
    assert float(alone.weights[0]) == pytest.approx(as_said[0], abs=1e-5)


def test_points_in_the_same_words_keep_their_weights(encoder: Encoder) -> None:
    same = [{"id": "p1", "text": "It stores data."}, {"id": "p2", "text": "It stores data."}]
    twice = encode_rubrics([rubric(reference="", points=same)], encoder, Settings())["q"].points
    once = encode_rubrics([rubric(reference="", points=same[:1])], encoder, Settings())["q"].points
    assert twice.weights.tolist() == pytest.approx([*once.weights.tolist()] * 2, abs=1e-5)
