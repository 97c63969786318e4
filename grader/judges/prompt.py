"""Build the prompt that asks a judge about one answer.

The answer is untrusted text. It comes before the instructions, as a JSON string between marks that its author cannot
guess, and everything in it that looks like the structure of a prompt is escaped.
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

# Limits for replies, in tokens; a verdict with quote and reason takes about 100.
_TOKENS_PER_POINT, _TOKENS_FOR_FEEDBACK = 220, 500
_TOKENS_PER_MESSAGE = 8  # overhead of one message of a chat


@cache
def prompt_template(name: str) -> str:
    """The text of a prompt file."""
    return (files("grader.judges") / "prompts" / name).read_text(encoding="utf-8")


def hash_prompt(version: int, schema: Mapping[str, Any], names: Iterable[str]) -> str:
    """Eight hex digits that change with the version, the reply schema and any of the prompt files."""
    parts = [str(version), json.dumps(schema, sort_keys=True), *map(prompt_template, names)]
    return sha256("\0".join(parts).encode()).hexdigest()[:8]


class Prompt(NamedTuple):
    """The messages of a prompt, the point behind each opaque id in them, and the limit on the reply."""

    messages: tuple[Message, ...]
    point_of: Mapping[str, str]
    max_tokens: int


def build_prompt(task: JudgingTask, *, seed: int) -> Prompt:
    """Build the prompt that asks about one answer.

    The answer comes first, as a JSON string between marks that its author cannot guess; the question, the reference
    and the points follow. Points have opaque ids, and their order depends on the seed and the content.

    Args:
        task: the answer and the points to decide.
        seed: another seed gives other ids and another order.

    Raises:
        ValueError: the task has no points.

    Source: data before instructions and JSON encoding as in spotlighting (Hines et al. 2024).

    """
    if not task.points:
        raise ValueError("there is no point to decide")
    salt = sha256(json.dumps([seed, task.answer, task.question, task.reference_answer]).encode()).hexdigest()
    # The ids are the same for all answers to a question, because they are in the schema, which servers compile once.
    ids = opaque_ids(task.points, sha256(json.dumps([seed, task.question, task.reference_answer]).encode()).hexdigest())
    material: dict[str, Any] = {"question": task.question}
    if task.reference_answer:
        material["reference_answer"] = task.reference_answer
    material["points"] = [_shown_point(ids[point.point_id], point) for point in _shuffled(task.points, salt)]
    if task.decided_points:
        material["decided_already"] = [{"point": text, "the_answer": status} for text, status in task.decided_points]
    text = Template(prompt_template("judge.user.md")).substitute(
        nonce=salt[:8], answer=escaped_json(task.answer), material=escaped_json(material), n_points=len(task.points)
    )
    return Prompt(
        (Message("system", prompt_template("judge.system.md").strip()), Message("user", text.strip())),
        {opaque: point_id for point_id, opaque in ids.items()},
        _TOKENS_FOR_FEEDBACK + _TOKENS_PER_POINT * len(task.points),
    )


def request_size(task: JudgingTask) -> tuple[int, int]:
    """Estimated tokens of the request about a task, and at most of its reply."""
    prompt = build_prompt(task, seed=0)
    return estimated_tokens(prompt.messages), prompt.max_tokens


def _shown_point(opaque: str, point: PointToJudge) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": opaque, "mistake" if point.mistake else "point": point.text}
    return {**shown, "other_wordings": list(point.aliases)} if point.aliases else shown


def opaque_ids(points: Sequence[PointToJudge], salt: str) -> dict[str, str]:
    """A unique id for each point, which reveals nothing about the point."""
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
    """Estimated tokens of a chat; rather too many than too few."""
    return sum(_TOKENS_PER_MESSAGE + estimate_tokens(message.content) for message in messages)


# Special tokens of chat templates, and code fences. As JSON escapes they are the same text without a special meaning.
_STRUCTURE = re.compile(r"<(?=[|/!?a-zA-Z])|(?<=\|)>|\[(?=/?[A-Z]{3,})|`{3,}")


def escaped_json(value: object) -> str:
    """A JSON value on one line in which nothing looks like the structure of a prompt; it parses to the same value."""
    text = json.dumps(value, ensure_ascii=False)
    return _STRUCTURE.sub(lambda found: "".join(f"\\u{ord(char):04x}" for char in found[0]), text)
