"""The pattern of nearest-neighbour upsampling, which Keras 3 writes as repetitions."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.registry import Composition, recognises

KINDS = {1: layers.UpSampling1D, 2: layers.UpSampling2D, 3: layers.UpSampling3D}


@recognises("Reshape")
def repetition(operation: Any, network: Network) -> Composition | None:
    """Recognise repetition along one axis, or along all but batch and channels."""
    tensor, counts = operation.outputs[0], {}
    while (step := _repeat(tensor, network)) is not None and step[1] not in counts:
        if tensor is not operation.outputs[0] and not network.only_reader(tensor):
            break
        tensor, axis, count = step
        counts[axis] = count
    rank = operation.outputs[0].shape.rank
    if not counts:
        return None
    if sorted(counts) == list(range(1, rank - 1)) and rank - 2 in KINDS:
        size = tuple(counts[axis] for axis in sorted(counts))
        kind = KINDS[rank - 2]
        return Composition(
            [tensor],
            lambda rebuild, x: rebuild.layer(
                kind, x, size=size[0] if len(size) == 1 else size
            ),
        )
    tensor, axis, count = _repeat(operation.outputs[0], network) or (None, 0, 0)
    keras_axis = network.layout(tensor).keras_axis(axis)
    return Composition(
        [tensor], lambda rebuild, x: rebuild.raw(ops.repeat, x, count, axis=keras_axis)
    )


def _repeat(tensor: Any, network: Network) -> tuple[Any, int, int] | None:
    """Read Reshape(Tile(ExpandDims(x))): what is repeated, on which axis, how often."""
    tensor = network.source(tensor)
    if not network.is_live(tensor) or tensor.op.type != "Reshape":
        return None
    tile = network.source(tensor.op.inputs[0])
    if tile.op.type != "Tile":
        return None
    multiples = network.constant(tile.op.inputs[1])
    grown = network.source(tile.op.inputs[0])
    if multiples is None or grown.op.type not in ("ExpandDims", "Reshape"):
        return None
    x = network.source(grown.op.inputs[0])
    shape, after = x.shape.as_list(), tensor.shape.as_list()
    tiled = [i for i, count in enumerate(multiples) if count != 1]
    if len(tiled) != 1 or tiled[0] < 2:
        return None
    axis, count = tiled[0] - 1, int(multiples[tiled[0]])
    expected = [*shape[: axis + 1], 1, *shape[axis + 1 :]]
    repeated = [n * count if i == axis else n for i, n in enumerate(shape)]
    if grown.shape.as_list() != expected or after != repeated:
        return None
    return x, axis, int(np.int64(count))
