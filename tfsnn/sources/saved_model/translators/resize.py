"""The translator of image resizing, in all of TensorFlow's conventions."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import layers, ops

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused, check_matrix

MODES = {"ResizeNearestNeighbor": "nearest", "ResizeBilinear": "bilinear"}
CONVENTIONS = {
    "ResizeArea": ("align_corners",),
    "ResizeBicubic": ("align_corners", "half_pixel_centers"),
    "ResizeBilinear": ("align_corners", "half_pixel_centers"),
    "ResizeNearestNeighbor": ("align_corners", "half_pixel_centers"),
    "ScaleAndTranslate": ("kernel_type", "antialias"),
}


@translates(*CONVENTIONS)
def resize(operation: Any, rebuild: Rebuild) -> Any:
    """Translate resizing: UpSampling2D, Resizing, or else a product for each axis."""
    place = rebuild.layout(operation.inputs[0])
    _, *before, _ = operation.inputs[0].shape.as_list()
    _, *after, _ = operation.outputs[0].shape.as_list()
    if place.rows > 1:
        raise Refused(
            "on rows that are merged with the batch it is not supported: reshape them "
            "to an axis of their own"
        )
    x = rebuild[operation.inputs[0]]
    dtype = operation.outputs[0].dtype.name
    if x.dtype != dtype:
        x = rebuild.raw(lambda y: ops.cast(y, dtype), x)
    mode = MODES.get(operation.type)
    if mode is not None:
        whole = all(new % old == 0 for old, new in zip(before, after, strict=True))
        # For a whole multiple, both conventions take the same nearest pixel.
        centred = operation.get_attr("half_pixel_centers") or (
            mode == "nearest" and whole
        )
        if before == after or (centred and not operation.get_attr("align_corners")):
            return _layer(rebuild, x, before, after, mode)
    for axis, (old, new) in enumerate(zip(before, after, strict=True)):
        check_matrix(old, max(old, new))
        matrix = _matrix(operation, rebuild, axis, old, new)
        if np.array_equal(matrix, np.eye(old, new)):
            continue
        if mode == "nearest":
            places = matrix.argmax(axis=0)
            x = rebuild.raw(lambda y, a=axis, p=places: ops.take(y, p, axis=a + 1), x)
        else:
            equation = ("bhwc,hn->bnwc", "bhwc,wn->bhnc")[axis]
            x = rebuild.raw(lambda y, e=equation, m=matrix: ops.einsum(e, y, m), x)
    return x


def _layer(
    rebuild: Rebuild, x: Any, before: list[int], after: list[int], mode: str
) -> Any:
    """Make the layer of Keras, for pixels that have their centres at one half."""
    if all(new % old == 0 for old, new in zip(before, after, strict=True)):
        size = tuple(new // old for old, new in zip(before, after, strict=True))
        return rebuild.layer(layers.UpSampling2D, x, size=size, interpolation=mode)
    return rebuild.layer(
        layers.Resizing, x, height=after[0], width=after[1], interpolation=mode
    )


def _matrix(
    operation: Any, rebuild: Rebuild, axis: int, old: int, new: int
) -> np.ndarray:
    """Return what the operation makes of an axis, as a matrix ``(old, new)``.

    All of these operations treat the two axes apart, and values alike: TensorFlow
    resizes unit vectors, as channels of an image of one row.
    """
    options = {name: operation.get_attr(name) for name in CONVENTIONS[operation.type]}
    shape = (old, 1) if axis == 0 else (1, old)
    units = np.eye(old, dtype=np.float32).reshape(1, *shape, old)
    size = np.array((new, 1) if axis == 0 else (1, new), np.int32)
    if operation.type == "ScaleAndTranslate":
        scale, shift = (rebuild.network.argument(operation, i) for i in (2, 3))
        options["scale"], options["translation"] = scale.copy(), shift.copy()
        options["scale"][1 - axis], options["translation"][1 - axis] = 1.0, 0.0
        options["kernel_type"] = options["kernel_type"].decode()
    with tf.device("/CPU:0"):
        resized = getattr(tf.raw_ops, operation.type)(
            images=units, size=size, **options
        )
    return resized.numpy().reshape(new, old).T
