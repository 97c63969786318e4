"""A model -> its ONNX form in the user's cache folder, made once, checked against the original, then kept.

Two processes may make it at the same time: each writes a file of its own and moves it into place, whole.
"""

import logging
import os
import platform
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grader.encoders.bert_graph import GRAPH_VERSION
from grader.errors import SetupError
from grader.files import cache_folder

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_log = logging.getLogger(__name__)

_RUNTIME = "onnxruntime"
# Its official builds tell their makers of each use, unless this is set before it is loaded (its Privacy.md).
_TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"
_ERRORS_ONLY = 3  # of its log
# Not to be rewritten: an addition before a norm. Made one operator, the two take four times as long.
_LEFT_ALONE = ["SkipLayerNormFusion"]


class CompileError(SetupError):
    """The model has no compiled form that may be used; the message says why."""


class CompilationSpec(NamedTuple):
    """How a model is compiled.

    Attributes:
        what: it is called in messages.
        key: names its weights: other weights, another key.
        build: gives the bytes of the ONNX file.
        fault: what is wrong with what the compiled model computes, `None` where it agrees with the original.

    """

    what: str
    key: str
    build: Callable[[], bytes]
    fault: Callable[["InferenceSession"], str | None]


def compiled_path(key: str) -> Path:
    """Where a compiled model lives: by its weights, the graph's version, the runtime's and the machine.

    Raises:
        CompileError: the runtime is not installed.

    """
    name = f"{key}-g{GRAPH_VERSION}-ort{_runtime_version()}-{platform.machine() or 'any'}"
    return cache_folder() / "models" / f"{name}.onnx"


def why_refused(key: str) -> str | None:
    """Why the original is used here, as far as that is known without trying; `None` if it need not be."""
    try:
        return _refusal(compiled_path(key)).read_text(encoding="utf-8")
    except CompileError as error:
        return str(error)
    except OSError:
        return None


def open_compiled(recipe: CompilationSpec) -> "InferenceSession":
    """The compiled model, ready to run; compiled and checked first where that has not been done.

    Raises:
        CompileError: the runtime is not installed, or does not compute what the original does.

    """
    path = compiled_path(recipe.key)
    refused = why_refused(recipe.key)
    if refused is not None:
        raise CompileError(refused)
    if path.is_file():
        try:
            return _session(str(path))
        except CompileError as error:
            _log.warning("%s is damaged and made again: %s", path, error)
    graph = recipe.build()
    session = _session(graph)
    fault = recipe.fault(session)
    if fault is not None:
        reason = f"the compiled {recipe.what} differs from the original ({fault})"
        _keep(_refusal(path), reason.encode())
        raise CompileError(reason)
    _keep(path, graph)
    return session


def _session(model: str | bytes) -> "InferenceSession":
    """Load a model from a file or from memory."""
    os.environ.setdefault(_TELEMETRY_OFF, "1")
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as faults
    except ImportError as error:
        raise CompileError(f"{_RUNTIME} cannot be loaded ({error})") from error
    options = onnxruntime.SessionOptions()
    # One thread a run: who has many texts runs several at once.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_LEFT_ALONE
        )
    except (
        faults.Fail,
        faults.InvalidArgument,
        faults.InvalidGraph,
        faults.InvalidProtobuf,
        faults.NotImplemented,
        faults.RuntimeException,
    ) as error:
        raise CompileError(str(error).splitlines()[0]) from error


def _runtime_version() -> str:
    try:
        return version(_RUNTIME)
    except PackageNotFoundError as error:
        raise CompileError(f"{_RUNTIME} is not installed; run: pip install {_RUNTIME}") from error


def _refusal(path: Path) -> Path:
    """Where the reason is kept for which a model may not be used."""
    return path.with_suffix(".refused")


def _keep(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; without a place to keep it the work is done again in the next run."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    except OSError as error:
        _log.warning("a compiled model cannot be kept in %s: %s", path.parent, error)
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as error:
        _log.warning("a compiled model cannot be kept in %s: %s", path.parent, error)
        Path(name).unlink(missing_ok=True)
