"""ONNX files written by hand, run by the runtime that reads them."""

import numpy as np
import onnxruntime
import pytest

from grader.encoders.onnx_file import RUNTIMES_OWN, Graph


def run(graph: Graph, **inputs: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(graph.model(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)


def test_operators_weights_and_attributes_of_every_kind() -> None:
    graph = Graph(20)
    given = graph.input("given", ["rows", 3])
    product = graph.apply("MatMul", given, graph.weight(np.array([[1, 0], [0, 2], [0, -1]], np.float32)))
    turned = graph.apply("Transpose", product, perm=[1, 0])
    raised = graph.apply("LeakyRelu", turned, alpha=0.5)
    graph.output("found", [2, "rows"], graph.apply("ReduceSum", raised, graph.weight([-1]), keepdims=1))
    [found] = run(graph, given=np.array([[1, 2, 3], [-4, 5, 6]], np.float32))
    # (1, 1) and (-4, 4); turned and halved below 0: (1, -2) and (1, 4)
    assert found.tolist() == [[-1], [5]]


def test_an_attribute_may_be_text() -> None:
    graph = Graph(20)
    graph.output("found", [1], graph.apply("Gelu", graph.input("given", [1]), approximate="tanh"))
    [found] = run(graph, given=np.ones(1, np.float32))
    assert found == pytest.approx([0.841192], abs=1e-6)  # x / 2 * (1 + tanh(sqrt(2 / pi) * (x + .044715 x^3))) at 1


def test_numbers_of_every_length_and_sign() -> None:
    for number in (0, 1, 127, 128, 300, 2**40, -1, -300):
        graph = Graph(20)
        given = graph.input("given", [1])
        wanted = graph.apply("Cast", graph.weight(np.array(number)), to=1)
        graph.output("found", [1], graph.apply("Add", given, wanted))
        [found] = run(graph, given=np.zeros(1, np.float32))
        assert found[0] == np.float32(number)


def test_whole_bytes_are_weights_too() -> None:
    graph = Graph(20)
    given = graph.input("given", [2])
    stored = graph.apply("Cast", graph.weight(np.array([-128, 127], np.int8)), to=1)
    graph.output("found", [2], graph.apply("Mul", given, stored))
    [found] = run(graph, given=np.ones(2, np.float32))
    assert found.tolist() == [-128, 127]


def test_an_operator_may_be_the_runtimes_own_and_an_input_left_out() -> None:
    graph = Graph(20)
    given = graph.input("given", ["rows", 2])
    norm = graph.weight(np.array([1, 2], np.float32)), "", graph.weight(np.array([0, -8], np.float32))
    graph.output("found", ["rows", 2], graph.apply("SkipLayerNormalization", given, given, *norm, domain=RUNTIMES_OWN))
    [found] = run(graph, given=np.array([[1, 3]], np.float32))
    # twice (1, 3), shifted by (0, -8): (2, -2), normed (1, -1), times (1, 2)
    assert found[0] == pytest.approx([1, -2], abs=1e-5)


def test_a_type_that_is_not_needed_is_refused() -> None:
    with pytest.raises(KeyError):
        Graph(20).weight(np.array(["a"]))


def test_the_onnx_package_finds_nothing_wrong_and_writes_the_same_bytes() -> None:
    onnx = pytest.importorskip("onnx")
    graph = Graph(20)
    given = graph.input("given", ["rows", 3])
    product = graph.apply("MatMul", given, graph.weight(np.array([[1, 0], [0, 2], [0, -1]], np.float32)))
    raised = graph.apply("LeakyRelu", graph.apply("Transpose", product, perm=[1, 0]), alpha=0.5)
    graph.output("found", [2, "rows"], graph.apply("ReduceSum", raised, graph.weight([-1]), keepdims=1))
    model = onnx.load_from_string(graph.model())
    onnx.checker.check_model(model, full_check=True)
    assert model.SerializeToString(deterministic=True) == graph.model()
