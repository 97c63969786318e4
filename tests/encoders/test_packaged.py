"""Which way the packaged model goes, and that it says why where it is the slow one."""

from pathlib import Path

import numpy as np
import pytest

from grader.encoders.compilation import CompileError, compiled_path
from grader.encoders.model_files import model_revision, packaged_model
from grader.encoders.onnx import OnnxEncoder
from grader.encoders.packaged import PackagedEncoder
from grader.encoders.registry import describe_encoder, load_encoder, reads_english_only

TEXT = "Dropout turns random units off."


def test_it_goes_through_the_compiled_model() -> None:
    [found] = load_encoder("all-MiniLM-L6-v2").encode([TEXT])
    [expected] = OnnxEncoder().encode([TEXT])
    assert np.array_equal(found.vectors, expected.vectors)


def test_where_the_compiled_model_is_refused_the_original_runs_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    refused = compiled_path(model_revision(packaged_model())).with_suffix(".refused")
    refused.parent.mkdir()
    refused.write_text("the compiled encoder's vectors differ from the original's (cosine 0.7)")
    assert describe_encoder("all-MiniLM-L6-v2")["runtime"] == "torch"
    assert "cosine 0.7" in describe_encoder("all-MiniLM-L6-v2")["why_torch"]
    with pytest.raises(CompileError):
        OnnxEncoder().load()
    [slow] = PackagedEncoder().encode([TEXT])
    assert "the encoder runs in torch, which is slower: the compiled encoder's vectors differ" in caplog.text
    [fast] = load_encoder("torch:all-MiniLM-L6-v2").encode([TEXT])
    assert np.array_equal(slow.vectors, fast.vectors)


def test_what_is_said_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    found = describe_encoder("all-MiniLM-L6-v2")
    assert (found["runtime"], found["compiled"], found["ready_offline"]) == ("onnx", False, True)
    assert describe_encoder("torch:all-MiniLM-L6-v2")["runtime"] == "torch"
    assert list(tmp_path.iterdir()) == []
    assert reads_english_only("torch:all-MiniLM-L6-v2") and not reads_english_only("torch:other")
