"""What a judge is asked, and what may be believed of its reply.

A judge is anything that completes a chat. The prompt is built here and the reply is checked here, so that every judge,
also a scripted one, goes the same way. Nothing here awards credit, sends anything or knows about embeddings.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from grader.errors import InputError
from grader.files import parse_json
from grader.phrases import shorten
from grader.provider import JudgeError, text_tokens

# Raise it when the way in which prompts are built or replies are read changes; the files are hashed besides.
PROTOCOL_VERSION = 1
# Tokens that a reply may take: a verdict with quote and reason takes some 100.
_TOKENS_A_POINT, _TOKENS_OF_FEEDBACK = 220, 500
_LONGEST_REASON = 600
_TOKENS_A_MESSAGE = 8

Form = TypeVar("Form", bound=BaseModel)
Found = TypeVar("Found")
VerdictLabel = Literal["covered", "partial", "missing", "contradicted", "cannot_tell"]


class Message(NamedTuple):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Completion(NamedTuple):
    """What a judge wrote, and how many tokens were read and written for it."""

    text: str
    input_tokens: int
    output_tokens: int


class Judge(Protocol):
    """Anything that completes a chat with JSON of a given schema.

    `name` and `revision` go into signatures and keys: the same two must always mean the same model.
    """

    @property
    def name(self) -> str:
        """What the user called it."""
        ...

    @property
    def revision(self) -> str:
        """Which of those with that name: a hash of where it is, for a model behind a server."""
        ...

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Write the next message.

        Args:
            messages: the chat so far.
            schema: JSON schema of what is to be written; a judge that cannot be bound to it may ignore it.
            max_tokens: the longest reply.

        Raises:
            JudgeError: there is no usable reply to this request.
            SetupError: no request can succeed (a bad key, no such model).

        """
        ...


# --- what is asked -----------------------------------------------------------------------------------


class PointToJudge(NamedTuple):
    """A point that a judge is to decide; `mistake` for one that costs."""

    point_id: str
    text: str
    aliases: tuple[str, ...] = ()
    mistake: bool = False


