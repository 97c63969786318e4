"""The packaged model on the fastest runtime that works here: compiled, else through sentence-transformers."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from grader.__about__ import PACKAGED_MODEL
from grader.encoders.compilation import CompileError, compiled_path, refusal_reason
from grader.encoders.model_files import model_revision, packaged_model
from grader.encoders.onnx import OnnxEncoder
from grader.encoders.sentence_transformer import SentenceTransformerEncoder
from grader.encoders.token_vectors import TokenVectors

_log = logging.getLogger(__name__)


class PackagedEncoder:
    """The packaged model. It is compiled at its first use on a machine and then needs no torch.

    If the compiled form cannot be used, the original runs in torch, and a warning in the log says why.
    """

    name = PACKAGED_MODEL

    def __init__(self) -> None:
        self._encoder: OnnxEncoder | SentenceTransformerEncoder = OnnxEncoder()

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights."""
        return model_revision(packaged_model())

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; one longer than the model's window is read in overlapping windows.

        Raises:
            SetupError: when neither runtime works.

        """
        try:
            return self._encoder.encode(texts)
        except CompileError as error:
            _log.warning("the encoder runs in torch, which is slower: %s", error)
            self._encoder = SentenceTransformerEncoder()
        return self._encoder.encode(texts)


def describe_packaged() -> dict[str, Any]:
    """Which runtime the packaged model uses here, without loading it.

    Returns:
        `runtime` (`onnx` or `torch`), `compiled` (whether it already is; `None` for torch) and `why_torch`.

    """
    key = model_revision(packaged_model())
    refused = refusal_reason(key)
    if refused is not None:
        return {"runtime": "torch", "compiled": None, "why_torch": refused}
    return {"runtime": "onnx", "compiled": compiled_path(key).is_file(), "why_torch": None}
