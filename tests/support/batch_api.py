"""Files and batches of an OpenAI-compatible server on loopback, told how results look and in which ways to fail."""

import json
import subprocess
from collections.abc import Callable
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from grader.provider.endpoint import Endpoint

KEY = "sk-secret-of-the-test"


class Server:
    """Files and batches on loopback; `answer` makes the result of a line, `fail` what happens to a request.

    Attributes:
        status: of batches that are asked for.
        answer: a line of the results for a request, or `None` for no line; `bytes` as they are.
        fail: called with method and path before each request: a status to answer with, "cut" to do the work and give
            no answer, "kill" to do it and kill `victim`, "nothing" to do nothing, or `None`.

    """

    def __init__(self) -> None:
        self.status = "completed"
        self.answer: Callable[[dict[str, Any]], dict[str, Any] | bytes | None] = well
        self.fail: Callable[[str, str], int | str | None] = lambda method, path: None
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.errors: Any = None
        self.victim: subprocess.Popen[bytes] | None = None
        self.requests: list[tuple[str, str]] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.http.owner = self  # type: ignore[attr-defined]

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(f"http://127.0.0.1:{self.http.server_address[1]}/v1", KEY)

    def sent(self) -> list[list[dict[str, Any]]]:
        """The requests of each batch."""
        return [
            [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
            for batch in self.batches.values()
        ]

    def store(self, content: bytes) -> dict[str, Any]:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": 1,
            "filename": "x",
            "purpose": "batch",
        }

    def make(self, body: dict[str, Any]) -> dict[str, Any]:
        name = f"batch_{len(self.batches) + 1}"
        self.batches[name] = {**body, "id": name, "object": "batch", "created_at": 1, "status": "validating"}
        return self.batches[name]

    def standing(self, batch: dict[str, Any]) -> dict[str, Any]:
        if batch["status"] != "validating":
            return batch
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        counts = {"total": len(lines), "completed": 0, "failed": 0}
        batch = {**batch, "status": self.status, "request_counts": counts, "errors": self.errors}
        if self.status in ("completed", "expired", "cancelled"):
            rows = [row for line in reversed(lines) if (row := self.answer(line)) is not None]
            good = [row for row in rows if isinstance(row, bytes) or not row["error"]]
            bad = [row for row in rows if not isinstance(row, bytes) and row["error"]]
            for field, some in (("output_file_id", good), ("error_file_id", bad)):
                if some:
                    raw = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in some]
                    batch[field] = self.store(b"\n".join(raw) + b"\n")["id"]
            self.batches[batch["id"]] = batch
        return batch

    def list(self, after: str | None) -> dict[str, Any]:
        names = sorted(self.batches, reverse=True)
        names = names[names.index(after) + 1 :] if after else names
        return {"object": "list", "data": [self.batches[name] for name in names[:2]], "has_more": len(names) > 2}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # answers in two parts would wait 40 ms

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._handle("GET", b"")

    def do_POST(self) -> None:
        self._handle("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def _handle(self, method: str, raw: bytes) -> None:
        server: Server = self.server.owner  # type: ignore[attr-defined]
        url = urlsplit(self.path)
        path = url.path.removeprefix("/v1/")
        server.requests.append((method, path))
        fault = server.fail(method, path)
        if isinstance(fault, int):
            echo = {"error": {"message": f"no: {self.headers['Authorization']}", "code": "some"}}
            self._send(fault, json.dumps(echo).encode())
            return
        after = parse_qs(url.query).get("after", [None])[0]
        result = None if fault == "nothing" else self._result(server, method, path, raw, after)
        if fault == "cut":
            self.close_connection = True
            self.connection.close()
        elif fault == "kill":
            assert server.victim is not None
            server.victim.kill()
        elif result is None:
            self._send(404, b'{"error": {"message": "not found"}}')
        else:
            self._send(200, result if isinstance(result, bytes) else json.dumps(result).encode())

    def _result(self, server: Server, method: str, path: str, raw: bytes, after: str | None) -> Any:
        name = path.split("/")[1] if "/" in path else ""
        if (method, path) == ("POST", "files"):
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            [part] = [p for p in message_from_bytes(head + raw, policy=policy.HTTP).iter_parts() if p.get_filename()]
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            return server.store(content)
        if (method, path) == ("POST", "batches"):
            return server.make(json.loads(raw))
        if (method, path) == ("GET", "batches"):
            return server.list(after)
        if path.startswith("batches/"):
            return server.standing(server.batches[name]) if name in server.batches else None
        return server.files.get(name)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def well(line: dict[str, Any]) -> dict[str, Any]:
    return replied(line, f"reply to {line['body']['messages'][-1]['content'][:40]}")


def replied(line: dict[str, Any], text: str | None, **choice: Any) -> dict[str, Any]:
    body = {
        "id": "c",
        "object": "chat.completion",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}, **choice}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }
    response = {"status_code": 200, "request_id": "r", "body": body}
    return {"id": "l", "custom_id": line["custom_id"], "response": response, "error": None}


def failed(line: dict[str, Any], status: int = 500, message: str = "server error") -> dict[str, Any]:
    response = {"status_code": status, "request_id": "r", "body": {"error": {"message": f"{message} ({KEY})"}}}
    return {"id": "l", "custom_id": line["custom_id"], "response": response, "error": None}


def expired(line: dict[str, Any]) -> dict[str, Any]:
    error = {"code": "batch_expired", "message": "This request could not be executed in time."}
    return {"id": "l", "custom_id": line["custom_id"], "response": None, "error": error}
