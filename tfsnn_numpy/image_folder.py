"""Open folders of images as data, with one subfolder for each class.

The decoder of images is an argument: TensorFlow in `tfsnn`, Pillow without it.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from tfsnn_numpy.errors import DataError
from tfsnn_numpy.samples import Data, Inputs, Raw, Shape, Stored, refusing

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif")
DECODERS = min(8, os.cpu_count() or 1)  # threads that decode images
# (path, shape, raw: whether to keep 0..255) -> float32 of this shape
ReadImage = Callable[[Path, Shape, Raw], np.ndarray]


def open_folder(path: Path, inputs: Inputs, raw: Raw, read_image: ReadImage) -> Data:
    """Open a folder of images, labelled by subfolder; images are read later."""
    check_image_shape(path, inputs)
    classes, files = by_class(path, lambda file: file.suffix.lower() in IMAGES)
    if not files:
        missing = f"images ({', '.join(IMAGES)}) in" if classes else "class"
        raise DataError(
            f"The folder {path} has no {missing} subfolders; put the images of each "
            "class in a subfolder of its own, as in FOLDER/CLASS/image.png."
        )
    return open_images(f"the folder {path}", files, inputs, raw, read_image)


def by_class(
    path: Path, belongs: Callable[[Path], bool]
) -> tuple[int, list[tuple[Path, int]]]:
    """Return the number of classes of a folder, and their samples with the class.

    Args:
        path: folder with one subfolder for each class.
        belongs: whether what is in such a subfolder is a sample.
    """
    with refusing((OSError,), f"{path} cannot be read", "check its permissions"):
        classes = sorted(p for p in path.iterdir() if p.is_dir() and p.name[0] != ".")
        samples = [
            [(p, k) for p in sorted(folder.iterdir()) if belongs(p)]
            for k, folder in enumerate(classes)
        ]
    # The classes take turns, so that a limit shows them all.
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*samples))
    return len(classes), [item for item in in_turn if item is not None]


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
    read_image: ReadImage,
    labelled: bool = True,
) -> Data:
    """Open image files with their classes, for a model with one input."""
    ((key, shape),) = inputs.items()

    def load(file: tuple[Path | str, int]) -> np.ndarray:
        return read_image(Path(file[0]), shape, raw)

    def read(count: int, start: int) -> Iterator[Stored]:
        with ThreadPoolExecutor(DECODERS) as pool:
            for i in range(start, len(files), count):
                part = files[i : i + count]
                x = np.stack(list(pool.map(load, part)))
                yield {key: x}, np.array([k for _, k in part]) if labelled else None

    return Data(name, inputs, raw, len(files), labelled, read, bytes_seen={key})
