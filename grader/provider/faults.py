"""Why a server gave no usable reply to one request, and which of those faults would come again."""

from typing import Literal

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
