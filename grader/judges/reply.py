"""Parse a judge's reply, and keep only what has the agreed form.

Verdicts are checked one by one: a bad verdict costs its own point, a bad reply costs all of them. Whether a quote
stands in the answer is checked in `quote_check`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from grader.errors import InputError
from grader.files import parse_json
from grader.judges.protocol import VerdictLabel
from grader.phrases import shorten
from grader.provider import RequestError

_LONGEST_REASON = 600
Form = TypeVar("Form", bound=BaseModel)

# Names and docstrings of these models are part of the schema that servers get, of prompt hashes and of cache keys.


class _PointReply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: str
    quote: str
    reason: str
    verdict: VerdictLabel


class FeedbackReply(BaseModel):
    """What the candidate is told: what was right, what is missing, one thing to study."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    right: str
    missing: str
    study: str


class _JudgeReply(BaseModel):
    """The form of a whole reply; each verdict is checked by itself, so that one bad one does not spoil the others."""

    model_config = ConfigDict(extra="forbid", strict=True)

    verdicts: list[_PointReply]
    feedback: FeedbackReply


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    verdicts: list[Any]
    feedback: FeedbackReply


@lru_cache(maxsize=256)
def reply_schema(ids: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON schema of a reply: closed objects, all fields required, as strict servers want it.

    Args:
        ids: the opaque ids in the prompt; a server that is bound to the schema then returns no others.

    """
    schema = _JudgeReply.model_json_schema()
    if ids:
        schema["$defs"]["_PointReply"]["properties"]["id"] = {"enum": sorted(ids), "type": "string"}
    return schema


class RawVerdict(NamedTuple):
    """A judge's verdict on one point as written in the reply; the quote is not checked yet."""

    verdict: VerdictLabel
    quote: str
    reason: str


class Reply(NamedTuple):
    """A parsed reply: for each point a verdict or why there is none, and the feedback."""

    verdicts: Mapping[str, RawVerdict | str]
    feedback: FeedbackReply


def parse_reply(text: str, point_of: Mapping[str, str]) -> Reply:
    """Parse a reply strictly: it must be one JSON object of the agreed form and nothing else, without extra keys.

    A label outside the set, a missing verdict or two different ones cost that point alone; unknown ids are ignored.

    Args:
        text: the reply. A leading block of reasoning (`<think> .. </think>`) and a fence around the whole are removed;
            JSON inside prose is not searched for.
        point_of: point id by opaque id.

    Raises:
        RequestError: `malformed`: it is not such an object.

    """
    envelope = parse_reply_object(text, _Envelope)
    said: dict[str, RawVerdict | str] = {}
    for item in envelope.verdicts:
        opaque = item.get("id") if isinstance(item, dict) else None
        point_id = point_of.get(opaque) if isinstance(opaque, str) else None
        if point_id is None:
            continue  # not one of the points that were asked about
        found = _verdict(item)
        if point_id in said and said[point_id] != found:
            found = "the judge gave this point two different verdicts"
        said[point_id] = found
    return Reply(
        {point_id: said.get(point_id, "the judge left this point out") for point_id in point_of.values()},
        envelope.feedback,
    )


def parse_reply_object(text: str, form: type[Form]) -> Form:
    """Parse a reply that must be one JSON object of a form; `text` and errors as in `parse_reply`."""
    try:
        return form.model_validate(parse_json(_unwrapped(text), source="the reply"))
    except InputError as error:
        problem = re.sub(
            r"the key '.*' appears", "a key appears", error.problem, flags=re.DOTALL
        )  # quotes none of the reply
        raise RequestError("malformed", f"it is {shorten(problem, 80)}") from error
    except ValidationError as error:
        raise RequestError("malformed", _form_problem(error)) from error


def _verdict(item: Mapping[str, Any]) -> RawVerdict | str:
    try:
        reply = _PointReply.model_validate(item)
    except ValidationError:
        if item.get("verdict") not in get_args(VerdictLabel):
            return "the judge gave a verdict that was not offered"
        return "the judge's verdict has not the agreed form"
    return RawVerdict(reply.verdict, reply.quote, " ".join(reply.reason.split())[:_LONGEST_REASON])


def _form_problem(error: ValidationError) -> str:
    """What is wrong with the form, without quoting the reply: an unknown key is text that the model wrote."""
    first = error.errors()[0]
    known = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    place = ".".join(str(part) for part in known[:2]) or "the reply"
    return f"it has not the agreed form ({place}: {first['type'].replace('_', ' ')})"


_THOUGHTS = re.compile(r"\A\s*<think>.*</think>", re.DOTALL)
_FENCED = re.compile(r"\A```(?:json)?\s*\n(.*)\n```\Z", re.DOTALL)


def _unwrapped(text: str) -> str:
    bare = _THOUGHTS.sub("", text).strip()
    fenced = _FENCED.match(bare)
    return fenced[1] if fenced else bare
