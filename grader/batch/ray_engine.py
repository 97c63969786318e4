"""Grade on several machines with Ray Data: `map_batches` over actors, each of which has its own encoder.

Answers are sent in windows of whole chunks and return in any order. `run` stores and orders the grades, so results and
resuming are the same as on one machine. Only this module imports Ray, and only when it is used.
"""

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from grader.errors import SetupError
from grader.grading import Grader, judge_drafts
from grader.schema import Answer, Grade

# Chunks in one window, per actor: enough that actors are idle only briefly at the end of a window.
_CHUNKS_PER_ACTOR = 16
_TRIES = 3  # attempts at a window when machines are lost


class RayEngine:
    """Grades on a Ray cluster.

    The actors run the encoder and the guards. Judges are asked from this process, which has their limits and cache.

    Args:
        grader: the grader that is used on one machine.
        make_grader: makes the same grader, without judges, on another machine that has this program installed.
        address: address of the cluster; by default `RAY_ADDRESS`, else a new cluster on this machine.
        n_actors: number of actors; by default one per CPU of the cluster, or as many as fit on its GPUs.
        gpus: GPUs per actor, 0 for none; with 0.5, two actors share one GPU.

    Raises:
        SetupError: Ray is not installed, the cluster cannot be reached, or it has fewer GPUs than one actor needs.

    """

    def __init__(
        self,
        grader: Grader,
        make_grader: Callable[[], Grader],
        *,
        address: str | None = None,
        n_actors: int | None = None,
        gpus: float = 0.0,
    ) -> None:
        self._grader = grader
        self._make_grader = make_grader
        self._ray = _connect(address)
        self._gpus = gpus
        self._n_actors = n_actors or _actor_capacity(self._ray.cluster_resources(), gpus)

    def run(self, chunks: Iterator[list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Grade chunks; they return in any order.

        Raises:
            SetupError: the machines differ in version, models or settings, or machines were lost too often.

        """
        while window := list(islice(chunks, self._n_actors * _CHUNKS_PER_ACTOR)):
            yield from self._window(dict(enumerate(window)))

    def _window(self, remaining: dict[int, list[Answer]]) -> Iterator[tuple[list[Answer], list[Grade]]]:
        """Grade one window; chunks that are lost with a machine are sent again."""
        for tries in range(1, _TRIES + 1):
            try:
                for number, drafts in self._drafts(remaining):
                    yield remaining.pop(number), self._finish(drafts)
            except self._ray.exceptions.RayError as error:
                if tries == _TRIES:
                    raise SetupError(
                        f"the cluster failed {_TRIES} times: {_short(error)}; look at `ray status`"
                    ) from error
            if not remaining:
                return

    def _drafts(self, chunks: dict[int, list[Answer]]) -> Iterator[tuple[int, list[Any]]]:
        rows = [{"number": number, "chunk": pickle.dumps(chunk)} for number, chunk in chunks.items()]
        # One block per chunk: an actor gets a block at a time, and loses it if its machine fails.
        data = self._ray.data.from_items(rows, override_num_blocks=len(rows))
        drafted = data.map_batches(
            _DraftActor,
            fn_constructor_kwargs={"make_grader": self._make_grader},
            batch_size=1,
            compute=self._ray.data.ActorPoolStrategy(size=min(self._n_actors, len(rows))),
            **({"num_gpus": self._gpus} if self._gpus else {"num_cpus": 1}),  # Ray advises against both
        )
        wanted = self._grader.embedding_signature
        for row in drafted.iter_rows():
            if row["signature"] != wanted:
                raise SetupError(
                    f"a machine of the cluster grades otherwise ({row['signature']}, here {wanted}): "
                    "install the same version with the same models everywhere"
                )
            yield int(row["number"]), pickle.loads(row["drafts"])  # noqa: S301  # from our own actors

    def _finish(self, drafts: list[Any]) -> list[Grade]:
        grader = self._grader
        if grader.panel is not None:
            drafts = judge_drafts(drafts, grader.panel, grader.settings, draft=grader.draft, weight=grader.weight)
        return [grader.finish(draft) for draft in drafts]


class _DraftActor:
    """A Ray actor with a grader without judges, which is made once."""

    def __init__(self, make_grader: Callable[[], Grader]) -> None:
        self._grader = make_grader()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        drafts = [self._grader.draft(pickle.loads(chunk)) for chunk in batch["chunk"]]  # noqa: S301  # our own
        signatures = [self._grader.embedding_signature] * len(drafts)
        return {"number": batch["number"], "drafts": list(map(pickle.dumps, drafts)), "signature": signatures}


def _connect(address: str | None) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machines
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SetupError('many machines need Ray: pip install "answer-grader[ray]"') from error
    if not ray.is_initialized():
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, include_dashboard=False)
        except (ConnectionError, ValueError) as error:
            raise SetupError(f"the Ray cluster cannot be reached ({_short(error)}): see `ray status`") from error
    ray.data.DataContext.get_current().enable_progress_bars = False  # our own progress bar counts answers
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray


def _actor_capacity(resources: Mapping[str, float], gpus: float) -> int:
    """How many actors a cluster has room for."""
    actors = max(1, int(resources.get("CPU", 1)))
    if not gpus:
        return actors
    found = resources.get("GPU", 0.0)
    if found < gpus:
        raise SetupError(f"the cluster has {found:g} GPUs and each grader needs {gpus:g}: look at `ray status`")
    return min(actors, int(found / gpus))


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
