"""An OpenAI-compatible server on loopback for tests: real HTTP, told how to judge and in which ways to fail.

    with OpenAIServer(faults=["429 after 0", "cut within"]) as server:
        ...  # two requests fail, all others are answered
        assert len(server.chats) == 3

Every error body repeats the Authorization header that it got, so that any test may look for leaks of it.
"""

import base64
import json
import random
import socket
import struct
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from email import message_from_bytes, policy
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from grader.judges.protocol import Message
from tests.support.openai_faults import FATAL, FAULTS, Fault, Judging, by_words

Body = dict[str, Any]


class Request(NamedTuple):
    """A request as it arrived; `at` is in seconds of the server's clock."""

    at: float
    path: str
    body: Any


def hashed_vector(text: str, dim: int = 64) -> list[float]:
    """Words counted in buckets by their hash, so that like texts have like vectors; unit length."""
    vector = [0.0] * dim
    for word in text.lower().split() or [""]:
        vector[int.from_bytes(sha256(word.encode()).digest()[:4], "big") % dim] += 1.0
    length = sum(x * x for x in vector) ** 0.5
    return [x / length for x in vector]


class OpenAIServer:
    """The server; it runs while the `with` block does.

    Args:
        judge: writes the replies to chats.
        embed: vector of a text.
        models: what it has; anything if left out.
        faults: names out of `FAULTS`, one a chat or embedding, in order of arrival; after them comes the mix.
        mix: share of each fault among all requests; which request has which depends on its body, on how often that
            body came and on `seed`, but not on the order of requests.
        refuses: parts of a request that it does not know: `json_schema`, `schema` (of llama-cpp-python),
            `json_object`, `temperature`, `seed`, `max_tokens`.
        key: the only one that it takes; any if left out.
        batch_polls: so often a batch is asked for before it is done.
        batch_fails: ids of lines of a batch that fail.
        batch_expires_after: so many lines of a batch are done before it expires.
        clock: seconds, for the record.
    """

    def __init__(
        self,
        judge: Judging = by_words,
        *,
        embed: Callable[[str], Sequence[float]] = hashed_vector,
        models: Sequence[str] = (),
        faults: Iterable[str] = (),
        mix: Mapping[str, float] | None = None,
        seed: int = 0,
        refuses: Iterable[str] = (),
        key: str | None = None,
        batch_polls: int = 0,
        batch_fails: Iterable[str] = (),
        batch_expires_after: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.judge, self.embed, self.models, self.key, self.seed = judge, embed, models, key, seed
        self.faults, self.mix, self.refuses = deque(faults), dict(mix or {}), set(refuses)
        self.batch_polls, self.batch_fails = batch_polls, set(batch_fails)
        self.batch_expires_after = batch_expires_after
        self.clock = clock
        self.requests: list[Request] = []
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Body] = {}
        self._seen: Counter[bytes] = Counter()
        self._lock = threading.Lock()
        self._http: _Http

    @property
    def url(self) -> str:
        """What goes into `OPENAI_BASE_URL`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    @property
    def chats(self) -> list[Request]:
        """The chat completions that were asked for."""
        return [request for request in self.requests if request.path == "/v1/chat/completions"]

    def __enter__(self) -> Self:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    def note(self, path: str, body: Any) -> None:
        """Record a request."""
        with self._lock:
            self.requests.append(Request(self.clock(), path, body))

    def next_fault(self, body: Any) -> Fault:
        """What happens to a request."""
        with self._lock:
            if self.faults:
                return FAULTS[self.faults.popleft()]
            if not self.mix:
                return FAULTS["ok"]
            digest = sha256(json.dumps(body, sort_keys=True).encode()).digest()
            self._seen[digest] += 1
            draw = random.Random(f"{self.seed} {digest.hex()} {self._seen[digest]}")
            return FAULTS[draw.choices([*self.mix, "ok"], [*self.mix.values(), 1 - sum(self.mix.values())])[0]]

    def problem(self, body: Body, authorization: str) -> Fault | None:
        """What is wrong with a request itself."""
        if self.key is not None and authorization != f"Bearer {self.key}":
            return FATAL["401"]
        if self.models and body.get("model") not in self.models:
            return FATAL["404 model"]
        form = body.get("response_format") or {}
        asked = {*body, *form, form.get("type")} & self.refuses
        if not asked:
            return None
        name = min(asked)
        instead = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
        return Fault(400, f"Unsupported parameter: '{name}' is not supported with this model.{instead}")

    def chat(self, body: Body, fault: Fault = FAULTS["ok"]) -> Body:
        """A chat completion."""
        text = self.judge([Message(**message) for message in body["messages"]])
        text = text if fault.content is None else fault.content(text)
        message = {"role": "assistant", "content": text, "refusal": None}
        read, written = sum(len(m["content"]) for m in body["messages"]) // 4, len(text) // 4
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop", **(fault.choice or {})}],
            "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
        }

    def embeddings(self, body: Body) -> Body:
        """Vectors, as numbers or, as the openai client wants them, in base64."""
        texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
        vectors: list[Any] = [list(self.embed(text))[: body.get("dimensions")] for text in texts]
        if body.get("encoding_format") == "base64":
            vectors = [base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode() for v in vectors]
        data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        n = sum(len(text) for text in texts) // 4
        usage = {"prompt_tokens": n, "total_tokens": n}
        return {"object": "list", "model": body["model"], "data": data, "usage": usage}

    # --- files and batches

    def add_file(self, content: bytes) -> Body:
        """Keep a file."""
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return {"id": name, "object": "file", "bytes": len(content), "created_at": 1, "filename": "x.jsonl",
                "purpose": "batch", "status": "processed"}  # fmt: skip

    def add_batch(self, body: Body) -> Body:
        """Take a batch on."""
        name = f"batch_{len(self.batches) + 1}"
        self.batches[name] = {"id": name, "object": "batch", "created_at": 1, "status": "in_progress",
                              "output_file_id": None, "error_file_id": None, "polls": 0, **body}  # fmt: skip
        return self.batches[name]

    def poll(self, batch: Body) -> Body:
        """How a batch stands; it is done, or expires, after `batch_polls` polls."""
        batch["polls"] += 1
        if batch["status"] == "in_progress" and batch["polls"] > self.batch_polls:
            self._complete(batch)
        return batch

    def _complete(self, batch: Body) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines() if line.strip()]
        done, failed = [], []
        for number, line in enumerate(lines):
            name = {"id": f"line-{number}", "custom_id": line["custom_id"]}
            if self.batch_expires_after is not None and number >= self.batch_expires_after:
                error = {"code": "batch_expired", "message": "This request could not be executed in time."}
                failed.append({**name, "response": None, "error": error})
            elif line["custom_id"] in self.batch_fails:
                response = {"status_code": 500, "request_id": "r", "body": {"error": {"message": "server error"}}}
                failed.append({**name, "response": response, "error": None})
            else:
                write = self.chat if line["url"].endswith("completions") else self.embeddings
                response = {"status_code": 200, "request_id": "r", "body": write(line["body"])}
                done.append({**name, "response": response, "error": None})
        batch["status"] = "completed" if self.batch_expires_after is None else "expired"
        batch["request_counts"] = {"total": len(lines), "completed": len(done), "failed": len(failed)}
        for field, rows in (("output_file_id", done[::-1]), ("error_file_id", failed)):  # their order is no promise
            if rows:
                batch[field] = self.add_file("".join(json.dumps(row) + "\n" for row in rows).encode())["id"]


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: OpenAIServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no fault of the server's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers and faults; what they are is for the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        server, path = self.server.owner, self.path
        server.note(path, None)
        name = path.split("/")[3] if path.count("/") > 2 else ""
        if path == "/v1/models":
            data = [{"id": model, "object": "model", "created": 1, "owned_by": "me"} for model in server.models]
            self._json(200, {"object": "list", "data": data})
        elif path == f"/v1/files/{name}/content" and name in server.files:
            self._send(200, server.files[name], "application/octet-stream")
        elif path == f"/v1/batches/{name}" and name in server.batches:
            self._json(200, server.poll(server.batches[name]))
        else:
            self._error(FATAL["404"])

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server.owner
        if self.path == "/v1/files":
            server.note(self.path, None)
            self._json(200, server.add_file(_uploaded(self.headers["Content-Type"], raw)))
            return
        body = json.loads(raw)
        server.note(self.path, body)
        if self.path == "/v1/batches":
            self._json(200, server.add_batch(body))
        elif self.path in ("/v1/chat/completions", "/v1/embeddings"):
            fault = server.problem(body, self.headers.get("Authorization", "")) or server.next_fault(body)
            self._answer(body, fault)
        else:
            self._error(FATAL["404"])

    def _answer(self, body: Body, fault: Fault) -> None:
        time.sleep(fault.seconds)
        if fault.cut == "before":
            self._cut()
        elif fault.body is not None:
            self._send(fault.status, fault.body.encode(), headers=fault.headers())
        elif fault.status != 200:
            self._error(fault)
        else:
            owner = self.server.owner
            self._json(200, owner.chat(body, fault) if "messages" in body else owner.embeddings(body), cut=fault.cut)

    def _error(self, fault: Fault) -> None:
        echo = f"{fault.error} (your header: Authorization: {self.headers.get('Authorization')})"
        error = {"error": {"message": echo, "type": "error", "param": None, "code": fault.code}}
        self._send(fault.status, json.dumps(error).encode(), headers=fault.headers())

    def _json(self, status: int, value: Any, *, cut: str = "") -> None:
        self._send(status, json.dumps(value).encode(), cut=cut)

    def _send(
        self,
        status: int,
        content: bytes,
        kind: str = "application/json",
        *,
        headers: Mapping[str, str] | None = None,
        cut: str = "",
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _uploaded(content_type: str, raw: bytes) -> bytes:
    """The file in a multipart form."""
    form = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw, policy=policy.HTTP)
    [content] = [part.get_payload(decode=True) for part in form.iter_parts() if part.get_filename()]
    assert isinstance(content, bytes)
    return content
