"""How one attempt at a request, or the whole request, failed.

An attempt may be retried; a request has failed for good. Judges and embeddings share both.
"""

from typing import Literal

from grader.provider.budget import TokenUsage

# Why a judge gave no usable reply.
FailureKind = Literal["failed", "refused", "malformed", "skipped", "waiting"]
# Replies that were paid for and would come again: kept, so that a second run does not pay for them again. Other faults
# are of the moment.
PERMANENT_FAILURES: frozenset[FailureKind] = frozenset({"refused", "malformed"})


class RequestError(Exception):
    """A judge gave no usable reply to one request; the run goes on.

    Attributes:
        kind: `failed` (server or line), `refused` (the model would not), `malformed` (not what was asked for),
            `skipped` (a limit of this run), `waiting` (a batch that is not done yet).
        reason: one line that may be shown: it holds no secrets and nothing of the answer.

    """

    def __init__(self, kind: FailureKind, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(reason)


class AttemptError(Exception):
    """How one try ended without a result.

    Attributes:
        reason: one line for people, without anything that the server said.
        retryable: whether the same request may succeed later.
        retry_after: seconds that the server asks to wait.
        remedy: the way out, where no request can succeed before it is taken.
        kind: of the fault when it is not tried again.
        usage: tokens that were paid for all the same.

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
    ) -> None:
        self.reason = reason
        self.retryable = retryable
        self.retry_after = retry_after
        self.remedy = remedy
        self.kind = kind
        self.usage = usage
        super().__init__(reason)
