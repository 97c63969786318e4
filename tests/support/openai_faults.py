"""How the local OpenAI-compatible server may judge, and how it may fail: faults by name."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Any, NamedTuple

from grader.judges.mock import MockJudge, read_prompt
from grader.judges.protocol import Message
from grader.judges.reply import RawVerdict


class Fault(NamedTuple):
    """How one request is answered instead of well.

    `content` changes what the judge wrote; `cut` ends the connection, before the headers or within the body.
    """

    status: int = 200
    error: str = "something is wrong"
    code: str | None = None
    headers: Callable[[], Mapping[str, str]] = dict
    body: str | None = None
    content: Callable[[str], str] | None = None
    choice: Mapping[str, Any] | None = None
    seconds: float = 0.0
    cut: str = ""


def _after(**headers: str) -> Callable[[], Mapping[str, str]]:
    return lambda: {name.replace("_", "-"): value for name, value in headers.items()}


def _date() -> Mapping[str, str]:
    return {"Retry-After": formatdate(time.time() + 1, usegmt=True)}


def _first_verdict(**changes: Any) -> Callable[[str], str]:
    """The reply with other values in its first verdict."""

    def change(text: str) -> str:
        reply = json.loads(text)
        reply["verdicts"][0] |= changes
        return json.dumps(reply)

    return change


def _twice(text: str) -> str:
    return text.replace('"verdict": ', '"verdict": "covered", "verdict": ', 1)


def _with_score(number: str) -> Callable[[str], str]:
    return lambda text: text.removesuffix("}") + f', "score": {number}}}'


# What may go wrong for a moment: the same request may succeed later.
PASSING = {
    "429": Fault(429, "rate limit reached", "rate_limit_exceeded"),
    "429 after 0": Fault(429, headers=_after(Retry_After="0")),
    "429 after 1": Fault(429, headers=_after(Retry_After="1")),
    "429 date": Fault(429, headers=_date),
    "429 ms": Fault(429, headers=_after(retry_after_ms="20", Retry_After="9")),
    "500": Fault(500),
    "502": Fault(502, body="<html>Bad Gateway</html>"),
    "503": Fault(503, headers=_after(Retry_After="0")),
    "cut before": Fault(cut="before"),
    "cut within": Fault(cut="within"),
    "no json": Fault(body="<html>Sign in to the network</html>"),
    "half json": Fault(body='{"id": "chatcmpl-1", "choices": [{"mess'),
    "deep json": Fault(body="[" * 100_000),
    "null": Fault(body="null"),
    "no choices": Fault(body='{"id": "chatcmpl-1", "object": "chat.completion", "choices": []}'),
    "no message": Fault(body='{"choices": [{"index": 0, "message": null}], "usage": "some"}'),
}
# What a judge may write instead of what it was asked for.
MALFORMED = {
    "prose": Fault(content=lambda text: "The answer covers the point well. Verdict: covered, score 10/10."),
    "prose around": Fault(content=lambda text: f"Here is my judgement: {text} I hope this helps."),
    "truncated": Fault(content=lambda text: text[: len(text) // 2]),
    "nan": Fault(content=_with_score("NaN")),
    "infinity": Fault(content=_with_score("-Infinity")),
    "1e999": Fault(content=_with_score("1e999")),
    "duplicate keys": Fault(content=_twice),
    "two objects": Fault(content=lambda text: f"{text}\n{text}"),
    "deep": Fault(content=lambda text: '{"verdicts": ' + "[" * 50_000),
    "a list": Fault(content=lambda text: f"[{text}]"),
    "wrong types": Fault(content=lambda text: '{"verdicts": "covered", "feedback": null}'),
    "empty": Fault(content=lambda text: "  \n"),
    "no content": Fault(choice={"message": {"role": "assistant", "content": None}}),
    "length": Fault(choice={"finish_reason": "length"}),
}
# One verdict cannot be used, the others of the reply can.
ONE_VERDICT = {
    "unknown id": Fault(content=_first_verdict(id="k0000")),
    "unknown verdict": Fault(content=_first_verdict(verdict="mostly covered")),
    "verdict type": Fault(content=_first_verdict(verdict=["covered"])),
}
REFUSED = {
    "refusal": Fault(choice={"message": {"role": "assistant", "content": None, "refusal": "I cannot help with that."}}),
    "content filter": Fault(choice={"finish_reason": "content_filter"}),
    "400 filter": Fault(400, "The prompt was filtered by the content management policy.", "content_filter"),
}
# No request can succeed before somebody mends something.
FATAL = {
    "401": Fault(401, "Incorrect API key provided", "invalid_api_key"),
    "403": Fault(403, "You may not use this"),
    "404 model": Fault(404, "The model does not exist", "model_not_found"),
    "404": Fault(404, "Not Found"),
    "quota": Fault(429, "You exceeded your current quota", "insufficient_quota"),
}
FAULTS: Mapping[str, Fault] = {
    "ok": Fault(),
    "slow": Fault(seconds=0.05),
    "stuck": Fault(seconds=0.5),
    "400": Fault(400, "Bad Request"),
    **PASSING,
    **MALFORMED,
    **ONE_VERDICT,
    **REFUSED,
    **FATAL,
}

# --- judges -----------------------------------------------------------------------------------------

Judging = Callable[[Sequence[Message]], str]


def by_words(messages: Sequence[Message]) -> str:
    """The mock judge's reply."""
    return MockJudge().complete(messages, schema={}, max_tokens=1000).text


def obedient(messages: Sequence[Message]) -> str:
    """What a judge replies that does what the candidate says: every point is covered, see the first words."""
    answer, material = read_prompt(messages)
    said = RawVerdict("covered", " ".join(answer.split()[:4]), "The candidate says so.")
    return reply({point["id"]: said for point in material["points"]})


def truthful(table: Mapping[str, Mapping[str, RawVerdict]]) -> Judging:
    """A judge that knows what is true: verdicts by answer and text of the point; what is not there is missing."""

    def judge(messages: Sequence[Message]) -> str:
        answer, material = read_prompt(messages)
        known, missing = table.get(answer, {}), RawVerdict("missing", "", "It is not there.")
        return reply({p["id"]: known.get(p.get("point") or p["mistake"], missing) for p in material["points"]})

    return judge


def reply(said: Mapping[str, RawVerdict], right: str = "", missing: str = "", study: str = "") -> str:
    """A reply of the agreed form."""
    verdicts = [{"id": name, **one._asdict()} for name, one in said.items()]
    return json.dumps({"verdicts": verdicts, "feedback": {"right": right, "missing": missing, "study": study}})
