"""The weights of a BERT -> an ONNX graph that gives token vectors as coverage wants them.

All texts of a batch have the same length, so nothing is padded or masked. Then what a text gives does not depend on its
company, to the last bit: every operator works on rows of one text alone.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from grader.encoders.bert import INPUT_STEPS, BertArchitecture, Floats, whole_weights
from grader.encoders.onnx_file import RUNTIMES_OWN, Graph

# Raise it when the graph changes: compiled models of another version are not used.
GRAPH_VERSION = 3
EMBEDDINGS_INPUT, PIECES, MEAN, LOGIT_OUTPUT = "embedded", "pieces", "mean", "logit"
ATTENTION_BIAS_INPUT, HIDDEN_OUTPUT = "bias", "hidden"
_OPSET = 20
_SHORTEST = 1e-12
_SMALLEST = 1e-9
_ZERO = 128  # stands for 0 among whole numbers without a sign, which is the form that the runtime computes fastest


class _Model(NamedTuple):
    """A graph that grows, what goes into it, and what models differ in: attributes of the curve and linear maps.

    `linear` maps rows `(n_rows, n_in)` by the linear maps of the given names, their results side by side.
    """

    graph: Graph
    weights: Mapping[str, Floats]
    shape: BertArchitecture
    curve: Mapping[str, str]
    linear: "Callable[[_Model, str, list[str]], str]"
    bias: str = ""  # added to the attention scores; left out if empty

    @property
    def dim(self) -> int:
        return int(self.weights["embeddings.LayerNorm.bias"].shape[0])


def bert_graph(
    weights: Mapping[str, Floats], shape: BertArchitecture, layer_weights: tuple[float, float], *, whole: bool = False
) -> bytes:
    """The model as the bytes of an ONNX file.

    Input `embedded`: word, position and type embeddings added up, `(n_texts, n_pieces, dim)`. Outputs `pieces`, the
    unit mix of input embeddings and last layer, of the same shape, and `mean`, the unit mean of the last layer,
    `(n_texts, dim)`.

    Args:
        weights: by their published names.
        shape: of the model.
        layer_weights: of the normed input embeddings and of the last layer in the mix.
        whole: whether linear maps are computed in whole numbers, as `bert.whole_linear` does.

    """
    graph = Graph(_OPSET)
    model = _Model(graph, weights, shape, {}, _whole_linear if whole else _linear)
    first, last = _read(model, "encoder.layer.")
    word, meaning = (
        graph.apply("Mul", _unit(graph, hidden), graph.weight(share))
        for hidden, share in zip((first, last), layer_weights, strict=True)
    )
    graph.output(PIECES, ["texts", "length", model.dim], _unit(graph, graph.apply("Add", word, meaning)))
    graph.output(MEAN, ["texts", model.dim], _unit(graph, _sum_of_pieces(graph, last)))
    return graph.model()


def cross_encoder_graph(weights: Mapping[str, Floats], shape: BertArchitecture) -> bytes:
    """A BERT that judges two texts read as one: the first, the mean and the highest of its vectors, then two maps.

    Input `embedded` as for `bert_graph`, output `logit`, `(n_texts, 1)`. Layers are called "layer.0." and so on, the
    maps "h1" and "h2", and the curve is the one by tanh.
    """
    graph = Graph(_OPSET)
    model = _Model(graph, weights, shape, {"approximate": "tanh"}, _linear)
    _, last = _read(model, "layer.")
    mean = graph.apply("ReduceMean", last, graph.weight([1]), keepdims=0)
    highest = graph.apply("ReduceMax", last, graph.weight([1]), keepdims=0)
    pooled = graph.apply(
        "Concat", graph.apply("Gather", last, graph.weight(np.array(0)), axis=1), mean, highest, axis=1
    )
    raised = graph.apply("Relu", _linear(model, pooled, ["h1"]))
    graph.output(LOGIT_OUTPUT, ["texts", 1], _linear(model, raised, ["h2"]))
    return graph.model()


def masked_encoder_graph(weights: Mapping[str, Floats], shape: BertArchitecture) -> bytes:
    """A BERT in which a piece may look at some of the others only.

    Inputs `embedded` as for `bert_graph`, and `bias`, `(n_texts, 1, n_pieces, n_pieces)`: added to the attention
    scores, very low where a piece may not look. Output `hidden`, the last layer, `(n_texts, n_pieces, dim)`. Layers
    are called "layer.0." and so on, and the activation is GELU by tanh.
    """
    graph = Graph(_OPSET)
    bias = graph.input(ATTENTION_BIAS_INPUT, ["texts", 1, "length", "length"])
    model = _Model(graph, weights, shape, {"approximate": "tanh"}, _linear, bias)
    _, last = _read(model, "layer.")
    graph.output(HIDDEN_OUTPUT, ["texts", "length", model.dim], last)
    return graph.model()


def _read(model: _Model, layers: str) -> tuple[str, str]:
    """The normed input embeddings and the last layer, `(n_texts, n_pieces, dim)`.

    Between them all pieces of a batch are the rows of one matrix: a linear map then adds its shift in the product.
    """
    graph = model.graph
    embedded = graph.input(EMBEDDINGS_INPUT, ["texts", "length", model.dim])
    texts = graph.apply("Shape", embedded)
    first = _norm(model, embedded, "embeddings.LayerNorm")
    rows = graph.apply("Reshape", first, graph.weight([-1, model.dim]))
    for layer in range(model.shape.n_layers):
        rows = _layer(model, rows, texts, f"{layers}{layer}.")
    return first, graph.apply("Reshape", rows, texts)


def _layer(model: _Model, rows: str, texts: str, layer: str) -> str:
    """One transformer layer; `texts` holds the shape that the rows have as texts."""
    graph, linear = model.graph, model.linear
    seen = linear(model, _attention(model, rows, texts, layer), [layer + "attention.output.dense"])
    rows = _norm(model, graph.apply("Add", rows, seen), layer + "attention.output.LayerNorm")
    raised = graph.apply("Gelu", linear(model, rows, [layer + "intermediate.dense"]), **model.curve)
    raised = linear(model, raised, [layer + "output.dense"])
    return _norm(model, graph.apply("Add", rows, raised), layer + "output.LayerNorm")


def _attention(model: _Model, rows: str, texts: str, layer: str) -> str:
    """What each piece sees of the others of its text: query, key and value come from one matrix product."""
    graph = model.graph
    names = [f"{layer}attention.self.{part}" for part in ("query", "key", "value")]
    all_three = model.linear(model, rows, names)
    graph.apply("Split", all_three, outputs=names, axis=-1, num_outputs=3)
    parts = [graph.apply("Reshape", name, texts) for name in names]
    bias = ("", "", model.bias) if model.bias else ()
    seen = graph.apply("MultiHeadAttention", *parts, *bias, domain=RUNTIMES_OWN, num_heads=model.shape.n_heads)
    return graph.apply("Reshape", seen, graph.weight([-1, model.dim]))


def _linear(model: _Model, rows: str, names: list[str]) -> str:
    matrix, shift = _side_by_side(model, names)
    return model.graph.apply("Gemm", rows, model.graph.weight(matrix.T), model.graph.weight(shift))


def _whole_linear(model: _Model, rows: str, names: list[str]) -> str:
    """The same in whole numbers, as `bert.whole_linear` has it."""
    graph = model.graph
    weights, shift = _side_by_side(model, names)
    matrix, scales = whole_weights(weights)
    steps, step = _whole_rows(graph, rows)
    one, zero = graph.weight(1.0), graph.weight(np.array(_ZERO, np.uint8))
    product = graph.apply(
        "MatMulIntegerToFloat", steps, graph.weight(matrix), one, graph.weight(scales), zero, domain=RUNTIMES_OWN
    )
    return graph.apply("Add", graph.apply("Mul", product, step), graph.weight(shift))


def _whole_rows(graph: Graph, rows: str) -> tuple[str, str]:
    """Rows as whole numbers, `_ZERO` for 0, and what a step stands for in each, `(n_rows, 1)`."""
    last = graph.weight([-1])
    highest = graph.apply(
        "Max",
        graph.apply("ReduceMax", rows, last, keepdims=0),
        graph.apply("Neg", graph.apply("ReduceMin", rows, last, keepdims=0)),
        graph.weight(_SMALLEST),
    )
    step = graph.apply("Div", highest, graph.weight(float(INPUT_STEPS)))
    zeros = graph.apply("Expand", graph.weight(np.array(_ZERO, np.uint8)), graph.apply("Shape", step))
    return graph.apply("QuantizeLinear", rows, step, zeros, axis=0), graph.apply("Unsqueeze", step, last)


def _side_by_side(model: _Model, names: list[str]) -> tuple[Floats, Floats]:
    """The weights `(n_out, n_in)` and shifts `(n_out,)` of linear maps of the same values."""
    weights = np.concatenate([model.weights[name + ".weight"] for name in names])
    return weights, np.concatenate([model.weights[name + ".bias"] for name in names])


def _norm(model: _Model, values: str, name: str) -> str:
    scale, shift = (model.graph.weight(model.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return model.graph.apply("LayerNormalization", values, scale, shift, axis=-1, epsilon=model.shape.epsilon)


def _sum_of_pieces(graph: Graph, values: str) -> str:
    """`(n_texts, n_pieces, dim)` to `(n_texts, dim)`.

    By a matrix product: the runtime's reduction adds in another order when a batch holds one text.
    """
    length = graph.apply("Shape", values, start=1, end=2)
    ones = graph.apply("Expand", graph.weight(1.0), graph.apply("Concat", graph.weight([1]), length, axis=0))
    return graph.apply("Squeeze", graph.apply("MatMul", ones, values), graph.weight([1]))


def _unit(graph: Graph, values: str) -> str:
    """Rows of length 1."""
    length = graph.apply("ReduceL2", values, graph.weight([-1]), keepdims=1)
    return graph.apply("Div", values, graph.apply("Max", length, graph.weight(_SHORTEST)))
