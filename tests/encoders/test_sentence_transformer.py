"""The way through sentence-transformers: its own vectors, and models that cannot be had."""

from pathlib import Path

import numpy as np
import pytest

from grader.encoders.registry import load_encoder
from grader.encoders.sentence_transformer import SentenceTransformerEncoder
from grader.errors import SetupError

SHORT = ["Dropout turns random units off."]


def test_the_mean_is_what_sentence_transformers_gives() -> None:
    encoder = SentenceTransformerEncoder()
    expected = encoder.model.encode([SHORT[0]])[0]
    assert np.allclose(encoder.encode([SHORT[0]])[0].mean, expected, atol=1e-5)


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
