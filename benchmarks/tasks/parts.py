"""Parts of the networks of problems."""

from __future__ import annotations

from typing import Any

from keras import layers


def convolved(x: Any, filters: int) -> Any:
    """Apply a convolution 3 by 3, batch norm and a ReLU."""
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def features(x: Any, width: int, stages: int = 3) -> Any:
    """Apply stages of convolutions, each with twice the filters, and pool between."""
    for stage in range(stages):
        x = layers.AveragePooling2D(2)(x) if stage else x
        x = convolved(x, width * 2**stage)
    return x


def u_shaped(x: Any, width: int, stages: int = 3) -> Any:
    """Go down by poolings and up again, with the maps of each size side by side.

    Each size has twice the filters of the one before, which is twice as large.
    """
    maps = [convolved(x, width)]
    for stage in range(1, stages + 1):
        smaller = layers.AveragePooling2D(2)(maps[-1])
        maps.append(convolved(smaller, width * 2**stage))
    x = maps[-1]
    for stage in reversed(range(stages)):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), maps[stage]])
        x = convolved(x, width * 2**stage)
    return x
