"""The compiled packaged model: the vectors of the original, the same in any company, and without torch."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from grader.encoders import compilation as compiling
from grader.encoders.bert_graph import EMBEDDINGS_INPUT
from grader.encoders.compilation import compiled_path
from grader.encoders.onnx import _BATCH_PIECES, OnnxEncoder, batches
from grader.encoders.sentence_transformer import SentenceTransformerEncoder
from grader.encoders.token_vectors import TokenVectors
from grader.settings import INT8

TEXTS = [
    "Dropout turns random units off.",
    "",
    "x",
    "Straße, café and naïve façades",
    "one two three " * 20,
    "Gradients vanish in deep networks. " * 60,
    "梯度 vanish",
    "\u200b",
]


@pytest.fixture(scope="module")
def compiled() -> OnnxEncoder:
    return OnnxEncoder(keeps=False)


@pytest.fixture(scope="module", params=[False, True], ids=["float32", "int8"])
def either(request: pytest.FixtureRequest) -> OnnxEncoder:
    return OnnxEncoder(whole=request.param, keeps=False)


def same(one: TokenVectors, other: TokenVectors) -> bool:
    return np.array_equal(one.vectors, other.vectors) and np.array_equal(one.mean, other.mean)


def test_it_gives_what_the_original_gives(compiled: OnnxEncoder) -> None:
    original = SentenceTransformerEncoder()
    assert compiled.revision == original.revision
    for mine, theirs in zip(compiled.encode(TEXTS), original.encode(TEXTS), strict=True):
        assert mine.texts == theirs.texts
        assert np.array_equal(mine.spans, theirs.spans)
        assert np.array_equal(mine.rarity, theirs.rarity)
        assert mine.n_windows == theirs.n_windows
        assert np.abs(mine.vectors - theirs.vectors).max(initial=0) < 1e-5
        assert np.abs(mine.mean - theirs.mean).max(initial=0) < 1e-5


def test_company_changes_no_bit(either: OnnxEncoder) -> None:
    rng = np.random.default_rng(0)
    words = "the gradient of a loss tells how far each weight should move when momentum is used".split()
    texts = [" ".join(rng.choice(words, size=rng.integers(1, 30))) for _ in range(60)] + TEXTS
    alone = [either.encode([text])[0] for text in texts]
    for size in (1, 2, 7, len(texts)):
        order = rng.permutation(len(texts)).tolist()
        for start in range(0, len(order), size):
            some = order[start : start + size]
            for index, found in zip(some, either.encode([texts[i] for i in some]), strict=True):
                assert same(found, alone[index])


def test_threads_side_by_side_change_no_bit(either: OnnxEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS, *(f"The {word} moves weights." for word in "loss gradient optimiser momentum".split())]
    for threads in (1, 3):
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
        found = OnnxEncoder(whole=either.name == INT8, keeps=False).encode(texts)
        assert all(same(*pair) for pair in zip(found, either.encode(texts), strict=True))


def test_threads_that_share_a_product_change_no_bit(either: OnnxEncoder) -> None:
    either.load()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    path = compiled_path(either._key)
    sharing = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"], disabled_optimizers=compiling._DISABLED_OPTIMIZERS
    )
    rng = np.random.default_rng(0)
    for shape in ((1, 2), (1, 31), (3, 77), (70, 4), (2, 256)):
        embedded = {EMBEDDINGS_INPUT: rng.normal(scale=0.05, size=(*shape, 384)).astype(np.float32)}
        for one, other in zip(either._compiled.session.run(None, embedded), sharing.run(None, embedded), strict=True):
            assert np.array_equal(one, other)


def test_whole_numbers_come_near(compiled: OnnxEncoder) -> None:
    for exact, near in zip(compiled.encode(TEXTS), OnnxEncoder(whole=True, keeps=False).encode(TEXTS), strict=True):
        assert exact.texts == near.texts
        assert (exact.vectors * near.vectors).sum(axis=1).min(initial=1) > 0.97
        assert not same(exact, near) or not exact.texts


def test_batches_hold_texts_of_one_length() -> None:
    lengths = [5, 300, 7, 5, 2000, 7, 7] + [10] * 205
    found = list(batches(lengths))
    assert sorted(i for batch in found for i in batch) == list(range(len(lengths)))
    for batch in found:
        [length] = {lengths[i] for i in batch}
        assert length * len(batch) <= _BATCH_PIECES or len(batch) == 1
    assert max(len(batch) for batch in found) == _BATCH_PIECES // 10


def test_grading_imports_neither_torch_nor_sentence_transformers(tmp_path: Path) -> None:
    rubric = {"question_id": "q", "question": "What?", "points": [{"id": "p1", "text": "It stores data."}]}
    (tmp_path / "q.yaml").write_text(json.dumps(rubric))
    row = {"answer_id": "a", "question_id": "q", "answer": "It stores some data."}
    (tmp_path / "answers.jsonl").write_text(json.dumps(row) + "\n")
    code = "import sys, atexit; sys.argv = ['grader', 'grade', 'answers.jsonl', '--rubrics', 'q.yaml', '--json']\n"
    code += "atexit.register(lambda: print('LOADED', sorted(sys.modules), file=sys.stderr))\n"
    code += "from grader.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=True
    )
    assert json.loads(done.stdout)["n_graded"] == 1
    loaded = done.stderr.partition("LOADED")[2]
    assert "'onnxruntime'" in loaded
    for name in ("torch", "sentence_transformers", "transformers", "sklearn", "scipy"):
        assert f"'{name}'" not in loaded
