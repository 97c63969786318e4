"""What an ended batch decides: replies that are kept, faults that are final, requests that may be sent again.

Pure: outcomes go in, records come out.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from grader.judges.batch_api.client import BatchStatus
from grader.judges.batch_api.jsonl_files import FailedRequest, RequestOutcome, UnusableReply
from grader.judges.batch_api.ledger import OpenBatch
from grader.judges.chat import ServerCapabilities, downgrade
from grader.judges.protocol import Completion
from grader.provider import FailureKind, TokenUsage

# Tries of one request, each in another batch.
TRIES = 3
# Statuses by which a server says that it does not know a part of a request, unless it names another reason.
_NOT_UNDERSTOOD = frozenset({400, 415, 422})
_OTHER_REASONS = ("context_length", "context length", "too large", "too long", "content_filter", "content management")
# Errors of a whole batch that say nothing about its requests: the account has too much in the queue.
_PASSING = frozenset({"token_limit_exceeded"})
_NO_LINE = FailedRequest("no line in the results")


class ResolvedBatch(NamedTuple):
    """What an ended batch decides.

    Attributes:
        values: what is kept for good, by request: a reply, or the fault with which it ended.
        answered: what each request that has a reply took; one that cannot be used was paid for, too.
        n_failed: requests that have none.
        understood: whether the server wrote a reply, so that it knows all parts of the requests.
        counted: those of them whose tries count one more.
        trial: what requests are to use next: less, because the server understood none of these; nothing else any more;
            or what they would have used before.

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
    """What becomes of each request of an ended batch.

    A request that was tried and failed counts a try, and after `TRIES` its fault is final; one that was never tried
    does not. Where the server understood no request at all, none counts and a plainer form is next; without a plainer
    one the fault is final.

    Args:
        batch: as it was sent.
        status: how it ended.
        outcomes: what its files hold, by request.
        tries: how often each request failed before.

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
        plainer = downgrade(batch.abilities, next(iter(failed.values())).said)
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
    """Whether the server did not know a part of every request, and names no other reason."""
    faults = list(failed.values())
    return all(fault.status in _NOT_UNDERSTOOD for fault in faults) and not any(
        reason in faults[0].said.lower() for reason in _OTHER_REASONS
    )


def _missing(status: BatchStatus) -> FailedRequest:
    """What a request without a line has: it was not tried where the batch ended early."""
    if status.state == "completed":
        return _NO_LINE
    if status.state == "failed":
        passing = bool(status.codes) and _PASSING.issuperset(status.codes)
        return FailedRequest(
            f"the server rejects the batch ({', '.join(status.codes[:3]) or 'unknown'})", tried=not passing
        )
    return FailedRequest(f"the batch is {status.state}", tried=False)


def failures(batch: OpenBatch, status: BatchStatus, outcomes: Mapping[str, RequestOutcome]) -> str:
    """Why requests have no reply, the commonest reasons first."""
    found = (outcomes.get(one) or _missing(status) for one in batch.ids)
    reasons = Counter(outcome.reason for outcome in found if isinstance(outcome, FailedRequest))
    return ", ".join(f"{n:,} x {reason}" for reason, n in reasons.most_common(3))
