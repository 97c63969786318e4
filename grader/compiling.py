"""The packaged model -> its ONNX form in the user's cache folder, made once, checked against the original, then kept.

Two processes may make it at the same time: each writes a file of its own and moves it into place, whole.
"""

import json
import logging
import os
import platform
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grader.bert import Floats, Shape, read_layers
from grader.bert_graph import EMBEDDED, GRAPH_VERSION, MEAN, PIECES, bert_graph
from grader.cache import cache_folder
from grader.model_files import model_revision, stored_tensors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_log = logging.getLogger(__name__)

# Weights of the input embeddings (what a word is) and of the last layer (what it means here) in a token's vector.
# Over nine scored sets the mix agreed with people better than either alone (docs/accuracy.md).
LAYER_WEIGHTS = (1.0, 2.0)
# What a vector of the compiled model must at least have in common with that of the original.
_LEAST_COSINE = 0.9999
_PROBES = ((1, 3), (4, 9), (2, 40), (1, 256))  # texts and pieces of each
_RUNTIME = "onnxruntime"
_ERRORS_ONLY = 3  # of its log


class CompileError(Exception):
    """The model has no compiled form that may be used; the message says why. It never leaves the encoders."""


class Embeddings(NamedTuple):
    """What stands for a piece before the first layer: its own vector, that of its place, that of its side."""

    words: Floats
    places: Floats
    sides: Floats

    def of(self, ids: NDArray[np.int64]) -> Floats:
        """The three added up, shape `(..., n_pieces, dim)` for ids `(..., n_pieces)`."""
        embedded: Floats = self.words[ids] + (self.places[: ids.shape[-1]] + self.sides[0])
        return embedded


def read_embeddings(weights: Mapping[str, Floats]) -> Embeddings:
    """The embedding tables among a BERT's weights."""
    names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
    return Embeddings(*(weights[f"embeddings.{name}.weight"] for name in names))


def read_shape(model: Path) -> Shape:
    """What a model's configuration tells of it."""
    found = json.loads((model / "config.json").read_text(encoding="utf-8"))
    return Shape(found["num_hidden_layers"], found["num_attention_heads"], found["layer_norm_eps"])


def compiled_path(model: Path) -> Path:
    """Where the compiled form of a model lives: by its weights, the graph's version, the runtime's and the machine."""
    key = f"{model_revision(model)}-g{GRAPH_VERSION}-ort{_runtime_version()}-{platform.machine() or 'any'}"
    return cache_folder() / "models" / f"{key}.onnx"


def why_refused(model: Path) -> str | None:
    """Why the model runs through the original here, as far as that is known without trying; `None` if it need not."""
    try:
        return _refusal(compiled_path(model)).read_text(encoding="utf-8")
    except CompileError as error:
        return str(error)
    except OSError:
        return None


def open_compiled(model: Path) -> "InferenceSession":
    """The compiled model, ready to run; compiled and checked first where that has not been done.

    Raises:
        CompileError: the runtime is not installed, or its vectors are not those of the original.

    """
    path = compiled_path(model)
    refused = why_refused(model)
    if refused is not None:
        raise CompileError(refused)
    if path.is_file():
        try:
            return _session(str(path))
        except CompileError as error:
            _log.warning("%s is damaged and made again: %s", path, error)
    weights, shape = stored_tensors(model), read_shape(model)
    graph = bert_graph(weights, shape, LAYER_WEIGHTS)
    session = _session(graph)
    cosine = check(session, weights, shape)
    if not cosine >= _LEAST_COSINE:
        reason = f"the compiled encoder's vectors differ from the original's (cosine {cosine:.5f})"
        _keep(_refusal(path), reason.encode())
        raise CompileError(reason)
    _keep(path, graph)
    return session


def check(session: "InferenceSession", weights: Mapping[str, Floats], shape: Shape) -> float:
    """The lowest cosine of any vector of a probe set with what the original gives, read plainly in numpy.

    The probes are vocabulary entries drawn with a seed: a single piece, texts in company, and the longest window.
    """
    embeddings = read_embeddings(weights)
    rng = np.random.default_rng(0)
    probes = (rng.integers(0, len(embeddings.words), size) for size in _PROBES)
    return min(_lowest_cosine(session, weights, shape, embeddings.of(probe)) for probe in probes)


def _lowest_cosine(session: "InferenceSession", weights: Mapping[str, Floats], shape: Shape, embedded: Floats) -> float:
    pieces, means = session.run([PIECES, MEAN], {EMBEDDED: embedded})
    cosines = []
    for text, found, found_mean in zip(embedded, pieces, means, strict=True):
        first, last = read_layers(text, weights, shape)
        mixed = LAYER_WEIGHTS[0] * _unit(first) + LAYER_WEIGHTS[1] * _unit(last)
        expected = np.vstack([_unit(mixed), _unit(last.mean(axis=0, keepdims=True))])
        cosines.append((expected * np.vstack([found, found_mean])).sum(axis=1).min())
    return float(np.min(cosines))


def _unit(rows: Floats) -> Floats:
    unit: Floats = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _session(model: str | bytes) -> "InferenceSession":
    """Load a model from a file or from memory."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as faults

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # Threads that wait without sleeping take the cores from the work between two batches, and from other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.NotImplemented,
        faults.RuntimeException,
    ) as error:
        raise CompileError(str(error).splitlines()[0]) from error


def n_threads() -> int:
    """Threads for the arithmetic: `OMP_NUM_THREADS` where it is set, else the cores that this process may use."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _runtime_version() -> str:
    try:
        return version(_RUNTIME)
    except PackageNotFoundError as error:
        raise CompileError(f"{_RUNTIME} is not installed") from error


def _refusal(path: Path) -> Path:
    """Where the reason is kept for which a model may not be used."""
    return path.with_suffix(".refused")


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; without a place to keep it the work is done again in the next run."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    except OSError as error:
        _log.warning("the compiled encoder cannot be kept in %s: %s", path.parent, error)
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        _log.warning("the compiled encoder cannot be kept in %s: %s", path.parent, error)
        Path(name).unlink(missing_ok=True)
