"""Decoding and resizing images with TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from tfsnn_numpy.files import read_regular
from tfsnn_numpy.image_size import MOST_BYTES, check_image_size
from tfsnn_numpy.samples import Raw, Shape, refusing


def read_image(path: Path, shape: Shape, raw: Raw) -> np.ndarray:
    """Read an image file to pixels of this shape, as :func:`decoded` does.

    Raises:
        DataError: if the file cannot be read.
    """
    damage = (tf.errors.OpError, OSError)
    what = f"The image {path}"
    with refusing(damage, f"{what} cannot be read", "replace or remove it"):
        stored = read_regular(path, MOST_BYTES)
        check_image_size(stored, what)
        return decoded(stored, shape, raw)


def decoded(stored: bytes, shape: Shape, raw: Raw) -> np.ndarray:
    """Decode an image to this shape: float32 0..1, or 0..255 if raw.

    Raises:
        tf.errors.OpError: if the bytes are no image.
    """
    # TensorFlow's bmp and gif decoders cannot convert channels, the others can.
    channels = 0 if stored.startswith((b"BM", b"GIF")) else shape[2]
    image = tf.io.decode_image(stored, channels, expand_animations=False)
    return fitted(image, shape, raw)


def fitted(image: tf.Tensor, shape: Shape, raw: Raw) -> np.ndarray:
    """Bring decoded images ``(..., H, W, channels)``, one or several, to this shape."""
    if image.shape[-1] == 1 and shape[2] == 3:
        image = tf.image.grayscale_to_rgb(image)
    elif image.shape[-1] != shape[2]:
        image = image[..., :3]  # without the alpha channel of a bmp
        image = tf.image.rgb_to_grayscale(image) if shape[2] == 1 else image
    return resized_pixels(image, shape, raw).numpy()


def resized_pixels(image: tf.Tensor, shape: Shape, raw: Raw) -> tf.Tensor:
    """Resize 8-bit images bilinearly, to float32 0..1, or 0..255 if raw."""
    resized = tf.image.resize(image, shape[:2])
    return resized if raw else resized * np.float32(1 / 255)
