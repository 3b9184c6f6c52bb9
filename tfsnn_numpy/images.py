"""Images read with Pillow, and resized as ``tf.image.resize`` does it.

`tfsnn` reads them with TensorFlow; a test compares the two. JPEG files may decode to
values that are off by a few levels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.files import open_regular
from tfsnn_numpy.samples import Raw, Shape, refusing


def read_image(path: Path, shape: Shape, raw: Raw) -> np.ndarray:
    """Return the pixels of an image file: float32 ``(H, W, 1 or 3)``, 0..1.

    Args:
        path: path of the file.
        shape: the shape to resize to.
        raw: whether values stay at 0..255, instead of 0..1.

    Raises:
        DataError: for a file that cannot be read, colours where the network takes
            grey values, and without Pillow.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError(
            f"The image {path} is read with Pillow, which is not installed: pip "
            "install pillow, or give an npz file."
        ) from error
    # Pillow's decoders raise SyntaxError and ValueError for damage within a png.
    damage = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
    what = f"The image {path} cannot be read"
    with (
        refusing(damage, what, "replace or remove it"),
        open_regular(path) as file,
        Image.open(file) as image,
    ):
        if image.mode.startswith(("I", "F")):
            raise DataError(
                f"The image {path} has more than 8 bits ({image.mode}); store it with "
                "8, or give an npz file."
            )
        pixels = np.asarray(image.convert("RGB"), np.float32)
    if shape[2] == 1:
        if (pixels != pixels[..., :1]).any():
            raise DataError(
                f"The image {path} has colours, the network takes grey values; there "
                "are several ways to change the one into the other: give grey images, "
                "or an npz file."
            )
        pixels = pixels[..., :1]
    resized = resize(pixels, shape[0], shape[1])
    return resized if raw else resized * np.float32(1 / 255)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize bilinearly, from the four next pixels: to ``(height, width, C)``."""
    below, above, y = _neighbours(image.shape[0], height)
    left, right, x = _neighbours(image.shape[1], width)
    y, x = y[:, None, None], x[None, :, None]
    first, second = image[below], image[above]
    top = first[:, left] + (first[:, right] - first[:, left]) * x
    bottom = second[:, left] + (second[:, right] - second[:, left]) * x
    return top + (bottom - top) * y


def _neighbours(size: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pixels before and behind each place, and how far the former is."""
    scale = np.float32(size) / np.float32(wanted)
    places = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * scale
    places -= np.float32(0.5)
    floor = np.floor(places)
    before = np.maximum(floor, 0).astype(np.int64)
    behind = np.minimum(np.ceil(places), size - 1).astype(np.int64)
    return before, behind, places - floor
