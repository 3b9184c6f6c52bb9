"""Translators of matrix products, which are dense layers if a factor is constant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused
from tfsnn.sources.saved_model.translators.broadcasting import aligned

BATCHED = ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")


@dataclass(frozen=True)
class Dense:
    """A dense layer as the graph states it: `x` times a matrix, and its `label`."""

    x: Any
    label: str
    kernel: np.ndarray  # (in, out)


def read_dense(tensor: Any, network: Network) -> Dense | None:
    """Read the dense layer that ends in this tensor.

    On more than two axes TensorFlow writes it as Reshape, MatMul, Reshape.
    """
    tensor = network.source(tensor)
    if not network.is_live(tensor):
        return None
    operation = tensor.op
    if operation.type == "Reshape":
        inner = network.source(operation.inputs[0])
        if not network.is_live(inner) or inner.op.type != "MatMul":
            return None
        found = read_dense(inner, network)
        if found is None or not network.only_reader(inner):
            return None
        before = network.source(found.x)
        x = network.source(before.op.inputs[0]) if before.op.type == "Reshape" else None
        if x is None or x.shape[:-1] != tensor.shape[:-1]:
            return None
        if x.shape[-1] != found.kernel.shape[0] or x.shape.rank < 2:
            return None
        return Dense(x, found.label, found.kernel)
    if operation.type not in ("MatMul", *BATCHED):
        return None
    kernel = network.constant(operation.inputs[1])
    if kernel is None or kernel.size != kernel.shape[-1] * kernel.shape[-2]:
        return None
    left, right = _transposed(operation)
    kernel = kernel.reshape(kernel.shape[-2:])
    if left or operation.inputs[0].shape.rank < len(operation.outputs[0].shape):
        return None
    return Dense(operation.inputs[0], operation.name, kernel.T if right else kernel)


def _transposed(operation: Any) -> tuple[bool, bool]:
    if operation.type == "MatMul":
        return operation.get_attr("transpose_a"), operation.get_attr("transpose_b")
    return operation.get_attr("adj_x"), operation.get_attr("adj_y")


@translates("MatMul", *BATCHED)
def matmul(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a dense layer, or a product of two tensors that depend on the input."""
    found = read_dense(operation.outputs[0], rebuild.network)
    if found is not None:
        return rebuild.weighted(
            layers.Dense,
            rebuild[found.x],
            [found.kernel],
            units=found.kernel.shape[1],
            use_bias=False,
            kernel_initializer="zeros",
        )
    if operation.type == "MatMul" and rebuild.network.fixed != 1:
        raise Refused(
            "it is neither a dense layer, whose second factor is constant, nor a "
            "product within each sample: use tf.matmul on tensors with a batch axis"
        )
    factors = aligned(rebuild, operation, operation.inputs)
    left, right = _transposed(operation)
    a, b = (
        _swapped(rebuild, factor) if swap else factor
        for factor, swap in zip(factors, (left, right), strict=True)
    )
    y = rebuild.raw(ops.matmul, a, b)
    return rebuild.reshape(y, rebuild.layout(operation.outputs[0]).units)


def _swapped(rebuild: Rebuild, x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x.swapaxes(-1, -2)
    return rebuild.raw(lambda y: ops.swapaxes(y, -1, -2), x)


@translates("Einsum")
def einsum(operation: Any, rebuild: Rebuild) -> Any:
    """Translate Einstein's sum: an EinsumDense if the second factor is constant."""
    equation = _small_letters(operation.get_attr("equation").decode())
    if any(rebuild.layout(t).rows > 1 for t in operation.inputs if _live(rebuild, t)):
        raise Refused(
            "on rows that are merged with the batch it is not supported: reshape them "
            "to an axis of their own"
        )
    values = [rebuild[t] for t in operation.inputs]
    units = rebuild.layout(operation.outputs[0]).units
    constant = len(values) == 2 and isinstance(values[1], np.ndarray)
    if constant and _is_dense(equation):
        return rebuild.weighted(
            layers.EinsumDense,
            values[0],
            [values[1]],
            equation=equation,
            output_shape=units,
            kernel_initializer="zeros",
        )
    _check_batch(equation, [_live(rebuild, t) for t in operation.inputs])
    return rebuild.raw(lambda *given: ops.einsum(equation, *given), *values)


def _small_letters(equation: str) -> str:
    """Rename the letters of an equation; Keras reads fewer than TensorFlow."""
    letters = sorted({c for c in equation if c.isalpha()})
    renamed = dict(zip(letters, "abcdefghijklmnopqrstuvwxyz", strict=False))
    return "".join(renamed.get(c, c) for c in equation if c != " ")


def _is_dense(equation: str) -> bool:
    """Whether the second term is a kernel that does not hold the first axis."""
    terms, result = equation.split("->")
    given, kernel = terms.split(",")
    return (
        "..." not in equation
        and given[0] == result[0]
        and given[0] not in kernel
        and set(result) <= set(given) | set(kernel)
    )


def _live(rebuild: Rebuild, tensor: Any) -> bool:
    return rebuild.network.is_live(tensor)


def _check_batch(equation: str, live: list[bool]) -> None:
    """Refuse an equation in which the batch is not the first axis of all that hold it.

    Raises:
        Refused: if it is not, naming the equation.
    """
    terms, result = equation.split("->")
    letters = {
        term[0] for term, is_live in zip(terms.split(","), live, strict=True) if is_live
    }
    if letters != {result[:1]}:
        raise Refused(
            f"{equation!r} does not keep the batch on the first axis: write an "
            "equation that does"
        )
