"""Sequences of images: folders of frames, and animated GIFs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import tensorflow as tf

from tfsnn.data.images import decoded, fitted
from tfsnn.data.over_time.gif import gif_structure
from tfsnn.data.over_time.settings import check_length, check_size
from tfsnn.errors import DataError
from tfsnn_numpy.files import read_regular
from tfsnn_numpy.image_folder import IMAGES
from tfsnn_numpy.image_size import MOST_BYTES, check_image_size, image_size
from tfsnn_numpy.samples import Raw, Shape, refusing

GIF = ".gif"
DAMAGE = (tf.errors.OpError, OSError)
WAY_OUT = "replace or remove it"


def count_frames(path: Path) -> int:
    """Return the number of frames of a folder of frames, or of a GIF.

    Raises:
        DataError: if it cannot be read.
    """
    if path.is_dir():
        return len(frames_in(path))
    return gif_structure(_gif(path)).frames


def read_frames(path: Path, shape: Shape, raw: Raw, *, exact: bool) -> np.ndarray:
    """Read a folder of frames or a GIF: float32 ``(F, H, W, C)``, 0..1, or 0..255.

    Args:
        path: the folder or the file.
        shape: shape of the sequence; frames are resized bilinearly.
        raw: whether values stay at 0..255.
        exact: whether a longer sequence is refused, instead of cut.

    Raises:
        DataError: for a sequence that cannot be read or is too short, and for frames
            that are not all of one size.
    """
    read = _read_folder if path.is_dir() else _read_gif
    return read(path, shape, raw, exact)


def frames_in(folder: Path) -> list[Path]:
    """Return the images in a folder by the numbers in their names: 2 before 10."""
    with refusing((OSError,), f"{folder} cannot be read", "check its permissions"):
        found = [p for p in folder.iterdir() if p.suffix.lower() in IMAGES]
    return sorted((p for p in found if p.name[0] != "."), key=_in_order)


def _in_order(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", path.name)
    return [(int(p), p) if i % 2 else (0, p) for i, p in enumerate(parts)]


def _read_folder(folder: Path, shape: Shape, raw: Raw, exact: bool) -> np.ndarray:
    paths = frames_in(folder)
    check_length(str(folder), len(paths), shape[0], exact=exact)
    frames = np.empty(shape, np.float32)
    first: tuple[int, int] | None = None
    for number, path in enumerate(paths[: shape[0]]):
        with refusing(DAMAGE, f"The frame {path} cannot be read", WAY_OUT):
            stored = read_regular(path, MOST_BYTES)
            check_image_size(stored, f"The frame {path}")
            frames[number] = decoded(stored, shape[1:], raw)
            size = image_size(stored)
            first = first or size
            if size != first:
                raise DataError(
                    f"The frame {path} is {size[0]} x {size[1]} pixels, those before "
                    f"it {first[0]} x {first[1]}: give a sequence frames of one size"
                )
    return frames


def _gif(path: Path) -> bytes:
    with refusing(DAMAGE, f"The GIF {path} cannot be read", WAY_OUT):
        return read_regular(path, MOST_BYTES)


def _read_gif(path: Path, shape: Shape, raw: Raw, exact: bool) -> np.ndarray:
    stored, what = _gif(path), f"The GIF {path}"
    found, restores = gif_structure(stored)
    check_length(what, found, shape[0], exact=exact)
    width, height = image_size(stored)
    check_size(what, found, (height, width, 3))
    if restores:
        raise DataError(
            f"{what} brings back its background between frames, which is not computed: "
            "save it with whole frames, or as a folder of frames"
        )
    with refusing(DAMAGE, f"{what} cannot be read", WAY_OUT):
        frames = tf.io.decode_gif(stored)
    check_length(what, len(frames), shape[0])
    return fitted(frames[: shape[0]], shape[1:], raw)
