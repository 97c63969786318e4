"""The tests' own server speaks as the real client expects."""

import json
import math

import openai
import pytest

from tests.support.openai_server import OpenAIServer, hashed_vector


@pytest.fixture
def server() -> OpenAIServer:
    return OpenAIServer(models=["m", "e"], batch_polls=1, batch_fails=["line-1"])


def client(server: OpenAIServer) -> openai.OpenAI:
    return openai.OpenAI(api_key="k", base_url=server.url, max_retries=0)


def test_models_and_embeddings(server: OpenAIServer) -> None:
    with server, client(server) as ask:
        assert [model.id for model in ask.models.list()] == ["m", "e"]
        found = ask.embeddings.create(model="e", input=["one two", "one"])
        plain = ask.embeddings.create(model="e", input="one two", encoding_format="float")
    assert found.data[0].embedding == pytest.approx(hashed_vector("one two"))
    assert plain.data[0].embedding == pytest.approx(hashed_vector("one two"))
    assert math.hypot(*found.data[1].embedding) == pytest.approx(1)
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/embeddings", "/v1/embeddings"]


def batch(server: OpenAIServer) -> tuple[str, dict[str, str]]:
    """How a batch of four embeddings ends, and what each line got."""
    lines = [
        {"custom_id": f"line-{n}", "method": "POST", "url": "/v1/embeddings", "body": {"model": "e", "input": f"é {n}"}}
        for n in range(4)
    ]
    with server, client(server) as ask:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        file = ask.files.create(file=("batch.jsonl", text.encode()), purpose="batch")
        taken = ask.batches.create(input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h")
        states = [ask.batches.retrieve(taken.id) for _ in range(2)]
        assert states[0].status == "in_progress"
        outcome = {}
        for name in filter(None, (states[1].output_file_id, states[1].error_file_id)):
            for row in map(json.loads, ask.files.content(name).text.splitlines()):
                outcome[row["custom_id"]] = row["error"]["code"] if row["error"] else row["response"]["status_code"]
    return states[1].status, outcome


def test_a_batch_is_done_after_some_polls_and_single_lines_fail(server: OpenAIServer) -> None:
    assert batch(server) == ("completed", {"line-0": 200, "line-1": 500, "line-2": 200, "line-3": 200})


def test_a_batch_expires_with_what_is_done(server: OpenAIServer) -> None:
    server.batch_expires_after = 2
    status, outcome = batch(server)
    assert status == "expired"
    assert outcome == {"line-0": 200, "line-1": 500, "line-2": "batch_expired", "line-3": "batch_expired"}


def test_faults_of_a_mix_depend_on_what_is_asked_and_not_on_the_order() -> None:
    bodies = [{"n": n} for n in range(200)]
    one, other = (OpenAIServer(mix={"500": 0.3, "429": 0.2}, seed=4) for _ in range(2))
    first = [one.next_fault(body).status for body in bodies]
    assert first == [other.next_fault(body).status for body in bodies[::-1]][::-1]
    assert 60 < first.count(200) < 140 and 30 < first.count(500) < 90
    assert [one.next_fault(body).status for body in bodies] != first  # another time, another fate


def test_a_key_is_asked_for_and_repeated_in_the_error() -> None:
    with OpenAIServer(key="right") as server, client(server) as ask, pytest.raises(openai.AuthenticationError) as error:
        ask.embeddings.create(model="e", input="x")
    assert "Bearer k" in str(error.value)
