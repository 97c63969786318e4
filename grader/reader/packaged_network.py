"""What the packaged cross-encoders share: weights that are checked, a compiled form, and a cache of what was computed.

Word vectors and vocabulary are those of the packaged model, whichever encoder measures similarity. The trained layers
are part of this package, as int8 with a scale for each row. Everything is loaded at first use.
"""

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from grader.encoders import (
    BertArchitecture,
    CompilationSpec,
    Compiled,
    CompileError,
    VectorCache,
    cache_limit_bytes,
    cached_vectors_of,
    open_compiled,
    stored_tensors,
)
from grader.errors import SetupError

if TYPE_CHECKING:
    from numpy.lib.npyio import NpzFile
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

_log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

MODELS = Path(__file__).parent / "models"
# The sha256 of each file of weights, and what it computes for a fixed input; see tests/support/published_weights.py.
PUBLISHED = MODELS / "published.json"
_INSTALL = "install it anew: pip install --force-reinstall --no-deps answer-grader"
_LAYER_NORM_EPSILON = 1e-12  # added to the variance in the layer norms of BERT


class PackagedNetwork(ABC):
    """Trained layers on the packaged model's word vectors, compiled where the runtime is installed, else in numpy.

    Args:
        model: folder of the packaged model.
        weights: file of the trained layers.
        keeps: whether results are cached in the user's cache folder, for later runs.

    """

    what: ClassVar[str]  # its name in messages and in the names of files
    same_logit: ClassVar[float]  # two logits that differ by less are the same

    def __init__(self, model: Path, weights: Path, *, keeps: bool) -> None:
        self._model = model
        self._path = weights
        self._keeps = keeps

    @cached_property
    def revision(self) -> str:
        """First 12 hex digits of the sha256 of the file of weights."""
        return sha256(self._file).hexdigest()[:12]

    def fits(self, model_revision: str) -> bool:
        """Whether the file of weights exists and was trained on the word vectors of this revision of the model.

        The weights are useless with other word vectors.

        Raises:
            SetupError: the package's own file is not the one that was published.

        """
        return self._path.is_file() and str(self._stored["words_from"]) == model_revision

    def damage(self) -> str | None:
        """How the file differs from what was published; `None` if it does not, or was not published."""
        if self._published is None:
            return None
        found, expected = sha256(self._bytes).hexdigest(), self._published["sha256"]
        return None if found == expected else f"its sha256 is {found[:12]}..., published is {expected[:12]}..."

    @abstractmethod
    def probe(self) -> list[float]:
        """The logits of a fixed input, through tokenizer, cache and network."""

    @abstractmethod
    def _graph(self) -> bytes:
        """The bytes of the ONNX file."""

    @abstractmethod
    def _fault(self, session: "InferenceSession") -> str | None:
        """How the compiled form differs from numpy on random texts; `None` if it does not."""

    @cached_property
    def _probed(self) -> None:
        """Compares the logits of the fixed input with the published ones, before anything else is read.

        Raises:
            SetupError: they differ.

        """
        if self._published is None:
            return
        found, expected = np.array(self.probe()), np.array(self._published["logits"])
        apart = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
        if not apart < 2 * self.same_logit:
            problem = f"the {self.what} computes other logits than it must for a fixed text (by {apart:.3f})"
            raise SetupError(f"{problem}; nothing is graded with it. Find the damaged file: grader doctor --verify")

    @cached_property
    def _published(self) -> dict[str, Any] | None:
        """What was published about the file, as it says beside it; `None` for weights that were not published."""
        published = self._path.with_name(PUBLISHED.name)
        if published != PUBLISHED and not published.exists():
            return None
        try:
            found = json.loads(published.read_bytes())[self._path.name]
            return {"sha256": str(found["sha256"]), "logits": [float(logit) for logit in found["logits"]]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SetupError(f"{published} is damaged ({error}); {_INSTALL}") from error

    @cached_property
    def _store(self) -> VectorCache:
        try:
            name = cached_vectors_of(self._key, self._digest)
        except CompileError:  # without the runtime it is computed in numpy, which differs in the last digits
            name = f"{self._key}-numpy"
        return VectorCache(name, limit=cache_limit_bytes() if self._keeps else 0)

    def _digest(self) -> str:
        return "numpy" if self._compiled is None else self._compiled.digest

    @property
    def _key(self) -> str:
        return f"{self.what}-{self.revision}"

    @cached_property
    def _compiled(self) -> Compiled | None:
        """The compiled form, which takes half the time; `None` if there is none or its results differ."""
        try:
            return open_compiled(CompilationSpec(self.what, self._key, self._graph, self._fault))
        except CompileError as error:
            _log.info("the %s runs in numpy: %s", self.what, error)
            return None

    @cached_property
    def _weights(self) -> Mapping[str, Floats]:
        """All arrays as float32."""
        return {name: self._array(name) for name in self._stored.files if name.endswith((".weight", ".bias"))}

    @cached_property
    def _place_and_side_vectors(self) -> tuple[Floats, Floats]:
        """The embeddings of positions and of the sides (question, answer, point, statement)."""
        return (
            self._array("embeddings.position_embeddings.weight"),
            self._array("embeddings.token_type_embeddings.weight"),
        )

    def _array(self, name: str) -> Floats:
        """An array as float32; rows stored as int8 are multiplied by their scale."""
        scale = self._stored[name + ".scale"] if name + ".scale" in self._stored.files else np.float32(1)
        values: Floats = self._stored[name].astype(np.float32) * scale
        return values

    @cached_property
    def _shape(self) -> BertArchitecture:
        n_layers = len({name.split(".")[1] for name in self._stored.files if name.startswith("layer.")})
        return BertArchitecture(n_layers, int(self._stored["n_heads"]), _LAYER_NORM_EPSILON)

    @cached_property
    def _stored(self) -> "NpzFile":
        """The file; arrays are decompressed at access."""
        stored: NpzFile = np.load(BytesIO(self._file), allow_pickle=False)
        return stored

    @cached_property
    def _file(self) -> bytes:
        damage = self.damage()
        if damage is not None:
            raise SetupError(f"{self._path} is damaged ({damage}); {_INSTALL}")
        return self._bytes

    @cached_property
    def _bytes(self) -> bytes:
        return self._path.read_bytes()

    @cached_property
    def _word_vectors(self) -> Floats:
        """The packaged model's vector of every vocabulary entry, shape `(n_vocabulary, dim)`."""
        return stored_tensors(self._model)["embeddings.word_embeddings.weight"]

    def _ids(self, text: str) -> list[int]:
        """The vocabulary entries of a text, without marks."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._model / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer
