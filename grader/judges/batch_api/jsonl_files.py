"""The files of a batch: requests as JSONL, and results line by line, each believed by itself. Nothing is sent here."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple

from grader.errors import InputError
from grader.files import parse_json
from grader.judges.chat import read_completion
from grader.judges.protocol import Completion
from grader.provider import REFUSAL_REASON, AttemptError, FailureKind, TokenUsage

# What one file may hold; "Batch API" and the reference of files in OpenAI's documentation.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000
URL: Literal["/v1/chat/completions"] = "/v1/chat/completions"
# Errors of lines that were not tried at all: the batch ended before.
_NOT_TRIED = frozenset({"batch_expired", "batch_cancelled"})


class RequestLine(NamedTuple):
    """One request of a batch: its id and its line of the file."""

    custom_id: str
    content: bytes


def request_line(custom_id: str, body: Mapping[str, Any]) -> RequestLine:
    """The line of a request; ASCII alone, so that no text can break a line or be no UTF-8."""
    line = {"custom_id": custom_id, "method": "POST", "url": URL, "body": body}
    return RequestLine(custom_id, json.dumps(line).encode("ascii") + b"\n")


def split_into_files(
    lines: Iterable[RequestLine], *, most_requests: int = MOST_REQUESTS, most_bytes: int = MOST_BYTES
) -> Iterator[list[RequestLine]]:
    """The lines in order, in files that are within the limits; a line that is larger than a whole file is alone."""
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
    """A request that has no reply.

    Attributes:
        reason: one line, without anything that the server said.
        status: of HTTP, 0 where there is none.
        said: the error's body, for looking words up in it; it is never shown.
        tried: whether the server tried the request at all.

    """

    reason: str
    status: int = 0
    said: str = ""
    tried: bool = True


class UnusableReply(NamedTuple):
    """A reply that was paid for and would come again as it is: a refusal, nothing at all, or one that was cut off."""

    kind: FailureKind
    reason: str
    spent: TokenUsage


RequestOutcome = Completion | UnusableReply | FailedRequest


class BatchResults(NamedTuple):
    """What the files of a batch hold: outcomes by request, and how many lines say nothing about any of them."""

    outcomes: dict[str, RequestOutcome]
    n_broken: int


def read_results(files: Iterable[bytes], asked: Collection[str]) -> BatchResults:
    """Read output and error files, in any order of lines.

    Args:
        files: their contents.
        asked: ids of the requests in the batch; of several lines for one the best counts, the first of like ones.

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
                if fault.usage is None
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
    """JSON as the openai client has it: objects with attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: _as_object(item) for name, item in value.items()})
    return [_as_object(item) for item in value] if isinstance(value, list) else value
