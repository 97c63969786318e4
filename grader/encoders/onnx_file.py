"""A graph of operators and its weights -> the bytes of an ONNX model.

ONNX files are protocol buffers, of which a model needs a handful of fields.
Own code, not `onnx`: 36 MB more to install for a file that is written once; `onnx` writes the same bytes (tested).
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Domain of the operators that onnxruntime adds to ONNX.
RUNTIMES_OWN = "com.microsoft"
_IR_VERSION = 10
_TYPES = {np.dtype("f4"): 1, np.dtype("u1"): 2, np.dtype("i1"): 3, np.dtype("i8"): 7}
_ATTRIBUTE_FLOAT, _ATTRIBUTE_INT, _ATTRIBUTE_TEXT, _ATTRIBUTE_INTS = 1, 2, 3, 7


class Graph:
    """Builds a graph operator by operator. Every value has a name.

    Source: onnx.proto3 of ONNX 1.17, whose field numbers are fixed.

    Args:
        opset: version of the ONNX operators.

    """

    def __init__(self, opset: int) -> None:
        self._opset = opset
        self._nodes: list[bytes] = []
        self._weights: list[bytes] = []
        self._ends: list[bytes] = []

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """Add a float32 input. A dimension of variable size is given by a name."""
        self._ends.append(_bytes(11, _value(name, shape)))
        return name

    def output(self, name: str, shape: Sequence[int | str], value: str) -> None:
        """Declare a float32 value as an output with this name."""
        self.apply("Identity", value, outputs=[name])
        self._ends.append(_bytes(12, _value(name, shape)))

    def weight(self, values: NDArray[Any] | Sequence[int] | float) -> str:
        """Store an array in the model: float32, (u)int8 or int64. Returns its name."""
        array = np.asarray(values)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        name = f"w{len(self._weights)}"
        dims = b"".join(_number(1, size) for size in array.shape)
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        self._weights.append(_bytes(5, dims + _number(2, _TYPES[array.dtype]) + _text(8, name) + _bytes(9, data)))
        return name

    def apply(
        self, operator: str, *inputs: str, outputs: Sequence[str] = (), domain: str = "", **attributes: Any
    ) -> str:
        """Apply an operator. Returns the name of its first output.

        Args:
            operator: its name.
            inputs: names of its inputs; "" for one that is left out.
            outputs: names of its outputs; generated if left out.
            domain: `RUNTIMES_OWN` for an operator that is not part of ONNX.
            attributes: of the operator.

        """
        outputs = outputs or [f"v{len(self._nodes)}"]
        node = b"".join(_text(1, name) for name in inputs) + b"".join(_text(2, name) for name in outputs)
        node += _text(4, operator) + b"".join(_bytes(5, _attribute(*item)) for item in attributes.items())
        node += _text(7, domain)
        self._nodes.append(_bytes(1, node))
        return outputs[0]

    def model(self) -> bytes:
        """The bytes of the model."""
        graph = b"".join([*self._nodes, _text(2, "grader"), *self._weights, *self._ends])
        domains = (("", self._opset), (RUNTIMES_OWN, 1))
        opsets = b"".join(_bytes(8, _text(1, name) + _number(2, number)) for name, number in domains)
        return _number(1, _IR_VERSION) + _bytes(7, graph) + opsets


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    dims = (_number(1, size) if isinstance(size, int) else _text(2, size) for size in shape)
    tensor = _number(1, _TYPES[np.dtype("f4")]) + _bytes(2, b"".join(_bytes(1, dim) for dim in dims))
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _attribute(name: str, value: float | int | str | Sequence[int]) -> bytes:
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _ATTRIBUTE_TEXT)
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _number(20, _ATTRIBUTE_FLOAT)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _ATTRIBUTE_INT)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, _ATTRIBUTE_INTS)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _key(field: int, wire: int) -> bytes:
    return _varint(field << 3 | wire)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers in two's complement of 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
