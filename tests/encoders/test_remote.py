"""The encoder behind an embeddings endpoint: real HTTP to a server on loopback that also fails in every way."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import Answer, Grader, Rubric
from grader.encoders.embeddings_endpoint import BATCH_TEXTS
from grader.encoders.protocol import Encoder
from grader.encoders.registry import load_encoder
from grader.encoders.remote import (
    SENTENCES,
    WORDS,
    EndpointEncoder,
    estimate_common_component,
    informativeness,
    mean_cosine,
    remove_common_component,
    units,
)
from grader.encoders.token_vectors import TokenVectors
from grader.errors import InputError, SetupError
from grader.grading.coverage import segment_starts
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestPolicy, RequestScheduler
from grader.settings import Settings
from grader.text.normalisation import segments
from tests.support.rubrics import as_points

KEY = "sk-a-key-that-nobody-may-see"
QUICK = RequestPolicy(first_wait=0.001, attempts=3, concurrency=2)
DIM = 128
N_UNRELATED = len(WORDS) + len(SENTENCES)
same_every_run = settings(derandomize=True, deadline=None, max_examples=60)
TEXTS = ["Dropout turns random units off. It is used in training.", "", "x", "One word more, and another."]


def by_words(text: str) -> np.ndarray:
    """The sum of a direction for each word, drawn from its letters."""
    words = "".join(char if char.isalnum() else " " for char in text.lower()).split() or [text]
    seeds = [int.from_bytes(sha256(word.encode()).digest()[:8], "big") for word in words]
    return np.sum([np.random.default_rng(seed).standard_normal(DIM) for seed in seeds], axis=0) / 7


def shifted(text: str) -> np.ndarray:
    """The same, but any two texts have a cosine of .7 and more."""
    vector = by_words(text)
    return vector / np.linalg.norm(vector) + 2 * np.eye(DIM)[0]


class Server:
    """Answers /v1/embeddings; `fault` may answer in its place with a status and a body."""

    def __init__(self, embed: Callable[[str], Any] = by_words) -> None:
        self.embed = embed
        self.fault: Callable[[int, dict[str, Any]], tuple[int, Any] | None] = lambda number, body: None
        self.change: Callable[[list[dict[str, Any]]], Any] = lambda data: data
        self.bodies: list[dict[str, Any]] = []
        self.url = ""

    @property
    def texts(self) -> list[str]:
        return [text for body in self.bodies for text in body["input"]]

    def reply(self, number: int, body: dict[str, Any]) -> tuple[int, Any]:
        failed = self.fault(number, body)
        if failed is not None:
            return failed
        data = []
        for index, text in enumerate(body["input"]):
            vector: Any = np.asarray(self.embed(text), "<f4")
            written = base64.b64encode(vector.tobytes()).decode() if body["encoding_format"] == "base64" else None
            data.append({"object": "embedding", "index": index, "embedding": written or vector.tolist()})
        data = self.change(data)
        return 200, {"object": "list", "model": body["model"], "data": data, "usage": {"prompt_tokens": 7}}


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    numbers = count()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.bodies.append(body)
            status, reply = server.reply(next(numbers), body)
            sent = reply.encode() if isinstance(reply, str) else json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving(Server()) as running:
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        yield running


def opened(cache: ReplyCache | None = None, policy: RequestPolicy = QUICK, model: str = "m") -> Encoder:
    return load_encoder(f"openai:{model}", scheduler=RequestScheduler(policy), cache=cache)


def same(one: TokenVectors, other: TokenVectors) -> bool:
    return bool(np.array_equal(one.vectors, other.vectors) and np.array_equal(one.mean, other.mean))


# --- the contract of encoders


def test_contract(server: Server) -> None:
    encoder = load_encoder("openai:m")
    assert encoder.name == "openai:m"
    for text, tokens in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        n = len(tokens.texts)
        assert (n == 0) == (text == "")
        assert len(tokens.vectors) == len(tokens.spans) == len(tokens.rarity) == len(tokens.n_pieces) == n
        assert np.allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-3)
        assert [text[start:end].lower() for start, end in tokens.spans] == list(tokens.texts)
    assert len(encoder.revision) == 12


def test_nothing_is_asked_before_the_first_text(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    load_encoder("openai:m")
    assert opened().encode(["", " ", "?!"])[2].texts == ()
    assert server.bodies == []


def test_a_name_without_a_model_says_what_is_missing() -> None:
    with pytest.raises(SetupError, match="names no model; say which: --encoder openai:MODEL"):
        load_encoder("openai: ")


def test_company_and_order_change_nothing(server: Server) -> None:
    together = opened().encode(TEXTS)
    turned = opened().encode(TEXTS[::-1])[::-1]
    for text, one, other in zip(TEXTS, together, turned, strict=True):
        assert same(one, other)
        assert not text or same(one, opened().encode([text])[0])


# --- what is sent


def test_a_second_run_asks_for_nothing_and_needs_no_key(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    first = opened(ReplyCache(tmp_path / "c.sqlite"))
    expected, revision = first.encode(TEXTS), first.revision
    asked = len(server.bodies)
    monkeypatch.delenv("OPENAI_API_KEY")
    again = opened(ReplyCache(tmp_path / "c.sqlite"))
    assert all(map(same, again.encode(TEXTS), expected))
    assert again.revision == revision
    assert len(server.bodies) == asked


def test_each_text_is_sent_once_in_batches(server: Server) -> None:
    encoder = opened()
    many = [f"Text number {number} says what number {number} is." for number in range(300)]
    encoder.encode(many)
    encoder.encode([*many[::-1], "Text number 300 is new."])
    wanted = {unit.text for text in [*many, "Text number 300 is new."] for unit in units(text)}
    assert sorted(server.texts) == sorted(wanted | set(WORDS) | set(SENTENCES))
    assert max(len(body["input"]) for body in server.bodies) == BATCH_TEXTS
    assert len(server.bodies) < 8


def test_models_and_servers_do_not_share_vectors(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ReplyCache(":memory:")
    opened(cache).encode(["text"])
    opened(cache, model="other").encode(["text"])
    with serving(Server(embed=lambda text: by_words(text)[:7])) as elsewhere:
        monkeypatch.setenv("OPENAI_BASE_URL", elsewhere.url)
        assert opened(cache).encode(["text"])[0].vectors.shape == (1, 7)
    assert server.texts.count("text") == 2


def test_another_model_under_the_same_name_has_another_revision(server: Server) -> None:
    before = opened().revision
    assert opened().revision == before
    server.embed = shifted
    assert opened().revision != before


@pytest.mark.parametrize(
    "said", ["'encoding_format' is not supported", "base64 is not supported", "unknown field in the request"]
)
def test_a_server_that_knows_no_base64_is_asked_for_numbers(server: Server, said: str) -> None:
    [expected] = opened().encode(TEXTS[:1])
    body = {"error": {"message": said}}
    server.fault = lambda number, asked: (400, body) if asked["encoding_format"] == "base64" else None
    [found] = opened().encode(TEXTS[:1])
    assert np.allclose(found.vectors, expected.vectors, atol=1e-3)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_server_that_takes_small_batches_gets_small_batches(server: Server, status: int) -> None:
    body = {"error": {"message": "too many inputs"}}
    server.fault = lambda number, asked: (status, body) if len(asked["input"]) > 32 else None
    opened().encode(TEXTS)
    refused = [asked for asked in server.bodies if len(asked["input"]) > 32]
    assert len(refused) == 2
    assert sum(len(asked["input"]) for asked in server.bodies if asked not in refused) > len(WORDS)


def test_replies_in_another_order_are_put_right(server: Server) -> None:
    [expected] = opened().encode(TEXTS[:1])
    server.change = lambda data: data[::-1]
    [found] = opened().encode(TEXTS[:1])
    assert same(found, expected)


# --- what fails


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_fails_once_is_asked_again(server: Server, status: int) -> None:
    server.fault = lambda number, body: (status, {"error": {"message": "later"}}) if number == 1 else None
    encoder = opened()
    encoder.encode(["text"])
    assert len(server.bodies) == 3


def cut_last(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*data[:-1], {**data[-1], "embedding": [1.0, 2.0]}]


def with_first(value: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    return lambda data: [{**data[0], "embedding": value}, *data[1:]]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[1:], f"holds {N_UNRELATED - 1} vectors for {N_UNRELATED} texts"),
        (lambda data: None, "holds no vectors for"),
        (lambda data: [{**item, "index": 0} for item in data], "does not say which vector belongs to which text"),
        (with_first([float("nan")] * DIM), r"a vector without a direction \(NaN, infinite or all 0\)"),
        (with_first([0.0] * DIM), "a vector without a direction"),
        (with_first([]), "a vector without a direction"),
        (with_first("%%%"), "something else than vectors"),
        (with_first(["a"]), "something else than vectors"),
        (with_first(None), "something else than vectors"),
        (cut_last, f"vectors of 2 and of {DIM} numbers"),
    ],
)
def test_bad_replies_end_the_run_with_a_reason(server: Server, change: Any, reason: str) -> None:
    server.change = change
    with pytest.raises(SetupError, match=reason) as caught:
        opened().encode(["text"])
    assert "'openai:m' at 127.0.0.1:" in str(caught.value)
    assert "run the same again to go on, or leave --encoder out" in str(caught.value)
    assert len(server.bodies) == QUICK.attempts


def test_a_reply_that_is_no_json(server: Server) -> None:
    server.fault = lambda number, body: (200, "<html>busy</html>")
    with pytest.raises(SetupError, match=r"no JSON|the line to the server was cut"):
        opened().encode(["text"])


def test_a_model_that_changes_its_length_is_noticed(server: Server) -> None:
    cache = ReplyCache(":memory:")
    opened(cache).encode(["one"])
    server.embed = lambda text: by_words(text)[:7]
    with pytest.raises(SetupError, match=f"it gave vectors of {DIM} and of 7 numbers"):
        opened(cache).encode(["one two"])


def test_what_came_before_a_failure_is_not_asked_for_again(server: Server) -> None:
    cache = ReplyCache(":memory:")
    many = [f"Text number {number} says what number {number} is." for number in range(300)]
    server.fault = lambda number, body: (500, {}) if "text number 299" in str(body).lower() else None
    with pytest.raises(SetupError, match="the server answered 500"):
        opened(cache, QUICK._replace(concurrency=1)).encode(many)
    done = len(server.texts)
    server.fault = lambda number, body: None
    opened(cache).encode(many)
    assert len(server.texts) - done <= 2 * BATCH_TEXTS


def test_limits_of_the_run_hold(server: Server) -> None:
    with pytest.raises(SetupError, match="the limit of 1 calls is reached"):
        opened(policy=QUICK._replace(max_calls=1)).encode(["text"])
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("status", "message", "way_out"),
    [
        (401, "Incorrect API key", "check OPENAI_API_KEY and what it may be used for"),
        (404, "The model 'm' does not exist", "choose a model that the server has: --encoder openai:MODEL"),
        (400, "no", "the server refuses the request"),
    ],
)
def test_refusals_say_the_way_out_and_nothing_of_the_key(
    server: Server, status: int, message: str, way_out: str
) -> None:
    server.fault = lambda number, body: (status, {"error": {"message": f"{message}: {KEY}"}})
    with pytest.raises(SetupError, match=way_out) as caught:
        opened().encode(["text"])
    assert KEY not in "".join(str(error) for error in (caught.value, caught.value.__cause__))


def test_a_server_elsewhere_needs_https_and_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://192.0.2.1/v1")
    with pytest.raises(InputError, match="open line: use https"):
        opened().encode(["text"])
    monkeypatch.setenv("OPENAI_BASE_URL", "https://192.0.2.1/v1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SetupError, match=r"no key for 192.0.2.1; set it in the environment"):
        opened().encode(["text"])


def test_it_says_what_leaves_this_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert EndpointEncoder("openai:m").leaves == ""
    monkeypatch.setenv("OPENAI_BASE_URL", "https://192.0.2.1:8000/v1")
    assert EndpointEncoder("openai:m").leaves.startswith("goes to 192.0.2.1:8000: the words and sentences of")


# --- grades

RUBRIC = Rubric(
    question_id="dropout",
    question="What does dropout do?",
    points=as_points(
        [
            {"id": "p1", "text": "Dropout disables random units of a layer.", "weight": 6},
            {"id": "p2", "text": "It is active only during training.", "weight": 4},
        ]
    ),
)
ANSWERS = {
    "both": "First of all:\u00a0it disables random units of a layer. The method is active only during training.",
    "one": "Random units of a layer are disabled by it.",
    "denied": "Dropout does not disable random units of a layer.",
    "other": "The weather is nice and the sea is warm today.",
}


def graded(server: Server, **settings: Any) -> dict[str, Any]:
    grader = Grader([RUBRIC], encoder=opened(), settings=Settings(encoder="openai:m", verifier=False, **settings))
    asked = [Answer(answer_id=name, question_id="dropout", answer=text) for name, text in ANSWERS.items()]
    together = list(grader.grade_many(asked))
    alone = [grader.grade(answer) for answer in asked[::-1]][::-1]
    assert together == alone, "the same grade in any company"
    return {grade.answer_id: grade for grade in together}


@pytest.mark.parametrize("embed", [by_words, shifted])
def test_grades_tell_answers_apart_and_show_evidence(server: Server, embed: Any) -> None:
    server.embed = embed
    grades = graded(server)
    assert grades["both"].fraction > 0.8 > grades["one"].fraction > 0.4 > grades["other"].fraction
    assert grades["other"].fraction < 0.1
    for name, grade in grades.items():
        for point in grade.points:
            if point.evidence is not None:
                assert ANSWERS[name][point.evidence.start : point.evidence.end] == point.evidence.text
    assert grades["both"].points[1].evidence.text == "The method is active only during training."
    assert not any({"gibberish", "keyword_list"} & set(grade.flags) for grade in grades.values())


def test_a_shifted_model_gives_nearly_the_same_grades(server: Server) -> None:
    plain = graded(server)
    server.embed = shifted
    for name, grade in graded(server).items():
        assert grade.fraction == pytest.approx(plain[name].fraction, abs=0.05)


def test_guards_still_veto_a_denial(server: Server) -> None:
    point = graded(server)["denied"].points[0]
    assert (point.status, point.credit, point.decided_by) == ("contradicted", 0, "guard")
    assert graded(server, guards=False)["denied"].points[0].credit > 0.5


def test_the_signature_names_model_and_revision(server: Server) -> None:
    encoder = opened()
    grader = Grader([RUBRIC], encoder=encoder, settings=Settings(encoder="openai:m", verifier=False))
    assert f"encoder:openai:m@{encoder.revision}|" in grader.signature
    assert server.url not in grader.signature


def test_a_segment_stands_before_its_words() -> None:
    assert [(unit.text, unit.is_word) for unit in units("Loss falls. Why?")] == [
        ("Loss falls.", False),
        ("loss", True),
        ("falls", True),
        ("why", True),
    ]
    assert units("?! ...") == []


def test_a_segment_tells_a_quarter_of_what_its_words_tell() -> None:
    whole, *words = units("The loss of the model falls")
    assert informativeness([whole]).sum() == pytest.approx(informativeness(words).sum() / 4)
    assert words[0].informativeness < words[1].informativeness, "a frame tells less than what stands in it"


@given(st.text(st.sampled_from("ab 1.,'’-\n;?梯度é"), max_size=400) | st.text(max_size=60))
@same_every_run
def test_units_are_where_they_say_and_belong_to_their_segments(text: str) -> None:
    found = units(text)
    for unit in found:
        said = text[unit.span.start : unit.span.end]
        assert unit.text == (said.lower() if unit.is_word else said)
        assert any(char.isalnum() for char in unit.text)
        assert len(unit.text.split()) <= 48 or not unit.is_word
    starts = np.array([unit.span.start for unit in found], np.int64)
    assert (np.diff(starts) >= 0).all()
    spans = segments(text)
    assert bool(found) == bool(spans)
    if found:
        _, held = segment_starts(starts, spans)
        assert held == list(range(len(spans))), "no segment without a unit"


def test_long_segments_and_words_are_cut() -> None:
    parts = [unit for unit in units("word " * 1000) if not unit.is_word]
    assert {len(part.text.split()) for part in parts} <= {47, 48}
    assert sum(len(part.text.split()) for part in parts) == 1000
    assert [len(unit.text) for unit in units("x" * 100)] == [100, 48, 48, 4]


def directions(n: int, dim: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((n, dim)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_mean_cosine_is_that_of_all_pairs() -> None:
    vectors = directions(20, 8, 1)
    pairs = (vectors @ vectors.T)[~np.eye(20, dtype=bool)]
    assert mean_cosine(vectors) == pytest.approx(float(pairs.mean()), abs=1e-6)
    with pytest.raises(ValueError, match="needs two vectors, got 1"):
        mean_cosine(vectors[:1])


@pytest.mark.parametrize("strength", [0.5, 1.0, 3.0])
def test_what_all_vectors_share_is_found_and_taken_off(strength: float) -> None:
    background, texts = directions(50, 256, 2), directions(10, 256, 3)
    shift = strength * directions(1, 256, 4)

    def moved(vectors: np.ndarray) -> np.ndarray:
        return (vectors + shift) / np.linalg.norm(vectors + shift, axis=1, keepdims=True)

    part = estimate_common_component(moved(background))
    assert np.linalg.norm(part) ** 2 == pytest.approx(mean_cosine(moved(background)), abs=1e-4)
    left = remove_common_component(moved(texts), part)
    assert np.allclose(left @ left.T, texts @ texts.T, atol=0.15)
    assert not np.allclose(moved(texts) @ moved(texts).T, texts @ texts.T, atol=0.15), "it was worth it"


def test_vectors_that_share_nothing_stay() -> None:
    cross = np.concatenate([np.eye(4), -np.eye(4)]).astype(np.float32)
    assert not estimate_common_component(cross).any()
    assert np.allclose(remove_common_component(cross, estimate_common_component(cross)), cross)
