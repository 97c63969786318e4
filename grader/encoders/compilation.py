"""Compiles a model to ONNX once, checks it against the original, and keeps it in the user's cache folder.

Two processes may compile at the same time: each writes its own file and then moves it into place.
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
# Its official builds send usage data unless this is set before they are loaded (see its Privacy.md).
_TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"
_ERRORS_ONLY = 3  # log level of the runtime
# Off: it merges an addition and the norm after it into one operator, which takes four times as long.
_DISABLED_OPTIMIZERS = ["SkipLayerNormFusion"]


class CompileError(SetupError):
    """The model has no usable compiled form; the message says why."""


class CompilationSpec(NamedTuple):
    """How a model is compiled.

    Attributes:
        what: name of the model in messages.
        key: identifies the weights; other weights need another key.
        build: returns the bytes of the ONNX file.
        fault: how the compiled model's results differ from the original's; `None` if they agree.

    """

    what: str
    key: str
    build: Callable[[], bytes]
    fault: Callable[["InferenceSession"], str | None]


def compiled_path(key: str) -> Path:
    """File of a compiled model, named by its weights, graph version, runtime version and machine.

    Raises:
        CompileError: the runtime is not installed.

    """
    name = f"{key}-g{GRAPH_VERSION}-ort{_runtime_version()}-{platform.machine() or 'any'}"
    return cache_folder() / "models" / f"{name}.onnx"


def refusal_reason(key: str) -> str | None:
    """Why this model cannot run compiled here, if that is known without trying; else `None`."""
    try:
        return _refusal_path(compiled_path(key)).read_text(encoding="utf-8")
    except CompileError as error:
        return str(error)
    except OSError:
        return None


def open_compiled(spec: CompilationSpec) -> "InferenceSession":
    """The compiled model, ready to run; it is compiled and checked first if that has not been done.

    Raises:
        CompileError: the runtime is not installed, or its results differ from the original's.

    """
    path = compiled_path(spec.key)
    refused = refusal_reason(spec.key)
    if refused is not None:
        raise CompileError(refused)
    if path.is_file():
        try:
            return _session(str(path))
        except CompileError as error:
            _log.warning("%s is damaged and made again: %s", path, error)
    graph = spec.build()
    session = _session(graph)
    fault = spec.fault(session)
    if fault is not None:
        reason = f"the compiled {spec.what} differs from the original ({fault})"
        _write_atomically(_refusal_path(path), reason.encode())
        raise CompileError(reason)
    _write_atomically(path, graph)
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
    # One thread per run; callers with many texts run several at once.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=_DISABLED_OPTIMIZERS
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


def _refusal_path(path: Path) -> Path:
    """File with the reason why a compiled model was refused."""
    return path.with_suffix(".refused")


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file atomically. If it cannot be written, only a warning is logged, and the next run compiles again."""
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
