"""The weights of a BERT -> an ONNX graph that gives token vectors as coverage wants them.

All texts of a batch have the same length, so nothing is padded or masked. Then what a text gives does not depend on its
company, to the last bit: every operator works on rows of one text alone.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from grader.bert import INPUT_STEPS, Floats, Shape, whole_weights
from grader.onnx_file import Graph

# Raise it when the graph changes: compiled models of another version are not used.
GRAPH_VERSION = 1
EMBEDDED, PIECES, MEAN, LOGIT = "embedded", "pieces", "mean", "logit"
_OPSET = 20
_SHORTEST = 1e-12
_SMALLEST = 1e-9
_ZERO = 128  # stands for 0 among whole numbers without a sign, which is the form that the runtime computes fastest
_FLOAT, _UINT8 = 1, 2  # types, as ONNX counts them


class _Parts(NamedTuple):
    """What models differ in: attributes of the curve, and how linear maps are computed."""

    curve: Mapping[str, str]
    linear: Callable[[Graph, str, Mapping[str, Floats], list[str]], str]


def bert_graph(
    weights: Mapping[str, Floats], shape: Shape, layer_weights: tuple[float, float], *, whole: bool = False
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
    first, last = _read(graph, weights, shape, "encoder.layer.", _Parts({}, _whole_linear if whole else _linear))
    dim = weights["embeddings.LayerNorm.bias"].shape[0]
    word, meaning = (
        graph.apply("Mul", _unit(graph, hidden), graph.weight(share))
        for hidden, share in zip((first, last), layer_weights, strict=True)
    )
    graph.output(PIECES, ["texts", "length", dim], _unit(graph, graph.apply("Add", word, meaning)))
    graph.output(MEAN, ["texts", dim], _unit(graph, _sum_of_pieces(graph, last)))
    return graph.model()


def pair_graph(weights: Mapping[str, Floats], shape: Shape) -> bytes:
    """A BERT that judges two texts read as one: the first, the mean and the highest of its vectors, then two maps.

    Input `embedded` as for `bert_graph`, output `logit`, `(n_texts, 1)`. Layers are called "layer.0." and so on, the
    maps "h1" and "h2", and the curve is the one by tanh.
    """
    graph = Graph(_OPSET)
    _, last = _read(graph, weights, shape, "layer.", _Parts({"approximate": "tanh"}, _linear))
    mean = graph.apply("ReduceMean", last, graph.weight([1]), keepdims=0)
    highest = graph.apply("ReduceMax", last, graph.weight([1]), keepdims=0)
    pooled = graph.apply(
        "Concat", graph.apply("Gather", last, graph.weight(np.array(0)), axis=1), mean, highest, axis=1
    )
    raised = graph.apply("Relu", _linear(graph, pooled, weights, ["h1"]))
    graph.output(LOGIT, ["texts", 1], _linear(graph, raised, weights, ["h2"]))
    return graph.model()


def _read(graph: Graph, weights: Mapping[str, Floats], shape: Shape, layers: str, parts: _Parts) -> tuple[str, str]:
    """The normed input embeddings and the last layer."""
    dim = weights["embeddings.LayerNorm.bias"].shape[0]
    first = _norm(graph, graph.input(EMBEDDED, ["texts", "length", dim]), weights, "embeddings.LayerNorm", shape)
    last = first
    for layer in range(shape.n_layers):
        last = _layer(graph, last, weights, f"{layers}{layer}.", shape, parts)
    return first, last


def _layer(graph: Graph, hidden: str, weights: Mapping[str, Floats], layer: str, shape: Shape, parts: _Parts) -> str:
    """One transformer layer."""
    linear = parts.linear
    seen = _attention(graph, hidden, weights, layer, shape, parts)
    seen = linear(graph, seen, weights, [layer + "attention.output.dense"])
    hidden = _norm(graph, graph.apply("Add", hidden, seen), weights, layer + "attention.output.LayerNorm", shape)
    raised = graph.apply("Gelu", linear(graph, hidden, weights, [layer + "intermediate.dense"]), **parts.curve)
    raised = linear(graph, raised, weights, [layer + "output.dense"])
    return _norm(graph, graph.apply("Add", hidden, raised), weights, layer + "output.LayerNorm", shape)


def _attention(
    graph: Graph, hidden: str, weights: Mapping[str, Floats], layer: str, shape: Shape, parts: _Parts
) -> str:
    """What each piece sees of the others: query, key and value come from one matrix product."""
    names = [f"{layer}attention.self.{part}" for part in ("query", "key", "value")]
    size = weights[names[0] + ".bias"].shape[0] // shape.n_heads
    all_three = parts.linear(graph, hidden, weights, names)
    split = graph.apply("Reshape", all_three, graph.weight([0, 0, 3, shape.n_heads, size]))
    turned = graph.apply("Transpose", split, perm=[2, 0, 3, 1, 4])
    query, key, value = (graph.apply("Gather", turned, graph.weight(np.array(part)), axis=0) for part in range(3))
    scaled = graph.apply("Mul", query, graph.weight(size**-0.5))
    scores = graph.apply("MatMul", scaled, graph.apply("Transpose", key, perm=[0, 1, 3, 2]))
    seen = graph.apply("MatMul", graph.apply("Softmax", scores, axis=-1), value)
    return graph.apply(
        "Reshape", graph.apply("Transpose", seen, perm=[0, 2, 1, 3]), graph.weight([0, 0, shape.n_heads * size])
    )


def _linear(graph: Graph, values: str, weights: Mapping[str, Floats], names: list[str]) -> str:
    """Linear maps of the same values, their results side by side."""
    matrix = np.concatenate([weights[name + ".weight"] for name in names]).T
    shift = np.concatenate([weights[name + ".bias"] for name in names])
    return graph.apply("Add", graph.apply("MatMul", values, graph.weight(matrix)), graph.weight(shift))


def _whole_linear(graph: Graph, values: str, weights: Mapping[str, Floats], names: list[str]) -> str:
    """The same in whole numbers, as `bert.whole_linear` has it."""
    matrix, scales = whole_weights(np.concatenate([weights[name + ".weight"] for name in names]))
    shift = np.concatenate([weights[name + ".bias"] for name in names])
    highest = graph.apply("ReduceMax", graph.apply("Abs", values), graph.weight([-1]), keepdims=1)
    highest = graph.apply("Div", graph.apply("Max", highest, graph.weight(_SMALLEST)), graph.weight(float(INPUT_STEPS)))
    steps = graph.apply("Add", graph.apply("Round", graph.apply("Div", values, highest)), graph.weight(float(_ZERO)))
    steps = graph.apply("Cast", steps, to=_UINT8)
    product = graph.apply("MatMulInteger", steps, graph.weight(matrix), graph.weight(np.array(_ZERO, np.uint8)))
    product = graph.apply("Mul", graph.apply("Cast", product, to=_FLOAT), graph.weight(scales))
    return graph.apply("Add", graph.apply("Mul", product, highest), graph.weight(shift))


def _norm(graph: Graph, values: str, weights: Mapping[str, Floats], name: str, shape: Shape) -> str:
    scale, shift = (graph.weight(weights[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.apply("LayerNormalization", values, scale, shift, axis=-1, epsilon=shape.epsilon)


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
