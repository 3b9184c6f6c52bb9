"""Augmentation of images: each sample is changed a little whenever it is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tfsnn.errors import OptionError, unknown
from tfsnn_numpy.defaults import AUGMENTATIONS

SHIFT = 1 / 8  # of height and width, at most: 4 pixels of 32


@dataclass(frozen=True)
class Augmentation:
    """Random changes of pictures ``(B, height, width, channels)``.

    Attributes:
        kinds: any of "flip", left and right swapped in half of the samples, and
            "shift", moved by up to an eighth of height and width, with the values of
            the edge where nothing moved in.
    """

    kinds: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse unknown kinds.

        Raises:
            OptionError: for another name.
        """
        for kind in self.kinds:
            if kind not in AUGMENTATIONS:
                raise unknown("augmentation", kind, AUGMENTATIONS)

    @classmethod
    def of(
        cls, kinds: Sequence[str], shapes: Sequence[tuple[int, ...]]
    ) -> Augmentation | None:
        """Return the augmentation of inputs of these shapes; None for no kinds.

        Raises:
            OptionError: for an unknown kind, and for inputs that are no pictures.
        """
        if not kinds:
            return None
        found = cls(tuple(kinds))
        if not any(len(shape) == 3 for shape in shapes):
            raise OptionError(
                f"augment={','.join(kinds)} changes pictures, and this network takes "
                f"inputs of shape {', '.join(map(str, shapes))}: leave it out"
            )
        return found

    def __call__(self, x: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
        """Return changed samples; those that are no pictures as they are."""
        if x.ndim != 4:
            return x
        if "flip" in self.kinds:
            swapped = drawn.random(len(x)) < 0.5
            x = np.where(swapped[:, None, None, None], x[:, :, ::-1], x)
        if "shift" in self.kinds:
            x = _shifted(x, drawn)
        return x


def _shifted(x: np.ndarray, drawn: np.random.Generator) -> np.ndarray:
    rows, height, width = x.shape[:3]
    down = drawn.integers(-int(height * SHIFT), int(height * SHIFT) + 1, (rows, 1))
    right = drawn.integers(-int(width * SHIFT), int(width * SHIFT) + 1, (rows, 1))
    i = np.clip(np.arange(height) - down, 0, height - 1)  # (B, height)
    j = np.clip(np.arange(width) - right, 0, width - 1)  # (B, width)
    return x[np.arange(rows)[:, None, None], i[:, :, None], j[:, None, :]]
