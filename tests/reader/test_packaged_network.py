"""The packaged weights are those that were published, or nothing is graded with them."""

import json
import shutil
from pathlib import Path

import pytest

from grader.encoders.model_files import packaged_model
from grader.errors import SetupError
from grader.reader.packaged_network import MODELS, PUBLISHED
from grader.reader.reader import PackagedReader, Task
from grader.reader.registry import check_weights
from grader.reader.verifier import Verifier

NEW = "after new weights: python -m tests.support.published_weights"


def test_the_packaged_weights_are_those_that_were_published() -> None:
    assert {path.name: damage for path, damage in check_weights()} == {"reader.npz": None, "verifier.npz": None}, NEW


def test_a_changed_bit_is_refused_with_the_way_out(tmp_path: Path) -> None:
    content = bytearray((MODELS / "verifier.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "verifier.npz").write_bytes(content)
    shutil.copy(PUBLISHED, tmp_path)
    verifier = Verifier(packaged_model(), tmp_path / "verifier.npz", keeps=False)
    with pytest.raises(SetupError, match=r"verifier\.npz is damaged \(its sha256 is .*pip install"):
        verifier.fits("any")


def test_other_logits_than_published_are_refused(tmp_path: Path) -> None:
    shutil.copy(MODELS / "reader.npz", tmp_path)
    published = json.loads(PUBLISHED.read_text())
    published["reader.npz"]["logits"][0] += 1
    (tmp_path / "published.json").write_text(json.dumps(published))
    reader = PackagedReader(packaged_model(), tmp_path / "reader.npz", keeps=False)
    with pytest.raises(SetupError, match="the reader computes other logits than it must for a fixed text"):
        reader.read([Task("", "Yes.", ("No.",))])
