"""The same answer from different candidates: flagged, never scored otherwise."""

from grader import Answer, Grader
from grader.duplicates import mark_duplicates
from grader.encoding import Encoder
from grader.schema import Grade, Rubric
from tests.sample_grades import grade

LONG = "It turns random units off in training, so that the net overfits less."
OTHER = LONG.replace(", so", " -  SO").replace("random", "r\u200bandom")


def marked(*answers: tuple[str | None, str, str]) -> list[bool]:
    """Whether each of (candidate, question, answer) is flagged."""
    grades = [
        grade(f"a{number}", 0.5, candidate=candidate, question_id=question, answer=text)
        for number, (candidate, question, text) in enumerate(answers)
    ]
    after = mark_duplicates(grades)
    assert [one.model_copy(update={"flags": (), "needs_review": False}) for one in after] == grades
    assert all(one.needs_review == ("duplicate" in one.flags) for one in after)
    return ["duplicate" in one.flags for one in after]


def test_the_same_words_from_two_candidates_are_flagged_whatever_their_layout() -> None:
    assert marked(("c1", "q", LONG), ("c2", "q", OTHER), ("c3", "q", f"{LONG} Often.")) == [True, True, False]
    assert marked((None, "q", LONG), (None, "q", LONG)) == [True, True]


def test_one_candidate_another_question_and_few_words_are_let_be() -> None:
    assert marked(("c1", "q", LONG), ("c1", "q", LONG)) == [False, False]
    assert marked(("c1", "q", LONG), ("c2", "other", LONG)) == [False, False]
    assert marked(("c1", "q", "Random units are off."), ("c2", "q", "Random units are off.")) == [False, False]
    assert marked(("c1", "q", ""), ("c2", "q", "")) == [False, False]


def test_a_score_does_not_depend_on_the_copy(encoder: Encoder) -> None:
    rubric = Rubric(question_id="q", points=[{"id": "p1", "text": "Dropout disables random units."}])
    answers = [Answer(answer_id=name, question_id="q", answer=LONG, candidate=name) for name in ("a", "b")]
    grader = Grader([rubric], encoder=encoder)
    alone: Grade = grader.grade(answers[0])
    both = mark_duplicates(list(grader.grade_many(answers)))
    assert [one.points for one in both] == [alone.points, alone.points]
    assert [one.score for one in both] == [alone.score, alone.score]
    assert both[0].flags == (*alone.flags, "duplicate")
