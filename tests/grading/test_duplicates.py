"""The same answer from different candidates: how it is told, and that a mark leaves the score alone."""

from grader import Answer
from grader.grading.duplicates import flag_duplicate, words_digest
from tests.support.sample_grades import grade

LONG = "It turns random units off in training, so that the net overfits less."
OTHER = LONG.replace(", so", " -  SO").replace("random", "r\u200bandom")


def digest(text: str, question: str = "q") -> bytes | None:
    return words_digest(Answer(answer_id="a", question_id=question, answer=text))


def test_the_same_words_are_the_same_whatever_their_layout() -> None:
    assert digest(LONG) == digest(OTHER)
    assert digest(LONG) != digest(f"{LONG} Often.")


def test_another_question_and_few_words_are_let_be() -> None:
    assert digest(LONG) != digest(LONG, "other")
    assert digest("Random units are off.") is None
    assert digest("") is None


def test_half_a_surrogate_pair_is_no_fault() -> None:
    assert digest(f"{LONG} \ud800") is not None


def test_a_mark_sends_the_answer_to_a_person_and_leaves_the_score() -> None:
    before = grade("a1", 0.5)
    after = flag_duplicate(before)
    assert after.flags == (*before.flags, "duplicate")
    assert after.needs_review
    assert after.model_copy(update={"flags": before.flags, "needs_review": before.needs_review}) == before
