"""BERT in numpy against the published arithmetic and against torch."""

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from grader.encoders.bert import (
    INPUT_STEPS,
    WEIGHT_STEPS,
    BertArchitecture,
    gelu,
    gelu_tanh,
    layer_norm,
    linear,
    transformer_layers,
    whole_linear,
    whole_weights,
)

SHAPE = BertArchitecture(n_layers=2, n_heads=3, epsilon=1e-12)
CONFIG = BertConfig(
    vocab_size=50,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=20,
    layer_norm_eps=1e-12,
)


@pytest.fixture(scope="module")
def model() -> BertModel:
    torch.manual_seed(0)
    model = BertModel(CONFIG, add_pooling_layer=False)
    model.train(False)
    return model


def weights_of(model: BertModel) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in model.state_dict().items()}


def test_it_reads_as_transformers_does(model: BertModel) -> None:
    ids = torch.tensor([[7, 1, 30, 4, 4, 9]])
    with torch.inference_mode():
        hidden = model(input_ids=ids, output_hidden_states=True).hidden_states
    weights = weights_of(model)
    words, places, sides = (
        weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    first, last = transformer_layers(words[ids[0].numpy()] + places[:6] + sides[0], weights, SHAPE)
    assert first == pytest.approx(hidden[0][0].numpy(), abs=1e-6)
    assert last == pytest.approx(hidden[-1][0].numpy(), abs=1e-5)


def test_gelu_is_x_times_the_normal_distribution() -> None:
    # Phi(1) = .8413447, Phi(-2) = .0227501, tables of the standard normal distribution
    values = np.array([0, 1, -2], np.float32)
    assert gelu(values) == pytest.approx([0, 0.8413447, -0.0455003], abs=1e-6)
    assert gelu_tanh(values) == pytest.approx(gelu(values), abs=5e-4)


def test_a_normed_row_has_mean_0_and_variance_1() -> None:
    weights = {"n.weight": np.ones(4, np.float32), "n.bias": np.zeros(4, np.float32)}
    assert layer_norm(np.array([[1, 1, 3, 3]], np.float32), weights, "n", 0.0)[0] == pytest.approx([-1, -1, 1, 1])


def test_whole_numbers_are_as_near_as_their_steps() -> None:
    rng = np.random.default_rng(0)
    weights = {"m.weight": rng.normal(size=(5, 40)).astype(np.float32), "m.bias": rng.normal(size=5).astype(np.float32)}
    values = rng.normal(size=(7, 40)).astype(np.float32)
    matrix, scales = whole_weights(weights["m.weight"])
    assert np.abs(matrix).max() == WEIGHT_STEPS and matrix.dtype == np.int8
    # half a step of each input times each weight, and the other way round
    half = np.abs(values).max(axis=1)[:, None] / INPUT_STEPS / 2
    bound = half * np.abs(weights["m.weight"]).sum(axis=1)
    bound = bound + scales / 2 * (np.abs(values) + half).sum(axis=1)[:, None]
    assert (np.abs(whole_linear(values, weights, "m") - linear(values, weights, "m")) <= bound).all()


def test_whole_numbers_that_fit_are_exact() -> None:
    weights = {"m.weight": np.array([[63, -2, 0]], np.float32), "m.bias": np.zeros(1, np.float32)}
    assert whole_linear(np.array([[127, 5, 9]], np.float32), weights, "m")[0] == pytest.approx([127 * 63 - 10])


def test_no_sum_of_two_products_leaves_16_bits() -> None:
    assert 2 * (128 + INPUT_STEPS) * WEIGHT_STEPS < 2**15
