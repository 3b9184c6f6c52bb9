"""Static shapes of the graph's tensors, and the place of the batch in them.

The graph is imported with two batch sizes, and TensorFlow's own shape inference gives
the full shape of every tensor; the axis that grows with the batch size is the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.parts import free_shape

BATCHES = (2, 3)


# Elements of a matrix that is made in place of an operation.
MOST_ELEMENTS = 2**26


class Refused(Exception):
    """An operation cannot be translated, for the reason in the message."""


@dataclass(frozen=True)
class Layout:
    """The layout of a tensor of the graph: where the samples of its batch are.

    A tensor of graph shape ``(rows * B, *units)`` is the Keras tensor
    ``(B, rows, *units)``, without the axis `rows` where that is 1: both have the same
    values in the same order. A batch that is on a later axis is brought to the front.

    Attributes:
        shape: shape of the graph's tensor, without `axis`.
        axis: axis of the batch in the graph's tensor.
        rows: number of rows that each sample has on that axis.
    """

    shape: tuple[int, ...]
    axis: int = 0
    rows: int = 1

    @property
    def units(self) -> tuple[int, ...]:
        """The shape of one sample of the Keras tensor."""
        return self.shape if self.rows == 1 else (self.rows, *self.shape)

    @property
    def rank(self) -> int:
        """The number of axes of the graph's tensor."""
        return len(self.shape) + 1

    def of_samples(self, array: np.ndarray) -> np.ndarray:
        """Bring the graph's values to the shape of the Keras tensor."""
        first = np.moveaxis(array, self.axis, 0)
        return first.reshape(len(first) // self.rows, *self.units)

    def keras_axis(self, axis: int) -> int:
        """Return the axis of the Keras tensor for an axis of the graph's tensor.

        Raises:
            Refused: if the axis holds the batch.
        """
        axis %= self.rank
        if axis == self.axis:
            raise Refused(
                "it works across the samples of a batch, which must be independent: "
                "export the model without it"
            )
        return axis + (axis < self.axis) + (self.rows > 1)


def fixed_batch(specs: Mapping[str, tf.TensorSpec]) -> int | None:
    """Return the batch size that the inputs state, None if it is free.

    Raises:
        ModelError: if an input has no batch axis or another free axis, or the inputs
            state different batch sizes.
    """
    sizes = {}
    for name, spec in specs.items():
        if spec.shape.rank is None or spec.shape.rank < 1:
            raise free_shape(name, None)
        batch, *units = spec.shape.as_list()
        if None in units:
            raise free_shape(name, units)
        if batch is not None:
            sizes[name] = batch
    if len(set(sizes.values())) > 1:
        raise ModelError(
            f"the inputs state different batch sizes, {sizes}: export the model with "
            "a free batch axis"
        )
    return next(iter(sizes.values()), None)


def sized(spec: tf.TensorSpec, batch: int) -> list[int]:
    """Return the shape of an input at one batch size."""
    return [batch, *spec.shape.as_list()[1:]]


def check_matrix(rows: int, columns: int) -> None:
    """Refuse a matrix that is too large to be made in place of an operation.

    Raises:
        Refused: if it is.
    """
    if rows * columns > MOST_ELEMENTS:
        raise Refused(
            f"it would become a product with a matrix of {rows:,} by {columns:,}, of "
            f"at most {MOST_ELEMENTS:,} elements: export the model with smaller tensors"
        )


def layout(tensor: Any, larger: Any, fixed: int | None) -> Layout:
    """Find the layout of a tensor from its shapes at two batch sizes, or a fixed one.

    Raises:
        Refused: if the shape depends on the data, or the tensor does not hold one
            batch.
    """
    shape = _known(tensor)
    if fixed is not None:
        if not shape or shape[0] % fixed:
            raise Refused(
                f"its shape {shape} does not begin with the batch ({fixed}): export "
                "the model with a free batch axis"
            )
        return Layout(shape[1:], 0, shape[0] // fixed)
    other = _known(larger)
    growing = [
        i for i, sizes in enumerate(zip(shape, other, strict=True)) if _grew(*sizes)
    ]
    small, large = BATCHES
    if len(growing) == 1:
        (axis,) = growing
        rows, rest = divmod(shape[axis], small)
        if not rest and rows * large == other[axis] and (axis == 0 or rows == 1):
            return Layout((*shape[:axis], *shape[axis + 1 :]), axis, rows)
    raise Refused(
        f"it mixes the samples of a batch: its shape is {shape} for {small} samples "
        f"and {other} for {large}; export the model without it"
    )


def _grew(small: int, large: int) -> bool:
    return small != large


def _known(tensor: Any) -> tuple[int, ...]:
    if not tensor.shape.is_fully_defined():
        raise Refused(
            f"its shape {tensor.shape} depends on the values of the input: export the "
            "model with fixed shapes"
        )
    return tuple(tensor.shape.as_list())
