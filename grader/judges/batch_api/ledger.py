"""The open batches of one server and model, in one record of the cache, which several runs may change.

A batch is recorded before it is sent. If a run is killed in between, the next run searches for the batch by its tag.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from grader.judges.chat import ServerCapabilities, parse_capabilities
from grader.provider import ReplyCache


class OpenBatch(NamedTuple):
    """A batch whose results have not been collected yet.

    Attributes:
        tag: our own id, stored in the metadata of the batch at the server.
        batch_id: the server's id; `None` until the server confirms the batch.
        at: when it was recorded, in seconds since 1970.
        capabilities: the capabilities that its requests rely on.
        ids: ids of its requests.

    """

    tag: str
    batch_id: str | None
    at: float
    capabilities: ServerCapabilities
    ids: tuple[str, ...]


class BatchLedger:
    """Open batches, failed tries by request, and the capabilities to try next.

    Args:
        cache: the cache that holds the record.
        key: the record's key.

    """

    def __init__(self, cache: ReplyCache, key: str) -> None:
        self._cache = cache
        self._key = key

    def batches(self) -> list[OpenBatch]:
        """The open batches, the oldest first."""
        found = [
            OpenBatch(
                tag,
                batch["id"],
                batch["at"],
                parse_capabilities(batch["abilities"]) or ServerCapabilities(),
                tuple(batch["ids"]),
            )
            for tag, batch in self._record()["batches"].items()
        ]
        return sorted(found, key=lambda batch: batch.at)

    def trial(self) -> ServerCapabilities | None:
        """Reduced capabilities to try next, because the server rejected a whole batch; `None` otherwise."""
        return parse_capabilities(self._record()["trial"])

    def tries(self) -> Mapping[str, int]:
        """Number of failed tries by request."""
        tries: Mapping[str, int] = self._record()["tries"]
        return tries

    def claim(self, tag: str, ids: Sequence[str], *, at: float, capabilities: ServerCapabilities) -> frozenset[str]:
        """Record that a batch of these requests is about to be sent.

        Returns:
            the requests that are in no other open batch; another run may have claimed the rest.

        """
        claimed: list[str] = []

        def change(record: dict[str, Any]) -> None:
            taken = {one for batch in record["batches"].values() for one in batch["ids"]}
            claimed[:] = [one for one in ids if one not in taken]
            if claimed:
                batch = {"id": None, "at": at, "abilities": capabilities._asdict(), "ids": claimed}
                record["batches"][tag] = batch

        self._change(change)
        return frozenset(claimed)

    def name(self, tag: str, batch_id: str) -> None:
        """Record the server's id of a batch."""

        def change(record: dict[str, Any]) -> None:
            if tag in record["batches"]:
                record["batches"][tag]["id"] = batch_id

        self._change(change)

    def close(
        self,
        tag: str,
        *,
        counted: Collection[str] = (),
        ended: Collection[str] = (),
        trial: ServerCapabilities | Literal["none", "as before"] = "as before",
    ) -> None:
        """Remove a batch; its requests without a reply may be sent again.

        Args:
            tag: the batch; nothing changes if another run has closed it.
            counted: requests that failed one more time.
            ended: requests that are final.
            trial: capabilities to try next; `none` clears them.

        """

        def change(record: dict[str, Any]) -> None:
            if record["batches"].pop(tag, None) is None:
                return
            for one in counted:
                record["tries"][one] = record["tries"].get(one, 0) + 1
            for one in ended:
                record["tries"].pop(one, None)
            if trial != "as before":
                record["trial"] = trial._asdict() if isinstance(trial, ServerCapabilities) else None

        self._change(change)

    def _record(self) -> dict[str, Any]:
        return _record(self._cache.record(self._key))

    def _change(self, how: Callable[[dict[str, Any]], None]) -> None:
        def change(value: Any) -> dict[str, Any]:
            record = _record(value)
            how(record)
            return record

        self._cache.change(self._key, change)


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"batches": {}, "tries": {}, "trial": None}
