"""The translator of image resizing."""

from __future__ import annotations

from typing import Any

from keras import layers

from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused


@translates("ResizeBilinear", "ResizeNearestNeighbor")
def resize(operation: Any, rebuild: Rebuild) -> Any:
    """Translate to UpSampling2D where the size is a multiple, else to Resizing."""
    nearest = operation.type == "ResizeNearestNeighbor"
    _, *before, _ = operation.inputs[0].shape.as_list()
    _, *after, _ = operation.outputs[0].shape.as_list()
    factors = [new / old for old, new in zip(before, after, strict=True)]
    whole = all(factor == int(factor) for factor in factors)
    if operation.get_attr("align_corners") and before != after:
        raise Refused(
            "align_corners=True has no Keras layer: resize with tf.image.resize"
        )
    centred = operation.get_attr("half_pixel_centers")
    # For a whole multiple, both conventions take the same nearest pixel.
    if not centred and not (nearest and whole) and before != after:
        raise Refused(
            "half_pixel_centers=False has no Keras layer: resize with tf.image.resize"
        )
    if rebuild.layout(operation.inputs[0]).rows > 1:
        raise Refused(
            "on rows that are merged with the batch it is not supported: reshape them "
            "to an axis of their own"
        )
    x = rebuild[operation.inputs[0]]
    mode = "nearest" if nearest else "bilinear"
    if whole:
        size = tuple(int(factor) for factor in factors)
        return rebuild.layer(layers.UpSampling2D, x, size=size, interpolation=mode)
    return rebuild.layer(
        layers.Resizing, x, height=after[0], width=after[1], interpolation=mode
    )
