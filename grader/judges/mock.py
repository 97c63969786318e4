"""Judges without a model, for tests and for trying the tool.

They have the interface of a real judge and get the same chat.
"""

import json
import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.judges.prompt import estimated_tokens
from grader.judges.protocol import Completion, Message
from grader.judges.reply import RawVerdict
from grader.provider import RequestError
from grader.text import content_words, segments

MOCK = "mock"
# Smallest share of a point's content words in one sentence for the verdicts covered and partial.
_COVERED, _PARTIAL = 0.7, 0.4
_ALIAS = "mock wording: {point}"
_EXPLAINED = "mock judge, no model was asked: {n} of {of} content words of the point stand in one sentence"


class ScriptedJudge:
    """A judge that returns prepared replies in order and records the chats that it was sent.

    Args:
        replies: each the text of a reply, or a `RequestError` to raise.
        name: its name.

    >>> judge = ScriptedJudge(['{"verdicts": []}'])
    >>> judge.complete([Message("user", "?")], schema={}, max_tokens=10).text
    '{"verdicts": []}'
    >>> [[message.content for message in chat] for chat in judge.history]
    [['?']]

    """

    def __init__(self, replies: Iterable[str | RequestError] = (), *, name: str = "scripted") -> None:
        self.name = name
        self.revision = "1"
        self.replies = deque(replies)
        self.history: list[tuple[Message, ...]] = []

    def enqueue(self, *replies: str | RequestError) -> None:
        """Prepare further replies."""
        self.replies.extend(replies)

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """The next prepared reply.

        Raises:
            RequestError: as prepared, or when no reply is left.

        """
        self.history.append(tuple(messages))
        reply = self.replies.popleft() if self.replies else RequestError("failed", "the script has no further reply")
        if isinstance(reply, RequestError):
            raise reply
        return Completion(reply, _tokens(messages), len(reply) // 4)


class MockJudge:
    """A judge that counts shared words: no model, no network, deterministic. Every reason in its verdicts says so."""

    name = MOCK
    revision = "1"

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Verdicts by shared content words, quoting the best sentence; a chat about derived points returns them."""
        if "derived_points" in _material(messages):
            text = json.dumps(_unchanged(_material(messages)))
            return Completion(text, _tokens(messages), len(text) // 4)
        answer, material = read_prompt(messages)
        verdicts = []
        for point in material["points"]:
            verdict = _by_words(answer, point.get("point") or point["mistake"])
            verdicts.append({"id": point["id"], **verdict._asdict()})
        feedback = {"right": "", "missing": "", "study": ""}  # empty, so that the feedback without a judge is kept
        text = json.dumps({"verdicts": verdicts, "feedback": feedback})
        return Completion(text, _tokens(messages), len(text) // 4)


def _unchanged(material: Mapping[str, Any]) -> dict[str, Any]:
    """The derived points of a chat from `judge_proposals` as a proposal, each with one more alias."""
    points = [
        {
            "id": point["id"],
            "words": point["words"],
            "text": point["point"],
            "aliases": [*point.get("other_wordings", []), _ALIAS.format(point=point["point"])],
            "group": point.get("group", ""),
        }
        for point in material["derived_points"]
    ]
    return {"points": points, "groups": material["derived_groups"]}


def _by_words(answer: str, point: str) -> RawVerdict:
    wanted = set(content_words(point))
    best, most = "", 0
    for start, end in segments(answer):
        shared = len(wanted & set(content_words(answer[start:end])))
        if shared > most:
            best, most = answer[start:end], shared
    share = most / max(1, len(wanted))
    reason = _EXPLAINED.format(n=most, of=len(wanted))
    if share < _PARTIAL:
        return RawVerdict("missing", "", reason)
    return RawVerdict("covered" if share >= _COVERED else "partial", best, reason)


_ANSWER = re.compile(r"^answer-(\w+)\n(.*)\nend-of-answer-\1$", re.MULTILINE)


def read_prompt(messages: Sequence[Message]) -> tuple[str, dict[str, Any]]:
    """Parse the user message of `prompt.build_prompt`: the answer, and the material (question, points with ids).

    Raises:
        ValueError: the chat is not from `build_prompt`.

    """
    answer = _ANSWER.search(messages[1].content if len(messages) > 1 else "")
    if answer is None:
        raise ValueError("this chat does not ask about an answer")
    return json.loads(answer[2]), _material(messages)


def _material(messages: Sequence[Message]) -> dict[str, Any]:
    content = messages[1].content if len(messages) > 1 else ""
    line = next((line for line in content.split("\n") if line.startswith('{"question"')), None)
    if line is None:
        raise ValueError("this chat holds no material of an examiner")
    material: dict[str, Any] = json.loads(line)
    return material


def _tokens(messages: Sequence[Message]) -> int:
    return sum(len(message.content) for message in messages) // 4


class DryRunJudge:
    """Stands in for a judge in a dry run: counts requests and sends none.

    Attributes:
        calls: the smallest number of requests; an unusable reply needs one more.
        input_tokens, output_tokens: upper limits.

    """

    def __init__(self, name: str, revision: str) -> None:
        self.name = name
        self.revision = revision
        self.calls = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self._lock = threading.Lock()

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Count one request.

        Raises:
            RequestError: always.

        """
        with self._lock:
            self.calls += 1
            self.input_tokens += estimated_tokens(messages)
            self.output_tokens += max_tokens
        raise RequestError("skipped", "a dry run asks nobody")
