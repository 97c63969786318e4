"""A few fixed sentences, and the vectors that they must get: the last look before the first text is encoded.

Files are checked by their hashes; this finds what no hash does, such as a runtime that computes something else.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from grader.encoders.token_vectors import Floats, TokenVectors
from grader.errors import SetupError

SENTENCES = (
    "Dropout switches off random units while a network is trained.",
    "Water boils at 100 °C, but not on a high mountain.",
    "Who signed the treaty, and why?",
)
# The text vectors of the packaged model for them, shape `(3, 384)`; written by tests/support/published_weights.py.
VECTORS = Path(__file__).parent / "probe_vectors.npy"
# Lowest cosine with them; runtimes and processors differ by less than 1e-5, int8 was measured at .997.
_MIN_COSINE, _MIN_COSINE_INT8 = 0.9999, 0.98


def check_vectors(encode: Callable[[Sequence[str]], list[TokenVectors]], *, whole: bool) -> None:
    """Encode the fixed sentences and compare.

    Args:
        encode: gives the vectors of texts.
        whole: whether it computes in int8.

    Raises:
        SetupError: a vector is another one.

    """
    expected: Floats = np.load(VECTORS, allow_pickle=False)
    found = np.stack([vectors.mean for vectors in encode(SENTENCES)])
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosine = float(((found * expected).sum(axis=1) / lengths).min())
    if not cosine >= (_MIN_COSINE_INT8 if whole else _MIN_COSINE):
        problem = f"the encoder gives other vectors than it must for fixed sentences (lowest cosine {cosine:.4f})"
        raise SetupError(f"{problem}; nothing is graded with it. Find the damaged file: grader doctor --verify")
