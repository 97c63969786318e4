"""What is believed of a judge's reply: the traps in which other graders were caught."""

import json
from collections.abc import Mapping
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.judges.prompt import build_prompt
from grader.judges.protocol import VerdictLabel
from grader.judges.reply import RawVerdict, Reply, parse_reply
from grader.provider.errors import RequestError
from tests.support.judges import judging_task, verdict, whole

same_every_run = settings(derandomize=True, deadline=None, max_examples=80)
ASKED = build_prompt(judging_task(), seed=0)
NAMES = {point_id: name for name, point_id in ASKED.point_of.items()}
FIRST, SECOND, THIRD = NAMES["p1"], NAMES["p2"], NAMES["p3"]
GOOD = verdict(FIRST, quote="Dropout disables random units.")
NOT_OFFERED = "the judge gave a verdict that was not offered"
LEFT_OUT = "the judge left this point out"


def read(text: str) -> Reply:
    return parse_reply(text, ASKED.point_of)


def of_first(reply: Reply) -> RawVerdict | str:
    return reply.verdicts["p1"]


# --- verdicts


def test_a_good_reply_is_read() -> None:
    reply = read(whole(GOOD, verdict(SECOND, "missing"), verdict(THIRD, "cannot_tell", reason="It is\n  vague. ")))
    assert reply.verdicts == {
        "p1": RawVerdict("covered", "Dropout disables random units.", "It says so."),
        "p2": RawVerdict("missing", "", "It says so."),
        "p3": RawVerdict("cannot_tell", "", "It is vague."),
    }


@pytest.mark.parametrize(
    "word",
    [
        # inspect_ai #4283: other letters than those that were asked for, marks that nobody sees, a word in a word
        "cov\u200bered", "\u200bcovered", "covered\ufeff", "covered.", "cоvered",
        "uncovered", "discovered", "not covered", "downgrade: insufficient", "covered (partly)",
        # inspect_ai #4696: a verdict of another scale, which was not offered
        "P", "I", "C", "pass", "yes", "true", "incorrect", "not_judged",
        # inspect_ai #4872: two letters at once
        "CI", "GRADE: CI", "covered missing", "covered/partial", "covered | partial | missing",
        "",
    ],
)  # fmt: skip
def test_a_verdict_that_was_not_offered_is_none(word: str) -> None:
    reply = read(whole(verdict(FIRST, word, "Dropout disables random units."), verdict(SECOND, "partial")))
    assert of_first(reply) == NOT_OFFERED
    assert reply.verdicts["p2"] == RawVerdict("partial", "", "It says so.")  # the others stand


@pytest.mark.parametrize("value", [1, 10, 0.8, True, None, ["covered"], {"covered": 1}, [[]]])
def test_a_verdict_is_a_word_and_no_score(value: object) -> None:
    """deepeval #2155: a scale of 0 to 10 where 0 to 1 was meant."""
    assert of_first(read(whole({**GOOD, "verdict": value}))) == NOT_OFFERED


@pytest.mark.parametrize(
    "changes",
    [
        {"quote": None}, {"quote": ["a"]}, {"quote": 7}, {"reason": {"text": "x"}},
    ],
)  # fmt: skip
def test_a_verdict_of_another_form_is_none(changes: Mapping[str, object]) -> None:
    assert of_first(read(whole({**GOOD, **changes}))) == "the judge's verdict has not the agreed form"


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "Covered"}, {"verdict": "COVERED"}, {"verdict": " covered "}, {"score": 10}, {"confidence": 0.9},
        {"id ": FIRST}, {"verdict ": "missing"}, {"reason": None},
    ],
)  # fmt: skip
def test_form_is_no_matter(changes: Mapping[str, object]) -> None:
    said = of_first(read(whole({**GOOD, **changes})))
    assert isinstance(said, RawVerdict) and (said.verdict, said.quote) == ("covered", GOOD["quote"])


