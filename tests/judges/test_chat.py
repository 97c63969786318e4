"""The real openai client against a local server, and against a transport that keeps what is sent."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import GraderError, InputError, SetupError
from grader.judges.chat import _RESPONSE_FORMS, ChatJudge
from grader.judges.conversation import request_verdicts
from grader.judges.prompt import build_prompt, estimated_tokens
from grader.judges.protocol import Completion, Message
from grader.judges.reply import reply_schema
from grader.provider.endpoint import Endpoint, _retry_after, find_endpoint
from grader.provider.errors import RequestError
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestPolicy, RequestScheduler
from tests.support.clocks import VirtualClock
from tests.support.judges import QUICK, SECRET, chat_judge, judging_task
from tests.support.openai_faults import FATAL, PASSING, by_words
from tests.support.openai_server import OpenAIServer

CHAT = build_prompt(judging_task(), seed=0)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer() as running:
        yield running


def complete(judge: ChatJudge) -> Completion:
    return judge.complete(CHAT.messages, schema=reply_schema(), max_tokens=CHAT.max_tokens)


def over_wire(answer: Callable[[httpx2.Request], httpx2.Response], **options: Any) -> ChatJudge:
    """A judge whose client is real and whose line is a function."""
    client = httpx2.Client(transport=httpx2.MockTransport(answer))
    return chat_judge("https://api.example.org/v1/", http_client=client, **options)


# --- what is sent


def test_the_request_is_as_the_api_wants_it() -> None:
    sent: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json=OpenAIServer().chat(json.loads(request.content)))

    judge = over_wire(answer, model="gpt-x", seed=7)
    reply, completions = request_verdicts(judge, judging_task(), seed=0)
    [request] = sent
    assert (request.method, str(request.url)) == ("POST", "https://api.example.org/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    body = json.loads(request.content)
    assert body == {
        "model": "gpt-x",
        "messages": [{"role": message.role, "content": message.content} for message in CHAT.messages],
        "max_tokens": CHAT.max_tokens,
        "temperature": 0,
        "seed": 7,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "reply", "strict": True, "schema": reply_schema(tuple(CHAT.point_of))},
        },
    }
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    text = body["messages"][1]["content"]
    places = [
        text.index(part)
        for part in (judging_task().answer, judging_task().question, judging_task().reference_answer, "Decide each")
    ]
    assert places == sorted(places)  # the answer first, what the examiner says after it
    assert len(completions) == 1
    assert {said.verdict for said in reply.verdicts.values() if not isinstance(said, str)} <= {
        "covered",
        "partial",
        "missing",
    }


def test_the_schema_is_one_that_strict_servers_take() -> None:
    """All objects closed, all their fields required, no keyword of the kind that they refuse."""

    def objects(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            if schema.get("type") == "object":
                yield schema
            for value in schema.values():
                yield from objects(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from objects(value)

    found = list(objects(reply_schema()))
    assert len(found) == 3
    for schema in found:
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
    text = json.dumps(reply_schema())
    assert not [word for word in ("default", "minLength", "pattern", "format", "oneOf", "allOf") if f'"{word}"' in text]


def test_text_that_is_no_unicode_can_be_sent(server: OpenAIServer) -> None:
    judge = chat_judge(server.url)
    reply, _ = request_verdicts(judge, judging_task(question="What is \ud800?", answer="half a pair: \udfff"), seed=0)
    assert len(reply.verdicts) == 3
    assert len(server.chats) == 1


# --- what passes


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_is_tried_again(fault: str, server: OpenAIServer) -> None:
    server.faults.extend([fault, fault])
    scheduler = RequestScheduler(QUICK, clock=VirtualClock())
    assert complete(chat_judge(server.url, scheduler=scheduler)).text == by_words(CHAT.messages)
    assert len(server.chats) == scheduler.totals.calls == 3  # the client's own retries are off
    assert scheduler.totals.failed == 0


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("429", "the server answered 429"),
        ("500", "the server answered 500"),
        ("502", "the server answered 502"),
        ("cut before", "the line to the server was cut"),
        ("cut within", "the line to the server was cut"),
        ("half json", "the server's reply is no JSON"),
        ("no choices", "the server's reply holds no choice"),
        ("no json", "the server's reply is no JSON"),
    ],
)
def test_after_the_last_try_a_plain_reason_is_left(fault: str, reason: str, server: OpenAIServer) -> None:
    server.mix = {fault: 1.0}
    with pytest.raises(RequestError) as failed:
        complete(chat_judge(server.url))
    assert (failed.value.kind, failed.value.reason) == ("failed", reason)
    assert len(server.chats) == QUICK.attempts


def test_a_server_that_is_not_there_is_named_at_once() -> None:
    with OpenAIServer() as server:
        url = server.url
    with pytest.raises(SetupError, match=f"^nothing listens at {url}; start the server, or name its address"):
        complete(chat_judge(url))


def test_a_slow_reply_is_given_up_and_asked_for_again(server: OpenAIServer) -> None:
    server.mix = {"stuck": 1.0}
    with pytest.raises(RequestError, match=r"no reply within 0\.2 s"):
        complete(
            chat_judge(
                server.url, timeout=0.2, scheduler=RequestScheduler(RequestPolicy(attempts=2), clock=VirtualClock())
            )
        )
    assert len(server.chats) == 2
    assert complete(chat_judge(server.url)).text


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after-ms": "-3"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after-ms": "nan"}, 0),
        ({}, None),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert _retry_after(headers) == seconds


def test_a_date_to_wait_for_is_read(server: OpenAIServer) -> None:
    clock = VirtualClock()
    server.faults.extend(["429 date", "429 after 1", "429 ms"])
    complete(chat_judge(server.url, scheduler=RequestScheduler(QUICK._replace(first_wait=0), clock=clock)))
    assert 1.02 <= clock.now() <= 2.02


# --- what is final


@pytest.mark.parametrize("fault", ["refusal", "content filter", "400 filter"])
def test_a_refusal_is_not_asked_for_again(fault: str, server: OpenAIServer) -> None:
    server.faults.append(fault)
    scheduler = RequestScheduler(QUICK, clock=VirtualClock())
    with pytest.raises(RequestError, match="the judge refused to judge this answer") as failed:
        complete(chat_judge(server.url, scheduler=scheduler))
    assert failed.value.kind == "refused"
    assert len(server.chats) == 1
    assert scheduler.totals.failed == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("length", "the judge's reply was cut off; give it more room: --judge-max-tokens"),
        ("empty", "the judge's reply is empty"),
        ("no content", "the judge's reply is empty"),
    ],
)
def test_half_a_reply_is_none_and_is_paid_for(fault: str, reason: str, server: OpenAIServer) -> None:
    server.faults.extend([fault, fault])
    scheduler = RequestScheduler(QUICK, clock=VirtualClock())
    with pytest.raises(RequestError) as failed:
        complete(chat_judge(server.url, scheduler=scheduler))
    assert (failed.value.kind, failed.value.reason) == ("cut_off" if fault == "length" else "failed", reason)
    assert scheduler.totals.input_tokens > 100
    limits = [chat.body["max_tokens"] for chat in server.chats]
    assert limits == [CHAT.max_tokens * factor for factor in ((1, 2) if fault == "length" else (1,))]  # doubled once


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("401", r"^127\.0\.0\.1:\d+ refuses the key \(401\); check OPENAI_API_KEY and what it may be used for$"),
        ("403", r"^127\.0\.0\.1:\d+ refuses the key \(403\); check OPENAI_API_KEY"),
        ("404 model", r"^127\.0\.0\.1:\d+ has no such model \(404\); choose a model that the server has: --judge$"),
        ("404", r"^127\.0\.0\.1:\d+ has nothing at this address \(404\); "),
        ("quota", r"^the account at 127\.0\.0\.1:\d+ has no quota left \(429\); add credit, then go on$"),
    ],
)
def test_what_nobody_can_mend_here_ends_at_once_in_one_line(fault: str, message: str, server: OpenAIServer) -> None:
    server.mix = {fault: 1.0}
    judge = chat_judge(server.url)
    with pytest.raises(SetupError, match=message) as failed:
        complete(judge)
    assert "\n" not in str(failed.value)
    assert SECRET not in str(failed.value)
    n_sent = len(server.chats)
    assert n_sent == (len(_RESPONSE_FORMS) if fault == "404" else 1)  # a 404 may be about a part of the request
    with ThreadPoolExecutor(8) as pool:
        errors = [future.exception() for future in [pool.submit(complete, judge) for _ in range(16)]]
    assert {type(error) for error in errors} == {SetupError}
    assert len(server.chats) == n_sent


@pytest.mark.parametrize("fault", FATAL)
def test_once_it_has_worked_such_a_fault_costs_one_answer_alone(fault: str, server: OpenAIServer) -> None:
    judge = chat_judge(server.url)
    complete(judge)
    server.faults.extend([fault] * (len(_RESPONSE_FORMS) if fault == "404" else 1))
    with pytest.raises(RequestError) as failed:
        complete(judge)
    assert failed.value.kind == "failed"
    assert complete(judge).text


def test_a_request_that_the_server_refuses_in_every_form_fails_and_is_counted(server: OpenAIServer) -> None:
    server.faults.extend(["400"] * len(_RESPONSE_FORMS))
    scheduler = RequestScheduler(QUICK, clock=VirtualClock())
    judge = chat_judge(server.url, scheduler=scheduler)
    with pytest.raises(RequestError, match=r"the server refuses the request \(400\)"):
        complete(judge)
    assert (scheduler.totals.calls, scheduler.totals.failed) == (len(_RESPONSE_FORMS), 1)
    complete(judge)
    assert server.chats[-1].body["response_format"]["type"] == "json_schema"  # one bad request teaches nothing


# --- what a server can do


def form(body: dict[str, Any]) -> tuple[str, ...]:
    """What a request makes use of."""
    names = ("temperature", "seed", "max_tokens", "max_completion_tokens")
    asked = body.get("response_format", {"type": "text"})
    return ("schema" if "schema" in asked else asked["type"], *(name for name in names if name in body))


@pytest.mark.parametrize(
    ("refuses", "n_calls", "last"),
    [
        ((), 1, ("json_schema", "temperature", "seed", "max_tokens")),
        (("json_schema",), 2, ("schema", "temperature", "seed", "max_tokens")),
        (("json_schema", "schema"), 3, ("json_object", "temperature", "seed", "max_tokens")),
        (("json_schema", "json_object"), 4, ("text", "temperature", "seed", "max_tokens")),
        (("temperature",), 2, ("json_schema", "seed", "max_tokens")),
        (("max_tokens", "temperature"), 3, ("json_schema", "seed", "max_completion_tokens")),
        (("json_schema", "json_object", "temperature", "seed", "max_tokens"), 7, ("text", "max_completion_tokens")),
    ],
)
def test_a_server_is_asked_for_what_it_can_do(
    refuses: tuple[str, ...], n_calls: int, last: tuple[str, ...], tmp_path: Path
) -> None:
    with OpenAIServer(refuses=refuses) as server:
        path = tmp_path / "cache.sqlite"
        cache = ReplyCache(path)
        judge = chat_judge(server.url, cache=cache)
        assert complete(judge).text == by_words(CHAT.messages)
        assert len(server.chats) == n_calls
        assert form(server.chats[-1].body) == last
        complete(judge)
        assert len(server.chats) == n_calls + 1
        cache.close()
        again = ReplyCache(path)
        complete(chat_judge(server.url, cache=again))  # as another process would, later
        assert len(server.chats) == n_calls + 2
        assert form(server.chats[-1].body) == last
        complete(chat_judge(server.url, model="another", cache=again))  # of another model nothing is known
        assert len(server.chats) == 2 * n_calls + 2
        again.close()


def test_what_a_server_can_do_is_found_out_by_one_request(server: OpenAIServer) -> None:
    server.refuses = {"json_schema", "json_object", "seed"}
    judge = chat_judge(server.url)
    with ThreadPoolExecutor(8) as pool:
        texts = {future.result().text for future in [pool.submit(complete, judge) for _ in range(16)]}
    assert texts == {by_words(CHAT.messages)}
    assert len(server.chats) == 4 + 16


def test_one_request_that_is_not_understood_does_not_spoil_the_others(server: OpenAIServer, tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")
    judge = chat_judge(server.url, cache=cache)
    complete(judge)
    server.faults.append("400")
    complete(judge)
    assert [form(request.body)[0] for request in server.chats] == ["json_schema", "json_schema", "schema"]
    complete(judge)
    complete(chat_judge(server.url, cache=cache))
    assert [form(request.body)[0] for request in server.chats[3:]] == ["json_schema", "json_schema"]
    cache.close()


def test_a_server_that_can_do_less_than_it_could_is_learned_anew(server: OpenAIServer, tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path / "c.sqlite")
    complete(chat_judge(server.url, cache=cache))
    server.refuses = {"json_schema"}
    for n_calls in (2, 1):
        judge = chat_judge(server.url, cache=cache)
        before = len(server.chats)
        complete(judge)
        assert len(server.chats) - before == n_calls
    cache.close()


# --- any reply

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=5) | st.sampled_from(["length", "stop"])
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
MESSAGE = st.fixed_dictionaries({}, optional={"role": ANY, "content": ANY | st.text(), "refusal": ANY})
CHOICE = st.fixed_dictionaries({}, optional={"finish_reason": ANY, "message": MESSAGE | ANY, "index": ANY})
USAGE = st.fixed_dictionaries({}, optional={"prompt_tokens": ANY, "completion_tokens": ANY})
REPLY = ANY | st.fixed_dictionaries(
    {}, optional={"choices": st.lists(CHOICE | ANY, max_size=2) | ANY, "usage": USAGE | ANY}
)


class Line:
    """A line on which everything comes back that is put there; one client serves all, for it takes long to make."""

    def __init__(self) -> None:
        self.reply = httpx2.Response(200)
        self.scheduler = RequestScheduler(RequestPolicy(attempts=1, failure_threshold=10**6), clock=VirtualClock())
        self.judge = over_wire(lambda _: self.reply, scheduler=self.scheduler)


LINE = Line()


@given(REPLY, st.sampled_from(["application/json", "text/html", "application/json; charset=utf-8"]))
@settings(derandomize=True, deadline=None, max_examples=150)
def test_no_reply_is_more_than_a_completion_or_a_reason(body: Any, content_type: str) -> None:
    LINE.reply = httpx2.Response(200, content=json.dumps(body).encode(), headers={"content-type": content_type})
    n_sent = LINE.scheduler.totals.calls
    try:
        done = complete(LINE.judge)
    except RequestError as error:
        assert error.kind in ("failed", "refused", "malformed")
        assert error.reason.startswith(("the judge", "the server"))
    else:
        assert done.text.strip()
        assert done.input_tokens >= 0 and done.output_tokens >= 0
    assert LINE.scheduler.totals.calls == n_sent + 1


def test_a_server_that_does_not_count_is_counted_for() -> None:
    body = {"choices": [{"finish_reason": "stop", "message": {"content": "x" * 300}}]}
    done = complete(over_wire(lambda _: httpx2.Response(200, json=body)))
    assert done == Completion("x" * 300, estimated_tokens(CHAT.messages), 100)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [  # counted with tiktoken 0.14, cl100k_base, which has the most tokens of the encodings in use
        ("The gradient shows the direction of steepest ascent.", 11),
        ("梯度指向函数增长最快的方向，学习率决定步长。注意力机制使模型关注重要部分。", 40),
        ("Градиент показывает направление наискорейшего роста функции", 23),
        ("சாய்வு மிக வேகமாக அதிகரிக்கும் திசையைக் காட்டுகிறது", 70),
        ("👍🏽😀🎉🚀🤖" * 3, 51),
        ("∇f(x)=∑∂f/∂xᵢ ≤ λ‖w‖²", 25),
        ("ግራዲየንት አቅጣጫውን ያሳያል", 48),
    ],
)
def test_tokens_are_estimated_rather_too_many_than_too_few(text: str, tokens: int) -> None:
    assert tokens <= estimated_tokens([Message("user", text)]) <= 5 * tokens + 8


# --- addresses and keys


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f" {SECRET}\n")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert find_endpoint() == Endpoint("https://api.openai.com/v1", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://llm.example.org:8443/v1/")
    assert find_endpoint().host == "llm.example.org:8443"
    assert find_endpoint("https://other.example.org/v1").host == "other.example.org"
    assert not find_endpoint().is_local


@pytest.mark.parametrize("url", ["http://localhost:11434/v1", "http://127.0.0.1:8000/v1", "http://[::1]:8080/v1"])
def test_a_server_on_this_machine_needs_no_key(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert find_endpoint(url).is_local
    assert find_endpoint(url).key == "none"


@pytest.mark.parametrize(
    "url",
    [
        "api.example.org/v1",
        "ftp://api.example.org/v1",
        "file:///etc/passwd",
        "http://",
        "http://[::1",
        "http://api.example.org/v1",  # an open line
        "http://169.254.169.254/latest/meta-data",
        "http://localhost.example.org/v1",
        f"https://user:{SECRET}@api.example.org/v1",
        f"https://{SECRET}@api.example.org/v1",
        f"user:{SECRET}@api.example.org/v1",
        f"http://user:{SECRET[:12]}/{SECRET[12:]}@api.example.org/v1",
    ],
)
def test_an_address_that_is_none_or_not_safe_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with pytest.raises(InputError) as failed:
        find_endpoint(url)
    assert SECRET not in str(failed.value) and SECRET[12:] not in str(failed.value)


def test_without_a_key_no_other_machine_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SetupError, match=r"no key for api\.example\.org; .*export OPENAI_API_KEY="):
        find_endpoint("https://api.example.org/v1")


@pytest.mark.parametrize("key", [f"{SECRET}\n{SECRET}", f"“{SECRET}”", f"{SECRET} {SECRET}", f"{SECRET}\x7f"])
def test_a_key_that_no_request_can_carry_is_refused(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(SetupError, match="OPENAI_API_KEY") as failed:
        find_endpoint("https://api.example.org/v1")
    assert SECRET not in str(failed.value)


def test_nothing_that_can_be_printed_shows_the_key(
    server: OpenAIServer, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(Endpoint(server.url, SECRET)), str(Endpoint(server.url, SECRET))]
    for fault in ("401", "429", "500", "400", "quota"):
        server.mix = {fault: 1.0}
        judge = chat_judge(server.url)
        with pytest.raises((GraderError, RequestError)) as failed:
            complete(judge)
        shown += [repr(judge), repr(vars(judge)), repr(failed.value), str(failed.getrepr(style="native"))]
    printed = capsys.readouterr()
    everything = "\n".join([*shown, caplog.text, printed.out, printed.err])
    assert "the server answered 500" in everything
    assert SECRET not in everything
