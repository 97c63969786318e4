"""Compiles a model to ONNX once, checks it against the original, and keeps it in the user's cache folder.

Its sha256 stands beside it, in the form that `sha256sum -c` reads, and is checked whenever the file is opened: a file
that is damaged is set aside and made again. Two processes may compile at the same time: each writes its own file and
then moves it into place.
"""

import logging
import os
import platform
import re
import tempfile
from collections.abc import Callable
from hashlib import file_digest, sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from grader.encoders.bert_graph import GRAPH_VERSION
from grader.errors import SetupError
from grader.files import cache_folder, set_aside

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


class Compiled(NamedTuple):
    """A compiled model, ready to run, and the sha256 of its file in hex."""

    session: "InferenceSession"
    digest: str


def compiled_path(key: str) -> Path:
    """File of a compiled model, named by its weights, graph version, runtime version and machine.

    Raises:
        CompileError: the runtime is not installed.

    """
    name = f"{key}-g{GRAPH_VERSION}-ort{_runtime_version()}-{platform.machine() or 'any'}"
    return cache_folder() / "models" / f"{name}.onnx"


def compiled_models() -> list[Path]:
    """The compiled models that are kept, of all versions."""
    return sorted((cache_folder() / "models").glob("*.onnx"))


def refusal_reason(key: str) -> str | None:
    """Why this model cannot run compiled here, if that is known without trying; else `None`."""
    try:
        return _refusal_path(compiled_path(key)).read_text(encoding="utf-8", errors="replace")
    except CompileError as error:
        return str(error)
    except OSError:
        return None


def recorded_digest(path: Path) -> str | None:
    """The sha256 that was written beside a compiled file, in hex; `None` if there is none that can be read."""
    try:
        written = _digest_path(path).read_bytes().decode("ascii", "replace")
    except OSError:
        return None
    found = re.fullmatch(rf"([0-9a-f]{{64}})  {re.escape(path.name)}\n", written)
    return found[1] if found else None


def cached_vectors_of(key: str, compile_now: Callable[[], str]) -> str:
    """Under which name a compiled model's vectors are cached: its file's name and hash.

    So what a damaged file has computed is never taken for the work of the right one.

    Args:
        key: of the model.
        compile_now: opens the model and returns its digest; called only if none is written down.

    """
    path = compiled_path(key)
    return f"{path.stem}-{recorded_digest(path) or compile_now()}"


def compiled_damage(path: Path) -> str | None:
    """What is wrong with a compiled file, by the hash beside it; `None` if nothing is. About 30 ms for 40 MB."""
    recorded = recorded_digest(path)
    if recorded is None:
        return "it has no readable hash beside it"
    try:
        with path.open("rb") as file:
            found = file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return None if found == recorded else f"its sha256 is {found[:12]}..., written beside it is {recorded[:12]}..."


def open_compiled(spec: CompilationSpec) -> Compiled:
    """The compiled model, ready to run; it is compiled and checked first if that has not been done.

    Raises:
        CompileError: the runtime is not installed, or its results differ from the original's.

    """
    path = compiled_path(spec.key)
    refused = refusal_reason(spec.key)
    if refused is not None:
        raise CompileError(refused)
    if path.is_file() and _digest_path(path).exists():  # a file without a hash is of an earlier version: made again
        damage = compiled_damage(path)
        if damage is None:
            try:
                return Compiled(_session(str(path)), recorded_digest(path) or "")
            except CompileError as error:
                damage = str(error)
        _log.warning("%s is damaged (%s); it is kept as %s and made again", path, damage, set_aside(path).name)
    graph = spec.build()
    session = _session(graph)
    fault = spec.fault(session)
    if fault is not None:
        reason = f"the compiled {spec.what} differs from the original ({fault})"
        _write_atomically(_refusal_path(path), reason.encode())
        raise CompileError(reason)
    digest = sha256(graph).hexdigest()
    # The hash first: a file without one would be taken for a damaged one.
    _write_atomically(_digest_path(path), f"{digest}  {path.name}\n".encode())
    _write_atomically(path, graph)
    return Compiled(session, digest)


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


def _digest_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


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
