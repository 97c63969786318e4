"""Parse a judge's reply, and keep only the parts that have the agreed form.

Verdicts are validated one by one: a malformed verdict affects only its own point, a malformed reply affects all
points. `quote_check` checks whether a quote is in the answer.
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
_WITHOUT_QUOTE = ("missing", "cannot_tell")  # verdicts that have no quote, so that it may be left out
Form = TypeVar("Form", bound=BaseModel)

# Do not change names or docstrings of these models: they are part of the reply schema, prompt hashes and cache keys.


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


class _ReadFeedback(BaseModel):
    """Feedback as it is read: more fields or fewer are no reason to pay for another reply."""

    model_config = ConfigDict(extra="ignore", strict=True)

    right: str = ""
    missing: str = ""
    study: str = ""


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    verdicts: list[Any]
    feedback: _ReadFeedback = _ReadFeedback()


@lru_cache(maxsize=256)
def reply_schema(ids: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JSON schema of a reply: closed objects with all fields required, as strict servers demand.

    Args:
        ids: the opaque ids in the prompt; a server that enforces the schema then returns no other ids.

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
    """A parsed reply: for each point a verdict or the reason why there is none, and the feedback."""

    verdicts: Mapping[str, RawVerdict | str]
    feedback: FeedbackReply


def parse_reply(text: str, point_of: Mapping[str, str]) -> Reply:
    """Parse a reply: lenient about its form, strict about its meaning.

    An unknown label, a missing verdict or two different verdicts affect only that point; unknown ids and further keys
    are ignored. Labels may be in any case; a reason and feedback may be missing.

    Args:
        text: the reply, with one JSON object. Reasoning before it (`<think> .. </think>`, `<thinking>`, a lone closing
            tag), a byte order mark, and one code fence with any text around it are removed; JSON inside prose without
            a fence is not accepted, nor are two objects.
        point_of: point id by opaque id.

    Raises:
        RequestError: `malformed`: the text is not such an object.

    """
    envelope = parse_reply_object(text, _Envelope)
    verdicts: dict[str, RawVerdict | str] = {}
    for item in envelope.verdicts:
        opaque = item.get("id") if isinstance(item, dict) else None
        point_id = point_of.get(opaque) if isinstance(opaque, str) else None
        if point_id is None:
            continue  # not one of the points in the prompt
        found = _verdict(item)
        if point_id in verdicts and verdicts[point_id] != found:
            found = "the judge gave this point two different verdicts"
        verdicts[point_id] = found
    return Reply(
        {point_id: verdicts.get(point_id, "the judge left this point out") for point_id in point_of.values()},
        FeedbackReply(**envelope.feedback.model_dump()),
    )


def parse_reply_object(text: str, form: type[Form]) -> Form:
    """Parse a reply that must be one JSON object of the given form; `text` and errors as in `parse_reply`."""
    try:
        return form.model_validate(parse_json(_unwrapped(text), source="the reply"))
    except InputError as error:
        # Without the key, so that the error quotes nothing from the reply.
        problem = re.sub(r"the key '.*' appears", "a key appears", error.problem, flags=re.DOTALL)
        raise RequestError("malformed", f"it is {shorten(problem, 80)}") from error
    except ValidationError as error:
        raise RequestError("malformed", _form_problem(error)) from error


def _verdict(item: Mapping[str, Any]) -> RawVerdict | str:
    word = item.get("verdict")
    label = "_".join(word.lower().split()) if isinstance(word, str) and word.isascii() else None
    if label not in get_args(VerdictLabel):
        return "the judge gave a verdict that was not offered"
    try:
        reply = _PointReply.model_validate(
            {"id": item["id"], "quote": item.get("quote"), "reason": item.get("reason") or "", "verdict": label}
            | ({"quote": ""} if item.get("quote") is None and label in _WITHOUT_QUOTE else {})
        )
    except ValidationError:
        return "the judge's verdict has not the agreed form"
    return RawVerdict(reply.verdict, reply.quote, " ".join(reply.reason.split())[:_LONGEST_REASON])


def _form_problem(error: ValidationError) -> str:
    """What is wrong with the form. Nothing from the reply is quoted: an unknown key is text from the model."""
    first = error.errors()[0]
    known = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    place = ".".join(str(part) for part in known[:2]) or "the reply"
    return f"it has not the agreed form ({place}: {first['type'].replace('_', ' ')})"


# Templates of reasoning models may put the opening tag into the prompt, so that the reply has the closing one alone.
_THOUGHTS = re.compile(r"\A.*</(?:think|thinking|thought|reasoning)>", re.DOTALL | re.IGNORECASE)
_FENCED = re.compile(
    r"^[ \t]*```[ \t]*(?:json[c5]?)?[ \t]*\r?\n(.*?)\r?\n[ \t]*```[ \t]*\r?$", re.DOTALL | re.IGNORECASE | re.MULTILINE
)


def _unwrapped(text: str) -> str:
    """The JSON of a reply, without reasoning and the one fence around it."""
    text = text.replace("\ufeff", "", 1) if text.lstrip().startswith("\ufeff") else text
    # A tag inside the object is a part of a quote or a reason, not of the reply.
    bare = text.strip()
    if not bare.startswith("{"):
        bare = _THOUGHTS.sub("", bare).strip().removeprefix("\ufeff").strip()
    if bare.startswith("{"):
        return bare
    fenced = _FENCED.findall(bare)
    return fenced[0] if len(fenced) == 1 else bare
