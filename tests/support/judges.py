"""Cases and judges that the tests of judging share."""

import json
from collections.abc import Sequence
from typing import Any

import httpx2

from grader.judges.chat import ChatJudge
from grader.judges.mock import read_prompt
from grader.judges.protocol import JudgingTask, Message, PointToJudge
from grader.provider.endpoint import Endpoint
from grader.provider.reply_cache import ReplyCache
from grader.provider.retries import RequestPolicy, RequestScheduler
from tests.support.clocks import VirtualClock

SECRET = "sk-TESTSECRET-0123456789abcdef"  # noqa: S105  # opens nothing
QUESTION = "What does dropout do, and when is it active?"
POINTS = (
    PointToJudge("p1", "Dropout disables random units."),
    PointToJudge("p2", "Dropout is active only during training."),
    PointToJudge("p3", "Dropout reduces overfitting."),
)
ANSWER = "Dropout disables random units. It is active during training."
# One client for all, for it takes long to make; it keeps no connections, which would outlive the servers.
LINE = httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0), trust_env=False)
QUICK = RequestPolicy(first_wait=0.5, longest_wait=60)


def judging_task(answer: str = ANSWER, points: Sequence[PointToJudge] = POINTS, **changes: Any) -> JudgingTask:
    """One answer about dropout and what is to be decided about it."""
    return JudgingTask(answer, QUESTION, "Dropout disables random units during training.", tuple(points))._replace(
        **changes
    )


def many(n: int) -> list[JudgingTask]:
    """As many different answers."""
    return [judging_task(f"Answer {number}: dropout disables random units.") for number in range(n)]


def chat_judge(
    url: str, *, scheduler: RequestScheduler | None = None, cache: ReplyCache | None = None, **options: Any
) -> ChatJudge:
    """A real judge at a local server; it waits in virtual time."""
    options.setdefault("model", "m")
    options.setdefault("http_client", LINE)
    endpoint = Endpoint(url, options.pop("key", SECRET))
    scheduler = scheduler or RequestScheduler(QUICK, clock=VirtualClock())
    return ChatJudge(options.pop("model"), endpoint, scheduler, cache=cache, **options)


def asked_points(body: dict[str, Any]) -> list[str]:
    """The texts of the points that a request asks about."""
    _, material = read_prompt([Message(**message) for message in body["messages"]])
    return sorted(point.get("point") or point["mistake"] for point in material["points"])


def verdict(name: str, word: str = "covered", quote: str = "", reason: str = "It says so.") -> dict[str, Any]:
    """A verdict as a judge writes it."""
    return {"id": name, "quote": quote, "reason": reason, "verdict": word}


def whole(*verdicts: Any, **changes: Any) -> str:
    """A whole reply with these verdicts."""
    feedback = {"right": "", "missing": "", "study": ""}
    return json.dumps({"verdicts": list(verdicts), "feedback": feedback, **changes})
