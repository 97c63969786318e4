"""A judge by batches: sent once, found again, believed line by line, and never in the way of a run."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from grader.errors import SetupError
from grader.judges.batch_api.judge import BatchJudge, Collected
from grader.judges.batch_api.ledger import BatchLedger
from grader.judges.chat import ChatJudge, ServerCapabilities
from grader.judges.mock import MockJudge
from grader.judges.panel import Panel
from grader.judges.protocol import Completion, JudgingTask, Message, PointToJudge
from grader.provider.budget import Price
from grader.provider.endpoint import find_endpoint
from grader.provider.errors import RequestError
from grader.provider.reply_cache import ReplyCache, content_key
from grader.provider.retries import RequestPolicy, RequestScheduler
from tests.support.batch_api import KEY, Server, expired, failed, replied, well

# A run of its own: it asks, sends, and is killed meanwhile.
CHILD = """
import sys
from grader.judges.batch_api.judge import BatchJudge
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestScheduler
from grader.provider.endpoint import find_endpoint
from grader.provider.errors import RequestError; from grader.judges.protocol import Message
judge = BatchJudge("m", find_endpoint(), RequestScheduler(), cache=ReplyCache(sys.argv[1]))
for text in "ab":
    try:
        judge.complete([Message("user", text)], schema={"type": "object"}, max_tokens=50)
    except RequestError as fault:
        assert fault.kind == "waiting"
