"""A thousand answers and a server that fails in every way: none lost, none doubled, each with a verdict or a reason."""

import random
import time
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from grader import Answer, Grader, Rubric
from grader.judges.mock import MockJudge
from grader.judges.panel import Panel
from grader.provider.rate_limit import WINDOW
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestPolicy, RequestScheduler
from grader.schema import Grade
from grader.settings import JudgeSettings, Settings
from tests.support.clocks import FastClock
from tests.support.fake_encoder import WordEncoder
from tests.support.judges import POINTS, QUESTION, chat_judge
from tests.support.openai_faults import MALFORMED, ONE_VERDICT, PASSING, REFUSED
from tests.support.openai_server import OpenAIServer
from tests.support.rubrics import as_points

N = 1000
SOME = 300  # where fewer show the same
# A minute takes a second, so that waits, pauses and the limiter's minutes pass quickly; all times are in such seconds.
FACTOR = 60.0
LIMIT = 450  # requests a minute, some half of what the machine could send
# Every fault that a request may have, in shares that leave most requests whole.
MIX = {
    **dict.fromkeys(PASSING, 0.015),
    **dict.fromkeys(MALFORMED, 0.006),
    **dict.fromkeys(ONE_VERDICT, 0.01),
    **dict.fromkeys(REFUSED, 0.01),
    "slow": 0.01,
    "400": 0.005,
}
# What the next run asks again. A reply that was cut off is asked for once more with room, so that it is whole here.
TECHNICAL = ("the server", "the line", "no reply", "the judge's reply is empty", "the judge's reply was cut off")
RUBRIC = Rubric(
    question_id="q1",
    question=QUESTION,
    points=as_points([{"id": p.point_id, "text": p.text, "weight": 1} for p in POINTS]),
)
STATED = ("It disables random units", "It is active only during training", "It reduces overfitting", "It adds layers")


class Run(NamedTuple):
    """One run over all answers."""

    grades: list[Grade]
    scheduler: RequestScheduler
    minutes: float


def some_answers(n: int) -> list[Answer]:
    """Answers that say some of the points; a number makes each another one."""
    draw = random.Random(1)
    texts = [". ".join([f"Answer {at}", *draw.sample(STATED, draw.randint(1, 3))]) + "." for at in range(n)]
    return [Answer(answer_id=f"a{at}", question_id="q1", answer=text) for at, text in enumerate(texts)]


ANSWERS = some_answers(N)


def grade_all(panel: Panel | None, some: list[Answer] = ANSWERS) -> list[Grade]:
    settings = Settings(guards=False)  # what costs time here and has no part in it
    grader = Grader([RUBRIC], encoder=WordEncoder(), settings=settings, panel=panel)
    return list(grader.grade_many(some))


def run(server: OpenAIServer, path: Path, policy: RequestPolicy, some: list[Answer] = ANSWERS) -> Run:
    clock = FastClock(FACTOR)
    scheduler, cache = RequestScheduler(policy, clock=clock), ReplyCache(path)
    with httpx2.Client(trust_env=False) as line:
        judge = chat_judge(server.url, scheduler=scheduler, cache=cache, http_client=line)
        panel = Panel([judge], settings=JudgeSettings(when="all"), cache=cache, scheduler=scheduler)
        begin = clock.now()
        grades = grade_all(panel, some)
    cache.close()
    return Run(grades, scheduler, (clock.now() - begin) / WINDOW)


def reasons(grade: Grade) -> list[str]:
    """Why points of an answer have no verdict."""
    return [v.reason for point in grade.points for v in point.verdicts if v.verdict == "not_judged"]


def is_technical(grade: Grade) -> bool:
    return any(reason.startswith(TECHNICAL) for reason in reasons(grade))


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(mix=MIX, seed=3, clock=lambda: time.monotonic() * FACTOR) as running:
        yield running


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("soak") / "cache.sqlite"


@pytest.fixture(scope="module")
def plain() -> list[Grade]:
    """What the embedding alone says."""
    return grade_all(None)


@pytest.fixture(scope="module")
def soaked(server: OpenAIServer, path: Path) -> Run:
    policy = RequestPolicy(attempts=2, first_wait=0.5, longest_wait=60, requests_per_minute=LIMIT, failure_threshold=30)
    return run(server, path, policy)


def test_no_answer_is_lost_or_doubled(soaked: Run) -> None:
    assert [grade.answer_id for grade in soaked.grades] == [f"a{n}" for n in range(N)]
    assert all(grade.score is not None for grade in soaked.grades)


