"""Client of a server's Batch API: upload files, create batches, ask for their status, download results.

All requests go through `RequestScheduler`. The client does not depend on the content of the files.
"""

import re
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from grader.errors import SetupError
from grader.judges.batch_api.jsonl_files import URL
from grader.provider import AttemptError, Endpoint, RequestError, RequestScheduler, map_client_errors, open_client

if TYPE_CHECKING:
    from openai import OpenAI

Answer = TypeVar("Answer")

_TAG = "grader"  # the key of a tag in the metadata of a batch
_CREATIONS = 3  # tries to create one batch
_PAGES = 20  # of 100 batches each, searched for a tag
# Ids and codes from the server must match this before they are shown or sent back.
_NAME = re.compile(r"[\w.:-]{1,100}")


class BatchStatus(NamedTuple):
    """The status of a batch.

    Attributes:
        state: the server's own word, such as `in_progress` or `completed`.
        files: ids of the result and error files.
        n_done, n_requests: counts reported by the server.
        codes: error codes of the whole batch.

    """

    state: str
    files: tuple[str, ...]
    n_done: int
    n_requests: int
    codes: tuple[str, ...]


class BatchClient:
    """The batches of one server.

    Args:
        endpoint: the server.
        scheduler: limits and retries.
        timeout: limit on one request, in seconds.
        http_client: HTTP client to use; the openai client's own if left out.

    """

    def __init__(
        self, endpoint: Endpoint, scheduler: RequestScheduler, *, timeout: float = 120.0, http_client: Any = None
    ) -> None:
        self._endpoint = endpoint
        self._scheduler = scheduler
        self._timeout = timeout
        self._http_client = http_client
        self._opened: OpenAI | None = None
        self._lock = threading.Lock()

    def upload(self, content: bytes, name: str) -> str:
        """Upload a file of requests and return its id.

        Raises:
            RequestError: the upload failed.
            SetupError: no request can succeed.

        """

        def store() -> str:
            file_id = _name(self._client().files.create(file=(name, content), purpose="batch"))
            if file_id is None:
                raise AttemptError("the server does not say where it put the file", retryable=True)
            return file_id

        return self._ask(store)

    def create(self, file_id: str, tag: str) -> str | None:
        """Create exactly one batch from a file, even if the reply to the request is lost.

        Returns:
            its id; `None` if it is unknown whether the batch exists.

        Raises:
            RequestError: the batch was not created.
            SetupError: no request can succeed.

        """
        batch_id = self._ask(lambda: self._create(file_id, tag))
        try:
            for attempt in range(1, _CREATIONS):
                if batch_id is not None or self._scheduler.clock.wait(2.0**attempt):
                    break
                batch_id = self.find(tag) or self._ask(lambda: self._create(file_id, tag))
            return batch_id or self.find(tag)
        except (RequestError, SetupError):
            return None  # the first request may have created one

    def _create(self, file_id: str, tag: str) -> str | None:
        """The id of a new batch; `None` if the reply was lost, so that the batch may or may not exist."""
        import openai

        try:
            made = self._client().batches.create(
                input_file_id=file_id, endpoint=URL, completion_window="24h", metadata={_TAG: tag}
            )
        except (openai.APIConnectionError, openai.InternalServerError, openai.APIResponseValidationError):
            return None
        except (ValueError, RecursionError):  # the body is not JSON
            return None
        return _name(made)

    def find(self, tag: str) -> str | None:
        """The id of the batch with a tag, among the latest batches; `None` if there is none.

        Raises:
            RequestError: the server gives no usable reply.
            SetupError: no request can succeed.

        """
        after: str | None = None
        for _ in range(_PAGES):
            page = self._look(partial(self._page, after), None)
            batches = getattr(page, "data", None)
            if not isinstance(batches, list):
                return None
            found = next((batch for batch in batches if _tag(batch) == tag), None)
            if found is not None:
                return _name(found)
            after = _name(batches[-1]) if batches else None
            if after is None or not getattr(page, "has_more", False):
                return None
        return None

    def _page(self, after: str | None) -> Any:
        batches = self._client().batches
        return batches.list(limit=100) if after is None else batches.list(limit=100, after=after)

    def status(self, batch_id: str) -> BatchStatus | None:
        """The status of a batch; `None` if the server does not know the batch. Errors as in `find`."""
        found = self._look(lambda: self._client().batches.retrieve(batch_id), None)
        return None if found is None else _standing(found)

    def content(self, file_id: str) -> bytes:
        """The content of a file; empty if the server no longer has it. Errors as in `find`."""
        return self._look(lambda: self._client().files.content(file_id).content, b"")

    # --- requests

    def _ask(self, send: Callable[[], Answer]) -> Answer:
        """Send a request; a 404 means that the server has no Batch API."""

        def unknown() -> Answer:
            raise AttemptError(f"{self._endpoint.host} takes no batches (404)", remedy="ask without --judge-batch")

        return self._run(send, unknown)

    def _look(self, send: Callable[[], Answer], missing: Answer) -> Answer:
        """Send a request for something that may not exist."""
        return self._run(send, lambda: missing)

    def _run(self, send: Callable[[], Answer], otherwise: Callable[[], Answer]) -> Answer:
        def attempt() -> Answer:
            import openai

            with map_client_errors(self._endpoint, self._timeout):
                try:
                    return send()
                except openai.NotFoundError:
                    return otherwise()

        return self._scheduler.run(attempt, None, server_key=f"batches of {self._endpoint.base_url}")

    def _client(self) -> "OpenAI":
        with self._lock:
            if self._opened is None:
                self._opened = open_client(self._endpoint, self._timeout, self._http_client)
            return self._opened


def _tag(batch: Any) -> Any:
    metadata = getattr(batch, "metadata", None)
    return metadata.get(_TAG) if isinstance(metadata, dict) else None


def _name(thing: Any) -> str | None:
    """The id of an object from the server, `None` if it is not valid."""
    name = getattr(thing, "id", None)
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def _standing(batch: Any) -> BatchStatus:
    counts = getattr(batch, "request_counts", None)
    files = [getattr(batch, name, None) for name in ("output_file_id", "error_file_id")]
    errors = getattr(getattr(batch, "errors", None), "data", None)
    codes = [getattr(error, "code", None) for error in errors] if isinstance(errors, list) else []
    return BatchStatus(
        _word(getattr(batch, "status", None)),
        tuple(name for name in files if isinstance(name, str) and _NAME.fullmatch(name)),
        _number(getattr(counts, "completed", None)),
        _number(getattr(counts, "total", None)),
        tuple(dict.fromkeys(map(_word, codes))),
    )


def _word(value: object) -> str:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else "unknown"


def _number(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