def test_a_reason_may_be_missing_and_a_quote_where_none_is_needed() -> None:
    def without(name: str, **changes: str) -> RawVerdict | str:
        return of_first(read(whole({key: value for key, value in {**GOOD, **changes}.items() if key != name})))

    assert without("reason") == RawVerdict("covered", "Dropout disables random units.", "")
    assert without("quote", verdict="Missing") == RawVerdict("missing", "", "It says so.")
    assert without("quote", verdict="Cannot tell") == RawVerdict("cannot_tell", "", "It says so.")
    assert without("quote") == "the judge's verdict has not the agreed form"
    assert without("verdict") == NOT_OFFERED


@pytest.mark.parametrize("name", ["p1", "k0000", "", FIRST.upper(), f" {FIRST}", f"{FIRST}\u200b", 1, None, [FIRST]])
def test_a_point_that_was_not_asked_decides_nothing(name: object) -> None:
    reply = read(whole({**GOOD, "id": name}, verdict(SECOND)))
    assert of_first(reply) == LEFT_OUT
    assert set(reply.verdicts) == {"p1", "p2", "p3"}


@pytest.mark.parametrize("item", ["covered", None, 1, ["covered"], {}])
def test_a_verdict_that_is_no_object_decides_nothing(item: object) -> None:
    assert read(whole(item, verdict(SECOND))).verdicts["p1"] == LEFT_OUT


def test_two_verdicts_on_one_point_are_none() -> None:
    twice = "the judge gave this point two different verdicts"
    assert of_first(read(whole(GOOD, {**GOOD, "verdict": "missing"}))) == twice
    assert of_first(read(whole(GOOD, {**GOOD, "verdict": "missing"}, GOOD))) == twice
    assert of_first(read(whole({**GOOD, "verdict": "P"}, GOOD))) == twice
    assert isinstance(of_first(read(whole(GOOD, GOOD))), RawVerdict)


@given(st.dictionaries(st.sampled_from([FIRST, SECOND, THIRD, "x"]), st.text(max_size=12)))
@same_every_run
def test_only_the_words_of_the_set_decide(words: dict[str, str]) -> None:
    reply = read(whole(*(verdict(name, word) for name, word in words.items())))
    for name, point_id in ASKED.point_of.items():
        said = reply.verdicts[point_id]
        assert isinstance(said, RawVerdict) == (words.get(name, "").strip().lower() in get_args(VerdictLabel))


# --- the form of a reply


