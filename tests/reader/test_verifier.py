"""The verifier on the packaged model: what turns a point round, what leaves it, and that company changes nothing."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from grader.encoders.model_files import model_revision, packaged_model
from grader.reader.verifier import N_TOKENS, Verifier
from tests.benchmarks.verifier_network import Network, Tokens, predict, save

SURE = 0.7

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
    ("When the buffer is large, writing is fast.", "When the buffer is too large, writing becomes fast."),
    (
        "The worker takes one job and then sleeps for a second.",
        "The worker grabs a job, then it sleeps for one second.",
    ),
    (
        "A hash table finds a key in constant time on average.",
        "On average a hash table needs constant time to find a key.",
    ),
    ("The compiler makes a copy of the function body.", "The compiler creates a copy of the body of the function."),
]


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(packaged_model(), keeps=False)


@pytest.fixture(scope="module")
def small() -> Network:
    """A network as it is before training: its last layers say nothing, but they say it everywhere alike."""
    torch.manual_seed(3)
    return Network(packaged_model()).eval()


@pytest.mark.parametrize(("point", "statement"), TURNED)
def test_a_statement_that_turns_the_point_round_contradicts_it(verifier: Verifier, point: str, statement: str) -> None:
    assert verifier.contradicts([(point, statement)])[0] >= SURE


@pytest.mark.parametrize(("point", "statement"), KEPT)
def test_a_statement_that_says_the_same_or_something_else_contradicts_nothing(
    verifier: Verifier, point: str, statement: str
) -> None:
    assert verifier.contradicts([(point, statement)])[0] < SURE


def test_a_pair_is_judged_the_same_in_any_company(verifier: Verifier) -> None:
    pairs = [*TURNED, *KEPT]
    together = verifier.contradicts(pairs)
    assert np.array_equal(together[::-1], verifier.contradicts(pairs[::-1]))
    assert np.array_equal(together, [verifier.contradicts([pair])[0] for pair in pairs])
    assert ((together >= 0) & (together <= 1)).all()


def test_nothing_contradicts_and_is_contradicted_by_nothing(verifier: Verifier) -> None:
    assert verifier.contradicts([]).shape == (0,)
    assert verifier.contradicts([("", "The cache helps."), ("The cache helps.", " \n")]).tolist() == [0, 0]


def test_a_text_too_long_to_be_read_whole_is_not_judged(verifier: Verifier) -> None:
    claim = "The cache " + "really " * (N_TOKENS - 4) + "helps."
    denial = claim.replace("helps", "does not help")
    assert verifier.contradicts([(claim, denial), (denial, claim)]).tolist() == [0, 0]


def test_it_fits_the_packaged_model_only(verifier: Verifier) -> None:
    assert verifier.fits(model_revision(packaged_model()))
    assert not verifier.fits("another")


def test_without_weights_it_fits_nothing(tmp_path: Path) -> None:
    missing = Verifier(packaged_model(), tmp_path / "removed.npz")
    assert not missing.fits(model_revision(packaged_model()))


def test_its_revision_names_the_weights(verifier: Verifier, small: Network, tmp_path: Path) -> None:
    other = tmp_path / "weights.npz"
    save(other, small, words_from="x")
    assert len(verifier.revision) == 12
    assert verifier.revision != Verifier(packaged_model(), other).revision


def test_it_computes_what_torch_computes(small: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    path = tmp_path / "weights.npz"
    save(path, small, words_from="x")
    tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    pairs = [*TURNED[:3], ("a", "b"), ("word " * 60, "other " * 50)]
    exact = predict(small, Tokens(pairs, tokenizer))
    # int8 rows and bfloat16 products each cost a little
    compiled, plain = (Verifier(packaged_model(), path, keeps=False) for _ in range(2))
    assert compiled.contradicts(pairs) == pytest.approx(exact, abs=0.02)
    [kept] = (tmp_path / "models").glob("*.onnx")
    kept.with_suffix(".refused").write_text("another logit")
    assert plain.contradicts(pairs) == pytest.approx(compiled.contradicts(pairs), abs=1e-5)
    assert plain._compiled is None


def test_what_was_judged_before_is_not_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = Verifier(packaged_model(), keeps=False).contradicts(TURNED)
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path))
    for _ in range(2):
        verifier = Verifier(packaged_model())
        assert np.array_equal(verifier.contradicts(TURNED), expected)
    assert "_compiled" not in vars(verifier)
    turned = [(statement, point) for point, statement in TURNED]  # the sides are told apart
    assert np.array_equal(verifier.contradicts(turned), Verifier(packaged_model(), keeps=False).contradicts(turned))
