"""Fixed sentences must get known vectors before anything is encoded."""

import re
from dataclasses import replace

import numpy as np
import pytest

from grader.encoders.onnx import OnnxEncoder
from grader.encoders.probe import SENTENCES, check_vectors
from grader.encoders.static import StaticEncoder
from grader.errors import SetupError


@pytest.mark.parametrize("whole", [False, True])
def test_the_packaged_model_gives_the_published_vectors(whole: bool) -> None:
    check_vectors(OnnxEncoder(whole=whole, keeps=False)._encode, whole=whole)


def test_other_vectors_are_refused_with_the_way_out() -> None:
    encoder = OnnxEncoder()
    found = dict(zip(SENTENCES, encoder._encode(SENTENCES), strict=True))
    turned = {text: replace(vectors, mean=np.roll(vectors.mean, 1)) for text, vectors in found.items()}
    with pytest.raises(SetupError, match=re.escape("grader doctor --verify")):
        check_vectors(lambda texts: [turned[text] for text in texts], whole=False)
    with pytest.raises(SetupError, match="other vectors than it must"):
        check_vectors(StaticEncoder().encode, whole=True)
