"""The table of words: the same vector wherever a word stands, any length, and nothing heavy loaded."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from grader import Answer, Grader, Rubric, Settings
from grader.encoders.registry import load_encoder, reads_english_only
from grader.encoders.static import StaticEncoder

RUBRIC = {
    "question_id": "q",
    "question": "What does dropout do?",
    "points": [
        {"id": "p1", "text": "Dropout disables random units."},
        {"id": "p2", "text": "It is active only during training."},
    ],
}
GOOD = "Random units are disabled by dropout, and that only while training."


@pytest.fixture(scope="module")
def static() -> StaticEncoder:
    return StaticEncoder()


def test_a_word_has_one_vector_wherever_it_stands(static: StaticEncoder) -> None:
    [tokens] = static.encode(["Loss falls, loss rises"])
    assert tokens.texts == ("loss", "falls", ",", "loss", "rises")
    assert np.array_equal(tokens.vectors[0], tokens.vectors[3])
    [alone] = static.encode(["loss"])
    assert np.array_equal(tokens.vectors[0], alone.vectors[0])
    assert np.linalg.norm(tokens.vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)


def test_a_text_of_any_length_is_read_at_once(static: StaticEncoder) -> None:
    [tokens] = static.encode(["weights change " * 5000])
    assert (len(tokens.texts), tokens.n_windows) == (10_000, 1)


def test_it_grades_with_settings_of_its_own() -> None:
    settings = Settings(encoder="static")
    assert "m.35/6," in settings.signature() and "m.4/8," in Settings().signature()
    assert Settings(encoder="static", match_slope=7).signature() != settings.signature()
    grader = Grader([Rubric.model_validate(RUBRIC)], settings=settings)
    good, other = grader.grade_many(
        [
            Answer(answer_id="1", question_id="q", answer=GOOD),
            Answer(answer_id="2", question_id="q", answer="It sorts the list of files by their size."),
        ]
    )
    assert good.fraction is not None and other.fraction is not None
    assert good.fraction > 0.7 > 0.1 > other.fraction
    assert "|encoder:static@53aa51172d14|" in good.signature
    assert good.points[0].evidence is not None


def test_it_reads_english_as_the_packaged_model_does() -> None:
    assert reads_english_only(load_encoder("static").name)


def test_no_model_is_asked_unless_one_is_wanted() -> None:
    assert "verifier" not in Grader([Rubric.model_validate(RUBRIC)], settings=Settings(encoder="static")).signature
    wanted = Settings(encoder="static", verifier=True)
    assert "+verifier@" in Grader([Rubric.model_validate(RUBRIC)], settings=wanted).signature
    assert Settings().verifier


def test_it_needs_neither_torch_nor_the_runtime(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text(json.dumps(RUBRIC))
    (tmp_path / "answers.jsonl").write_text(json.dumps({"answer_id": "a", "question_id": "q", "answer": GOOD}) + "\n")
    code = "import sys; sys.modules.update(torch=None, onnxruntime=None)\n"  # as if they were not installed
    code += "sys.argv = ['grader', 'grade', 'answers.jsonl', '--rubrics', 'q.yaml', '--json', '--encoder', 'static']\n"
    code += "from grader.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=True
    )
    assert json.loads(done.stdout)["n_graded"] == 1
