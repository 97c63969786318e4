"""Servers that people have, emulated on loopback with their quirks, and servers that misbehave; the client is real.

The quirks are those that the servers' documentation and bug reports tell of; nobody has run the real ones here.
"""

# ruff: noqa: E501  # errors are in the words of the servers

import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from grader.errors import SetupError
from grader.judges.judges_file import JudgeEntry, read_judges_file
from grader.judges.panel import Panel
from grader.judges.protocol import Message
from grader.judges.server_test import ServerTest, run_server_test
from grader.judges.setup import JudgeChoice, open_panel
from grader.provider import transport
from grader.provider.errors import RequestError
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestPolicy, RequestScheduler
from tests.support.judges import SECRET, chat_judge, judging_task, many
from tests.support.openai_faults import by_words

Answering = Callable[["Call"], Any]


class Call(NamedTuple):
    """A request, and the handler that writes what a plain reply cannot say."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    handler: BaseHTTPRequestHandler


class Status(NamedTuple):
    """A reply with another status than 200."""

    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012  # of a named tuple


@contextmanager
def serving(answer: Answering) -> Iterator[tuple[str, list[Call]]]:
    """A server whose answers are a function; its address, and the calls as they came."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.path, headers, json.loads(raw), self)
            calls.append(call)
            found = answer(call)
            if found is None:
                return
            reply = found if isinstance(found, Status) else Status(200, found)
            content = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(content)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}", calls
    finally:
        http.shutdown()
        http.server_close()


def judged(body: dict[str, Any]) -> str:
    """The mock judge's reply, also where the instructions stand in the first message."""
    chat = [Message(**message) for message in body.get("messages") or body["input"]]
    return by_words(chat if len(chat) > 1 else [Message("system", ""), *chat])


def completion(text: str | None, finish: str = "stop", **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": text, **message}
    return {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18},
    }  # fmt: skip


def error(status: int, message: str, **fields: Any) -> Status:
    return Status(status, {"error": {"message": message, "type": "invalid_request_error", **fields}})


def form(call: Call) -> str:
    return str((call.body.get("response_format") or {}).get("type"))


# --- servers


def openai_reasoning(call: Call) -> Any:
    """A reasoning model: max_completion_tokens, no temperature."""
    if "max_tokens" in call.body:
        return error(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        )
    if call.body.get("temperature") is not None:
        return error(400, "Unsupported value: 'temperature' does not support 0 with this model.")
    assert call.body["reasoning_effort"] == "low"
    return completion(judged(call.body))


def openai_responses(call: Call) -> Any:
    if call.path != "/v1/responses" or call.body["store"] is not False:
        return error(404, "no such route")
    text = judged(call.body)
    return {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed", "error": None,
        "output": [
            {"type": "reasoning", "id": "x", "summary": []},
            {"type": "message", "id": "y", "role": "assistant", "status": "completed",
             "content": [{"type": "output_text", "text": text, "annotations": []}]},
        ],
        "usage": {"input_tokens": 9, "output_tokens": 9, "total_tokens": 18},
    }  # fmt: skip


def azure_classic(call: Call) -> Any:
    if call.path != "/openai/deployments/d/chat/completions?api-version=2024-10-21":
        return error(404, "Resource not found", code="404")
    if call.headers.get("api-key") != SECRET or "authorization" in call.headers:
        return error(401, "Access denied due to invalid subscription key", code="401")
    return completion(judged(call.body))


def azure_v1(call: Call) -> Any:
    if not call.path.startswith("/openai/v1/chat/completions"):
        return error(404, "Resource not found", code="404")
    return completion(judged(call.body)) if call.headers.get("api-key") == SECRET else error(401, "Access denied")


def ollama(call: Call) -> Any:
    """A thinking model whose thoughts stand in the text, before a fence."""
    return completion(f"<think>\nLet me see: {{}}.\n</think>\n\n```json\n{judged(call.body)}\n```")


def vllm_without_system_role(call: Call) -> Any:
    if call.body["messages"][0]["role"] == "system":
        return error(400, "System role not supported")
    return completion("Reasoning whose opening tag is in the prompt.\n</think>\n" + judged(call.body))


