"""The JSONL files of a batch: write requests, parse results line by line. Nothing is sent here."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

from grader.errors import InputError
from grader.files import parse_json
from grader.judges.chat import read_completion
from grader.judges.protocol import Completion
from grader.provider import PERMANENT_FAILURES, REFUSAL_REASON, AttemptError, FailureKind, TokenUsage

# Limits of one file. Source: "Batch API" and the reference of files in OpenAI's documentation.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
URL: Literal["/v1/chat/completions"] = "/v1/chat/completions"
# Error codes of requests that the server never tried, because the batch ended first.
_NOT_TRIED = frozenset({"batch_expired", "batch_cancelled"})


class RequestLine(NamedTuple):
    """One request of a batch: its id and its line of the file."""

    custom_id: str
    content: bytes


def request_line(custom_id: str, body: Mapping[str, Any]) -> RequestLine:
    """The line of a request; pure ASCII, so that no text can break the line or its encoding."""
    line = {"custom_id": custom_id, "method": "POST", "url": URL, "body": body}
    return RequestLine(custom_id, json.dumps(line).encode("ascii") + b"\n")


def split_into_files(
    lines: Iterable[RequestLine], *, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> Iterator[list[RequestLine]]:
    """Split lines, in order, into files within the limits; a line larger than the limit gets a file of its own."""
    file: list[RequestLine] = []
    size = 0
    for line in lines:
        if file and (len(file) == most_requests or size + len(line.content) > most_bytes):
            yield file
            file, size = [], 0
        file.append(line)
        size += len(line.content)
    if file:
        yield file


class FailedRequest(NamedTuple):
    """A request without a reply.

    Attributes:
        reason: one line, without text from the server.
        status: HTTP status, 0 if there is none.
        said: the body of the error, which is searched for key words and never shown.
        tried: whether the server tried the request at all.

    """

    reason: str
    status: int = 0
    said: str = ""
    tried: bool = True


class UnusableReply(NamedTuple):
    """A reply that costs money and would be the same again: refused, empty or cut off."""

    kind: FailureKind
    reason: str
    spent: TokenUsage


RequestOutcome = Completion | UnusableReply | FailedRequest


class BatchResults(NamedTuple):
    """Parsed result files: outcomes by request, and the number of lines that belong to no request."""

    outcomes: dict[str, RequestOutcome]
    n_broken: int


def read_results(files: Iterable[bytes], asked: Collection[str]) -> BatchResults:
    """Read output and error files, in any order of lines.

    Args:
        files: contents of the files.
        asked: ids of the requests in the batch. If a request has several lines, the best one counts; of equally good
            lines, the first.

    """
    outcomes: dict[str, RequestOutcome] = {}
    n_broken = 0
    for content in files:
        for line in content.split(b"\n"):
            if not line.strip():
                continue
            row = _row(line)
            custom_id = None if row is None else row.get("custom_id")
            if row is None or not isinstance(custom_id, str) or custom_id not in asked:
                n_broken += 1
                continue
            outcome = _outcome(row)
            if custom_id not in outcomes or _worth(outcome) > _worth(outcomes[custom_id]):
                outcomes[custom_id] = outcome
    return BatchResults(outcomes, n_broken)


def _worth(outcome: RequestOutcome) -> int:
    return 2 if isinstance(outcome, Completion) else 1 if isinstance(outcome, UnusableReply) else 0


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = parse_json(line.decode(), source="a line of a batch")
    except (InputError, UnicodeDecodeError):
        return None
    return row if isinstance(row, dict) else None


def _outcome(row: Mapping[str, Any]) -> RequestOutcome:
    response, error = row.get("response"), row.get("error")
    if isinstance(response, dict) and response.get("status_code") == 200 and isinstance(response.get("body"), dict):
        try:
            return read_completion(_as_object(response["body"]), 0)
        except AttemptError as fault:
            return (
                FailedRequest(fault.reason)
                if fault.usage is None or fault.kind not in PERMANENT_FAILURES
                else UnusableReply(fault.kind, fault.reason, fault.usage)
            )
    status = response.get("status_code") if isinstance(response, dict) else None
    body = response.get("body") if isinstance(response, dict) else None
    said = json.dumps([body, error])[:5000]
    if status == 400 and "content_filter" in said:
        return UnusableReply("refused", REFUSAL_REASON, TokenUsage(0, 0))
    if isinstance(status, int) and status != 200:
        return FailedRequest(f"the server answered {status}", status, said)
    code = error.get("code") if isinstance(error, dict) else None
    if code in _NOT_TRIED:
        return FailedRequest("the batch ended before it was tried", tried=False)
    return FailedRequest("the server gave no reply", said=said)


def _as_object(value: Any) -> Any:
    """JSON as objects with attributes, like the response objects of the openai client."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: _as_object(item) for name, item in value.items()})
    return [_as_object(item) for item in value] if isinstance(value, list) else value