class JudgingTask(NamedTuple):
    """One answer and the points that a judge is to decide about it.

    Attributes:
        answer: the normalised text.
        question, reference_answer: of the rubric; the reference is empty for an open question.
        points: what is to be decided.
        decided_points: what is decided already, for the feedback: text of a point and `stated`, `stated in part` or
            `not stated`.

    """

    answer: str
    question: str
    reference_answer: str
    points: tuple[PointToJudge, ...]
    decided_points: tuple[tuple[str, str], ...] = ()


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
        ids: those of the points that are asked about; a server that is bound to the schema then gives no other.

    """
    schema = _JudgeReply.model_json_schema()
    if ids:
        schema["$defs"]["_PointReply"]["properties"]["id"] = {"enum": sorted(ids), "type": "string"}
    return schema


@cache
def prompt_template(name: str) -> str:
    """The text of a prompt file."""
    return (files("grader.judges") / "prompts" / name).read_text(encoding="utf-8")


@cache
def judging_prompt_hash() -> str:
    """Eight hex digits that change with anything that a judge is told or that is believed of its reply."""
    return hash_prompt(PROTOCOL_VERSION, reply_schema(), ("judge.system.md", "judge.user.md", "again.user.md"))


def hash_prompt(version: int, schema: Mapping[str, Any], names: Iterable[str]) -> str:
    """Eight hex digits that change with the version, the form of the reply and any of the prompt files."""
    parts = [str(version), json.dumps(schema, sort_keys=True), *map(prompt_template, names)]
    return sha256("\0".join(parts).encode()).hexdigest()[:8]


class Prompt(NamedTuple):
    """A chat that asks about a case, and which point each id in it stands for."""

    messages: tuple[Message, ...]
    point_of: Mapping[str, str]
    max_tokens: int


def build_prompt(case: JudgingTask, *, seed: int) -> Prompt:
    """The chat that asks about a case.

    The answer comes first, as a JSON string between marks that it cannot foresee; the question, the reference and the
    points follow. Points stand in an order that depends on seed and content, under ids that tell nothing.

    Args:
        case: what is to be decided.
        seed: another seed gives other ids and another order.

    Raises:
        ValueError: there is nothing to decide.

    Source: data before instructions and JSON encoding as in spotlighting (Hines et al. 2024).

    """
    if not case.points:
        raise ValueError("there is no point to decide")
    salt = sha256(json.dumps([seed, case.answer, case.question, case.reference_answer]).encode()).hexdigest()
    # The same for all answers to a question: servers prepare a schema once, and the ids are in it.
    ids = opaque_ids(case.points, sha256(json.dumps([seed, case.question, case.reference_answer]).encode()).hexdigest())
    material: dict[str, Any] = {"question": case.question}
    if case.reference_answer:
        material["reference_answer"] = case.reference_answer
    material["points"] = [_asked_point(ids[point.point_id], point) for point in _shuffled(case.points, salt)]
    if case.decided_points:
        material["decided_already"] = [
            {"point": text, "the_answer": standing} for text, standing in case.decided_points
        ]
    text = Template(prompt_template("judge.user.md")).substitute(
        nonce=salt[:8], answer=escaped_json(case.answer), material=escaped_json(material), n_points=len(case.points)
    )
    return Prompt(
        (Message("system", prompt_template("judge.system.md").strip()), Message("user", text.strip())),
        {opaque: point_id for point_id, opaque in ids.items()},
        _TOKENS_OF_FEEDBACK + _TOKENS_A_POINT * len(case.points),
    )


def _asked_point(opaque: str, point: PointToJudge) -> dict[str, Any]:
    asked: dict[str, Any] = {"id": opaque, "mistake" if point.mistake else "point": point.text}
    return {**asked, "other_wordings": list(point.aliases)} if point.aliases else asked


def opaque_ids(points: Sequence[PointToJudge], salt: str) -> dict[str, str]:
    """An id for each point that tells nothing about it; no two are the same."""
    ids: dict[str, str] = {}
    for point in points:
        digest = sha256(f"{salt}\0{point.point_id}\0{point.text}".encode("utf-8", "surrogatepass")).hexdigest()
        ids[point.point_id] = next(
            name for length in range(4, 65) if (name := f"k{digest[:length]}") not in ids.values()
        )
    return ids


def _shuffled(points: Sequence[PointToJudge], salt: str) -> list[PointToJudge]:
    return sorted(points, key=lambda p: sha256(f"{salt}\1{p.point_id}".encode("utf-8", "surrogatepass")).digest())


def estimated_tokens(messages: Sequence[Message]) -> int:
    """Tokens of a chat, rather too many than too few."""
    return sum(_TOKENS_A_MESSAGE + text_tokens(message.content) for message in messages)


# What chat templates and common fences are made of: as JSON escapes they are the same text, but start nothing.
_STRUCTURE = re.compile(r"<(?=[|/!?a-zA-Z])|(?<=\|)>|\[(?=/?[A-Z]{3,})|`{3,}")


def escaped_json(value: object) -> str:
    """Any JSON value on one line in which nothing looks like the structure of a prompt; it reads back the same."""
    text = json.dumps(value, ensure_ascii=False)
    return _STRUCTURE.sub(lambda found: "".join(f"\\u{ord(char):04x}" for char in found[0]), text)


# --- what is believed of a reply ---------------------------------------------------------------------


class RawVerdict(NamedTuple):
    """A judge's verdict on one point as it stands in the reply."""

    verdict: VerdictLabel
    quote: str
    reason: str


class Reply(NamedTuple):
    """What a reply says: of each point that was asked a verdict, or why there is none; and the feedback."""

    verdicts: Mapping[str, RawVerdict | str]
    feedback: FeedbackReply


