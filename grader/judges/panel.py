"""One or several judges: each asked once for the same thing, at most so many at a time, and every reply kept.

It asks and collects. Whether a quote proves anything, and what a verdict is worth, is for `judged`.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from grader.judges.conversation import judging_prompt_hash, request_verdicts
from grader.judges.protocol import Judge, JudgingTask, PointToJudge
from grader.judges.reply import FeedbackReply, RawVerdict, Reply
from grader.provider import PERMANENT_FAILURES, ReplyCache, RequestError, RequestScheduler, content_key
from grader.settings import JudgeSettings


class PanelMember(NamedTuple):
    """A judge, and for which of its votes."""

    judge: Judge
    vote: int

    @property
    def name(self) -> str:
        """What its verdicts are signed with."""
        return self.judge.name if self.vote == 0 else f"{self.judge.name}#{self.vote + 1}"


class JudgeOpinion(NamedTuple):
    """What one member says of one case: of each point a verdict, or why there is none; and its feedback, if any.

    `refused` tells that the model would not judge, which people should know.
    """

    judge_name: str
    verdicts: Mapping[str, RawVerdict | str]
    feedback: FeedbackReply | None = None
    refused: bool = False


@dataclass
class VerdictCounts:
    """How many verdicts were asked for and how many of them came from the cache."""

    requested: int = 0
    cached: int = 0


@dataclass(frozen=True)
class _Job:
    """One request: what it is about, where its parts are kept; without a key its feedback is not."""

    member: PanelMember
    case: JudgingTask
    keys: Mapping[str, str]
    feedback_key: str


class Panel:
    """The judges of a run.

    Args:
        judges: at least one.
        settings: when they are asked.
        cache: where replies are kept; in memory for this panel if left out.
        scheduler: how requests are sent; gives the number at a time.

    """

    def __init__(
        self,
        judges: Sequence[Judge],
        *,
        settings: JudgeSettings | None = None,
        cache: ReplyCache | None = None,
        scheduler: RequestScheduler | None = None,
    ) -> None:
        if not judges:
            raise ValueError("a panel needs at least one judge")
        self.settings = settings or JudgeSettings()
        self.scheduler = scheduler or RequestScheduler()
        self.verdict_counts = VerdictCounts()
        self.members = [PanelMember(judge, vote) for judge in judges for vote in range(self.settings.votes)]
        self._cache = cache or ReplyCache(":memory:")

    @property
    def judges(self) -> tuple[str, ...]:
        """Name and revision of each judge, in the order in which they were named."""
        return tuple(dict.fromkeys(f"{member.judge.name}@{member.judge.revision}" for member in self.members))

    @property
    def names(self) -> tuple[str, ...]:
        """Their names alone."""
        return tuple(dict.fromkeys(member.judge.name for member in self.members))

    @property
    def prompt(self) -> str:
        """The hash of what judges are told."""
        return judging_prompt_hash()

    @property
    def signature(self) -> str:
        """Judges, prompt and settings, such as `gpt-x@1a2b3c4d,prompt@5e6f7a8b,unclear.3-.7`."""
        return f"{'+'.join(self.judges)},prompt@{self.prompt},{self.settings.signature()}"

    def collect_opinions(self, cases: Sequence[JudgingTask]) -> list[tuple[JudgeOpinion, ...]]:
        """Every seat's opinion on every case, in order.

        What was asked before comes from the cache; of a case with a new point only that is asked.

        Raises:
            SetupError: no request can succeed; what was answered before is kept.

        """
        planned = [[self._plan(member, case) for member in self.members] for case in cases]
        wanted = [job for jobs in planned for job in jobs]
        keys = {key for job in wanted for key in (*job.keys.values(), job.feedback_key)}
        known = self._cache.get(keys)
        n_points = [sum(key in known for key in job.keys.values()) for job in wanted]
        self.verdict_counts.requested += sum(len(job.keys) for job in wanted)
        self.verdict_counts.cached += sum(n_points)
        known.update(self._ask(self._open_jobs(wanted, known)))
        return [tuple(_opinion(job, known) for job in jobs) for jobs in planned]

    def _plan(self, member: PanelMember, case: JudgingTask) -> _Job:
        asked = (member.judge.name, member.judge.revision, judging_prompt_hash(), self.settings.seed + member.vote)
        about = (case.answer, case.question, case.reference_answer)
        keys = {point.point_id: content_key("verdict", asked, about, point[1:]) for point in case.points}
        texts = sorted([point.text for point in case.points] + [text for text, _ in case.decided_points])
        return _Job(member, case, keys, content_key("feedback", asked, about, texts))

    def _open_jobs(self, wanted: Sequence[_Job], known: Mapping[str, Any]) -> list[_Job]:
        """What must be asked: each open point once, however many answers are alike."""
        taken: set[str] = set()
        jobs = []
        for job in wanted:
            points = [p for p in job.case.points if (key := job.keys[p.point_id]) not in known and key not in taken]
            taken.update(job.keys[point.point_id] for point in points)
            if points:
                case = job.case._replace(decided_points=(*job.case.decided_points, *_decided(job, points, known)))
                parts = self._parts(points)
                # What is said of one of several points is no feedback on the answer.
                feedback_key = job.feedback_key if len(parts) == 1 else ""
                jobs += [_Job(job.member, case._replace(points=part), job.keys, feedback_key) for part in parts]
        return jobs

    def _parts(self, points: Sequence[PointToJudge]) -> list[tuple[PointToJudge, ...]]:
        return [tuple(points)] if self.settings.one_call_for == "answer" else [(point,) for point in points]

    def _ask(self, jobs: Sequence[_Job]) -> dict[str, Any]:
        """Run the jobs; stop all of them as soon as one shows that none can succeed, or on Ctrl-C."""
        if not jobs:
            return {}
        futures: list[Future[dict[str, Any]]] = []
        try:
            futures.extend(self._pool.submit(self._one, job) for job in jobs)
            wait(futures, return_when=FIRST_EXCEPTION)
            return {key: value for future in _settled(futures) for key, value in future.result().items()}
        except BaseException:
            for future in futures:
                future.cancel()
            self._stop()
            raise

    def _one(self, job: _Job) -> dict[str, Any]:
        """Ask, keep what came, and give it by key."""
        keys = {point.point_id: job.keys[point.point_id] for point in job.case.points}
        try:
            reply, _ = request_verdicts(job.member.judge, job.case, seed=self.settings.seed + job.member.vote)
        except RequestError as error:
            found = {key: {"problem": error.reason, "refused": error.kind == "refused"} for key in keys.values()}
            if error.kind in PERMANENT_FAILURES:
                self._cache.put(found)
            return found
        found = _as_values(reply, keys)
        if job.feedback_key:
            found[job.feedback_key] = reply.feedback.model_dump()
        self._cache.put(found)
        return found

    def _stop(self) -> None:
        """End all waits; requests on their way are let finish, for they are paid for."""
        self.scheduler.stop()
        self.__dict__.pop("_pool").shutdown(wait=True, cancel_futures=True)  # another run makes a pool of its own

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.scheduler.policy.concurrency, thread_name_prefix="judge")


def _settled(futures: Sequence["Future[dict[str, Any]]"]) -> Iterator["Future[dict[str, Any]]"]:
    """All futures, those that failed first: their exception ends the run while others may still be on their way."""
    failed = [future for future in futures if future.done() and future.exception() is not None]
    yield from failed
    yield from futures


def _as_values(reply: Reply, keys: Mapping[str, str]) -> dict[str, Any]:
    return {
        keys[point_id]: {"problem": said, "refused": False} if isinstance(said, str) else said._asdict()
        for point_id, said in reply.verdicts.items()
    }


_STANDINGS = {"covered": "stated", "partial": "stated in part", "missing": "not stated", "contradicted": "denied"}


def _decided(job: _Job, still_open: Sequence[PointToJudge], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """How the points stand that were decided before, for the feedback."""
    for point in job.case.points:
        if point not in still_open:
            verdict = known.get(job.keys[point.point_id], {}).get("verdict")
            if verdict in _STANDINGS:
                yield point.text, _STANDINGS[verdict]


def _opinion(job: _Job, known: Mapping[str, Any]) -> JudgeOpinion:
    said: dict[str, RawVerdict | str] = {}
    refused = False
    for point_id, key in job.keys.items():
        value = known[key]
        said[point_id] = value["problem"] if "problem" in value else RawVerdict(**value)
        refused |= bool(value.get("refused"))
    feedback = known.get(job.feedback_key)
    return JudgeOpinion(job.member.name, said, None if feedback is None else FeedbackReply(**feedback), refused)
