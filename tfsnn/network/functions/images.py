"""Functions of images, ``(H, W, C)`` for one sample."""

from __future__ import annotations

from typing import Any

import keras

from tfsnn.network.functions.table import formula

LAST = "channels_last"


@formula()
def rgb_to_hsv(x: Any) -> Any:
    """Return hue, saturation and value of red, green and blue in [0, 1]."""
    return keras.ops.image.rgb_to_hsv(x, data_format=LAST)


@formula()
def hsv_to_rgb(x: Any) -> Any:
    """Return red, green and blue of hue, saturation and value in [0, 1]."""
    return keras.ops.image.hsv_to_rgb(x, data_format=LAST)
