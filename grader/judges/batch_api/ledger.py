"""What is known of the batches of one server and model, in one record of the cache that several runs may change.

A batch is noted before it is sent: a run that is killed in between leaves an intention, by whose tag the batch can be
found at the server.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from grader.judges.chat import ServerCapabilities, parse_capabilities
from grader.provider import ReplyCache


class OpenBatch(NamedTuple):
    """A batch whose results are not in yet.

    Attributes:
        tag: what it carries at the server, from before it had an id.
        batch_id: at the server; `None` until it is known to be there.
        at: when it was noted, in seconds since 1970.
        abilities: what its requests used.
        ids: of its requests.

    """

    tag: str
    batch_id: str | None
    at: float
    abilities: ServerCapabilities
    ids: tuple[str, ...]


class BatchLedger:
    """Open batches, failed tries by request, and the form that is to be tried next.

    Args:
        cache: where the record is.
        key: of the record.

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
        """What requests are to use because the server understood none that used more; `None` without such a case."""
        return parse_capabilities(self._record()["trial"])

    def tries(self) -> Mapping[str, int]:
        """How often each request failed."""
        tries: Mapping[str, int] = self._record()["tries"]
        return tries

    def claim(self, tag: str, ids: Sequence[str], *, at: float, abilities: ServerCapabilities) -> frozenset[str]:
        """Note that a batch of these requests is about to be sent.

        Returns:
            those of them that are in no other open batch: another run may have been faster.

        """
        claimed: list[str] = []

        def change(record: dict[str, Any]) -> None:
            taken = {one for batch in record["batches"].values() for one in batch["ids"]}
            claimed[:] = [one for one in ids if one not in taken]
            if claimed:
                batch = {"id": None, "at": at, "abilities": abilities._asdict(), "ids": claimed}
                record["batches"][tag] = batch

        self._change(change)
        return frozenset(claimed)

    def name(self, tag: str, batch_id: str) -> None:
        """Note under which id the server has a batch."""

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
        """Forget a batch; those of its requests that have no reply may be sent again.

        Args:
            tag: of the batch; nothing changes when another run has closed it.
            counted: requests whose tries count one more.
            ended: requests that will not be sent again.
            trial: what requests are to use next, because the server understood none of these.

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
        return _record(self._cache.get([self._key]).get(self._key))

    def _change(self, how: Callable[[dict[str, Any]], None]) -> None:
        def change(value: Any) -> dict[str, Any]:
            record = _record(value)
            how(record)
            return record

        self._cache.change(self._key, change)


def _record(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"batches": {}, "tries": {}, "trial": None}
