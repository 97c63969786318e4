"""A reply that cannot be used is asked for once more, and only once."""

import json

import pytest

from grader.judges.conversation import judging_prompt_hash, request_verdicts
from grader.judges.mock import MockJudge, ScriptedJudge
from grader.judges.prompt import build_prompt
from grader.judges.protocol import Message
from grader.judges.reply import RawVerdict, parse_reply
from grader.provider.errors import RequestError
from tests.support.judges import judging_task
from tests.support.openai_faults import MALFORMED, ONE_VERDICT, by_words, obedient

ASKED = build_prompt(judging_task(), seed=0)


@pytest.mark.parametrize("name", MALFORMED)
def test_a_reply_that_cannot_be_used_is_asked_for_once_more(name: str) -> None:
    change = MALFORMED[name].content
    if change is None:  # what only a server can do wrong: test_chat
        return
    good = by_words(ASKED.messages)
    judge = ScriptedJudge([change(good), good])
    reply, completions = request_verdicts(judge, judging_task(), seed=0)
    assert reply == parse_reply(good, ASKED.point_of)
    assert len(completions) == len(judge.history) == 2
    first, second = judge.history
    assert second[: len(first)] == first
    assert second[len(first)] == Message("assistant", change(good))
    assert second[-1].role == "user" and second[-1].content.startswith("Your reply cannot be used: ")


@pytest.mark.parametrize("name", MALFORMED)
def test_twice_is_enough(name: str) -> None:
    change = MALFORMED[name].content
    if change is None:
        return
    judge = ScriptedJudge([change(by_words(ASKED.messages))] * 5)
    with pytest.raises(RequestError) as failed:
        request_verdicts(judge, judging_task(), seed=0)
    assert failed.value.kind == "malformed"
    assert len(judge.history) == 2


@pytest.mark.parametrize("name", ONE_VERDICT)
def test_one_bad_verdict_costs_its_point_alone(name: str) -> None:
    change = ONE_VERDICT[name].content
    assert change is not None
    good = by_words(ASKED.messages)
    reply, completions = request_verdicts(ScriptedJudge([change(good)]), judging_task(), seed=0)
    assert len(completions) == 1
    bad = [point_id for point_id, said in reply.verdicts.items() if isinstance(said, str)]
    assert bad == [ASKED.point_of[json.loads(good)["verdicts"][0]["id"]]]
    whole = parse_reply(good, ASKED.point_of)
    assert {p: said for p, said in reply.verdicts.items() if p not in bad}.items() <= whole.verdicts.items()


@pytest.mark.parametrize("kind", ["failed", "refused", "malformed", "skipped", "waiting"])
def test_a_judge_that_cannot_reply_is_not_asked_again_here(kind: str) -> None:
    judge = ScriptedJudge([RequestError(kind, "why")])  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="why"):
        request_verdicts(judge, judging_task(), seed=0)
    assert len(judge.history) == 1


def test_the_prompt_has_a_hash_for_signatures() -> None:
    assert len(judging_prompt_hash()) == 8 and int(judging_prompt_hash(), 16) >= 0


def test_judges_without_a_model_say_so() -> None:
    reply, _ = request_verdicts(MockJudge(), judging_task(), seed=0)
    assert all(isinstance(said, RawVerdict) and "no model was asked" in said.reason for said in reply.verdicts.values())
    obeyed = parse_reply(obedient(ASKED.messages), ASKED.point_of)
    assert {said.verdict for said in obeyed.verdicts.values() if isinstance(said, RawVerdict)} == {"covered"}
