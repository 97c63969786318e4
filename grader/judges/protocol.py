"""The interface of a judge, and the types of its input and output.

A judge is anything that completes a chat. Other modules of this package build prompts and parse replies, so that all
judges, including scripted ones, are treated alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

VerdictLabel = Literal["covered", "partial", "missing", "contradicted", "cannot_tell"]


class Message(NamedTuple):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Completion(NamedTuple):
    """A judge's reply, and the tokens that were used."""

    text: str
    input_tokens: int
    output_tokens: int


class Judge(Protocol):
    """Anything that completes a chat with JSON of a given schema.

    `name` and `revision` go into signatures and keys: the same two must always mean the same model.
    """

    @property
    def name(self) -> str:
        """The name that the user gave."""
        ...

    @property
    def revision(self) -> str:
        """Distinguishes judges with the same name; for a model behind a server, a hash of the server's address."""
        ...

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """Write the next message.

        Args:
            messages: the chat so far.
            schema: JSON schema of the reply; a judge that cannot enforce it may ignore it.
            max_tokens: limit on the length of the reply.

        Raises:
            RequestError: there is no usable reply to this request.
            SetupError: no request can succeed (a bad key, no such model).

        """
        ...


class PointToJudge(NamedTuple):
    """A rubric point for a judge to decide; `mistake` marks a point with negative weight."""

    point_id: str
    text: str
    aliases: tuple[str, ...] = ()
    mistake: bool = False


class JudgingTask(NamedTuple):
    """One answer and the rubric points to decide about it.

    Attributes:
        answer: the normalised text.
        question, reference_answer: of the rubric; the reference is empty for an open question.
        points: the points to decide.
        decided_points: points that are decided already, as context for the feedback: the text of the point and
            `stated`, `stated in part`, `not stated` or `denied`.

    """

    answer: str
    question: str
    reference_answer: str
    points: tuple[PointToJudge, ...]
    decided_points: tuple[tuple[str, str], ...] = ()
