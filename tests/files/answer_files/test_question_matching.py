import pytest

from grader.errors import InputError, InputWarning
from grader.files.answer_files.question_matching import QuestionMatcher

QUESTIONS = {
    "tides": "Why are there two high tides a day?",
    "lava-types": "Compare pahoehoe and aa lava.",
    "nitrite": "What does nitrite do in meat?",
    "supervised": "What is supervised learning?",
    "trade-off": "Explain the bias-variance trade-off in the context of deep learning.",
    "q7": "Describe the characterization of soils.",
    "Own Id": "Wie entsteht Ebbe?",
}


def found(text: str, **questions: str) -> tuple[str, str] | None:
    match = QuestionMatcher(questions or QUESTIONS, "a.csv").match(text, 3)
    return (match.question_id, match.matched_by) if match else None


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        ("tides", "tides", "id"),
        ("Lava types", "lava-types", "id"),
        ("lava_types", "lava-types", "id"),
        ("own id", "Own Id", "id"),
        ("Q7", "q7", "id"),
        ("Question 7", "q7", "id"),
        ("7", "q7", "id"),
        ("why are there two high tides a day", "tides", "text"),
        ("  Why are there  two high\ntides a day? *", "tides", "text"),
        ("3. Why are there two high tides a day?", "tides", "text"),
        ("Question 3: Why are there two high tides a day? (6.0 pts)", "tides", "text"),
        ("3.2) Why are there two high tides a day? [4 marks]", "tides", "text"),
        ("explain the bias variance tradeoff in the context of deep learning", "trade-off", "text"),
        ("Frage 2: Wie entsteht Ebbe?", "Own Id", "text"),
    ],
)
def test_exact(text: str, name: str, how: str) -> None:
    assert found(text) == (name, how)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Why are there two high tides?", "tides"),
        ("How do two high tides a day come about daily?", "tides"),
        ("Compare aa and pahoehoe lavas", "lava-types"),
        ("Why are there two high tides...", "tides"),
        ("Describe the characterisation of soil", "q7"),
        ("What does nitrate do in meat?", None),
        ("What is unsupervised learning?", None),
        ("What is lava?", None),
        ("Tides", "tides"),
        ("Compare pahoehoe and basalt lava.", None),
        ("What is supervised learning not?", None),
        ("", None),
    ],
)
@pytest.mark.filterwarnings("ignore::grader.errors.InputWarning")
def test_near(text: str, name: str | None) -> None:
    match = found(text)
    assert (match and match[0]) == name


def test_a_near_text_is_told_once() -> None:
    matcher = QuestionMatcher(QUESTIONS, "a.csv")
    with pytest.warns(InputWarning, match=r"a.csv:3: 'What are two high tides\?' is read as 'tides' \(Why are") as told:
        for _ in range(3):
            matcher.match("What are two high tides?", 3)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("text", "questions"),
    [
        ("Why?", {"a": "Why?", "b": "why"}),
        ("a b", {"a-b": "Why?", "a_b": "How?"}),
        ("Lava flows?", {"a": "Compare lava flows.", "b": "Where are lava flows?"}),
        ("Name the moons of Mars and", {"a": "Name the moons of Mars and Jupiter", "b": "Moons of Mars and Saturn"}),
        ("1", {"q1": "Why?", "question-1": "How?"}),
    ],
)
def test_what_may_be_several_questions_is_refused(text: str, questions: dict[str, str]) -> None:
    with pytest.raises(InputError, match=r"a.csv:3: '.*' may be any of .*: write the question's id instead"):
        found(text, **questions)


def test_an_exact_text_comes_before_near_ones() -> None:
    assert found("Compare lava flows", a="Compare lava flows", b="Compare lava flows and ash flows") == ("a", "text")


def test_without_questions_a_text_is_its_own_id() -> None:
    match = QuestionMatcher(None, "a.csv").match("2. Why? (3 points)", 1)
    assert match is not None
    assert (match.question_id, match.matched_by) == ("Why?", "made")


def test_the_nearest_is_named() -> None:
    matcher = QuestionMatcher(QUESTIONS, "a.csv")
    assert matcher.no_question("Why are tides high in spring?").endswith("text; the nearest is 'tides'")
    assert matcher.no_question("zzz").endswith("is no question's id or text")
