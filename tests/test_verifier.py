"""The verifier on the real encoder: what turns a point round, what leaves it, and that company changes nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from grader.encoding import Encoder
from grader.verifier import VectorPair, Verifier
from tests.benchmarks.verifier_network import INPUT_SCALE, Network, save

SURE = 0.8

TURNED = [
    ("Dropout is active during training.", "Dropout is not active during training."),
    ("The cache makes repeated reads faster.", "The cache makes repeated reads slower."),
    ("A larger batch needs more memory.", "A larger batch needs less memory."),
    ("The buffer is always flushed before the process exits.", "The buffer is never flushed before the process exits."),
    ("The lookup takes 5 seconds.", "The lookup takes 50 seconds."),
    ("The index does not help with full scans.", "The index helps with full scans."),
    ("Caches make repeated reads cheaper.", "It is not true that caches make repeated reads cheaper."),
]
KEPT = [
    ("Dropout is active during training.", "Dropout is active during training."),
    ("Dropout is not active at inference.", "Dropout is not active at inference."),
    ("The cache makes repeated reads faster.", "I am not sure, but the cache makes repeated reads faster."),
    ("The index does not help with full scans.", "The index doesn't help with full scans."),
    ("The lookup takes 5 seconds.", "The buffer is never flushed before the process exits."),
    ("Never share the private key.", "A larger batch needs less memory."),
    ("That loop is unsafe.", "That loop is not safe."),
]


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier()


@pytest.fixture(scope="module")
def pairs(encoder: Encoder) -> list[VectorPair]:
    flat = [encoded.vectors for texts in TURNED + KEPT for encoded in encoder.encode(texts)]
    return [VectorPair(*both) for both in zip(flat[::2], flat[1::2], strict=True)]


def test_statements_that_turn_the_point_round_contradict_it(verifier: Verifier, pairs: list[VectorPair]) -> None:
    likely = verifier.contradicts(pairs[: len(TURNED)])
    assert [pair for pair, p in zip(TURNED, likely, strict=True) if p < SURE] == []


def test_a_statement_is_judged_within_its_answer(verifier: Verifier, encoder: Encoder) -> None:
    point, said = "Dropout is active during training.", "Dropout is not active during training."
    answer = f"A larger batch needs more memory. {said} The cache helps."
    tokens, whole = encoder.encode([point, answer])
    start = answer.index(said)
    inside = (whole.spans[:, 0] >= start) & (whole.spans[:, 0] < start + len(said))
    denied, beside = verifier.contradicts(
        [(tokens.vectors, whole.vectors[inside]), (tokens.vectors, whole.vectors[whole.spans[:, 0] < start])]
    )
    assert denied >= SURE
    assert beside < 0.5


def test_a_pair_is_judged_the_same_in_any_company(verifier: Verifier, pairs: list[VectorPair]) -> None:
    together = verifier.contradicts(pairs)
    assert np.array_equal(together[::-1], verifier.contradicts(pairs[::-1]))
    assert np.array_equal(together, [verifier.contradicts([pair])[0] for pair in pairs])
    assert ((together >= 0) & (together <= 1)).all()


def test_nothing_contradicts_and_is_contradicted_by_nothing(verifier: Verifier, pairs: list[VectorPair]) -> None:
    nothing = np.zeros((0, 384), np.float32)
    assert verifier.contradicts([]).shape == (0,)
    assert verifier.contradicts([(nothing, pairs[0].statement), (pairs[0].point, nothing)]).tolist() == [0, 0]


def test_it_fits_the_packaged_encoder_only(verifier: Verifier, encoder: Encoder) -> None:
    assert verifier.fits(encoder.name, encoder.revision)
    assert not verifier.fits(encoder.name, "another")
    assert not verifier.fits("another", encoder.revision)


def test_without_weights_it_fits_nothing(encoder: Encoder, tmp_path: Path) -> None:
    assert not Verifier(tmp_path / "removed.npz").fits(encoder.name, encoder.revision)


def test_its_revision_names_the_weights(verifier: Verifier, tmp_path: Path) -> None:
    other = tmp_path / "weights.npz"
    save(other, [Network()], encoder={"name": "x", "revision": "y"})
    assert len(verifier.revision) == 12
    assert verifier.revision != Verifier(other).revision


def test_numpy_computes_what_torch_computes(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    torch.manual_seed(3)
    networks = [Network().eval(), Network().eval()]
    path = tmp_path / "weights.npz"
    save(path, networks, encoder={"name": "x", "revision": "y"})
    with torch.no_grad():  # what is stored is rounded to half precision
        for name, values in (pair for network in networks for pair in network.named_parameters()):
            scale = INPUT_SCALE if name.split(".")[0] in ("x", "a", "m") else 1
            values.copy_((values * scale).half().float() / scale)
    for n_point, n_said in ((1, 1), (1, 9), (12, 5), (70, 80)):
        pair = VectorPair(unit(rng, n_point), unit(rng, n_said))
        point, said = (torch.from_numpy(side)[None] for side in pair)
        masks = (torch.ones(1, n, dtype=torch.bool) for n in (n_point, n_said))
        inputs = [part for pair_of in zip((point, said), masks, strict=True) for part in pair_of]
        with torch.inference_mode():
            logit = torch.stack([network(*inputs) for network in networks]).mean()
        assert Verifier(path).contradicts([pair])[0] == pytest.approx(torch.sigmoid(logit).item(), abs=1e-5)


def unit(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
    vectors = rng.normal(size=(n, 384)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
