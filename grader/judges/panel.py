"""A panel of one or several judges: asks them in parallel, each once per task, and caches every reply.

It collects opinions. `quote_check` checks quotes; `grading` decides how a verdict changes a grade.
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
    """One vote of a judge; a judge that is asked several times has several votes."""

    judge: Judge
    vote: int

    @property
    def name(self) -> str:
        """The name in its verdicts: the judge's own, and from the second vote on with `#2`, `#3`, .."""
        return self.judge.name if self.vote == 0 else f"{self.judge.name}#{self.vote + 1}"


class JudgeOpinion(NamedTuple):
    """One member's opinion on one answer: for each point a verdict or the reason why there is none, and any feedback.

    `refused`: the model declined to judge.
    """

    judge_name: str
    verdicts: Mapping[str, RawVerdict | str]
    feedback: FeedbackReply | None = None
    refused: bool = False


@dataclass
class VerdictCounts:
    """How many verdicts were requested, and how many of them came from the cache."""

    requested: int = 0
    cached: int = 0


@dataclass(frozen=True)
class _Job:
    """One request: its task, the cache keys of its verdicts, and the key of its feedback (empty: not cached)."""

    member: PanelMember
    task: JudgingTask
    keys: Mapping[str, str]
    feedback_key: str


class Panel:
    """The judges of a run.

    Args:
        judges: at least one.
        settings: when judges are asked, and how often.
        cache: stores replies; a cache in memory if left out.
        scheduler: its policy says how many requests run at once.

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
        """Name and revision of each judge, in the order given."""
        return tuple(dict.fromkeys(f"{member.judge.name}@{member.judge.revision}" for member in self.members))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the judges, without revisions."""
        return tuple(dict.fromkeys(member.judge.name for member in self.members))

    @property
    def prompt(self) -> str:
        """The hash of the prompt."""
        return judging_prompt_hash()

    @property
    def signature(self) -> str:
        """Judges, prompt and settings, such as `gpt-x@1a2b3c4d,prompt@5e6f7a8b,unclear.3-.7`."""
        return f"{'+'.join(self.judges)},prompt@{self.prompt},{self.settings.signature()}"

    def collect_opinions(self, tasks: Sequence[JudgingTask]) -> list[tuple[JudgeOpinion, ...]]:
        """Every member's opinion on every task, in order.

        Verdicts from earlier runs come from the cache; if a task has a new point, only that point is sent.

        Raises:
            SetupError: no request can succeed; earlier replies stay in the cache.

        """
        planned = [[self._plan(member, task) for member in self.members] for task in tasks]
        wanted = [job for jobs in planned for job in jobs]
        keys = {key for job in wanted for key in (*job.keys.values(), job.feedback_key)}
        known = self._cache.get(keys)
        n_points = [sum(key in known for key in job.keys.values()) for job in wanted]
        self.verdict_counts.requested += sum(len(job.keys) for job in wanted)
        self.verdict_counts.cached += sum(n_points)
        known.update(self._ask(self._missing_jobs(wanted, known)))
        return [tuple(_opinion(job, known) for job in jobs) for jobs in planned]

    def _plan(self, member: PanelMember, task: JudgingTask) -> _Job:
        asked = (member.judge.name, member.judge.revision, judging_prompt_hash(), self.settings.seed + member.vote)
        about = (task.answer, task.question, task.reference_answer)
        keys = {point.point_id: content_key("verdict", asked, about, point[1:]) for point in task.points}
        # What is said depends on what was asked and on what was decided already: no other request may replace it.
        context = (sorted(keys.values()), sorted(task.decided_points))
        return _Job(member, task, keys, content_key("feedback", asked, about, context))

    def _missing_jobs(self, wanted: Sequence[_Job], known: Mapping[str, Any]) -> list[_Job]:
        """The requests to send: each point that is not in the cache, only once even if several answers are equal."""
        taken: set[str] = set()
        jobs = []
        for job in wanted:
            points = [p for p in job.task.points if (key := job.keys[p.point_id]) not in known and key not in taken]
            taken.update(job.keys[point.point_id] for point in points)
            if points:
                task = job.task._replace(decided_points=(*job.task.decided_points, *_decided(job, points, known)))
                parts = self._parts(points)
                # Feedback from a request about one of several points is not feedback on the whole answer.
                feedback_key = job.feedback_key if len(parts) == 1 else ""
                jobs += [_Job(job.member, task._replace(points=part), job.keys, feedback_key) for part in parts]
        return jobs

    def _parts(self, points: Sequence[PointToJudge]) -> list[tuple[PointToJudge, ...]]:
        return [tuple(points)] if self.settings.one_call_for == "answer" else [(point,) for point in points]

    def _ask(self, jobs: Sequence[_Job]) -> dict[str, Any]:
        """Run the jobs; stop all of them if one raises an error, or on Ctrl-C."""
        if not jobs:
            return {}
        futures: list[Future[dict[str, Any]]] = []
        try:
            futures.extend(self._pool.submit(self._one, job) for job in jobs)
            wait(futures, return_when=FIRST_EXCEPTION)
            return {key: value for future in _failed_first(futures) for key, value in future.result().items()}
        except BaseException as error:
            for future in futures:
                future.cancel()
            self._stop(for_good=not isinstance(error, Exception))
            raise

    def _one(self, job: _Job) -> dict[str, Any]:
        """Send one request; cache the result and return it by key."""
        keys = {point.point_id: job.keys[point.point_id] for point in job.task.points}
        try:
            reply, _ = request_verdicts(job.member.judge, job.task, seed=self.settings.seed + job.member.vote)
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

    def _stop(self, *, for_good: bool) -> None:
        """Interrupt all waits; requests in flight may finish, because they are paid for; for a second if for good."""
        if for_good:
            self.scheduler.stop()
        else:
            self.scheduler.interrupt_waits()
        self.__dict__.pop("_pool").shutdown(wait=True, cancel_futures=True)  # the next run makes a new pool

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.scheduler.policy.concurrency, thread_name_prefix="judge")


def _failed_first(futures: Sequence["Future[dict[str, Any]]"]) -> Iterator["Future[dict[str, Any]]"]:
    """All futures, failed ones first, so that an exception ends the run while other futures are still running."""
    failed = [future for future in futures if future.done() and future.exception() is not None]
    yield from failed
    yield from futures


def _as_values(reply: Reply, keys: Mapping[str, str]) -> dict[str, Any]:
    return {
        keys[point_id]: {"problem": verdict, "refused": False} if isinstance(verdict, str) else verdict._asdict()
        for point_id, verdict in reply.verdicts.items()
    }


_IN_WORDS = {"covered": "stated", "partial": "stated in part", "missing": "not stated", "contradicted": "denied"}


def _decided(job: _Job, still_open: Sequence[PointToJudge], known: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The points that the cache decides, with their verdicts in words, as context for the feedback."""
    for point in job.task.points:
        if point not in still_open:
            verdict = known.get(job.keys[point.point_id], {}).get("verdict")
            if verdict in _IN_WORDS:
                yield point.text, _IN_WORDS[verdict]


def _opinion(job: _Job, known: Mapping[str, Any]) -> JudgeOpinion:
    verdicts: dict[str, RawVerdict | str] = {}
    refused = False
    for point_id, key in job.keys.items():
        value = known[key]
        verdicts[point_id] = value["problem"] if "problem" in value else RawVerdict(**value)
        refused |= bool(value.get("refused"))
    feedback = known.get(job.feedback_key)
    return JudgeOpinion(job.member.name, verdicts, None if feedback is None else FeedbackReply(**feedback), refused)
