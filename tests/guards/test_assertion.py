"""Which stretches of an answer assert nothing, and that claims beside them keep their credit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader import Answer, Grader, PointGrade, Rubric
from grader.guards.assertion import cut_segments, leaves_open, rejecting_agrees, unasserted
from grader.guards.claims import parse_claim
from grader.text import segments

POINT = "The keel stops the boat from drifting sideways."


def silent(text: str, question: str = "") -> list[tuple[str, str]]:
    """The unasserted stretches of a text with their kinds, without the words that only frame them."""
    found = unasserted(text, segments(text), question=question)
    return [(kind, text[start:end].strip(" ,.;:")) for start, end, kind in found if kind != "frame"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ignorance", "I don't know whether the keel stops the boat from drifting."),
        ("ignorance", "I do not know if the keel stops the drift."),
        ("ignorance", "Dunno whether salt lowers the freezing point."),
        ("ignorance", "No idea if copper is a better conductor than iron."),
        ("ignorance", "Not sure whether the moon pulls the water."),
        ("ignorance", "I forgot what the moon has to do with the tide."),
        ("ignorance", "I can't remember which valve opens first."),
        ("ignorance", "We never covered the tide and the moon."),
        ("ignorance", "We didn't cover valves and pistons in class."),
        ("ignorance", "I would have to look up how the piston compresses the mixture."),
        ("ignorance", "I'd have to look up the boiling point of water."),
        ("ignorance", "I couldn't say whether rennet curdles the milk."),
        ("ignorance", "Our teacher talked about rennet, casein and whey, but I was ill."),
        ("ignorance", "The lecture was about keels, ballast and drift, but I fell asleep."),
        ("ignorance", "The chapter had enzymes, rennet and curd in it, and sadly I can't remember it."),
        ("ignorance", "I always wonder whether salt lowers the freezing point."),
        ("question", "Does the keel stop the boat from drifting sideways?"),
        ("question", "Is it the keel that stops the drift?"),
        ("question", "Salt lowers the freezing point?"),
        ("question", "Can rennet curdle milk? I always mix that up."),
        ("question", "Is copper better than iron? Not sure."),
        ("hypothesis", "If the keel stopped the drift, that would be handy."),
        ("hypothesis", "If salt lowered the freezing point, I'd be happy."),
        ("hypothesis", "Were the boat stable, I'd love to sail it."),
        ("hypothesis", "It would be nice if the keel stopped the drift."),
        ("hypothesis", "A keel that stops the drift would be nice."),
        ("hypothesis", "I wish the keel stopped the boat from drifting."),
        ("hypothesis", "If only salt lowered the freezing point."),
        ("hypothesis", "I hope that the keel stops the drift."),
        ("hypothesis", "Suppose the keel stops the boat from drifting."),
        ("both_ways", "Either the keel stops the drift or it does not."),
        ("both_ways", "Either salt lowers the freezing point or not."),
        ("both_ways", "Maybe salt lowers the freezing point, maybe the opposite."),
        ("both_ways", "Perhaps rennet curdles the milk, perhaps it does not."),
        ("both_ways", "Salt might lower the freezing point or the other way round."),
        ("both_ways", "The keel stops the drift, or it doesn't."),
        ("both_ways", "Depending on who you ask, salt lowers the freezing point."),
        ("keyword_list", "Other things that matter are the keel, the ballast, the drift."),
        ("keyword_list", "Important terms here are keel, ballast and drift."),
        ("keyword_list", "To explain this one has to consider the keel, the ballast and the drift."),
        ("keyword_list", "The answer should mention rennet, casein, curd and whey."),
        ("keyword_list", "Key words: rennet, casein, whey."),
        ("keyword_list", "Terms to remember are rennet, casein and whey."),
        ("keyword_list", "The essay deals with rennet, casein and whey."),
        ("keyword_list", "It has to do with the moon, the sun and the water."),
    ],
)
def test_a_sentence_that_states_nothing(kind: str, text: str) -> None:
    assert [found for found, _ in silent(text)] == [kind]


@pytest.mark.parametrize(
    ("text", "rejected"),
    [
        ("Many believe that the keel makes it fast, but this is false.", "the keel makes it fast"),
        ("Most people think salt melts ice by heat, which is wrong.", "salt melts ice by heat"),
        ("Some say that copper is magnetic, but that's a myth.", "copper is magnetic"),
        ("Copper is magnetic, or so I was told wrongly.", "Copper is magnetic"),
        ("Copper is magnetic. Just kidding, it is not.", "Copper is magnetic"),
        ("Copper is magnetic - just kidding.", "Copper is magnetic"),
        ("❌ Copper is magnetic.", "Copper is magnetic"),
        ("Copper is magnetic ❌", "Copper is magnetic ❌"),
        ("False: copper is magnetic.", "copper is magnetic"),
        ("Copper is magnetic? No.", "Copper is magnetic?"),
        ("Is copper magnetic? Nope, not at all.", "Is copper magnetic?"),
        ("It is a myth that copper is magnetic.", "copper is magnetic"),
        ("It's a common mistake to think that copper is magnetic.", "copper is magnetic"),
        ("It is not true that copper is magnetic; iron is.", "copper is magnetic"),
        ("The idea that copper is magnetic is simply wrong.", "copper is magnetic"),
        ("Many say copper is magnetic. They are mistaken.", "copper is magnetic"),
        ("People claim that copper is magnetic. It isn't.", "copper is magnetic"),
        ("Copper is magnetic, my foot.", "Copper is magnetic"),
    ],
)
def test_what_is_called_false(text: str, rejected: str) -> None:
    assert silent(text) == [("rejected", rejected)]


@pytest.mark.parametrize(
    "text",
    [
        "The keel stops the boat from drifting sideways.",
        "I am not sure, but the keel stops the boat from drifting.",
        "I don't know, I think the keel stops the drift.",
        "Not sure, but salt lowers the freezing point.",
        "If the load rises, the voltage falls.",
        "When asked whether salt lowers the freezing point, yes: it does.",
        "Is it the keel that stops the drift? Yes.",
        "Does salt lower the freezing point? It does.",
        "Does it drift? Yes, the keel is too short.",
        "Salt lowers the freezing point, right?",
        "The keel stops the drift, doesn't it?",
        "Maybe the keel?",
        "Why does it not drift? The keel pushes against the water.",
        "The loop runs until the condition is false.",
        "It returns true if they match and false if they do not.",
        "Either a keel or a centreboard stops the drift.",
        "The light bulb is either on or off.",
        "Perhaps the keel stops the drift.",
        "Important factors are temperature, pressure and surface.",
        "The ingredients are rennet, milk and salt.",
        "Many people believe that the keel stops the drift.",
        "Some people think that salt is enough, and it is.",
        "A key may contain a number or a text.",
        "We do not know the labels, so the model has to find groups.",
        "If you do not know the password, you cannot log in.",
        "Suppose the coin is fair. Then heads come up half of the time.",
        "The teacher shows the class that rennet curdles milk.",
        "It would be better if they repeated the trial.",
        "The keel, the ballast and the rudder keep it on course.",
        "He forgot to close the valve, so the oil ran out.",
        "Don't forget to close the valve.",
        "Some say yes and some say no, but the vote is equal in every town.",
        "You should consider the wind, the current and the tide.",
    ],
)
def test_a_claim_is_left_alone(text: str) -> None:
    assert silent(text) == []


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("I don't know why, but salt lowers the freezing point.", "salt lowers the freezing point"),
        ("I don't know what it is called, it stops the drift.", "it stops the drift"),
        ("Salt lowers the freezing point, but I don't know why.", "Salt lowers the freezing point"),
        ("No idea how it works, but the keel stops the drift.", "the keel stops the drift"),
        ("I forgot what it is called, but it curdles the milk.", "it curdles the milk"),
        ("Some think the sail stops the drift, but in fact the keel does.", "the keel does"),
        ("Many say the sail does it, but this is wrong: the keel stops the drift.", "the keel stops the drift"),
        ("It is a myth that the sail does it; the keel stops the drift.", "the keel stops the drift"),
        ("The sail? No, the keel stops the drift.", "the keel stops the drift"),
    ],
)
def test_a_claim_beside_a_frame_stays(text: str, claim: str) -> None:
    spans = segments(text)
    found = unasserted(text, spans)
    assert found
    assert any(kind is None and claim in text[start:end] for (start, end), kind in cut_segments(text, spans, found))


@pytest.mark.parametrize(
    "question", ["Name three things that matter for a boat.", "Which terms are used for cheese?", "List what counts."]
)
def test_a_list_that_was_asked_for_is_an_answer(question: str) -> None:
    assert silent("Important terms here are keel, ballast and drift.", question) == []


@pytest.mark.parametrize(
    ("point", "rejected", "agrees"),
    [
        ("Copper is not magnetic.", "copper is magnetic", True),
        ("Copper is magnetic.", "copper is not magnetic", True),
        ("Copper is magnetic.", "copper is magnetic", False),
        ("Salt lowers the freezing point.", "salt raises the freezing point", True),
        ("Copper does not rust.", "all metals corrode", None),
    ],
)
def test_to_reject_the_opposite_is_to_agree(point: str, rejected: str, agrees: bool | None) -> None:
    assert rejecting_agrees([parse_claim(point)], parse_claim(rejected)) is agrees


@given(st.text(alphabet="ab I?.,;:❌'\n", max_size=60) | st.text(max_size=60))
def test_pieces_are_in_order_and_inside_the_text(text: str) -> None:
    spans = segments(text)
    pieces = cut_segments(text, spans, unasserted(text, spans))
    at = 0
    for (start, end), _ in pieces:
        assert at <= start < end <= len(text)
        at = end
    letters = [char for start, end in spans for char in text[start:end] if char.isalnum()]
    assert [char for (start, end), _ in pieces for char in text[start:end] if char.isalnum()] == letters


def graded(answer: str, point: str = POINT) -> PointGrade:
    rubric = Rubric.model_validate(
        {"question_id": "boat", "question": "What is it for?", "points": [{"id": "p1", "text": point}]}
    )
    return Grader([rubric]).grade(Answer(question_id="boat", answer_id="1", answer=answer)).points[0]


@pytest.mark.parametrize(
    "answer",
    [
        "I don't know whether the keel stops the boat from drifting sideways.",
        "Does the keel stop the boat from drifting sideways?",
        "It would be nice if the keel stopped the boat from drifting sideways.",
        "Either the keel stops the boat from drifting sideways or it does not.",
    ],
)
def test_what_is_not_asserted_earns_nothing(answer: str) -> None:
    point = graded(answer)
    assert (point.status, point.credit) == ("missing", 0.0)


@pytest.mark.parametrize(
    "answer",
    [
        "Many believe that the keel stops the boat from drifting sideways, but this is false.",
        "The keel stops the boat from drifting sideways. Just kidding.",
        "❌ The keel stops the boat from drifting sideways.",
        "The keel stops the boat from drifting sideways? No.",
    ],
)
def test_what_is_rejected_is_contradicted_with_its_words(answer: str) -> None:
    point = graded(answer)
    assert (point.status, point.credit, point.decided_by) == ("contradicted", 0.0, "guard")
    assert point.evidence is not None
    assert point.evidence.text.lower().startswith("the keel stops the boat")


@pytest.mark.parametrize(
    "answer",
    [
        "I am not sure why, but the keel stops the boat from drifting sideways.",
        "Is it the keel that stops the boat from drifting sideways? Yes.",
        "Some think it is the sail, but in fact the keel stops the boat from drifting sideways.",
        "Many say it is for speed, but this is wrong: the keel stops the boat from drifting sideways.",
    ],
)
def test_a_claim_after_a_frame_earns_its_credit(answer: str) -> None:
    assert graded(answer).status == "covered"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            "report",
            "A leaflet says: 'Rennet curdles the milk and whey runs off.' I take no stand on whether it is right.",
        ),
        ("report", "'The keel stops the boat from drifting,' said a poster. I only copied it down."),
        (
            "hypothesis",
            "If rennet curdled the milk, whey might run off. Whether it does would have to be tested first.",
        ),
        ("hypothesis", "Let us imagine that salt melts ice. I am only playing with the thought."),
        ("ignorance", "In the course they spoke of rennet, casein and whey. Which does what is beyond me."),
        ("ignorance", "Rennet, casein, whey: I had these on a card for the exam. I have no idea what they are."),
    ],
)
def test_what_the_answer_withdraws_is_not_asserted(kind: str, text: str) -> None:
    found = silent(text)
    assert found
    assert {one for one, _ in found} == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "'Rennet curdles the milk,' my aunt said. She was right, I have seen it often.",
        "Our teacher showed us that rennet curdles the milk. It is quick.",
        "If the load rises, the voltage falls. I have measured it.",
        "A leaflet says that rennet curdles the milk. But in fact acid does it..",
    ],
)
def test_a_quotation_that_is_not_withdrawn_is_left_alone(text: str) -> None:
    assert silent(text) == []


@pytest.mark.parametrize(
    ("point", "listed", "spread"),
    [
        ("Rennet curdles the milk.", "rennet, milk, curdle, whey", True),
        ("Rennet curdles the milk.", "curdling, salting, pressing", False),
        ("Cheese is made of milk, rennet and salt.", "milk, rennet, salt", False),
    ],
)
def test_a_bare_list_states_no_claim_that_is_spread_over_its_items(point: str, listed: str, spread: bool) -> None:
    assert [kind for kind, _ in silent(listed)] == ["bare_list"]
    assert leaves_open("bare_list", [parse_claim(point)], parse_claim(listed)) is spread


@pytest.mark.parametrize("text", ["milk and salt", "rennet, salt", "it melts, it flows, it sets", "a: 1, b: 2, c: 3"])
def test_short_answers_that_are_no_bare_lists(text: str) -> None:
    assert silent(text) == []


@pytest.mark.parametrize(
    ("answer", "point", "status"),
    [
        ("If the keel stopped the boat from drifting sideways, they would know.", POINT, "missing"),
        ("If there were no keel to stop the boat, it would be drifting sideways.", POINT, "covered"),
        (
            "If every layer were linear, the network would be linear.",
            "With linear layers the network is linear.",
            "covered",
        ),
    ],
)
def test_a_condition_does_not_say_what_it_supposes(answer: str, point: str, status: str) -> None:
    assert graded(answer, point).status == status


def test_what_is_rejected_is_contradicted_though_another_claim_has_some_of_its_words() -> None:
    answer = "Many say that the keel stops the boat from drifting, but this is false: the sail stops the boat."
    assert graded(answer).status == "contradicted"


def test_to_reject_a_denial_states_the_point() -> None:
    assert graded("It is false that copper conducts no heat.", "Copper conducts heat.").status == "covered"


def test_a_point_that_is_itself_a_question_can_be_met() -> None:
    question = "Does the keel stop the boat from drifting sideways?"
    assert (graded(question, question).credit or 0.0) > 0.9
