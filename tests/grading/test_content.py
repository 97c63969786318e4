"""How much an answer says beyond the question, and misspelt words, on vectors checked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Answer, Grader, Rubric
from grader.encoders.protocol import Encoder
from grader.grading.content import brevity_factor, correct_spelling, new_content, question_overlap, spellings
from tests.support.rubrics import as_points

BRIEF = {"brief_below": 0.5, "brief_loss": 0.3}


def test_every_word_counts_once_where_it_tells_most() -> None:
    assert new_content(["drop", "units", "drop"], np.array([1.0, 2.0, 3.0], np.float32)) == 5
    assert new_content([], np.zeros(0, np.float32)) == 0


def test_what_the_question_says_is_asked() -> None:
    axes = np.eye(3, dtype=np.float32)
    assert question_overlap(axes[:2], axes[1:], center=0.4, slope=8.0) == pytest.approx([0, 1], abs=1e-6)
    assert question_overlap(axes, axes[:0], center=0.4, slope=8.0).tolist() == [0, 0, 0]


def test_brief_answers_keep_part_and_echoes_nothing() -> None:
    # nothing new; a tenth; an eighth of what is asked for; half; all
    kept = [brevity_factor(said, 40, **BRIEF) for said in (0, 2, 5, 20, 40)]
    assert kept == pytest.approx([0, (0.7 + 0.3 * 0.1**0.5) / 2, 0.85, 1, 1])
    # points that only choose among the question's words leave nothing new to say
    assert brevity_factor(0, 2.9, **BRIEF) == 1


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))
def test_saying_more_never_costs(said: float, more: float, content: float) -> None:
    less = brevity_factor(said, content, **BRIEF)
    assert 0 <= less <= brevity_factor(said + more, content, **BRIEF) <= 1


@pytest.mark.parametrize("written", ["momentun", "momentm", "momenttum", "momnetum"])
def test_a_word_one_letter_away_is_read_as_the_rubrics(written: str) -> None:
    known = spellings([("momentum", np.array([1.0, 0.0])), ("rate", np.array([0.5, 0.5]))])
    vectors = np.array([[0.0, 1.0]])
    assert correct_spelling([written], np.array([3]), vectors, known).tolist() == [[1, 0]]
    assert vectors.tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("written", "n_pieces"),
    [
        ("momentum", 2),  # spelt right: keeps the meaning of its own sentence
        ("momentun", 1),  # a word that the encoder knows is what it is
        ("bomentum", 2),  # the first letter may negate
        ("momenta", 2),  # two letters away
        ("rafe", 2),  # short words have too many neighbours
    ],
)
def test_other_words_are_left_alone(written: str, n_pieces: int) -> None:
    known = spellings([("momentum", np.array([1.0, 0.0])), ("rate", np.array([0.5, 0.5]))])
    vectors = np.array([[0.0, 1.0]])
    assert correct_spelling([written], np.array([n_pieces]), vectors, known) is vectors


RUBRIC = Rubric(
    question_id="q",
    question="Why does a network with too many parameters overfit, and how does dropout help?",
    points=as_points(
        [
            {"id": "p1", "text": "A large network can memorise noise in the training examples.", "weight": 1},
            {"id": "p2", "text": "Dropout randomly disables units so that no unit relies on another.", "weight": 1},
        ]
    ),
)
GOOD = (
    "It memorises noise of the training examples. "
    "With dropout random units are switched off, so none can rely on others."
)
FILLER = "In general one should think about this matter from several sides and keep an open mind in everyday life. "


def score(encoder: Encoder, text: str) -> float:
    grade = Grader([RUBRIC], encoder=encoder).grade(Answer(answer_id="a", question_id="q", answer=text))
    assert grade.fraction is not None
    return grade.fraction


def test_repeating_the_question_earns_nothing(encoder: Encoder) -> None:
    assert score(encoder, RUBRIC.question) < 0.01
    assert score(encoder, f"{RUBRIC.question} " * 3) < 0.01


def test_padding_repetition_and_typos_hardly_move_a_score(encoder: Encoder) -> None:
    good = score(encoder, GOOD)
    assert good > 0.6
    assert score(encoder, f"{GOOD} {GOOD}") == pytest.approx(good, abs=0.03)
    assert score(encoder, f"{GOOD} {FILLER * 15}") == pytest.approx(good, abs=0.05)
    assert score(encoder, GOOD.replace("examples", "exmaples")) == pytest.approx(good, abs=0.05)