def parse_reply(text: str, point_of: Mapping[str, str]) -> Reply:
    """Read a reply strictly: one JSON object of the agreed form, alone, without a key too many.

    A verdict outside the set, a point that was not asked, missing or judged twice costs that point alone.

    Args:
        text: what the judge wrote. A block of reasoning in front (`<think> .. </think>`) and a fence around all of it
            are taken off; nothing is searched for in prose.
        point_of: point id by the id that the judge saw.

    Raises:
        JudgeError: `malformed`: it is not such an object.

    """
    envelope = parse_reply_object(text, _Envelope)
    said: dict[str, RawVerdict | str] = {}
    for item in envelope.verdicts:
        opaque = item.get("id") if isinstance(item, dict) else None
        point_id = point_of.get(opaque) if isinstance(opaque, str) else None
        if point_id is None:
            continue  # a point that nobody asked about decides nothing
        found = _verdict(item)
        if point_id in said and said[point_id] != found:
            found = "the judge gave this point two different verdicts"
        said[point_id] = found
    return Reply(
        {point_id: said.get(point_id, "the judge left this point out") for point_id in point_of.values()},
        envelope.feedback,
    )


def parse_reply_object(text: str, form: type[Form]) -> Form:
    """Read one JSON object of a form, alone; arguments and errors as in `parse_reply`."""
    try:
        return form.model_validate(parse_json(_unwrapped(text), source="the reply"))
    except InputError as error:
        problem = re.sub(r"the key '.*' appears", "a key appears", error.problem, flags=re.DOTALL)  # repeats no text
        raise JudgeError("malformed", f"it is {shorten(problem, 80)}") from error
    except ValidationError as error:
        raise JudgeError("malformed", _form_problem(error)) from error


def _verdict(item: Mapping[str, Any]) -> RawVerdict | str:
    try:
        reply = _PointReply.model_validate(item)
    except ValidationError:
        if item.get("verdict") not in get_args(VerdictLabel):
            return "the judge gave a verdict that was not offered"
        return "the judge's verdict has not the agreed form"
    return RawVerdict(reply.verdict, reply.quote, " ".join(reply.reason.split())[:_LONGEST_REASON])


def _form_problem(error: ValidationError) -> str:
    """What is wrong with the form, without repeating any of the text, of which a key too many may be made."""
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


def request_verdicts(judge: Judge, case: JudgingTask, *, seed: int) -> tuple[Reply, list[Completion]]:
    """Ask a judge about a case, once more if the reply cannot be used.

    Returns:
        the reply, and the completions that it took.

    Raises:
        JudgeError: there is no usable reply; also when the second one is malformed.
        SetupError: no request can succeed.

    """
    asked = build_prompt(case, seed=seed)

    def read(text: str) -> Reply:
        return parse_reply(text, asked.point_of)

    return complete_and_parse(
        judge, asked.messages, read, schema=reply_schema(tuple(asked.point_of)), max_tokens=asked.max_tokens
    )


def complete_and_parse(
    judge: Judge,
    messages: Sequence[Message],
    read: Callable[[str], Found],
    *,
    schema: Mapping[str, Any],
    max_tokens: int,
) -> tuple[Found, list[Completion]]:
    """Ask a judge for something, once more if the reply cannot be used; returns and errors as in `request_verdicts`.

    Args:
        judge: whom to ask.
        messages: the chat.
        read: makes something of a reply, or raises `JudgeError`.
        schema, max_tokens: see `Judge.complete`.

    """
    first = judge.complete(messages, schema=schema, max_tokens=max_tokens)
    try:
        return read(first.text), [first]
    except JudgeError as fault:
        problem = fault.reason
    again = Template(prompt_template("again.user.md")).substitute(problem=problem).strip()
    messages = (*messages, Message("assistant", first.text), Message("user", again))
    second = judge.complete(messages, schema=schema, max_tokens=max_tokens)
    return read(second.text), [first, second]
