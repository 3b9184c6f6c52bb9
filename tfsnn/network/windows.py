"""Windows over the places of a signal: which windows hold each place, in integers.

Along an axis of `places` values, window number w holds the places ``w * stride + j *
dilation - before`` for j below the size, as far as they exist; `before` is the padding
in front, which "same" chooses as TensorFlow does. All axes are alike and independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Windows:
    """Windows of a convolution or a pooling; a number for each axis of places.

    Attributes:
        places: the length of the axes.
        count: the number of windows along them.
        size, strides, dilation: their form.
        padding: "valid" or "same".
    """

    places: Sequence[int]
    count: Sequence[int]
    size: Sequence[int]
    strides: Sequence[int]
    dilation: Sequence[int]
    padding: str

    def sum_over(self, counts: np.ndarray) -> np.ndarray:
        """Sum, for each place, the counts of the windows that hold it.

        Args:
            counts: of each window, an array that broadcasts to ``(*count, C)``.

        Returns:
            ``(*places, C)``, or ``(*places, 1)`` where that says the same.
        """
        counts = np.asarray(counts, np.int64)
        counts = counts.reshape(
            (1,) * (len(self.places) + 1 - counts.ndim) + counts.shape
        )
        for axis, length in enumerate(self.places):
            shape = list(counts.shape)
            shape[axis] = self.count[axis]
            of_windows = np.moveaxis(np.broadcast_to(counts, shape), axis, 0)
            found = np.zeros((length, *of_windows.shape[1:]), np.int64)
            for windows, places in self._meetings(axis):
                found[places] += of_windows[windows]
            counts = np.moveaxis(found, 0, axis)
        return counts

    def sizes(self) -> np.ndarray:
        """Count the places that each window holds, ``(*count, 1)``."""
        total = np.ones(1, np.int64)
        for axis in reversed(range(len(self.places))):
            held = np.zeros(self.count[axis], np.int64)
            for windows, _ in self._meetings(axis):
                held[windows] += 1
            total = np.multiply.outer(held, total)
        return total

    def _meetings(self, axis: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield, for each offset j, the windows that hold a place there, and it."""
        length, count = self.places[axis], self.count[axis]
        size, stride, dilation = (
            numbers[axis] for numbers in (self.size, self.strides, self.dilation)
        )
        padded = (count - 1) * stride + (size - 1) * dilation + 1 - length
        before = max(padded, 0) // 2 if self.padding == "same" else 0
        windows = np.arange(count)
        for offset in range(size):
            places = windows * stride + offset * dilation - before
            inside = (places >= 0) & (places < length)
            yield windows[inside], places[inside]


def same_pads(
    shape: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
) -> tuple[tuple[int, int], ...]:
    """Return the zeros of the padding "same" around each axis: one more behind if odd.

    Args:
        shape: the length of the axes.
        window, strides, dilation: of the window, a number for each axis.
    """
    found = []
    for size, length, stride, step in zip(
        shape, window, strides, dilation, strict=True
    ):
        reach = step * (length - 1) + 1
        total = max((-(-size // stride) - 1) * stride + reach - size, 0)
        found.append((total // 2, total - total // 2))
    return tuple(found)
