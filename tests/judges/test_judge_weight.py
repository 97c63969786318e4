"""What a judge's word is worth, from labels."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import InputError
from grader.judges.judge_weight import (
    UNPROVEN_WEIGHT,
    JudgeWeight,
    best_influence,
    read_judge_weight,
    write_judge_weight,
)
from grader.judges.mock import MockJudge, ScriptedJudge
from grader.judges.panel import Panel


def test_a_judge_that_is_right_takes_over_and_a_useless_one_gets_nothing() -> None:
    human = np.array([0, 1, 0, 1, 1, 0, 1, 0.5])
    noise = np.array([0.3, 0.2, 0.9, 0.1, 0.4, 0.8, 0.5, 0.6])
    assert best_influence(human, noise, human) == pytest.approx(1.0)
    assert best_influence(human, human, noise) == pytest.approx(0.0)


def test_two_equal_raters_share() -> None:
    # h = e + j exactly: b = c = 1, so each has half.
    e, j = np.array([0, 0, 1, 1.0]), np.array([0, 1, 0, 1.0])
    assert best_influence((e + j) / 2, e, j) == pytest.approx(0.5)


def test_undefined_cases_give_no_influence() -> None:
    assert best_influence([1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1]) == 0
    assert best_influence([], [], []) == 0
    with pytest.raises(ValueError, match="2 human scores, 1 of the embedding"):
        best_influence([1, 0], [1], [1, 0])


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)), min_size=3, max_size=30))
def test_an_influence_is_a_share(rows: list[tuple[float, float, float]]) -> None:
    table = np.array(rows)
    assert 0 <= best_influence(table[:, 0], table[:, 1], table[:, 2]) <= 1


def test_a_weight_comes_back_and_only_for_its_judges(tmp_path: Path) -> None:
    panel = Panel([MockJudge()])
    weight = JudgeWeight(0.4, True, {**UNPROVEN_WEIGHT.chances, "covered": 0.93}, "proven.0.40", "mock on 60 answers")
    path = tmp_path / "weight.yaml"
    write_judge_weight(weight, panel, path)
    assert read_judge_weight(path, panel) == weight
    with pytest.raises(InputError, match=r"weight\.yaml:\d+: field 'judges'.*learned with judges mock@1"):
        read_judge_weight(path, Panel([ScriptedJudge()]))
    path.write_text(path.read_text().replace(f"prompt: {panel.prompt}", "prompt: '00000000'"))
    with pytest.raises(InputError, match="field 'sha256'"):
        read_judge_weight(path, panel)
    path.write_text(re.sub(r"(?m)^sha256: .*\n", "", path.read_text()))
    with pytest.raises(InputError, match="field 'prompt'"):
        read_judge_weight(path, panel)
    path.write_text("influence: 2\n")
    with pytest.raises(InputError, match=r"weight\.yaml"):
        read_judge_weight(path, panel)
    path.write_text("- 1\n")
    with pytest.raises(InputError, match="expected what `grader evaluate"):
        read_judge_weight(path, panel)
