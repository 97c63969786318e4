"""Texts -> token vectors through any sentence-transformers model, in torch, on a GPU if there is one."""

import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from grader.__about__ import PACKAGED_MODEL
from grader.encoders.model_files import WEIGHTS, model_path, model_revision
from grader.encoders.token_vectors import LAYER_WEIGHTS, Floats, Pass, TokenVectors, Window, join
from grader.encoders.windows import WindowReader, piece_rarity
from grader.errors import SetupError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

# Prefix of a name that selects sentence-transformers even for the packaged model.
TORCH = "torch:"
_HUB_SECONDS = 5  # timeout for the model hub; slower connections cannot load a model
_WINDOW = 512  # for a model that does not state its window
# Tokens per batch with padding: enough for two cores, few enough for their caches.
_BATCH_TOKENS = 4096


class SentenceTransformerEncoder:
    """Any sentence-transformers model that begins with a transformer and a fast tokenizer.

    The model is loaded at first use, on the GPU if torch finds one, else on the CPU.

    Args:
        name: `all-MiniLM-L6-v2` (packaged, needs no download), a folder, or a name on a model hub; optionally
            after `torch:`.
        device: as torch names it; `None` lets sentence-transformers choose.

    """

    def __init__(self, name: str = PACKAGED_MODEL, *, device: str | None = None) -> None:
        self.name = name
        self._model = name.removeprefix(TORCH)
        self._device = device

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights, or of the name for a model from a hub."""
        folder = model_path(self._model)
        if not (folder / WEIGHTS).is_file():
            return sha256(self._model.encode()).hexdigest()[:12]
        return model_revision(folder)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; one longer than the model's window is read in overlapping windows.

        Raises:
            SetupError: when the model cannot be loaded or gives no token vectors.

        """
        windows = self._reader.read(texts)
        dim = int(self.model.get_embedding_dimension() or 0)
        return join(texts, windows, self._forward(windows), rarity=self._rarity, dim=dim)

    def _forward(self, windows: Sequence[Window]) -> list[Pass]:
        """Run the model over all windows, in batches of similar length."""
        import torch
        from torch.nn.functional import normalize as unit

        passes: dict[int, Pass] = {}
        with torch.inference_mode():
            for batch in _batches([len(window.ids) for window in windows]):
                features = self.model.tokenizer.pad(
                    {"input_ids": [windows[i].ids.tolist() for i in batch]}, return_tensors="pt"
                ).to(self.model.device)
                transformer: Any = self.model[0]  # the first module, whose class depends on the model
                hidden = transformer.auto_model(**features, output_hidden_states=True).hidden_states
                word, meaning = (
                    weight * unit(layer, dim=-1)
                    for weight, layer in zip(LAYER_WEIGHTS, (hidden[0], hidden[-1]), strict=True)
                )
                mixed = unit(word + meaning, dim=-1).cpu().numpy()
                means = self._pool(hidden[-1], features["attention_mask"])
                for row, i in enumerate(batch):
                    passes[i] = Pass(mixed[row, windows[i].keep], means[row])
        return [passes[i] for i in range(len(windows))]

    def _pool(self, last_layer: "Tensor", attention_mask: "Tensor") -> NDArray[np.float32]:
        """The model's sentence vectors, from the modules after its transformer."""
        features: dict[str, Any] = {"token_embeddings": last_layer, "attention_mask": attention_mask}
        for module in list(self.model)[1:]:
            features = module(features)
        vectors: NDArray[np.float32] = features["sentence_embedding"].cpu().numpy()
        return vectors

    @cached_property
    def _reader(self) -> WindowReader:
        from tokenizers import Tokenizer

        # A copy, because sentence-transformers sets the window of its tokenizer at every call.
        backend = Tokenizer.from_str(self.model.tokenizer.backend_tokenizer.to_str())
        return WindowReader(backend, self.model.max_seq_length or _WINDOW)

    @cached_property
    def _rarity(self) -> Floats:
        """Rarity of every vocabulary entry, shape `(n_vocabulary,)`."""
        tokenizer = self.model.tokenizer
        return piece_rarity(tokenizer.backend_tokenizer, tokenizer.unk_token)

    @cached_property
    def model(self) -> "SentenceTransformer":
        """The loaded model."""
        return _load(self._model, self._device)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of similar length, longest first, each of at most `_BATCH_TOKENS` with padding."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    start = 0
    while start < len(order):
        size = max(1, _BATCH_TOKENS // lengths[order[start]])
        yield order[start : start + size]
        start += size


def _load(name: str, device: str | None) -> "SentenceTransformer":
    """Load the model; one that is on this machine is loaded without the network."""
    path = str(model_path(name))
    way_out = (
        f"give a folder with a sentence-transformers model, or leave --encoder out to use the packaged {PACKAGED_MODEL}"
    )
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ImportError as error:
        raise SetupError(
            f"the encoder '{name}' needs torch and sentence-transformers ({error}); run: pip install "
            "sentence-transformers"
        ) from error

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers does not type it
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers does not type it
    try:
        model = _load_local(path, device)
        if model is None:
            _require_hub(name, way_out)
            model = SentenceTransformer(path, device=device)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SetupError(f"the encoder '{name}' cannot be loaded ({reason}); {way_out}") from error
    if not getattr(model.tokenizer, "is_fast", False) or not hasattr(model[0], "auto_model"):
        raise SetupError(f"the encoder '{name}' gives no token vectors with offsets; use --encoder {PACKAGED_MODEL}")
    return model.eval()


def _load_local(path: str, device: str | None) -> "SentenceTransformer | None":
    """Load the model from a folder or an earlier download; `None` if there is neither.

    Raises:
        OSError, ValueError: a folder holds no model.

    """
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(path, device=device, local_files_only=True)
    except (OSError, ValueError):
        if Path(path).is_dir():
            raise
        return None


def _require_hub(name: str, way_out: str) -> None:
    """Check once that the model hub responds, because loading from it retries for more than a minute.

    Raises:
        SetupError: this machine is offline, or the environment forbids downloads.

    """
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE

    problem = f"the encoder '{name}' is not on this machine"
    if HF_HUB_OFFLINE:
        raise SetupError(f"{problem}, and HF_HUB_OFFLINE forbids to download it; {way_out}")
    try:
        urllib.request.urlopen(ENDPOINT, timeout=_HUB_SECONDS).close()  # noqa: S310  # the hub's own address
    except urllib.error.HTTPError:
        return  # the hub responds, even if with an error
    except OSError as error:
        raise SetupError(f"{problem}, and {ENDPOINT} cannot be reached; {way_out}") from error
