"""Chooses and describes the encoder for a name, as given with `--encoder`."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from grader.__about__ import PACKAGED_MODEL
from grader.encoders.model_files import model_path, packaged_model
from grader.encoders.onnx import OnnxEncoder
from grader.encoders.packaged import PackagedEncoder, describe_packaged
from grader.encoders.protocol import Encoder
from grader.encoders.sentence_transformer import TORCH, SentenceTransformerEncoder
from grader.encoders.static import StaticEncoder
from grader.errors import SetupError
from grader.settings import INT8, REMOTE, STATIC

if TYPE_CHECKING:
    from grader.provider import ReplyCache, RequestScheduler


# Faster and less exact variants of the packaged model.
_VARIANTS: dict[str, Callable[[], Encoder]] = {INT8: partial(OnnxEncoder, whole=True), STATIC: StaticEncoder}
_RUNTIMES = {INT8: "onnx", STATIC: "none"}


def load_encoder(
    name: str, *, scheduler: "RequestScheduler | None" = None, cache: "ReplyCache | None" = None
) -> Encoder:
    """The encoder with this name. A model is loaded, and a server contacted, at its first use.

    Args:
        name: of a model, a folder, or `openai:MODEL` for one behind a server that the environment names; `torch:`
            before a model's name runs it through sentence-transformers, also the packaged one; `int8` and `static`
            read with the packaged model faster and less exactly.
        scheduler: limits and retries for a server, shared with the judges, so that one budget holds for a run.
        cache: for the vectors of a server.

    """
    if not name.removeprefix(TORCH).strip():
        raise SetupError(f"the encoder has no name; leave --encoder out to use the packaged {PACKAGED_MODEL}")
    if name.startswith(REMOTE):
        from grader.encoders.remote import EndpointEncoder

        return EndpointEncoder(name, scheduler=scheduler, cache=cache)
    if name in _VARIANTS:
        return _VARIANTS[name]()
    return PackagedEncoder() if name == PACKAGED_MODEL else SentenceTransformerEncoder(name)


def reads_english_only(name: str) -> bool:
    """Whether an encoder uses the packaged model, which was trained on English; others may read any language."""
    return name.removeprefix(TORCH) in (PACKAGED_MODEL, *_VARIANTS)


def describe_encoder(name: str) -> dict[str, Any]:
    """Describe an encoder and whether it works offline, without loading it.

    Returns:
        `name`, `path` (`None` for a model of a hub or a server), `runtime` (`onnx`, `torch`, `server`, or `none` for a
        table of vectors), `ready_offline`; for the packaged model also what `describe_packaged` says.

    """
    if name.startswith(REMOTE):
        return {"name": name, "path": None, "runtime": "server", "ready_offline": False}
    path = packaged_model() if name in _VARIANTS else model_path(name.removeprefix(TORCH))
    here = path.is_dir()
    runtime = describe_packaged() if name == PACKAGED_MODEL else {"runtime": _RUNTIMES.get(name, "torch")}
    return {"name": name, "path": str(path) if here else None, **runtime, "ready_offline": here}