def lm_studio(call: Call) -> Any:
    if form(call) == "json_object":
        return Status(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"})
    return completion(judged(call.body))


def llama_cpp(call: Call) -> Any:
    return completion("\ufeff" + judged(call.body), timings={"predicted_ms": 1.0})


def openrouter(call: Call) -> Any:
    """Blank lines while a provider works, and first an error with status 200."""
    if not hasattr(openrouter, "n"):
        openrouter.n = 1  # type: ignore[attr-defined]
        return {"error": {"code": 502, "message": "Provider returned error", "metadata": {}}}
    return Status(200, "\n         \n" + json.dumps(completion(judged(call.body), reasoning="I thought.")))


def gemini(call: Call) -> Any:
    if "seed" in call.body:
        return Status(
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": 'Invalid JSON payload received. Unknown name "seed": Cannot find field.',
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
        )
    return completion(f"```json\n{judged(call.body)}\n```")


def anthropic(call: Call) -> Any:
    """Ignores the schema and writes text around a fence."""
    return completion(f"Here is my judgement:\n\n```JSON\n{judged(call.body)}\n```\n\nI looked at each point.")


def mistral(call: Call) -> Any:
    if "seed" in call.body:
        detail = [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]
        return Status(422, {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"})
    return completion(judged(call.body))


def deepseek(call: Call) -> Any:
    if form(call) in ("json_schema", "schema") and "schema" in json.dumps(call.body["response_format"]):
        return error(400, "This response_format type is unavailable now", code="invalid_request_error")
    return Status(200, "\n\n\n" + json.dumps(completion(judged(call.body), reasoning_content="Hm.")))


SERVERS: dict[str, tuple[Answering, dict[str, Any]]] = {
    "OpenAI": (openai_reasoning, {"reasoning_effort": "low"}),
    "OpenAI responses": (openai_responses, {"api": "responses"}),
    "Azure OpenAI, classic": (
        azure_classic,
        {"path": "/openai/deployments/d", "headers": {"api-key": "$OPENAI_API_KEY"}, "query": {"api-version": "2024-10-21"}},
    ),
    "Azure OpenAI, v1": (azure_v1, {"path": "/openai/v1", "headers": {"api-key": "$OPENAI_API_KEY"}}),
    "Ollama": (ollama, {}),
    "vLLM": (vllm_without_system_role, {}),
    "LM Studio": (lm_studio, {}),
    "llama.cpp": (llama_cpp, {"concurrency": 1}),
    "OpenRouter": (openrouter, {"path": "/api/v1"}),
    "Gemini": (gemini, {"path": "/v1beta/openai"}),
    "Anthropic": (anthropic, {"seed": False}),
    "Mistral": (mistral, {}),
    "DeepSeek": (deepseek, {"path": ""}),
}  # fmt: skip


def show_of(answer: Answering, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> ServerTest:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    path = settings.pop("path", "/v1")
    with serving(answer) as (url, _):
        return run_server_test(JudgeEntry(name="m", url=url + path, **settings), timeout=20)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_that_people_have_is_understood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, settings = SERVERS[name]
    result = show_of(answer, monkeypatch, **settings)
    assert result.problem == ""
    assert result.is_right
    assert result.calls <= 4


FAULTS_OF_ALL = {
    "Gemini, bad key": (Status(400, [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status": "INVALID_ARGUMENT"}}]), "refuses the key"),
    "OpenAI, bad key": (error(401, "Incorrect API key provided", code="invalid_api_key"), "refuses the key"),
    "LM Studio, model": (error(400, "Invalid model identifier \"m\". No models loaded."), "has no such model"),
    "Ollama, model": (error(404, 'model "m" not found, try pulling it first', code=None), "has no such model"),
    "OpenRouter, model": (error(400, "m is not a valid model ID", code=400), "has no such model"),
    "Mistral, model": (Status(400, {"object": "error", "message": "Invalid model: m", "code": "1500"}), "has no such model"),
    "DeepSeek, model": (error(400, "Model Not Exist"), "has no such model"),
    "Azure, deployment": (error(404, "The API deployment for this resource does not exist.", code="DeploymentNotFound"), "has no such model"),
    "llama.cpp, context": (Status(400, {"error": {"code": 400, "message": "request (4390 tokens) exceeds the available context size (512 tokens), try increasing it", "type": "exceed_context_size_error"}}), "longer than the context"),
    "OpenAI, context": (error(400, "This model's maximum context length is 8192 tokens.", code="context_length_exceeded"), "longer than the context"),
    "DeepSeek, balance": (error(402, "Insufficient Balance"), "no quota left"),
    "LM Studio, address": (Status(200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}), "nothing at this address"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS_OF_ALL)
def test_what_every_answer_would_meet_ends_the_run_with_one_call(name: str) -> None:
    reply, reason = FAULTS_OF_ALL[name]
    with serving(lambda call: reply) as (url, calls):
        with pytest.raises(SetupError, match=f"{reason}.*; .+"):
            chat_judge(f"{url}/v1", http_client=None).complete(
                [Message("system", "x"), Message("user", "y")], schema={}, max_tokens=9
            )
        assert len(calls) == 1


@pytest.mark.parametrize(
    ("settings", "variable"),
    [({"key": "$MY_KEY"}, "MY_KEY"), ({"headers": {"api-key": "$MY_KEY"}}, "MY_KEY"), ({}, "OPENAI_API_KEY")],
)
def test_a_refused_key_is_named_by_its_variable(
    settings: dict[str, Any], variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    result = show_of(lambda call: error(401, "bad key"), monkeypatch, **settings)
    assert f"refuses the key (401); check {variable} and" in result.problem


def test_a_server_that_refuses_everything_ends_the_run(tmp_path: Path) -> None:
    with serving(lambda call: error(400, "Bad Request")) as (url, _):
        panel = Panel([chat_judge(f"{url}/v1", http_client=None)])
        with pytest.raises(SetupError, match=r"refuses every request \(400\); check model and options"):
            panel.collect_opinions(many(6))


# --- bounds


def ask(url: str, *, timeout: float = 20.0, policy: RequestPolicy | None = None) -> str:
    judge = chat_judge(
        f"{url}/v1", http_client=None, timeout=timeout, scheduler=RequestScheduler(policy or RequestPolicy(attempts=1))
    )
    return judge.complete([Message("system", "x"), Message("user", "y")], schema={}, max_tokens=9).text


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with serving(lambda call: completion("{}")) as (other, reached):
        redirect = Status(status, "", {"Location": f"{other}/v1/chat/completions"})
        with (
            serving(lambda call: redirect) as (url, _),
            pytest.raises(SetupError, match=rf"{url}/v1 redirects to http://127.0.0.1 \({status}\), where nothing"),
        ):
            ask(url)
        assert reached == []


def test_a_call_ends_in_time_though_bytes_drip() -> None:
    def drip(call: Call) -> None:
        handler = call.handler
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(100):
            time.sleep(0.05)
            handler.wfile.write(b" ")
            handler.wfile.flush()

    with serving(drip) as (url, _):
        begun = time.monotonic()
        with pytest.raises(RequestError, match=r"no reply within 0\.5 s"):
            ask(url, timeout=0.5)
        assert time.monotonic() - begun < 3


def test_a_reply_has_a_largest_size() -> None:
    bomb = gzip.compress(bytes(50 * 2**20))

    def compressed(call: Call) -> None:
        assert call.headers["accept-encoding"] == "identity"
        handler = call.handler
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(bomb)))
        handler.end_headers()
        handler.wfile.write(bomb)

    with serving(compressed) as (url, _), pytest.raises(RequestError, match="larger than 16 MB, or compressed"):
        ask(url)
    huge = " " * (transport.MAX_REPLY_BYTES + 1)
    with serving(lambda call: Status(200, huge)) as (url, _), pytest.raises(RequestError, match="larger than 16 MB"):
        ask(url)


def test_after_a_stop_nothing_is_sent_and_what_is_in_flight_ends() -> None:
    def slow(call: Call) -> None:
        time.sleep(5)

    scheduler = RequestScheduler(RequestPolicy(attempts=3))
    with serving(slow) as (url, calls):
        judges = [chat_judge(f"{url}/v1", http_client=None, scheduler=scheduler) for _ in range(3)]
        ended: list[BaseException] = []

        def run(judge: Any) -> None:
            try:
                judge.complete([Message("system", "x"), Message("user", "y")], schema={}, max_tokens=9)
            except RequestError as fault:
                ended.append(fault)

        threads = [threading.Thread(target=run, args=(judge,)) for judge in judges]
        for thread in threads:
            thread.start()
        time.sleep(0.7)
        begun = time.monotonic()
        scheduler.stop()
        for thread in threads:
            thread.join(10)
        assert time.monotonic() - begun < transport.GRACE_SECONDS + 2
        assert len(ended) == 3
        assert len(calls) == 1  # the others waited for what the first would show
    with pytest.raises(RequestError):
        ask_again = chat_judge(f"{url}/v1", http_client=None, scheduler=scheduler)
        ask_again.complete([Message("system", "x"), Message("user", "y")], schema={}, max_tokens=9)
    assert len(calls) == 1


def test_a_serial_server_is_not_overrun() -> None:
    """It takes .15 s a reply, one after another: with eight at once each would take 1.2 s, longer than the limit."""
    one = threading.Lock()

    def serial(call: Call) -> Any:
        with one:
            time.sleep(0.15)
        return completion(judged(call.body))

    scheduler = RequestScheduler(RequestPolicy(attempts=1))
    with serving(serial) as (url, _):
        judge = chat_judge(f"{url}/v1", http_client=None, timeout=1.0, scheduler=scheduler)
        Panel([judge], scheduler=scheduler).collect_opinions(many(12))
    assert scheduler.totals.failed == 0


def test_a_budget_waits_for_reservations() -> None:
    """Each call may cost .0012 and costs a tenth of it: eight at once would reserve more than there is."""
    policy = RequestPolicy(max_cost=0.01, attempts=1)
    from grader.provider.budget import Price

    scheduler = RequestScheduler(policy)
    with serving(lambda call: completion(judged(call.body))) as (url, calls):
        judge = chat_judge(f"{url}/v1", http_client=None, scheduler=scheduler, price=Price(1.0, 2.0))
        Panel([judge], scheduler=scheduler).collect_opinions(many(12))
    assert len(calls) == 12
    assert scheduler.totals.failed == 0
    assert scheduler.budget.cost <= 0.01


# --- replies that are not kept, and secrets


@pytest.mark.parametrize(
    "fault",
    [
        completion("", "length"),
        completion("  "),
        completion(None, "tool_calls", tool_calls=[{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{}"}}]),
    ],
)  # fmt: skip
def test_what_may_pass_is_asked_again_by_the_next_run(fault: Any, tmp_path: Path) -> None:
    bad = [True]
    with serving(lambda call: fault if bad[0] else completion(judged(call.body))) as (url, calls):
        cache = ReplyCache(tmp_path / "cache")

        def run() -> str:
            judge = chat_judge(f"{url}/v1", http_client=None, cache=cache)
            [[opinion]] = Panel([judge], cache=cache).collect_opinions([judging_task()])
            return str(opinion.verdicts["p1"])

        assert run().startswith("the judge")
        bad[0] = False
        assert "covered" in run()
        n = len(calls)
        run()
        assert len(calls) == n
        cache.close()


@pytest.mark.parametrize("escaped", [False, True])
def test_a_secret_that_the_model_repeats_reaches_no_field(escaped: bool, tmp_path: Path) -> None:
    shown = "".join(f"\\u{ord(char):04x}" for char in SECRET) if escaped else SECRET

    def leaking(call: Call) -> Any:
        return completion(judged(call.body).replace('"reason": "', f'"reason": "{shown} '))

    with serving(leaking) as (url, _):
        cache = ReplyCache(tmp_path / "cache")
        opinions = Panel([chat_judge(f"{url}/v1", http_client=None, cache=cache)], cache=cache).collect_opinions(
            [judging_task()]
        )
        cache.close()
    assert SECRET not in repr(opinions)
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.iterdir())


# --- the file


def test_a_judge_of_the_file_is_asked_as_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    with serving(lambda call: completion(judged(call.body))) as (url, calls):
        (tmp_path / "judges.yaml").write_text(
            f"judges:\n  - name: small\n    url: {url}/v1\n    model: qwen3:8b\n    key: $MY_KEY\n    seed: false\n"
            "    temperature: none\n    system_role: false\n    max_tokens: 4000\n    headers: {X-Title: grader}\n"
            f"  - name: other\n    url: {url}/v2\n"
        )
        choice = JudgeChoice(["small", "other"], judges_file=tmp_path / "judges.yaml", cache=tmp_path / "cache")
        opened = open_panel(choice)
        opened.panel.collect_opinions([judging_task()])
        opened.cache.close()
    [call] = [call for call in calls if call.path == "/v1/chat/completions"]
    assert call.headers["authorization"] == f"Bearer {SECRET}"
    assert call.headers["x-title"] == "grader"
    assert (call.body["model"], call.body["max_tokens"]) == ("qwen3:8b", 4000)
    assert not {"temperature", "seed"} & call.body.keys()
    assert [message["role"] for message in call.body["messages"]] == ["user"]
    assert [call.path for call in calls if call.body["model"] == "other"] == ["/v2/chat/completions"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("judges: 3", "expected 'judges:' and a list"),
        (
            "judges:\n  - name: a\n    url: http://localhost/v1\n    modell: x",
            r":4: .*modell.*no such setting|no such setting",
        ),
        ("judges:\n  - name: a\n    url: x\n  - name: a\n    url: y", "two judges are called 'a'"),
        ("judges:\n  - name: a\n    url: x\n    temperature: warm", "temperature"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "judges.yaml").write_text(text)
    with pytest.raises(Exception, match=message):
        read_judges_file(tmp_path / "judges.yaml")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"key": SECRET}, "is no variable"),
        ({"url": "http://192.168.1.5:8080/v1"}, "allow_http: true"),
        ({"url": "https://me.openai.azure.com/openai?api-version=1"}, r"has a query, '\?api-version=..'"),
        ({"headers": {"api-key": "$NOT_SET_ANYWHERE"}}, "export NOT_SET_ANYWHERE="),
    ],
)
def test_an_entry_that_cannot_be_used_says_the_way_out(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message) as refused:
        JudgeEntry(**{"name": "a", "url": "http://localhost:1/v1", **settings}).endpoint()
    assert SECRET not in str(refused.value)


def test_a_server_in_the_own_network_may_be_unencrypted() -> None:
    entry = JudgeEntry(name="lan", url="http://192.168.1.5:8080/v1", allow_http=True)
    assert entry.endpoint().base_url == "http://192.168.1.5:8080/v1"
