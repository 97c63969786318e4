"""Judges that ask no model: for trying the tool out, and for the tests of those who build on it.

They have the interface of a real judge and see what a real judge sees: the chat.
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
# Shares of a point's content words in one sentence from which the mock calls it covered or partial.
_COVERED, _PARTIAL = 0.7, 0.4
_ALIAS = "mock wording: {point}"
_EXPLAINED = "mock judge, no model was asked: {n} of {of} content words of the point stand in one sentence"


class ScriptedJudge:
    """A judge that gives prepared replies in order, and remembers what it was asked.

    Args:
        replies: each the text of a reply, or a `RequestError` to raise.
        name: what it calls itself.

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
    """A judge that counts words: no model, no network, always the same verdicts. It says so in every reason."""

    name = MOCK
    revision = "1"

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Verdicts by shared content words, each with the sentence that has most of them; derived points unchanged."""
        if "derived_points" in _material(messages):
            text = json.dumps(_unchanged(_material(messages)))
            return Completion(text, _tokens(messages), len(text) // 4)
        answer, material = read_prompt(messages)
        verdicts = []
        for point in material["points"]:
            said = _by_words(answer, point.get("point") or point["mistake"])
            verdicts.append({"id": point["id"], **said._asdict()})
        feedback = {"right": "", "missing": "", "study": ""}  # nothing to say: the plain feedback stays
        text = json.dumps({"verdicts": verdicts, "feedback": feedback})
        return Completion(text, _tokens(messages), len(text) // 4)


def _unchanged(material: Mapping[str, Any]) -> dict[str, Any]:
    """The derived points of a chat of `proposing.ask_for_points` as a proposal, each with one more alias."""
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
    """What a chat of `build_prompt` is about: the answer, and the examiner's material (question, points with ids).

    Raises:
        ValueError: the chat is no such one.

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
    """Stands in for a judge in a dry run: counts what would be asked, and asks nothing.

    Attributes:
        calls: how many requests would be sent at least; a reply that cannot be used takes one more.
        input_tokens, output_tokens: the most that they would take.

    """

    def __init__(self, name: str, revision: str) -> None:
        self.name = name
        self.revision = revision
        self.calls = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self._lock = threading.Lock()

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Count.

        Raises:
            RequestError: always.

        """
        with self._lock:
            self.calls += 1
            self.input_tokens += estimated_tokens(messages)
            self.output_tokens += max_tokens
        raise RequestError("skipped", "a dry run asks nobody")
