"""Handlers of layers that merge several signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import layers

from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles


def _aligned(inputs: Sequence[str], builder: Builder) -> list[str]:
    """Put axes of length 1 behind the batch, as Keras does, to make ranks equal."""
    rank = max(len(builder.shape(name)) for name in inputs)
    aligned: list[str] = []
    for name in inputs:
        shape = builder.shape(name)
        aligned.append(builder.reshape(name, (1,) * (rank - len(shape)) + shape))
    return aligned


@handles(layers.Add)
def add(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Add: the sum of the inputs."""
    return builder.total(_aligned(inputs, builder))


@handles(layers.Subtract)
def subtract(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Subtract: the difference of two inputs."""
    first, second = _aligned(inputs, builder)
    return builder.total([first, builder.affine(second, -1.0, suffix="_negated")])


@handles(layers.Average)
def average(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Average: the mean of the inputs."""
    total = builder.total(_aligned(inputs, builder))
    return builder.affine(total, 1 / len(inputs), suffix="_mean")


def _folded(op: str, inputs: Sequence[str], builder: Builder) -> str:
    first, *rest = _aligned(inputs, builder)
    for name in rest:
        first = builder.function(op, (first, name))
    return first


@handles(layers.Multiply)
def multiply(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Multiply: products of two inputs at a time."""
    return _folded("multiply", inputs, builder)


@handles(layers.Maximum)
def maximum(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Maximum: the largest of the inputs, element by element."""
    return _folded("maximum", inputs, builder)


@handles(layers.Minimum)
def minimum(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Minimum: the smallest of the inputs, element by element."""
    return _folded("minimum", inputs, builder)


@handles(layers.Concatenate)
def concatenate(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Concatenate along any axis but the batch."""
    axis = builder.axis(layer.axis, len(builder.shape(inputs[0])))
    return builder.concatenate(inputs, axis)


@handles(layers.Dot)
def dot(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Dot: the product of two inputs, summed over one axis of each."""
    first, second = inputs
    axes = layer.axes if isinstance(layer.axes, list | tuple) else (layer.axes,) * 2
    shapes = [builder.shape(first), builder.shape(second)]
    own = [builder.axis(a, len(s)) for a, s in zip(axes, shapes, strict=True)]
    if layer.normalize:
        first, second = (
            builder.function(
                "unit_norm", (name,), suffix="_unit", axes=(axis,), epsilon=1e-12
            )
            for name, axis in zip(inputs, own, strict=True)
        )
    if shapes[0][own[0]] != shapes[1][own[1]]:
        raise Unsupported(
            f"the lengths of axes {tuple(axes)} of {shapes} differ: give axes of equal "
            "length"
        )
    letters = iter("bcdefghijkl")
    terms = [[next(letters) for _ in shape] for shape in shapes]
    terms[1][own[1]] = terms[0][own[0]]
    rest = [
        (letter, n)
        for term, shape, axis in zip(terms, shapes, own, strict=True)
        for i, (letter, n) in enumerate(zip(term, shape, strict=True))
        if i != axis
    ]
    result = "".join(letter for letter, _ in rest)
    equation = f"a{''.join(terms[0])},a{''.join(terms[1])}->a{result}"
    shape = tuple(n for _, n in rest)
    y = builder.function("einsum", (first, second), shape, equation=equation)
    return y if shape else builder.reshape(y, (1,))
