"""A judge behind OpenAI's Batch API: requests are sent at the end of a run, and a later run collects the replies first.

Until then a request fails as `waiting`, and the run grades without it. A batch is recorded before it is sent and has a
tag, so that its replies are found even after a crash.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from grader.errors import SetupError
from grader.judges.batch_api.client import BatchClient, BatchStatus
from grader.judges.batch_api.jsonl_files import (
    MOST_BYTES,
    MOST_REQUESTS,
    RequestLine,
    read_results,
    request_line,
    split_into_files,
)
from grader.judges.batch_api.ledger import BatchLedger, OpenBatch
from grader.judges.batch_api.resolution import ResolvedBatch, failures, resolve_batch
from grader.judges.chat import (
    ModelOptions,
    ServerCapabilities,
    capabilities_key,
    parse_capabilities,
    request_body,
    server_revision,
)
from grader.judges.prompt import estimated_tokens
from grader.judges.protocol import Completion, Message
from grader.phrases import count
from grader.provider import FREE, Endpoint, Price, ReplyCache, RequestError, RequestScheduler, TokenUsage, content_key

# Seconds after which a batch that the server does not have counts as never sent; creating one takes a minute or two.
_SENDING = 600.0
# Seconds. A batch ends within 24 hours; if the server does not have it after two days, it is lost.
_FORGOTTEN = 48 * 3600.0
_ENDED = ("completed", "expired", "cancelled")


class Collected(NamedTuple):
    """Numbers of replies, of requests that failed and of requests that still wait, and messages for the user."""

    n_replies: int
    n_failed: int
    n_waiting: int
    notices: tuple[str, ...]


class Submitted(NamedTuple):
    """The number of requests sent, the ids of their batches, and messages for the user."""

    n_requests: int
    batches: tuple[str, ...]
    notices: tuple[str, ...]


class _Request(NamedTuple):
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    max_tokens: int


class BatchJudge:
    """A model behind an OpenAI-compatible Batch API; name and revision are those of `chat.ChatJudge`.

    Call `collect` before a run and `submit` after it.

    Args:
        model: its name at the server.
        endpoint: the server.
        scheduler: limits, retries and totals, shared by all judges of a run.
        cache: stores replies, open batches and the capabilities of the server; must be on disk to outlive the run.
        price: price per million tokens in a batch.
        timeout: limit on one request to the server, in seconds.
        seed: sent to servers that support it.
        most_requests, most_bytes: limits of one file.
        http_client: HTTP client to use; the openai client's own if left out.
        now: gives the time in seconds since 1970.

    """

    def __init__(
        self,
        model: str,
        endpoint: Endpoint,
        scheduler: RequestScheduler,
        *,
        cache: ReplyCache,
        price: Price = FREE,
        timeout: float = 120.0,
        seed: int = 0,
        most_requests: int = MOST_REQUESTS,
        most_bytes: int = MOST_BYTES,
        http_client: Any = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = model
        self.revision = server_revision(endpoint)
        self._url = endpoint.base_url
        self._scheduler = scheduler
        self._cache = cache
        self._price = price
        self._seed = seed
        self._most_requests = most_requests
        self._most_bytes = most_bytes
        self._now = now
        self._server = BatchClient(endpoint, scheduler, timeout=timeout, http_client=http_client)
        self._ledger = BatchLedger(cache, content_key("batches", endpoint.base_url, model))
        self._capabilities_key = capabilities_key(endpoint, model)
        self._pending: dict[str, _Request] = {}
        self._batch_of: dict[str, str] | None = None
        self._lock = threading.Lock()

    # --- asking ----------------------------------------------------------------------------------------

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        """The reply from a collected batch.

        Raises:
            RequestError: `waiting`: there is none yet, and the request is queued for `submit`; other kinds: it failed.

        """
        request = _Request(tuple(messages), schema, max_tokens)
        custom_id = content_key(self._url, self._body(request, ServerCapabilities()))
        key = self._reply_key(custom_id)
        kept = self._cache.get([key]).get(key)
        if kept is None:
            raise RequestError("waiting", self._remember(custom_id, request))
        if "problem" in kept:
            raise RequestError(kept["kind"], kept["problem"])
        return Completion(**kept)

    def _remember(self, custom_id: str, request: _Request) -> str:
        """Queue a request for `submit`; returns a text that says what it waits for."""
        with self._lock:
            self._pending[custom_id] = request
            if self._batch_of is None:
                self._batch_of = _by_request(self._ledger.batches())
            batch = self._batch_of.get(custom_id)
        return "waits for the next batch" if batch is None else f"waits for {batch}"

    def _body(self, request: _Request, capabilities: ServerCapabilities) -> dict[str, Any]:
        return request_body(ModelOptions(self.name), *request, capabilities, seed=self._seed)

    def _reply_key(self, custom_id: str) -> str:
        return content_key("batch-reply", self._url, custom_id)

    # --- sending ---------------------------------------------------------------------------------------

    def submit(self) -> Submitted:
        """Send the queued requests that are in no open batch.

        Raises:
            SetupError: no request can succeed.

        """
        in_batches = _by_request(self._ledger.batches())
        with self._lock:
            pending = {one: request for one, request in self._pending.items() if one not in in_batches}
        notices: list[str] = []
        chosen = list(self._affordable(pending, notices))
        capabilities = self._capabilities()
        lines = (request_line(one, self._body(pending[one], capabilities)) for one in chosen)
        sent: dict[str, int] = {}
        n_left = len(chosen)
        for file in split_into_files(lines, most_requests=self._most_requests, most_bytes=self._most_bytes):
            try:
                batch_id, n = self._send(file, capabilities)
            except RequestError as fault:
                notices.append(f"{count(n_left, 'request')} not sent: {fault.reason}")
                break
            n_left -= len(file)
            if batch_id is None and n:
                notices.append(
                    f"{count(n, 'request')}: the server does not say whether it made a batch; ask again later"
                )
            elif batch_id is not None:
                sent[batch_id] = n
                notices.append(f"batch {batch_id} was sent with {count(n, 'request')}; it takes up to 24 hours")
        self._batch_of = None
        return Submitted(sum(sent.values()), tuple(sent), tuple(notices))

    def _affordable(self, pending: Mapping[str, _Request], notices: list[str]) -> Iterator[str]:
        """The requests that the budget allows. Their estimated cost stays reserved until the real cost is known."""
        for at, (custom_id, request) in enumerate(pending.items()):
            estimate = TokenUsage(estimated_tokens(request.messages), request.max_tokens)
            # What this batch reserved is settled by a later run, so that nothing is gained by waiting.
            problem = self._scheduler.budget.reserve(self._price.cost(estimate), lambda: True)
            if problem is not None:
                notices.append(f"{count(len(pending) - at, 'request')} not sent: {problem}")
                return
            yield custom_id

    def _capabilities(self) -> ServerCapabilities:
        """Capabilities for new requests: those on trial, else those that the server is known to have."""
        known = self._cache.get([self._capabilities_key]).get(self._capabilities_key)
        return self._ledger.trial() or parse_capabilities(known) or ServerCapabilities()

    def _send(self, file: Sequence[RequestLine], capabilities: ServerCapabilities) -> tuple[str | None, int]:
        """Send one file; returns the id of its batch (`None` if unknown) and the number of requests in it.

        Raises:
            RequestError, SetupError: there is no batch.

        """
        tag = secrets.token_hex(8)
        claimed = self._ledger.claim(tag, [line.custom_id for line in file], at=self._now(), capabilities=capabilities)
        if not claimed:
            return None, 0
        content = b"".join(line.content for line in file if line.custom_id in claimed)
        try:
            file_id = self._server.upload(content, f"{tag}.jsonl")
        except BaseException:  # also Ctrl-C: without a file there is no batch
            self._ledger.close(tag)
            raise
        try:
            batch_id = self._server.create(file_id, tag)
        except (RequestError, SetupError):
            self._ledger.close(tag)
            raise
        if batch_id is not None:
            self._ledger.name(tag, batch_id)
        return batch_id, len(claimed)

    # --- collecting ------------------------------------------------------------------------------------

    def collect(self) -> Collected:
        """Collect the results of open batches; batches that are not done or not reachable wait for the next run.

        Raises:
            SetupError: no request can succeed.

        """
        notices: list[str] = []
        settled: list[ResolvedBatch] = []
        for batch in self._ledger.batches():
            try:
                settled += self._collect(batch, notices)
            except RequestError as fault:
                notices.append(f"{_called(batch)} cannot be asked for now: {fault.reason}")
        still_open = self._ledger.batches()
        self._batch_of = _by_request(still_open)
        return Collected(
            sum(len(one.answered) for one in settled),
            sum(one.n_failed for one in settled),
            sum(len(batch.ids) for batch in still_open),
            tuple(notices),
        )

    def _collect(self, batch: OpenBatch, notices: list[str]) -> list[ResolvedBatch]:
        """The result of one batch if it has ended, in a list; an empty list if it has not."""
        age = self._now() - batch.at
        batch_id = batch.batch_id or self._server.find(batch.tag)
        if batch_id is None:
            if age > _SENDING:
                self._ledger.close(batch.tag)
                notices.append(f"{_called(batch)} never reached the server")
            else:
                notices.append(f"{_called(batch)} is on its way to the server")
            return []
        if batch.batch_id is None:
            self._ledger.name(batch.tag, batch_id)
            batch = batch._replace(batch_id=batch_id)
            notices.append(f"{_called(batch)} was found again")
        status = self._server.status(batch_id)
        if status is not None and status.state in (*_ENDED, "failed"):
            return [self._settle(batch, status, notices)]
        if age <= _FORGOTTEN or (status is not None and status.state != "unknown"):
            notices.append(f"{_called(batch)}: {_progress(status)}")
        else:
            self._ledger.close(batch.tag)
            notices.append(f"{_called(batch)} is gone: the server does not know it")
        return []

    def _settle(self, batch: OpenBatch, status: BatchStatus, notices: list[str]) -> ResolvedBatch:
        """Cache the results of an ended batch, then close it; requests without a reply may be sent again."""
        results = read_results([self._server.content(file_id) for file_id in status.files], frozenset(batch.ids))
        settled = resolve_batch(batch, status, results.outcomes, self._ledger.tries())
        self._cache.put({self._reply_key(one): value for one, value in settled.values.items()})
        for spent in settled.answered.values():
            self._scheduler.totals.add(spent=spent)
            self._scheduler.budget.settle(0.0, self._price.cost(spent))
        if settled.understood:
            self._cache.put({self._capabilities_key: batch.capabilities._asdict()})
        self._ledger.close(batch.tag, counted=settled.counted, ended=settled.values, trial=settled.trial)
        broken = f"; {count(results.n_broken, 'line')} of it cannot be read" if results.n_broken else ""
        lost = f"; without a reply: {failures(batch, status, results.outcomes)}" if settled.n_failed else ""
        answered = f"{len(settled.answered):,} of {count(len(batch.ids), 'request')} answered"
        notices.append(f"{_called(batch)} is {status.state}: {answered}{lost}{broken}")
        return settled


def _called(batch: OpenBatch) -> str:
    return f"batch {batch.batch_id}" if batch.batch_id else f"a batch of {count(len(batch.ids), 'request')}"


def _by_request(batches: Sequence[OpenBatch]) -> dict[str, str]:
    """The batch that each request waits for, as a text for the user."""
    return {one: _called(batch) for batch in batches for one in batch.ids}


def _progress(status: BatchStatus | None) -> str:
    if status is None:
        return "the server does not know it (is it the same account?)"
    return f"{status.state}, {status.n_done:,} of {status.n_requests:,} requests done"
