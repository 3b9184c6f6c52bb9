"""Handlers of matrix products and Einstein's sums, of signals and constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.linear import contract
from tfsnn.sources.handlers.registry import handles_operation


@handles_operation("Matmul")
def matmul(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate x @ y: a dense node where y is a constant matrix."""
    first, second = builder.argument(0, "x1"), builder.argument(1, "x2")
    if isinstance(first, Signal) and isinstance(second, Signal):
        shapes = [builder.shape(name) for name in (first, second)]
        if len(shapes[0]) != len(shapes[1]) or len(shapes[0]) < 2:
            raise Unsupported(
                f"it multiplies signals of shapes {shapes}: samples would be mixed; "
                "give both equally many axes, at least two each"
            )
        rows = builder.broadcast([shape[:-2] for shape in shapes])
        shape = (*rows, shapes[0][-2], shapes[1][-1])
        return builder.function("matmul", (first, second), shape)
    if isinstance(first, Signal):
        kernel = np.asarray(second, np.float32)
        if kernel.ndim == 2:
            return contract("...c,cd->...d", first, kernel, None, builder)
    raise Unsupported(
        "only the product of two signals, or of a signal and a constant matrix, in "
        "this order, is supported: use keras.ops.einsum for others"
    )


@handles_operation("Einsum")
def einsum(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Einstein's sum of two signals, or of a signal and a constant."""
    equation = operation.subscripts.replace(" ", "")
    given = list(builder.args)
    if len(given) == 2 and isinstance(given[0], Signal) and "->" in equation:
        if not isinstance(given[1], Signal):
            kernel = np.asarray(given[1], np.float32)
            return contract(equation, given[0], kernel, None, builder)
        if "..." not in equation:
            return _of_signals(equation, given, builder)
    raise Unsupported(
        f"the equation {equation!r} of {len(given)} operands is not supported: give "
        "two operands, a signal first, and spell out the result and '...'"
    )


def _of_signals(equation: str, given: Sequence[Signal], builder: Builder) -> str:
    terms, result = equation.split("->")
    letters = terms.split(",")
    batch = result[:1]
    first = [term[0] == batch and batch not in term[1:] for term in letters]
    if not batch or not all(first):
        raise Unsupported(
            f"the equation {equation!r} mixes samples: the batch must be the first "
            "axis of every operand and of the result"
        )
    lengths: dict[str, int] = {}
    for term, name in zip(letters, given, strict=True):
        lengths |= dict(zip(term[1:], builder.shape(name), strict=True))
    shape = tuple(lengths[c] for c in result[1:])
    return builder.function("einsum", given, shape, equation=equation)
