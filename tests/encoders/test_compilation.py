"""The compiled model: made once, checked against the original, never half, and refused where it differs."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from grader.encoders import compilation as compiling
from grader.encoders import onnx as onnx_encoding
from grader.encoders.bert import BertArchitecture
from grader.encoders.bert_graph import bert_graph
from grader.encoders.compilation import CompileError, compiled_path, open_compiled, refusal_reason
from grader.encoders.model_files import model_revision, packaged_model, stored_tensors
from grader.encoders.onnx import OnnxEncoder, compilation_spec, lowest_cosine, read_architecture
from tests.support.small_model import write_model


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A model of two narrow layers in the packaged form."""
    return write_model(tmp_path / "model", seed=0)


def path_of(model: Path) -> Path:
    return compiled_path(model_revision(model))


def files(cache: Path) -> list[str]:
    """The compiled models; each has its hash beside it."""
    names = sorted(path.name for path in (cache / "models").iterdir())
    models = [name for name in names if name.endswith(".onnx")]
    assert names == sorted([*models, *(f"{name}.sha256" for name in models)])
    return models


def test_it_is_compiled_once_and_read_from_then_on(small: Path, cache: Path) -> None:
    assert not path_of(small).exists()
    open_compiled(compilation_spec(small))
    first = path_of(small).stat()
    open_compiled(compilation_spec(small))
    assert path_of(small).stat().st_mtime_ns == first.st_mtime_ns
    assert files(cache) == [path_of(small).name]
    assert path_of(small).stat().st_mode & 0o077 == 0


def test_other_weights_have_another_file(small: Path, tmp_path: Path, cache: Path) -> None:
    assert path_of(small) != path_of(write_model(tmp_path / "other", seed=1))


def test_a_damaged_file_is_made_again(small: Path, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    open_compiled(compilation_spec(small))
    whole = path_of(small).read_bytes()
    path_of(small).write_bytes(whole[: len(whole) // 2])
    open_compiled(compilation_spec(small))
    assert "is damaged (its sha256 is " in caplog.text and "made again" in caplog.text
    assert path_of(small).read_bytes() == whole


def test_vectors_unlike_the_original_are_refused_for_good(
    small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_encoding, "_MIN_COSINE", 1.1)
    with pytest.raises(CompileError, match=r"differs from the original \(cosine 1\.0000"):
        open_compiled(compilation_spec(small))
    monkeypatch.undo()
    monkeypatch.setenv("GRADER_CACHE", str(cache))
    assert "differs from the original" in (refusal_reason(model_revision(small)) or "")
    with pytest.raises(CompileError, match="differs from the original"):
        open_compiled(compilation_spec(small))
    assert not path_of(small).exists()


def test_the_check_sees_a_wrong_graph(small: Path) -> None:
    weights, shape = stored_tensors(small), read_architecture(small)
    right = compiling._session(bert_graph(weights, shape, (1.0, 2.0)))
    assert lowest_cosine(right, weights, shape) > 0.99999
    for wrong in (
        bert_graph(weights, BertArchitecture(1, 3, 1e-12), (1.0, 2.0)),
        bert_graph(weights, BertArchitecture(2, 2, 1e-12), (1.0, 2.0)),
        bert_graph(weights, shape, (1.0, 1.8)),
    ):
        assert lowest_cosine(compiling._session(wrong), weights, shape) < 0.9999


def test_whole_numbers_are_checked_against_whole_numbers(small: Path, cache: Path) -> None:
    open_compiled(compilation_spec(small, whole=True))
    open_compiled(compilation_spec(small))
    assert len(files(cache)) == 2
    weights, shape = stored_tensors(small), read_architecture(small)
    whole = compiling._session(bert_graph(weights, shape, (1.0, 2.0), whole=True))
    assert lowest_cosine(whole, weights, shape, whole=True) > 0.9999
    assert lowest_cosine(whole, weights, shape) < 0.9999


def test_without_a_place_to_keep_it_it_works_all_the_same(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "file"))
    caplog.set_level(logging.WARNING)
    open_compiled(compilation_spec(small))
    assert "cannot be kept in" in caplog.text


def test_processes_that_compile_at_once_all_get_it_whole(small: Path, cache: Path) -> None:
    code = "from pathlib import Path; from grader.encoders.compilation import open_compiled; "
    code += f"from grader.encoders.onnx import compilation_spec; open_compiled(compilation_spec(Path({str(small)!r})))"
    running = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    assert files(cache) == [path_of(small).name]


def test_the_packaged_model_compiles_to_the_original() -> None:
    model = packaged_model()
    weights = stored_tensors(model)
    assert lowest_cosine(OnnxEncoder()._compiled.session, weights, read_architecture(model)) > 0.999999
