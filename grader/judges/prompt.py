"""Build the prompt that asks a judge about one answer.

The answer is untrusted text. It comes before the instructions, as a JSON string between marks that it cannot guess,
and nothing in it looks like the structure of a prompt.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import Any, NamedTuple

from grader.judges.protocol import JudgingTask, Message, PointToJudge
from grader.provider import estimate_tokens

# Tokens that a reply may take: a verdict with quote and reason takes some 100.
_TOKENS_A_POINT, _TOKENS_OF_FEEDBACK = 220, 500
_TOKENS_A_MESSAGE = 8


@cache
def prompt_template(name: str) -> str:
    """The text of a prompt file."""
    return (files("grader.judges") / "prompts" / name).read_text(encoding="utf-8")


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
    return sum(_TOKENS_A_MESSAGE + estimate_tokens(message.content) for message in messages)


# What chat templates and common fences are made of: as JSON escapes they are the same text, but start nothing.
_STRUCTURE = re.compile(r"<(?=[|/!?a-zA-Z])|(?<=\|)>|\[(?=/?[A-Z]{3,})|`{3,}")


def escaped_json(value: object) -> str:
    """Any JSON value on one line in which nothing looks like the structure of a prompt; it reads back the same."""
    text = json.dumps(value, ensure_ascii=False)
    return _STRUCTURE.sub(lambda found: "".join(f"\\u{ord(char):04x}" for char in found[0]), text)
