"""An image from a file, resized as ``tf.image.resize`` does it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfsnn_numpy.errors import DataError

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")


def read_image(path: Path, shape: tuple[int, ...], raw: bool) -> np.ndarray:
    """Float32 of `shape`, ``(H, W, 1 or 3)``: 0..1, or 0..255 if `raw`.

    Raises:
        DataError: for a file that cannot be read, colours where the network takes
            grey values, and without Pillow.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise DataError(
            "a folder of images is read with Pillow, which is not installed: "
            "pip install pillow, or give an npz file"
        ) from error
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise DataError(
                    f"The image {path} has more than 8 bits ({image.mode}); store it "
                    "with 8, or give an npz file."
                )
            pixels = np.asarray(image.convert("RGB"), np.float32)
    except (OSError, UnidentifiedImageError) as error:
        raise DataError(
            f"The image {path} cannot be read ({error}); replace or remove it."
        ) from error
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
    """Bilinear, ``(H, W, C)`` to ``(height, width, C)``, from the four next pixels."""
    below, above, y = _neighbours(image.shape[0], height)
    left, right, x = _neighbours(image.shape[1], width)
    y, x = y[:, None, None], x[None, :, None]
    first, second = image[below], image[above]
    top = first[:, left] + (first[:, right] - first[:, left]) * x
    bottom = second[:, left] + (second[:, right] - second[:, left]) * x
    return top + (bottom - top) * y


def _neighbours(size: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and behind each place, and how far it is from the former."""
    scale = np.float32(size) / np.float32(wanted)
    places = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * scale
    places -= np.float32(0.5)
    floor = np.floor(places)
    before = np.maximum(floor, 0).astype(np.int64)
    behind = np.minimum(np.ceil(places), size - 1).astype(np.int64)
    return before, behind, places - floor
