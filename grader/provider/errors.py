"""Errors of one attempt at a request, which may be retried, and of a request, which has failed for good.

Judges and remote encoders use both.
"""

from typing import Literal

from grader.provider.budget import TokenUsage

# Why a judge gave no usable reply.
FailureKind = Literal["failed", "refused", "malformed", "cut_off", "skipped", "waiting"]
# Failures that cost money and would be the same again. They are cached, so that a second run does not pay for them.
# Other failures are temporary.
PERMANENT_FAILURES: frozenset[FailureKind] = frozenset({"refused", "malformed"})


class RequestError(Exception):
    """A judge gave no usable reply to one request; the run goes on.

    Attributes:
        kind: `failed` (server or connection), `refused` (by the model), `malformed` (the reply has another form),
            `cut_off` (longer than the limit on its length), `skipped` (a limit of this run),
            `waiting` (for a batch that is not done yet).
        reason: one line that may be shown; it has no secrets and no text from the answer.

    """

    def __init__(self, kind: FailureKind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(reason)


class AttemptError(Exception):
    """One attempt at a request failed.

    Attributes:
        reason: one line for the user, without text from the server.
        retryable: whether the same request may succeed later.
        retry_after: seconds that the server asks to wait.
        remedy: what the user must do before any request can succeed; empty if other requests may succeed.
        kind: the kind of the `RequestError` if the request is not tried again.
        usage: tokens that cost money nevertheless.
        timed_out: whether the server took longer than the limit.

    """

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool = False,
        retry_after: float | None = None,
        remedy: str = "",
        kind: FailureKind = "failed",
        usage: TokenUsage | None = None,
        timed_out: bool = False,
    ) -> None:
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.remedy = remedy
        self.kind = kind
        self.usage = usage
        self.timed_out = timed_out
        super().__init__(reason)
