"""What flags mean, and why a person should look."""

import re
from typing import Any

import pytest

from grader.batch import run as batch
from grader.evaluation.attacks import form_cases
from grader.flags import FLAGS, PLAIN_FLAGS, plain_flags, review_reasons, sure
from grader.grading import judge_verdicts as judged
from grader.marks.bounds import NEVER_GAIN, NOT_BY_SIMILARITY
from tests.support.generated_docs import ROOT
from tests.support.sample_grades import grade


@pytest.mark.parametrize(
    ("given", "reasons", "plain"),
    [
        ({"flags": ("no_answer",)}, [], ["no answer"]),
        ({"needs_review": True}, ["unsure"], []),
        ({"needs_review": True, "flags": ("long_answer",)}, ["unsure"], ["long answer"]),
        (
            {"needs_review": True, "flags": ("contradiction", "long_answer", "hidden_characters")},
            ["contradiction", "hidden characters"],
            ["long answer"],
        ),
    ],
)
def test_every_flag_is_told_once(given: dict[str, Any], reasons: list[str], plain: list[str]) -> None:
    some = grade("a", 0.5, **given)
    assert (review_reasons(some), plain_flags(some)) == (reasons, plain)


def test_an_ungraded_answer_is_a_reason_by_itself() -> None:
    assert review_reasons(grade("a", None, needs_review=True, flags=("language",))) == ["ungraded", "language"]


def test_sure_in_short() -> None:
    assert (sure(0.871), sure(1.0), sure(0.0)) == (".87", "1.00", ".00")


def test_every_flag_that_is_raised_has_its_meaning_here_and_in_the_documentation() -> None:
    """Flags are raised as plain texts: what is said of them must name each, and nothing else."""
    page = (ROOT / "docs" / "formats.md").read_text()
    told = dict(re.findall(r"(?m)^\| `(\w+)` \| (.+) \|$", page))
    assert {name: told.get(name) for name in FLAGS} == FLAGS
    source = "".join(path.read_text() for path in (ROOT / "grader").rglob("*.py") if path.name != "flags.py")
    assert all(f'"{name}"' in source for name in FLAGS)
    for flags in (PLAIN_FLAGS, NEVER_GAIN, NOT_BY_SIMILARITY, judged._SAY_NOTHING, batch._NOT_FINAL, form_cases._EMPTY):
        assert flags <= FLAGS.keys()
