"""Bounds on every exchange with a server: total time, size of a reply, no redirect, and a stop that ends it at once.

The timeouts of the HTTP client are per read, so a server that drips bytes could hold a request for ever.
"""

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

MAX_REPLY_BYTES = 16 * 2**20
# Requests in flight may bring their reply, which is paid for, so many seconds after a stop.
GRACE_SECONDS = 1.0
_SLICE_SECONDS = 0.1  # how often a read looks whether it should end


class ReplyTooLargeError(Exception):
    """A reply has more bytes than `MAX_REPLY_BYTES`, or is compressed, so that its size cannot be told."""


class StopSignal:
    """Tells requests of all threads to end; it cannot be taken back."""

    def __init__(self) -> None:
        self._stopped_at: float | None = None

    def set(self) -> None:
        """Let no request begin from now on, and end those in flight after `GRACE_SECONDS`."""
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()

    def is_set(self) -> bool:
        """Whether no request may begin."""
        return self._stopped_at is not None

    def is_over(self) -> bool:
        """Whether requests in flight must end."""
        return self._stopped_at is not None and time.monotonic() > self._stopped_at + GRACE_SECONDS


class _Exchange(threading.local):
    """The bounds of the exchange of this thread; the synchronous client reads in the thread of the caller."""

    ends_at: float = float("inf")
    bytes_left: int = MAX_REPLY_BYTES


_exchange = _Exchange()


@contextmanager
def bounded_exchange(seconds: float) -> Iterator[None]:
    """Bounds what this thread sends and reads within the block: total seconds, and bytes of the reply."""
    _exchange.ends_at, _exchange.bytes_left = time.monotonic() + seconds, MAX_REPLY_BYTES
    try:
        yield
    finally:
        _exchange.ends_at = float("inf")


def bounded_client(timeout: float, stop: StopSignal | None = None) -> "httpx2.Client":
    """An HTTP client that follows no redirect, takes no compressed reply and keeps to `bounded_exchange`.

    Args:
        timeout: seconds of one connection, read or write.
        stop: ends requests in flight.

    """
    import httpx2

    client = httpx2.Client(
        timeout=timeout,
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_refuse_compressed]},
    )
    # The client has no public way to its sockets; `tests/judges/test_servers.py` fails when this one goes.
    for transport in (client._transport, *client._mounts.values()):
        pool = getattr(transport, "_pool", None)
        if transport is not None and pool is not None:
            weakref.finalize(client, transport.close)  # nobody closes a client that judges share
            pool._network_backend = _BoundedBackend(pool._network_backend, stop or StopSignal())
    return client


def _refuse_compressed(response: Any) -> None:
    if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise ReplyTooLargeError("the reply is compressed")


class _BoundedBackend:
    """A network backend whose streams keep to the bounds."""

    def __init__(self, backend: Any, stop: StopSignal) -> None:
        self._backend, self._stop = backend, stop

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> "_BoundedStream":
        return _BoundedStream(self._backend.connect_tcp(host, port, timeout=_left(timeout), **options), self._stop)


class _BoundedStream:
    """A stream whose reads end at the deadline of the exchange, at its size, or when the run is stopped."""

    def __init__(self, stream: Any, stop: StopSignal) -> None:
        self._stream, self._stop = stream, stop

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        import httpcore2

        ends_at = min(_exchange.ends_at, time.monotonic() + (float("inf") if timeout is None else timeout))
        while True:
            if self._stop.is_over():
                raise httpcore2.ReadError("the run was stopped")
            left = ends_at - time.monotonic()
            if left <= 0:
                raise httpcore2.ReadTimeout("no time is left")
            try:
                content: bytes = self._stream.read(max_bytes, timeout=min(left, _SLICE_SECONDS))
            except httpcore2.ReadTimeout:
                continue
            _exchange.bytes_left -= len(content)
            if _exchange.bytes_left < 0:
                raise ReplyTooLargeError("the reply is too large")
            return content

    def write(self, content: bytes, timeout: float | None = None) -> None:
        self._stream.write(content, timeout=_left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> "_BoundedStream":
        tls = self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=_left(timeout))
        return _BoundedStream(tls, self._stop)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None) -> float | None:
    """The timeout of one step, or what is left of the exchange, if that is less."""
    left = max(0.01, _exchange.ends_at - time.monotonic())
    return min(left, float("inf") if timeout is None else timeout) if left < float("inf") else timeout
