"""What is published of the packaged weights: their hashes, and what they compute for fixed inputs.

`python -m tests.support.published_weights` writes it again: after new weights were put into `grader/reader/models`.
"""

import json
from hashlib import sha256

import numpy as np

from grader.encoders.model_files import packaged_model
from grader.encoders.probe import SENTENCES, VECTORS
from grader.encoders.sentence_transformer import SentenceTransformerEncoder
from grader.reader.packaged_network import MODELS, PUBLISHED, PackagedNetwork
from grader.reader.reader import PackagedReader
from grader.reader.verifier import Verifier


def published() -> str:
    """The text of the file: for each file of weights its sha256 and the logits of its probe."""
    networks: list[PackagedNetwork] = [kind(packaged_model(), keeps=False) for kind in (PackagedReader, Verifier)]
    found = {}
    for network in networks:
        content = (MODELS / f"{network.what}.npz").read_bytes()
        network.__dict__["_published"] = None  # the file is what it is: it is being published
        found[f"{network.what}.npz"] = {
            "sha256": sha256(content).hexdigest(),
            "logits": [round(logit, 3) for logit in network.probe()],
        }
    return json.dumps(found, indent=2) + "\n"


if __name__ == "__main__":
    PUBLISHED.write_text(published())
    original = SentenceTransformerEncoder().encode(SENTENCES)
    np.save(VECTORS, np.stack([vectors.mean for vectors in original]))
