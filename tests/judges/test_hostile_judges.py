"""Judges that say one thing of everything, over real HTTP with the real client: by default none makes a grade worse.

What their verdicts may move is tested without a server in `tests/judges/test_attacks.py`.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from grader import Answer, Grade, Grader, Rubric
from grader.cli.app import app
from grader.encoders.protocol import Encoder
from grader.judges.judge_weight import JudgeWeight
from grader.judges.mock import read_prompt
from grader.judges.panel import Panel
from grader.judges.protocol import Message
from grader.judges.quote_check import CUT_NEGATION
from grader.settings import JudgeSettings
from grader.statistics import agreement
from grader.text.normalisation import content_words, segments
from tests.support.judges import chat_judge
from tests.support.openai_faults import by_words
from tests.support.openai_server import OpenAIServer

Quote = Callable[[str, str, str], str]  # of answer, point and question

RUBRIC = Rubric.model_validate(
    {
        "question_id": "tides",
        "question": "Why does the sea rise and fall twice a day?",
        "reference_answer": "The Moon pulls the water nearest to it more strongly than the whole Earth, so a bulge "
        "forms on that side. A second bulge forms on the far side, where the pull is weakest. The Earth turns through "
        "both bulges in a day. The Sun adds to the pull at new and full moon.",
        "points": [
            {"id": "p1", "text": "The Moon's gravity raises a bulge of water on the near side.", "weight": 3},
            {"id": "p2", "text": "A second bulge forms on the far side, where the pull is weakest.", "weight": 3},
            {"id": "p3", "text": "The Earth turns through both bulges in a day.", "weight": 2},
            {"id": "p4", "text": "The Sun adds to the pull at new and full moon.", "weight": 2},
        ],
    }
)
OPEN = Rubric.model_validate(
    {
        "question_id": "trip",
        "question": "Tell us about a trip that taught you something.",
        "kind": "open",
        "points": [
            {"id": "p1", "text": "Names a place"},
            {"id": "p2", "text": "Says what went wrong"},
            {"id": "p3", "text": "Says what was learned"},
        ],
    }
)
# With what a person would give of 1.
ANSWERS = {
    "The gravity of the Moon raises a bulge of water on the side that faces it. On the far side, where its pull is "
    "weakest, a second bulge forms. Each day the Earth turns through both. At full and new moon the Sun helps.": 1.0,
    "Water is heaped up under the Moon because it attracts it, and once more on the opposite side of the globe. As the "
    "globe spins, every coast passes the two heaps within a day.": 0.8,
    "The Moon attracts the oceans, so they bulge towards it. The Earth turns under that bulge.": 0.5,
    "The Moon has something to do with it, and the Sun also pulls a little at new moon.": 0.3,
    "The wind blows from the sea by day and from the land by night, so the water comes and goes.": 0.0,
    "It depends on the weather and on how deep the harbour is.": 0.0,
}


def says(word: str, quote: Quote, leaves_out: int = 0) -> Callable[[list[Message]], str]:
    """A judge with one verdict for all points."""

    def judge(messages: list[Message]) -> str:
        text, material = read_prompt(messages)
        verdicts = [
            {"id": p["id"], "quote": quote(text, p["point"], material["question"]), "reason": "So.", "verdict": word}
            for p in material["points"][leaves_out:]
        ]
        feedback = {"right": "You stated all the points correctly.", "missing": "", "study": ""}
        return json.dumps({"verdicts": verdicts, "feedback": feedback})

    return judge


def nothing(text: str, point: str, question: str) -> str:
    return ""


def nearest(text: str, point: str, question: str) -> str:
    wanted = set(content_words(point))
    return max((text[a:b] for a, b in segments(text)), key=lambda said: len(wanted & set(content_words(said))))


def one_word(text: str, point: str, question: str) -> str:
    return content_words(text)[0]


HOSTILE = {
    "missing": says("missing", nothing),
    "contradicted": says("contradicted", nothing),
    "contradicted, quotes the nearest sentence": says("contradicted", nearest),
    "covered": says("covered", nearest),
    "covered, quotes the whole answer": says("covered", lambda text, point, question: text),
    "covered, quotes one word": says("covered", one_word),
    "covered, quotes the question": says("covered", lambda text, point, question: question),
    "covered, leaves points out": says("covered", nearest, leaves_out=2),
}


@pytest.fixture(scope="module")
def alone(encoder: Encoder) -> list[Grade]:
    return list(Grader([RUBRIC], encoder=encoder).grade_many(asked("tides", *ANSWERS)))


def asked(question: str, *texts: str) -> list[Answer]:
    return [Answer(answer_id=str(at), question_id=question, answer=text) for at, text in enumerate(texts)]


def judged(
    judge: Callable[[list[Message]], str], answers: list[Answer], encoder: Encoder, **options: Any
) -> list[Grade]:
    with OpenAIServer(lambda messages: judge(list(messages))) as server:
        panel = Panel([chat_judge(server.url, http_client=None)], settings=JudgeSettings())
        grades = list(Grader([RUBRIC, OPEN], encoder=encoder, panel=panel, **options).grade_many(answers))
        assert len(server.chats) >= 1
    return grades


def pearson(grades: list[Grade]) -> float:
    return agreement.pearson_r(np.array(list(ANSWERS.values())), np.array([grade.fraction for grade in grades]))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_hostile_judge_makes_agreement_worse(name: str, alone: list[Grade], encoder: Encoder) -> None:
    grades = judged(HOSTILE[name], asked("tides", *ANSWERS), encoder)
    assert any(point.verdicts for grade in grades for point in grade.points)
    assert pearson(grades) >= pearson(alone) - 0.01
    for before, after in zip(alone, grades, strict=True):
        assert before.fraction is not None and after.fraction is not None
        assert after.fraction >= before.fraction - 1e-9  # none of them shows words that contradict
        assert after.fraction <= before.fraction + 0.1
        assert after.feedback == before.feedback or not after.feedback.startswith("You stated")


@pytest.mark.parametrize("quote", [one_word, lambda text, point, question: question])
def test_a_word_or_the_question_proves_nothing(quote: Quote, alone: list[Grade], encoder: Encoder) -> None:
    for before, after in zip(alone, judged(says("covered", quote), asked("tides", *ANSWERS), encoder), strict=True):
        verdicts = [verdict for point in after.points for verdict in point.verdicts]
        assert after.score == before.score
        assert not any(verdict.supported for verdict in verdicts)
        assert not verdicts or ("unsupported_verdict" in after.flags and after.needs_review)


def test_on_an_open_question_one_quote_is_one_point(encoder: Encoder) -> None:
    text = "Last summer I walked across Iceland. My tent tore in a storm on the first night."
    [grade] = judged(says("covered", lambda *_: "walked across Iceland"), asked("trip", text), encoder)
    assert grade.fraction == pytest.approx(1 / 3)
    assert {"provisional", "unsupported_verdict"} <= set(grade.flags) and grade.needs_review


def test_points_that_are_left_out_are_not_scaled_away(encoder: Encoder) -> None:
    text = "Last summer I walked across Iceland. My tent tore in a storm on the first night."
    sentences = iter(["walked across Iceland", "tent tore in a storm"])
    [grade] = judged(says("covered", lambda *_: next(sentences), leaves_out=1), asked("trip", text), encoder)
    assert grade.score is None or grade.fraction == pytest.approx(2 / 3)
    assert "judge_failed" in grade.flags and grade.needs_review


def test_a_quote_with_its_negation_cut_off_proves_nothing(encoder: Encoder) -> None:
    text = "The far side never forms a second bulge, so the Moon makes one bulge of water only on the near side."
    verdict = says("covered", lambda *_: "forms a second bulge")
    proven = JudgeWeight(1.0, everywhere=True, name="proven.1.00")
    [grade] = judged(verdict, asked("tides", text), encoder, weight=proven)
    [without] = Grader([RUBRIC], encoder=encoder).grade_many(asked("tides", text))
    assert CUT_NEGATION in {v.reason.partition(";")[0] for point in grade.points for v in point.verdicts}
    assert grade.score == without.score


def test_a_proven_judge_is_shown_with_its_prose_only_where_all_was_accepted(encoder: Encoder) -> None:
    proven = JudgeWeight(1.0, everywhere=True, name="proven.1.00")
    answers = asked("tides", "The Moon attracts the oceans, so they bulge. The Earth turns under that bulge.")
    [rejected] = judged(HOSTILE["covered, quotes one word"], answers, encoder, weight=proven)
    assert "correctly" not in rejected.feedback


def inverted(messages: list[Message]) -> str:
    """Says covered of what is missing, and missing of what is covered."""
    text, _ = read_prompt(messages)
    reply = json.loads(by_words(messages))
    for verdict in reply["verdicts"]:
        is_missing = verdict["verdict"] == "missing"
        verdict.update(verdict="covered" if is_missing else "missing", quote=text if is_missing else "")
    return json.dumps(reply)


def test_a_judge_that_evaluate_finds_harmful_moves_nothing(tmp_path: Path) -> None:
    parts = RUBRIC.reference_answer.split(". ")
    rows = []
    for number in range(48):
        chosen = [part for at, part in enumerate(parts) if number >> at & 1]
        text = ". ".join([*(chosen or ["The wind drives the sea"]), f"This is what I know after {number} days"]) + "."
        rows.append({"question_id": f"q{number % 6}", "question": RUBRIC.question, "answer_id": str(number),
                     "reference_answers": [RUBRIC.reference_answer], "answer": text, "max_score": 1,
                     "human_score": len(chosen) / len(parts)})  # fmt: skip
    (tmp_path / "scored.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    answers = "".join(json.dumps({**row, "question_id": "tides"}) + "\n" for row in rows[:8])
    (tmp_path / "answers.jsonl").write_text(answers)
    (tmp_path / "rubrics").mkdir()
    (tmp_path / "rubrics" / "tides.yaml").write_text(json.dumps(RUBRIC.model_dump(mode="json", exclude_none=True)))
    with OpenAIServer(lambda messages: inverted(list(messages))) as server:
        judge = ["--judge", "m", "--judge-url", server.url, "--judge-weight", str(tmp_path / "weight.yaml"),
                 "--cache", str(tmp_path / "cache")]  # fmt: skip

        def run(*arguments: str) -> str:
            done = CliRunner().invoke(app, [*arguments], env={"OPENAI_API_KEY": "", "OPENAI_BASE_URL": ""})
            assert done.exit_code == 0, done.stderr
            return done.stderr

        run("evaluate", str(tmp_path / "scored.jsonl"), "--resamples", "100", *judge)
        weight = (tmp_path / "weight.yaml").read_text()
        assert "name: harmful" in weight and "influence: 0" in weight
        grade = ["grade", str(tmp_path / "answers.jsonl"), "--rubrics", str(tmp_path / "rubrics"), "--format", "jsonl"]
        said = run(*grade, "-o", str(tmp_path / "judged.jsonl"), *judge)
        assert "its influence is 0, so it moves no score" in said
        run(*grade, "-o", str(tmp_path / "alone.jsonl"))
    with_judge, without = (
        [json.loads(line)["score"] for line in (tmp_path / name).read_text().splitlines()]
        for name in ("judged.jsonl", "alone.jsonl")
    )
    assert with_judge == without