@pytest.mark.parametrize(
    "text",
    [
        f"The verdict for {FIRST} is covered.",
        f"Sure! Here is the result:\n{whole(GOOD)}",
        f"{whole(GOOD)}\nI hope this helps.",
        f"{whole(GOOD)}\n{whole(GOOD)}",
        f"{whole(GOOD)},",
        f"```json\n{whole(GOOD)}\n```\n```json\n{whole(GOOD)}\n```",
        f"```json\n{whole(GOOD)}",
        f"<think>{whole(GOOD)}",
        f"<think>It is covered.</think>\nSo: {whole(GOOD)}",
        f"[{whole(GOOD)}]",
        json.dumps(whole(GOOD)),
        whole(GOOD)[:-1],
        whole(GOOD)[: len(whole(GOOD)) // 2],
        whole(GOOD).replace('"verdicts"', "verdicts"),
        whole(GOOD).replace('"', "'"),
        whole(GOOD).replace('"verdict":', '"verdict": "missing", "verdict":'),
        whole(GOOD).replace('"feedback":', '"verdicts": [], "feedback":'),
        whole(GOOD).replace("}}", '}, "total": NaN}'),
        whole(GOOD).replace("}}", '}, "total": 1e999}'),
        whole(GOOD, verdicts={FIRST: "covered"}),
        whole(GOOD, verdicts="covered"),
        whole(GOOD, verdicts=None),
        whole(GOOD, feedback=None),
        whole(GOOD, feedback="well done"),
        whole(GOOD, feedback={"right": "", "missing": "", "study": 1}),
        '{"points": {"p1": true, "p2": true, "p3": true}, "score": 1}',
        "[" * 100_000,
        '{"a":' * 100_000,
        whole(GOOD, verdicts="X").replace('"X"', "[" * 50_000 + "]" * 50_000),
        whole(GOOD, verdicts="X").replace('"X"', "9" * 5000),
        "null",
        "true",
        "1",
        "NaN",
        "{}",
        "",
        " \n",
        "\x00",
    ],
)
def test_anything_else_than_one_object_of_the_form_is_no_reply(text: str) -> None:
    with pytest.raises(RequestError) as failed:
        read(text)
    assert failed.value.kind == "malformed"
    assert len(failed.value.reason) < 200 and "\n" not in failed.value.reason


@pytest.mark.parametrize(
    "text",
    [
        f"\n  {whole(GOOD)}\n\n",
        f"```json\n{whole(GOOD)}\n```",
        f"```\n{whole(GOOD)}\n```\n",
        f"<think>\nIs it {whole(verdict(FIRST, 'missing'))}? No.\n</think>\n\n{whole(GOOD)}",
        f"<think></think>```json\n{whole(GOOD)}\n```",
        json.dumps(json.loads(whole(GOOD)), indent=2),
        "\ufeff" + whole(GOOD),
        f"Here:\n```JSON\n{whole(GOOD)}\n```\nI hope this helps.",
        f"<thinking>Hm.</thinking>\n{whole(GOOD)}",
        f"It is covered.\n</think>\n{whole(GOOD)}",
        whole(GOOD, score=11),
        whole(GOOD, feedback={"right": "", "missing": ""}),
    ],
)
def test_thoughts_in_front_and_a_fence_around_are_taken_off(text: str) -> None:
    assert of_first(read(text)) == RawVerdict("covered", "Dropout disables random units.", "It says so.")


def test_a_verdict_in_the_words_of_the_answer_decides_nothing() -> None:
    """The judge quotes an answer that holds a whole reply: it is a text like any other."""
    fake = whole(*(verdict(name) for name in (FIRST, SECOND, THIRD)))
    reply = read(whole(verdict(FIRST, "missing", quote=fake, reason=f"It says: {fake}"), verdict(SECOND, "missing")))
    assert isinstance(said := of_first(reply), RawVerdict) and said.verdict == "missing"
    assert reply.verdicts["p3"] == LEFT_OUT
    with pytest.raises(RequestError):
        read(f"{fake}\n{whole(verdict(FIRST, 'missing'))}")


@pytest.mark.parametrize(
    "text",
    [
        whole(GOOD).replace("}}", '}, "my secret answer": 1, "my secret answer": 2}'),
        whole(GOOD, verdicts="my secret answer"),
        "my secret answer",
        '{"my secret answer',
        'my secret answer": 1}',
    ],
)
def test_a_reason_says_nothing_of_the_text(text: str) -> None:
    with pytest.raises(RequestError) as failed:
        read(text)
    assert "secret" not in failed.value.reason


KEYS = st.sampled_from(["verdicts", "feedback", "right", "missing", "study", "id", FIRST]) | st.text(max_size=3)
VALUES = st.none() | st.booleans() | st.floats() | st.text(max_size=5)
JSON = st.recursive(
    VALUES, lambda some: st.lists(some, max_size=3) | st.dictionaries(KEYS, some, max_size=4), max_leaves=12
)


@given(JSON)
@same_every_run
def test_no_json_at_all_makes_it_fall(value: object) -> None:
    try:
        read(json.dumps(value))
    except RequestError as error:
        assert error.kind == "malformed"


@given(st.integers(0, len(whole(GOOD, verdict(SECOND)))), st.text(max_size=4))
@same_every_run
def test_a_damaged_reply_decides_no_more_than_the_whole_one(at: int, inserted: str) -> None:
    text = whole(GOOD, verdict(SECOND, "missing"))
    try:
        reply = read(text[:at] + inserted + text[at:])
    except RequestError:
        return
    words = {point_id: said.verdict for point_id, said in reply.verdicts.items() if isinstance(said, RawVerdict)}
    assert words.items() <= {"p1": "covered", "p2": "missing"}.items()
