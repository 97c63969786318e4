"""Ask one judge: send the prompt, parse the reply, and ask once more where the reply cannot be used."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from string import Template
from typing import Any, TypeVar

from grader.judges.prompt import build_prompt, hash_prompt, prompt_template
from grader.judges.protocol import Completion, Judge, JudgingTask, Message
from grader.judges.reply import Reply, parse_reply, reply_schema
from grader.provider import RequestError

# Raise it when the code that builds prompts or parses replies changes; prompt files are hashed as well.
PROTOCOL_VERSION = 1
Parsed = TypeVar("Parsed")


@cache
def judging_prompt_hash() -> str:
    """Eight hex digits that change with the prompt files, the reply schema and `PROTOCOL_VERSION`."""
    return hash_prompt(PROTOCOL_VERSION, reply_schema(), ("judge.system.md", "judge.user.md", "again.user.md"))


def request_verdicts(judge: Judge, task: JudgingTask, *, seed: int) -> tuple[Reply, list[Completion]]:
    """Ask a judge about one answer, and once more if the reply cannot be used.

    Returns:
        the reply, and the completions that were requested for it.

    Raises:
        RequestError: there is no usable reply; also when the second one is malformed.
        SetupError: no request can succeed.

    """
    prompt = build_prompt(task, seed=seed)

    def parse(text: str) -> Reply:
        return parse_reply(text, prompt.point_of)

    return complete_and_parse(
        judge, prompt.messages, parse, schema=reply_schema(tuple(prompt.point_of)), max_tokens=prompt.max_tokens
    )


def complete_and_parse(
    judge: Judge,
    messages: Sequence[Message],
    parse: Callable[[str], Parsed],
    *,
    schema: Mapping[str, Any],
    max_tokens: int,
) -> tuple[Parsed, list[Completion]]:
    """Complete a chat and parse the reply, with one more try; returns and errors as in `request_verdicts`.

    Args:
        judge: the judge to ask.
        messages: the chat.
        parse: parses a reply, or raises `RequestError`.
        schema, max_tokens: see `Judge.complete`.

    """
    first = judge.complete(messages, schema=schema, max_tokens=max_tokens)
    try:
        return parse(first.text), [first]
    except RequestError as fault:
        problem = fault.reason
    again = Template(prompt_template("again.user.md")).substitute(problem=problem).strip()
    messages = (*messages, Message("assistant", first.text), Message("user", again))
    second = judge.complete(messages, schema=schema, max_tokens=max_tokens)
    return parse(second.text), [first, second]
