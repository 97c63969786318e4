"""Resolve an ended batch: replies to store, final failures, and requests to send again. Pure functions."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from grader.judges.batch_api.client import BatchStatus
from grader.judges.batch_api.jsonl_files import FailedRequest, RequestOutcome, UnusableReply
from grader.judges.batch_api.ledger import OpenBatch
from grader.judges.chat import ServerCapabilities, downgrade
from grader.judges.protocol import Completion
from grader.provider import FailureKind, TokenUsage

# Tries of one request, each in a batch of its own.
TRIES = 3
# Statuses of a server that does not support a part of a request, unless it gives another reason.
_NOT_UNDERSTOOD = frozenset({400, 415, 422})
_OTHER_REASONS = ("context_length", "context length", "too large", "too long", "content_filter", "content management")
# Temporary errors of a whole batch that are not about its requests: the account's queue is full.
_PASSING = frozenset({"token_limit_exceeded"})
_NO_LINE = FailedRequest("no line in the results")


class ResolvedBatch(NamedTuple):
    """The result of an ended batch.

    Attributes:
        values: final results by request: a reply, or the final failure.
        answered: tokens of each request with a reply, also of unusable replies, which cost money too.
        n_failed: number of requests without a reply.
        understood: whether the server wrote any reply, so that it supports all parts of the requests.
        counted: failed requests that were tried, so that their number of tries increases.
        trial: capabilities to try next: reduced ones, because the server rejected all requests; `none` to end a
            trial; or `as before`.

    """

    values: dict[str, dict[str, Any]]
    answered: dict[str, TokenUsage]
    n_failed: int
    understood: bool = False
    counted: tuple[str, ...] = ()
    trial: ServerCapabilities | Literal["none", "as before"] = "as before"


def resolve_batch(
    batch: OpenBatch, status: BatchStatus, outcomes: Mapping[str, RequestOutcome], tries: Mapping[str, int]
) -> ResolvedBatch:
    """Decide the result of each request of an ended batch.

    Each failed try of a request is counted; after `TRIES` the failure is final. A request that the server never tried
    is not counted. If the server rejected every request, nothing is counted and a simpler form is tried next; if there
    is no simpler form, the failures are final.

    Args:
        batch: the batch as it was sent.
        status: how it ended.
        outcomes: parsed results by request.
        tries: earlier failures by request.

    """
    values: dict[str, dict[str, Any]] = {}
    answered: dict[str, TokenUsage] = {}
    failed: dict[str, FailedRequest] = {}
    for one in batch.ids:
        found = outcomes.get(one) or _missing(status)
        if isinstance(found, FailedRequest):
            failed[one] = found
        elif isinstance(found, UnusableReply):
            values[one], answered[one] = _fault(found.kind, found.reason), found.spent
        else:
            values[one], answered[one] = found._asdict(), TokenUsage(found.input_tokens, found.output_tokens)
    if not answered and _understood_none(failed):
        plainer = downgrade(batch.capabilities, next(iter(failed.values())).said)
        if plainer is not None:
            return ResolvedBatch(values, answered, len(failed), trial=plainer)
        values = {one: _fault("failed", f"the server refuses the request ({f.status})") for one, f in failed.items()}
        return ResolvedBatch(values, answered, len(failed), trial="none")
    counted = tuple(one for one, fault in failed.items() if fault.tried)
    for one in counted:
        if tries.get(one, 0) + 1 >= TRIES:
            values[one] = _fault("failed", f"{failed[one].reason} in each of {TRIES} batches")
    understood = any(isinstance(found, Completion) for found in outcomes.values())
    return ResolvedBatch(values, answered, len(failed), understood, counted, "none" if understood else "as before")


def _fault(kind: FailureKind, problem: str) -> dict[str, Any]:
    return {"kind": kind, "problem": problem}


def _understood_none(failed: Mapping[str, FailedRequest]) -> bool:
    """Whether the server rejected every request with a status for unsupported parts, and gave no other reason."""
    faults = list(failed.values())
    return all(fault.status in _NOT_UNDERSTOOD for fault in faults) and not any(
        reason in faults[0].said.lower() for reason in _OTHER_REASONS
    )


def _missing(status: BatchStatus) -> FailedRequest:
    """The failure of a request without a result line; it was not tried if the batch ended early."""
    if status.state == "completed":
        return _NO_LINE
    if status.state == "failed":
        passing = bool(status.codes) and _PASSING.issuperset(status.codes)
        return FailedRequest(
            f"the server rejects the batch ({', '.join(status.codes[:3]) or 'unknown'})", tried=not passing
        )
    return FailedRequest(f"the batch is {status.state}", tried=False)


def failures(batch: OpenBatch, status: BatchStatus, outcomes: Mapping[str, RequestOutcome]) -> str:
    """Why requests have no reply, the most common reasons first."""
    found = (outcomes.get(one) or _missing(status) for one in batch.ids)
    reasons = Counter(outcome.reason for outcome in found if isinstance(outcome, FailedRequest))
    return ", ".join(f"{n:,} x {reason}" for reason, n in reasons.most_common(3))
