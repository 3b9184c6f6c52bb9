"""Static shapes, and where the batch is in them.

The graph is imported with two batch sizes and TensorFlow's own shape inference gives
the full shape of every tensor; what grows with the batch is the batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError

BATCHES = (2, 3)


class Refused(Exception):
    """An operation cannot be translated, for this reason."""


@dataclass(frozen=True)
class Layout:
    """Where the samples of a batch are in a tensor of the graph.

    A tensor of graph shape ``(rows * B, *units)`` is the Keras tensor
    ``(B, rows, *units)``, without the axis `rows` where that is 1: both have the same
    values in the same order. A batch that is on a later axis is brought to the front.

    Attributes:
        shape: of the graph's tensor, without `axis`.
        axis: of the batch.
        rows: of each sample on that axis.
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
        """Of the graph's tensor."""
        return len(self.shape) + 1

    def keras_axis(self, axis: int) -> int:
        """Axis of the Keras tensor for an axis of the graph's tensor.

        Raises:
            Refused: for the axis that holds the batch.
        """
        axis %= self.rank
        if axis == self.axis:
            raise Refused("it works across the samples of a batch")
        return axis + (axis < self.axis) + (self.rows > 1)


def fixed_batch(specs: Mapping[str, tf.TensorSpec]) -> int | None:
    """The batch size that the inputs state, None if it is free.

    Raises:
        ModelError: if an input has no batch axis or a free axis beside it, or the
            inputs state different batch sizes.
    """
    sizes = {}
    for name, spec in specs.items():
        if spec.shape.rank is None or spec.shape.rank < 1:
            raise ModelError(
                f"the input {name!r} has the shape {spec.shape}; expected a batch axis "
                "and axes of fixed size: export the model with a fixed input shape"
            )
        batch, *units = spec.shape.as_list()
        if None in units:
            raise ModelError(
                f"the input {name!r} has the shape {spec.shape}, whose axes are not "
                "all fixed; only the first, the batch, may be free: export the model "
                "with a fixed input (image) size"
            )
        if batch is not None:
            sizes[name] = batch
    if len(set(sizes.values())) > 1:
        raise ModelError(
            f"the inputs state different batch sizes, {sizes}: export the model with "
            "a free batch axis"
        )
    return next(iter(sizes.values()), None)


def import_graph(
    graph_def: Any,
    inputs: Mapping[str, str],
    specs: Mapping[str, tf.TensorSpec],
    batch: int,
) -> tuple[tf.Graph, dict[str, tf.Tensor]]:
    """The graph with inputs of this batch size, and those inputs."""
    graph = tf.Graph()
    with graph.as_default():
        fed = {}
        for number, (name, spec) in enumerate(specs.items()):
            shape = [batch, *spec.shape.as_list()[1:]]
            label = f"tfsnn_input_{number}"
            fed[name] = tf.compat.v1.placeholder(spec.dtype, shape, label)
        replaced = {inputs[name]: tensor for name, tensor in fed.items()}
        tf.import_graph_def(graph_def, input_map=replaced, name="")
    return graph, fed


def layout(tensor: Any, larger: Any, fixed: int | None) -> Layout:
    """The layout of a tensor, known at two batch sizes or at the fixed one.

    Raises:
        Refused: if its shape depends on the data, or it does not hold one batch.
    """
    shape = _known(tensor)
    if fixed is not None:
        if not shape or shape[0] % fixed:
            raise Refused(f"its shape {shape} does not begin with the batch ({fixed})")
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
        f"and {other} for {large}"
    )


def _grew(small: int, large: int) -> bool:
    return small != large


def _known(tensor: Any) -> tuple[int, ...]:
    if not tensor.shape.is_fully_defined():
        raise Refused(f"its shape {tensor.shape} depends on the values of the input")
    return tuple(tensor.shape.as_list())