judge.submit()
"""
SCHEMA = {"type": "object"}


class Clock:
    """Time that passes when somebody waits."""

    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += seconds
        return False


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    threading.Thread(target=found.http.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    found.http.shutdown()
    found.http.server_close()


@pytest.fixture
def cache() -> ReplyCache:
    return ReplyCache(":memory:")


CLOCK = Clock()
# Many judges, one client: to make one takes longer than most of these tests.
HTTP = openai.DefaultHttpxClient()


def judge(server: Server, cache: ReplyCache, *, policy: RequestPolicy | None = None, **options: Any) -> BatchJudge:
    """A judge as a new run has it."""
    options = {"now": CLOCK.now, "price": Price(1.0, 2.0), "http_client": HTTP, **options}
    scheduler = RequestScheduler(policy or RequestPolicy(attempts=2), clock=CLOCK)
    return BatchJudge("m", server.endpoint, scheduler, cache=cache, **options)


def ask(judge: BatchJudge, *texts: str) -> list[str]:
    """What comes of each text: the reply, or kind and reason."""

    def one(text: str) -> str:
        try:
            return judge.complete([Message("user", text)], schema=SCHEMA, max_tokens=50).text
        except RequestError as fault:
            return f"{fault.kind}: {fault.reason}"

    return [one(text) for text in texts]


def run(server: Server, cache: ReplyCache, *texts: str, **options: Any) -> tuple[Collected, list[str], BatchJudge]:
    """A whole run: collect, ask, submit."""
    asked = judge(server, cache, **options)
    collected = asked.collect()
    found = ask(asked, *texts)
    asked.submit()
    return collected, found, asked


class TestTheUsualWay:
    def test_sent_in_one_run_and_there_in_the_next(self, server: Server, cache: ReplyCache) -> None:
        first = judge(server, cache)
        assert first.collect() == Collected(0, 0, 0, ())
        assert ask(first, "a", "b", "a") == ["waiting: waits for the next batch"] * 3
        sent = first.submit()
        assert sent.n_requests == 2 and sent.batches == ("batch_1",)
        assert sent.notices == ("batch batch_1 was sent with 2 requests; it takes up to 24 hours",)
        second = judge(server, cache)
        assert second.collect() == Collected(2, 0, 0, ("batch batch_1 is completed: 2 of 2 requests answered",))
        assert ask(second, "a", "b") == ["reply to a", "reply to b"]
        assert second.submit() == (0, (), ())
        assert judge(server, cache).collect() == Collected(0, 0, 0, ())

    def test_what_is_sent(self, server: Server, cache: ReplyCache) -> None:
        run(server, cache, "a \u2028\ud800 é")
        [batch], [[line]] = server.batches.values(), server.sent()
        assert (batch["endpoint"], batch["completion_window"]) == ("/v1/chat/completions", "24h")
        assert set(batch["metadata"]) == {"grader"}
        assert line.keys() == {"custom_id", "method", "url", "body"}
        assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
        assert line["body"] == {
            "model": "m",
            "messages": [{"role": "user", "content": "a \u2028? é"}],
            "max_tokens": 50,
            "temperature": 0,
            "seed": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "reply", "strict": True, "schema": {"type": "object"}},
            },
        }

    def test_it_is_the_same_model_as_one_that_is_asked_at_once(self, server: Server, cache: ReplyCache) -> None:
        batch, chat = judge(server, cache), ChatJudge("m", server.endpoint, RequestScheduler())
        assert (batch.name, batch.revision) == (chat.name, chat.revision)

    def test_a_batch_that_runs_is_left_alone(self, server: Server, cache: ReplyCache) -> None:
        run(server, cache, "a")
        server.status = "in_progress"
        collected, found, again = run(server, cache, "a", "b")
        assert collected == Collected(0, 0, 1, ("batch batch_1: in_progress, 0 of 1 requests done",))
        assert found == ["waiting: waits for batch batch_1", "waiting: waits for the next batch"]
        assert [len(lines) for lines in server.sent()] == [1, 1]
        assert again.submit().n_requests == 0
        server.status = "completed"
        assert run(server, cache, "a", "b")[1] == ["reply to a", "reply to b"]

    def test_several_files(self, server: Server, cache: ReplyCache) -> None:
        texts = [f"text {n}" for n in range(5)]
        asked = judge(server, cache, most_requests=2)
        ask(asked, *texts)
        assert asked.submit().batches == ("batch_1", "batch_2", "batch_3")
        assert [len(lines) for lines in server.sent()] == [2, 2, 1]
        large = judge(server, cache, most_bytes=1000)
        ask(large, "x" * 600, "y" * 600, "z" * 2000)
        assert large.submit().n_requests == 3
        assert [len(lines) for lines in server.sent()[3:]] == [1, 1, 1]
        assert judge(server, cache).collect().n_replies == 8

    def test_what_it_takes_is_counted_when_it_comes(self, server: Server, cache: ReplyCache) -> None:
        scheduler = RequestScheduler(RequestPolicy(), clock=CLOCK)
        first = BatchJudge("m", server.endpoint, scheduler, cache=cache, price=Price(1.0, 2.0))
        ask(first, "a", "b")
        first.submit()
        assert (scheduler.budget.cost, scheduler.totals.input_tokens) == (0, 0)
        later = RequestScheduler(RequestPolicy(), clock=CLOCK)
        BatchJudge("m", server.endpoint, later, cache=cache, price=Price(1.0, 2.0)).collect()
        assert (later.totals.input_tokens, later.totals.output_tokens) == (200, 20)
        assert later.budget.cost == pytest.approx(2 * (100 * 1.0 + 10 * 2.0) / 1e6)

    def test_another_model_and_another_server_have_batches_of_their_own(
        self, server: Server, cache: ReplyCache
    ) -> None:
        run(server, cache, "a")
        other = BatchJudge("n", server.endpoint, RequestScheduler(clock=CLOCK), cache=cache)
        assert other.collect() == Collected(0, 0, 0, ())
        assert ask(other, "a") == ["waiting: waits for the next batch"]


class TestLimits:
    def test_no_more_requests_than_calls_are_allowed(self, server: Server, cache: ReplyCache) -> None:
        asked = judge(server, cache, policy=RequestPolicy(max_calls=3))
        ask(asked, *"abcde")
        sent = asked.submit()
        assert sent.n_requests == 3
        assert "2 requests not sent: the limit of 3 calls is reached" in sent.notices

    def test_no_more_than_may_be_spent_at_most(self, server: Server, cache: ReplyCache) -> None:
        # A request takes at most 8 tokens of the message and 50 of the reply: 8 * 1 + 50 * 2 = 108 per million.
        asked = judge(server, cache, policy=RequestPolicy(max_cost=250e-6))
        ask(asked, *"abcde")
        sent = asked.submit()
        assert sent.n_requests == 2
        assert sent.notices[0] == "3 requests not sent: the limit of 0.00025 is reached: 0 is spent"

    def test_nothing_is_sent_when_nothing_may_be(self, server: Server, cache: ReplyCache) -> None:
        asked = judge(server, cache, policy=RequestPolicy(max_calls=0))
        ask(asked, "a")
        assert asked.submit().n_requests == 0 and server.requests == []


def in_turn(*outcomes: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """Results by the first letter of the text: `a` has the first outcome, `b` the second."""
    return lambda line: outcomes["abcdefgh".index(line["body"]["messages"][0]["content"])](line)


class TestResults:
    def test_each_line_is_believed_by_itself(self, server: Server, cache: ReplyCache) -> None:
        server.answer = in_turn(
            well,
            failed,
            lambda line: b'{"custom_id": "' + line["custom_id"].encode() + b'", "response": {"status_code": 200, "bo',
            lambda line: None,
            lambda line: replied(line, None, message={"role": "assistant", "content": None, "refusal": "No."}),
            lambda line: replied(line, "half", finish_reason="length"),
            lambda line: {**replied(line, "x"), "custom_id": "of somebody else"},
            lambda line: failed(line, 400, "content_filter triggered"),
        )
        run(server, cache, *"abcdefgh")
        collected, found, _ = run(server, cache, *"abcdefgh")
        assert found == [
            "reply to a",
            *["waiting: waits for the next batch"] * 3,
            "refused: the judge refused to judge this answer",
            *["waiting: waits for the next batch"] * 2,  # one was cut off, which may pass
            "refused: the judge refused to judge this answer",
        ]
        assert (collected.n_replies, collected.n_failed, collected.n_waiting) == (3, 5, 0)
        assert collected.notices == (
            "batch batch_1 is completed: 3 of 8 requests answered; without a reply: 3 x no line in the results, "
            "1 x the server answered 500, 1 x the judge's reply was cut off; give it more room: --judge-max-tokens; "
            "2 lines of it cannot be read",
        )
        assert [line["body"]["messages"][0]["content"] for line in server.sent()[1]] == list("bcdfg")

    def test_a_request_that_fails_again_and_again_is_final(self, server: Server, cache: ReplyCache) -> None:
        server.answer = in_turn(well, failed)
        for _ in range(3):
            run(server, cache, "a", "b")
        collected, found, _ = run(server, cache, "a", "b")
        assert found == ["reply to a", "failed: the server answered 500 in each of 3 batches"]
        assert collected.n_failed == 1 and len(server.batches) == 3
        assert run(server, cache, "a", "b")[1] == found and len(server.batches) == 3
        assert dict(BatchLedger(cache, content_key("batches", server.endpoint.base_url, "m")).tries()) == {}

    @pytest.mark.parametrize("status", ["expired", "cancelled"])
    def test_of_a_batch_that_ends_early_only_the_rest_is_sent_again(
        self, server: Server, cache: ReplyCache, status: str
    ) -> None:
        server.status = status
        server.answer = in_turn(well, expired, lambda line: None)
        run(server, cache, *"abc")
        for n in range(4):  # it is no try of the request, so that it may happen often
            collected, found, _ = run(server, cache, *"abc")
            assert found == ["reply to a", *["waiting: waits for the next batch"] * 2]
            assert (
                f"batch batch_{n + 1} is {status}: {int(n == 0)} of {3 - int(n > 0)} requests" in collected.notices[0]
            )
        assert [[line["body"]["messages"][0]["content"] for line in lines] for lines in server.sent()[1:]] == [
            ["b", "c"]
        ] * 4

    def test_a_rejected_batch_is_told_by_its_code_alone(self, server: Server, cache: ReplyCache) -> None:
        server.status = "failed"
        server.errors = {"object": "list", "data": [{"code": "model_not_found", "message": f"{KEY} may not"}]}
        for n in range(3):
            collected, _, _ = run(server, cache, "a")
            if n:
                assert "the server rejects the batch (model_not_found)" in collected.notices[0]
        _, found, _ = run(server, cache, "a")
        assert found == ["failed: the server rejects the batch (model_not_found) in each of 3 batches"]

    def test_a_full_queue_is_no_fault_of_the_requests(self, server: Server, cache: ReplyCache) -> None:
        server.status = "failed"
        server.errors = {"object": "list", "data": [{"code": "token_limit_exceeded"}]}
        for _ in range(5):
            _, found, _ = run(server, cache, "a")
            assert found == ["waiting: waits for the next batch"]

    def test_files_that_are_gone(self, server: Server, cache: ReplyCache) -> None:
        run(server, cache, "a")
        judge(server, cache)
        server.standing(server.batches["batch_1"])
        server.files = {name: content for name, content in server.files.items() if name == "file-1"}
        collected, found, _ = run(server, cache, "a")
        assert "1 x no line in the results" in collected.notices[0] and found == ["waiting: waits for the next batch"]

    def test_of_several_lines_for_one_request_a_reply_counts(self, server: Server, cache: ReplyCache) -> None:
        server.answer = lambda line: b"\n".join(json.dumps(make(line)).encode() for make in (failed, well, failed))
        run(server, cache, "a")
        assert run(server, cache, "a")[1] == ["reply to a"]


class TestForms:
    def test_what_the_server_does_not_know_is_left_out_next_time(self, server: Server, cache: ReplyCache) -> None:
        def picky(line: dict[str, Any]) -> dict[str, Any]:
            form = line["body"].get("response_format", {}).get("type")
            if "temperature" in line["body"]:
                return failed(line, 400, "Unsupported value: 'temperature'")
            return failed(line, 400, "Unknown response_format") if form == "json_schema" else well(line)

        server.answer = picky
        found: list[str] = []
        for _ in range(4):
            _, found, _ = run(server, cache, "a")
        assert found == ["reply to a"]
        forms = [("temperature" in line["body"], line["body"]["response_format"]["type"]) for [line] in server.sent()]
        assert forms == [(True, "json_schema"), (False, "json_schema"), (False, "json_object")]
        run(server, cache, "b")  # it is remembered, also for those who ask at once
        assert server.sent()[3][0]["body"]["response_format"]["type"] == "json_object"

    def test_a_server_that_knows_nothing(self, server: Server, cache: ReplyCache) -> None:
        server.answer = lambda line: failed(line, 400, "Bad Request")
        for _ in range(5):
            _, found, _ = run(server, cache, "a")
        assert found == ["failed: the server refuses the request (400)"]
        forms = [line["body"].get("response_format", {}).get("type") for [line] in server.sent()]
        assert forms == ["json_schema", "json_object", "json_object", None]
        run(server, cache, "b")  # which says nothing about other requests
        assert server.sent()[4][0]["body"]["response_format"]["type"] == "json_schema"

    def test_one_bad_request_changes_no_form(self, server: Server, cache: ReplyCache) -> None:
        server.answer = in_turn(well, lambda line: failed(line, 400, "Bad Request"))
        run(server, cache, "a", "b")
        run(server, cache, "a", "b")
        assert server.sent()[1][0]["body"]["response_format"]["type"] == "json_schema"

    def test_a_text_that_is_too_long_changes_no_form(self, server: Server, cache: ReplyCache) -> None:
        server.answer = lambda line: failed(line, 400, "This model's maximum context length is 8192 tokens")
        for _ in range(4):
            _, found, _ = run(server, cache, "a")
        assert found == ["failed: the server answered 400 in each of 3 batches"]
        assert {lines[0]["body"]["response_format"]["type"] for lines in server.sent()} == {"json_schema"}


class TestCrashes:
    """Whatever is cut off, replies that exist are found, and a request is never lost."""

    def kill_at(self, server: Server, method: str, path: str, *, after: bool) -> None:
        """Make the next such request fail for good: before the server did the work, or after it."""
        left = [2]  # as often as the judge tries

        def fail(this_method: str, this_path: str) -> int | str | None:
            if (this_method, this_path) == (method, path) and left[0]:
                left[0] -= 1
                return "cut" if after else 500
            return None

        server.fail = fail

    def test_killed_before_the_upload(self, server: Server, cache: ReplyCache) -> None:
        self.kill_at(server, "POST", "files", after=False)
        asked = judge(server, cache)
        ask(asked, "a")
        assert asked.submit().notices == ("1 request not sent: the server answered 500",)
        assert run(server, cache, "a")[1] == ["waiting: waits for the next batch"]
        assert run(server, cache, "a")[1] == ["reply to a"] and len(server.batches) == 1

    def test_an_answer_that_is_lost_makes_no_second_batch(self, server: Server, cache: ReplyCache) -> None:
        self.kill_at(server, "POST", "batches", after=True)
        asked = judge(server, cache)
        ask(asked, "a")
        assert asked.submit().batches == ("batch_1",)
        assert run(server, cache, "a")[1] == ["reply to a"] and len(server.batches) == 1

    def test_a_passing_fault_makes_one_batch(self, server: Server, cache: ReplyCache) -> None:
        self.kill_at(server, "POST", "batches", after=False)
        asked = judge(server, cache)
        ask(asked, "a")
        assert asked.submit().batches == ("batch_1",)

    def test_a_batch_whose_id_was_never_noted_is_found_by_its_tag(self, server: Server, cache: ReplyCache) -> None:
        for text in "xyz":  # batches of others are on the first page
            run(server, ReplyCache(":memory:"), text)
        asked = judge(server, cache)
        ask(asked, "a")
        server.fail = lambda method, path: (
            "cut" if (method, path) == ("POST", "batches") else (500 if (method, path) == ("GET", "batches") else None)
        )
        sent = asked.submit()
        assert sent.batches == () and sent.n_requests == 0
        assert sent.notices == ("1 request: the server does not say whether it made a batch; ask again later",)
        assert len(server.batches) == 4
        server.fail = lambda method, path: None
        for text in "uvw":
            run(server, ReplyCache(":memory:"), text)
        collected, found, _ = run(server, cache, "a")
        assert collected.notices[0] == "batch batch_4 was found again" and found == ["reply to a"]

    @pytest.mark.parametrize("done", [False, True])
    def test_killed_while_a_batch_is_made(self, server: Server, tmp_path: Path, done: bool) -> None:
        """The process is gone for good, before or after the server made the batch; nothing in it can clean up."""
        file = tmp_path / "cache.sqlite"
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(file)], env={**os.environ, "OPENAI_BASE_URL": server.endpoint.base_url}
        )

        def fail(method: str, path: str) -> str | None:
            if (method, path) != ("POST", "batches"):
                return None
            if done:
                return "kill"
            child.kill()
            return "nothing"

        server.victim, server.fail = child, fail
        assert child.wait(timeout=60) == -signal.SIGKILL
        assert len(server.batches) == done
        server.fail = lambda method, path: None
        cache = ReplyCache(file)
        collected, found, _ = run(server, cache, "a", "b")
        if done:
            assert collected.notices[0] == "batch batch_1 was found again"
            assert found == ["reply to a", "reply to b"] and len(server.batches) == 1
            return
        assert collected.notices == ("a batch of 2 requests is on its way to the server",)
        assert found == ["waiting: waits for a batch of 2 requests"] * 2 and server.batches == {}
        later = {"now": lambda: time.time() + 601}
        collected, found, _ = run(server, cache, "a", "b", **later)
        assert collected.notices == ("a batch of 2 requests never reached the server",) and len(server.batches) == 1
        assert run(server, cache, "a", "b", **later)[1] == ["reply to a", "reply to b"]

    def test_killed_between_keeping_replies_and_forgetting_the_batch(self, server: Server, cache: ReplyCache) -> None:
        server.answer = in_turn(well, failed)
        run(server, cache, "a", "b")
        key = content_key("batches", server.endpoint.base_url, "m")
        before = cache.get([key])
        judge(server, cache).collect()
        cache.put(before)  # as it was before the batch was forgotten
        collected, found, _ = run(server, cache, "a", "b")
        assert collected.n_replies == 1 and found[0] == "reply to a"
        assert list(BatchLedger(cache, key).tries().values()) == [1]

    def test_results_that_cannot_be_fetched_now_are_fetched_later(self, server: Server, cache: ReplyCache) -> None:
        run(server, cache, "a")
        server.fail = lambda method, path: 503 if path.endswith("/content") else None
        collected, found, _ = run(server, cache, "a")
        assert collected.notices == ("batch batch_1 cannot be asked for now: the server answered 503",)
        assert found == ["waiting: waits for batch batch_1"] and len(server.batches) == 1
        server.fail = lambda method, path: None
        assert run(server, cache, "a")[1] == ["reply to a"]

    def test_a_batch_of_another_account_waits_two_days(self, server: Server, cache: ReplyCache) -> None:
        run(server, cache, "a")
        server.batches.clear()
        collected, _, _ = run(server, cache, "a")
        assert collected.notices == ("batch batch_1: the server does not know it (is it the same account?)",)
        assert server.batches == {}
        CLOCK.time += 49 * 3600
        collected, _, _ = run(server, cache, "a")
        assert collected.notices == ("batch batch_1 is gone: the server does not know it",) and len(server.batches) == 1

    def test_two_runs_at_once_send_a_request_once(self, server: Server, cache: ReplyCache) -> None:
        one, two = judge(server, cache), judge(server, cache)
        for asked in (one, two):
            ask(asked, "a", "b")
        others: list[int] = []

        def fail(method: str, path: str) -> None:
            if path == "files" and not others:
                others.append(0)
                others[0] = two.submit().n_requests  # while the first one uploads

        server.fail = fail
        assert one.submit().n_requests == 2 and others == [0]
        assert len(server.batches) == 1

    def test_a_request_is_claimed_once(self, cache: ReplyCache) -> None:
        one, two = BatchLedger(cache, "k"), BatchLedger(cache, "k")
        assert one.claim("t1", ["a", "b"], at=1.0, capabilities=ServerCapabilities()) == {"a", "b"}
        assert two.claim("t2", ["b", "c"], at=2.0, capabilities=ServerCapabilities()) == {"c"}
        assert two.claim("t3", ["a"], at=3.0, capabilities=ServerCapabilities()) == set()
        assert [batch.tag for batch in one.batches()] == ["t1", "t2"]
        one.close("t1", counted=["a"])
        two.close("t1", counted=["a"])  # another run has closed it
        assert dict(two.tries()) == {"a": 1}


class TestFaults:
    @pytest.mark.parametrize("status", [401, 403])
    def test_a_key_that_is_refused_ends_the_run(self, server: Server, cache: ReplyCache, status: int) -> None:
        server.fail = lambda method, path: status
        asked = judge(server, cache)
        ask(asked, "a")
        with pytest.raises(SetupError, match="refuses the key"):
            asked.submit()
        server.fail = lambda method, path: None
        assert run(server, cache, "a")[1] == ["waiting: waits for the next batch"]  # nothing stays claimed

    def test_a_server_without_batches_says_so(self, server: Server, cache: ReplyCache) -> None:
        server.fail = lambda method, path: 404
        asked = judge(server, cache)
        ask(asked, "a")
        with pytest.raises(SetupError, match=r"takes no batches \(404\); ask without --judge-batch"):
            asked.submit()

    def test_the_key_is_in_no_message(self, server: Server, cache: ReplyCache) -> None:
        said: list[str] = []
        for status in (400, 401, 404, 409, 429, 500):

            def fail(method: str, path: str, status: int = status) -> int | None:
                return status if path != "files" else None

            server.fail = fail
            asked = judge(server, cache)
            ask(asked, f"text {status}")
            try:
                said += [*asked.submit().notices, *asked.collect().notices]
            except SetupError as error:
                said.append(str(error))
        server.fail = lambda method, path: None
        server.answer = lambda line: failed(line, 418)
        for _ in range(4):
            collected, found, _ = run(server, cache, "b")
            said += [*collected.notices, *found]
        assert len(said) > 10 and not any(KEY in line or "Authorization" in line for line in said)

    def test_replies_of_the_wrong_kind(self, server: Server, cache: ReplyCache) -> None:
        server.store = lambda content: {"id": 7}  # type: ignore[method-assign]
        asked = judge(server, cache)
        ask(asked, "a")
        assert asked.submit().notices == ("1 request not sent: the server does not say where it put the file",)


class TestInAPanel:
    CASE = JudgingTask("It disables units.", "What does dropout do?", "", (PointToJudge("p1", "It disables units"),))

    def test_what_waits_is_not_kept_as_a_verdict(self, server: Server, cache: ReplyCache) -> None:
        server.answer = lambda line: replied(line, _mocked(line).text)
        first = judge(server, cache)
        [[opinion]] = Panel([first], cache=cache).collect_opinions([self.CASE])
        assert opinion.verdicts == {"p1": "waits for the next batch"} and not opinion.refused
        first.submit()
        second = judge(server, cache)
        second.collect()
        [[opinion]] = Panel([second], cache=cache).collect_opinions([self.CASE])
        assert opinion.verdicts["p1"].verdict == "covered"  # type: ignore[union-attr]
        # From now on the verdict is the model's, however it is asked.
        [[kept]] = Panel([judge(server, cache)], cache=cache).collect_opinions([self.CASE])
        assert kept == opinion

    def test_a_malformed_reply_is_asked_for_once_more_in_another_batch(self, server: Server, cache: ReplyCache) -> None:
        server.answer = lambda line: replied(
            line, "nonsense" if len(line["body"]["messages"]) == 2 else _mocked(line).text
        )
        for reason in ("waits for the next batch", "waits for the next batch", None):
            asked = judge(server, cache)
            asked.collect()
            [[opinion]] = Panel([asked], cache=cache).collect_opinions([self.CASE])
            asked.submit()
            assert opinion.verdicts["p1"] == reason or reason is None
        assert opinion.verdicts["p1"].verdict == "covered"  # type: ignore[union-attr]
        assert [len(lines[0]["body"]["messages"]) for lines in server.sent()] == [2, 4]


def _mocked(line: dict[str, Any]) -> Completion:
    messages = [Message(**message) for message in line["body"]["messages"]]
    return MockJudge().complete(messages, schema={}, max_tokens=500)


class TestChangingTheCache:
    def test_several_writers_lose_nothing(self, tmp_path: Path) -> None:
        caches = [ReplyCache(tmp_path / "c.sqlite") for _ in range(2)]

        def count(cache: ReplyCache) -> None:
            for _ in range(50):
                cache.change("k", lambda n: (n or 0) + 1)

        threads = [threading.Thread(target=count, args=(cache,)) for cache in caches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert caches[0].get(["k"]) == {"k": 100}

    def test_a_change_that_fails_changes_nothing(self, cache: ReplyCache) -> None:
        assert cache.change("k", lambda value: [value]) == [None]
        with pytest.raises(ZeroDivisionError):
            cache.change("k", lambda value: 1 / 0)
        assert cache.get(["k"]) == {"k": [None]}
        assert cache.change("k", lambda value: [*value, 1]) == [None, 1]


def test_thousands_of_requests_go_into_one_file(server: Server, tmp_path: Path) -> None:
    asked = judge(server, ReplyCache(tmp_path / "c.sqlite"))
    ask(asked, *map(str, range(2000)))
    assert asked.submit().n_requests == 2000
    assert judge(server, ReplyCache(tmp_path / "c.sqlite")).collect().n_replies == 2000


def test_an_address_is_found_as_for_a_chat(server: Server, cache: ReplyCache) -> None:
    asked = BatchJudge("m", find_endpoint(server.endpoint.base_url), RequestScheduler(clock=CLOCK), cache=cache)
    assert asked.revision == judge(server, cache).revision