def test_each_point_has_a_verdict_or_a_reason(soaked: Run) -> None:
    for grade in soaked.grades:
        for point in grade.points:
            [verdict] = point.verdicts
            assert verdict.reason
        failed = bool(reasons(grade))
        assert failed == ("judge_failed" in grade.flags)
        assert grade.needs_review or not failed
        assert ("judge_refused" in grade.flags) == any("refused to judge" in reason for reason in reasons(grade))


def test_all_kinds_of_faults_were_met(soaked: Run) -> None:
    met = {reason for grade in soaked.grades for reason in reasons(grade)}
    for part in (
        "answered 429", "answered 500", "answered 502", "answered 503", "the line to the server was cut", "is no JSON",
        "holds no choice", "refused to judge", "is empty", "not valid JSON",
        "not the agreed form", "not offered", "left this point out",
    ):  # fmt: skip
        assert any(part in reason for reason in met), part


class Healthy(MockJudge):
    """What the server's judge says, without a server."""

    name = "m"


def test_what_was_judged_is_as_without_any_fault_and_the_rest_as_without_a_judge(
    soaked: Run, plain: list[Grade]
) -> None:
    whole = grade_all(Panel([Healthy()], settings=JudgeSettings(when="all")), ANSWERS[:SOME])
    n_judged = n_failed = 0
    for grade, expected, unjudged in zip(soaked.grades[:SOME], whole, plain[:SOME], strict=True):
        for point, judged, alone in zip(grade.points, expected.points, unjudged.points, strict=True):
            if point.verdicts[0].verdict == "not_judged":
                n_failed += 1
                assert point.credit == alone.credit
            else:
                n_judged += 1
                assert point == judged
    assert n_judged + n_failed == 3 * SOME
    assert min(n_judged, n_failed) > 0.1 * 3 * SOME


def test_no_minute_has_more_calls_than_allowed(soaked: Run, server: OpenAIServer) -> None:
    """A reply is on its way for some time on a busy machine, so that it is the client's minutes that are counted."""
    n_sent = soaked.scheduler.totals.calls
    assert n_sent > N
    assert n_sent <= LIMIT * ceil(soaked.minutes)
    arrived = [request.at for request in server.chats[:n_sent]]
    assert max(sum(begin <= at < begin + WINDOW / 2 for at in arrived) for begin in arrived) <= LIMIT


def test_what_was_counted_is_what_was_sent(soaked: Run, server: OpenAIServer) -> None:
    assert soaked.scheduler.totals.calls == soaked.scheduler.budget.calls
    assert len(server.chats) >= soaked.scheduler.totals.calls
    bodies = {str(request.body["messages"]) for request in server.chats}
    assert len(bodies) >= N


def test_a_second_run_asks_only_what_failed_for_the_moment(soaked: Run, server: OpenAIServer, path: Path) -> None:
    failed = {grade.answer_id for grade in soaked.grades if is_technical(grade)}
    assert 10 < len(failed) < N / 4
    with_faults, server.mix = server.mix, {}
    begin = len(server.chats)
    second = run(server, path, RequestPolicy())
    assert len(server.chats) - begin == len(failed)
    for before, after in zip(soaked.grades, second.grades, strict=True):
        assert not is_technical(after)
        if before.answer_id not in failed:
            assert after == before
    begin = len(server.chats)
    run(server, path, RequestPolicy(), [answer for answer in ANSWERS if answer.answer_id in failed])
    assert len(server.chats) == begin
    server.mix = with_faults


def test_where_every_request_fails_all_scores_are_those_of_the_embedding(tmp_path: Path, plain: list[Grade]) -> None:
    policy = RequestPolicy(attempts=3, failure_threshold=20, recovery_seconds=30, max_recoveries=3)
    with OpenAIServer(mix={"500": 0.5, "cut before": 0.3, "no choices": 0.2}) as broken:
        judged = run(broken, tmp_path / "c.sqlite", policy, ANSWERS[:SOME])
        assert len(broken.chats) <= policy.failure_threshold + policy.concurrency + policy.max_recoveries
    for grade, alone in zip(judged.grades, plain[:SOME], strict=True):
        assert (grade.score, grade.fraction) == (alone.score, alone.fraction)
        assert [point.status for point in grade.points] == [point.status for point in alone.points]
        assert "judge_failed" in grade.flags and grade.needs_review
