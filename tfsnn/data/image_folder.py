"""Folders of images as data, with one subfolder for each class."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfsnn.data.samples import Data, Inputs, Raw, Shape, Stored, refusing
from tfsnn.errors import DataError

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
DECODERS = min(8, os.cpu_count() or 1)  # threads that decode images


def open_folder(path: Path, inputs: Inputs, raw: Raw) -> Data:
    """Open a folder of images, labelled by subfolder; images are read later."""
    check_image_shape(path, inputs)
    with refusing((OSError,), f"{path} cannot be read", "check its permissions"):
        classes = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] != ".")
        by_class = [
            [(p, k) for p in sorted(folder.iterdir()) if p.suffix.lower() in IMAGES]
            for k, folder in enumerate(classes)
        ]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*by_class))
    files = [item for item in in_turn if item is not None]
    if not files:
        missing = f"images ({', '.join(IMAGES)}) in" if classes else "class"
        raise DataError(
            f"The folder {path} has no {missing} subfolders; put the images of each "
            "class in a subfolder of its own, as in FOLDER/CLASS/image.png."
        )

    return open_images(f"the folder {path}", files, inputs, raw)


def check_image_shape(path: Path, inputs: Inputs) -> None:
    """Refuse a folder of images for a model that takes no images.

    Raises:
        DataError: if the input is not (height, width, 1 or 3).
    """
    (shape,) = inputs.values()
    if len(shape) != 3 or shape[2] not in (1, 3):
        raise DataError(
            f"{path} is a folder of images, but the model takes inputs of shape "
            f"{shape}, not (height, width, 1 or 3); give an npz file instead."
        )


def open_images(
    name: str,
    files: Sequence[tuple[Path | str, int]],
    inputs: Inputs,
    raw: Raw,
    labelled: bool = True,
) -> Data:
    """Open image files with their classes, for a model with one input."""
    ((key, shape),) = inputs.items()

    def load(file: tuple[Path | str, int]) -> np.ndarray:
        path = Path(file[0])
        damage = (tf.errors.OpError, OSError)
        what = f"The image {path} cannot be read"
        with refusing(damage, what, "replace or remove it"):
            return decoded(path.read_bytes(), shape, raw)

    def read(count: int, start: int) -> Iterator[Stored]:
        with ThreadPoolExecutor(DECODERS) as pool:
            for i in range(start, len(files), count):
                part = files[i : i + count]
                x = np.stack(list(pool.map(load, part)))
                yield {key: x}, np.array([k for _, k in part]) if labelled else None

    return Data(name, inputs, raw, len(files), labelled, read)


def decoded(stored: bytes, shape: Shape, raw: Raw) -> np.ndarray:
    """Decode an image to this shape: float32 0..1, or 0..255 if raw.

    Raises:
        tf.errors.OpError: if the bytes are no image.
    """
    # TensorFlow's bmp and gif decoders cannot convert channels, the others can.
    channels = 0 if stored.startswith((b"BM", b"GIF")) else shape[2]
    image = tf.io.decode_image(stored, channels, expand_animations=False)
    if image.shape[2] == 1 and shape[2] == 3:
        image = tf.image.grayscale_to_rgb(image)
    elif image.shape[2] != shape[2]:
        image = image[..., :3]  # without the alpha channel of a bmp
        image = tf.image.rgb_to_grayscale(image) if shape[2] == 1 else image
    return resized_pixels(image, shape, raw).numpy()


def resized_pixels(image: tf.Tensor, shape: Shape, raw: Raw) -> tf.Tensor:
    """Resize one 8-bit image bilinearly, to float32 0..1, or 0..255 if raw."""
    resized = tf.image.resize(image, shape[:2])
    return resized if raw else resized * np.float32(1 / 255)
