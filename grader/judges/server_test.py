"""One harmless question to a judge, which shows what its server and model can do."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from grader.errors import GraderError
from grader.judges.chat import ChatJudge, ServerCapabilities
from grader.judges.conversation import request_verdicts
from grader.judges.judges_file import JudgeEntry
from grader.judges.protocol import JudgingTask, PointToJudge
from grader.provider import RequestError, RequestPolicy, RequestScheduler

_TASK = JudgingTask(
    answer="Water boils at 100 degrees Celsius at sea level.",
    question="At which temperature does water boil at sea level?",
    reference_answer="Water boils at 100 degrees Celsius at sea level.",
    points=(
        PointToJudge("boils", "Water boils at 100 degrees Celsius."),
        PointToJudge("helium", "Helium is lighter than air."),
    ),
)
_EXPECTED: Mapping[str, str] = {"boils": "covered", "helium": "missing"}


class ServerTest(NamedTuple):
    """What a test showed.

    Attributes:
        problem: why there is no usable reply; empty if there is one.
        verdicts: verdict or reason by point, `boils` and `helium`.
        is_right: whether both verdicts are right, with a quote where one is needed.
        capabilities: what the server takes; `None` if it replied to nothing.
        calls, seconds, input_tokens, output_tokens: what it took.

    """

    problem: str
    verdicts: Mapping[str, str]
    is_right: bool
    capabilities: ServerCapabilities | None
    calls: int
    seconds: float
    input_tokens: int
    output_tokens: int

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON values."""
        known = None if self.capabilities is None else self.capabilities._asdict()
        return {**self._asdict(), "verdicts": dict(self.verdicts), "capabilities": known}


def run_server_test(entry: JudgeEntry, *, timeout: float, http_client: Any = None) -> ServerTest:
    """Ask a judge about one answer with two points, in one call and those that find out what the server takes."""
    scheduler = RequestScheduler(RequestPolicy(concurrency=1, attempts=2))
    judge: ChatJudge | None = None
    begun = time.monotonic()
    problem, verdicts, is_right = "", {}, False
    try:
        judge = ChatJudge(
            entry.name,
            entry.endpoint(),
            scheduler,
            timeout=timeout,
            options=entry.options(),
            http_client=http_client,
        )
        reply, _ = request_verdicts(judge, _TASK, seed=0)
    except RequestError as error:
        problem = error.reason
    except GraderError as error:  # others of the file may work
        problem = str(error)
    else:
        verdicts = {name: said if isinstance(said, str) else said.verdict for name, said in reply.verdicts.items()}
        quote = getattr(reply.verdicts["boils"], "quote", "")
        is_right = verdicts == _EXPECTED and bool(quote) and quote.strip(" .\"'") in _TASK.answer
    totals = scheduler.totals
    return ServerTest(
        problem,
        verdicts,
        is_right,
        None if judge is None else judge.known_capabilities,
        totals.calls,
        time.monotonic() - begun,
        totals.input_tokens,
        totals.output_tokens,
    )
