"""Layers of windows with weights of their own at each place, from files of Keras 2.

They are convolutions that share no weights; Keras 3 has none. Keras 2 stores their
kernels in three ways, its ``implementation``, and these layers take each.
"""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from tfsnn.errors import OptionError

MOST_STEPS = 10**6  # of windows along an axis


class _LocallyConnected(keras.Layer):
    """A layer of windows over `rank` axes."""

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        activation: Any = None,
        use_bias: bool = True,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        """Make a layer, by the arguments of Keras 2; channels are last.

        Raises:
            OptionError: for another padding or implementation.
        """
        super().__init__(**kwargs)
        if padding not in ("valid", "same") or implementation not in (1, 2, 3):
            raise OptionError(
                f"{self.name}: padding={padding!r}, implementation={implementation!r}; "
                "expected valid or same, and 1, 2 or 3"
            )
        self.filters, self.padding = filters, padding
        self.kernel_size = self._sizes(kernel_size)
        self.strides = self._sizes(strides)
        self.activation = keras.activations.get(activation)
        self.use_bias, self.implementation = use_bias, implementation

    def build(self, input_shape: Any) -> None:
        """Make the weights, in the form of the implementation.

        Raises:
            OptionError: if the windows are too many to list.
        """
        *lengths, channels = input_shape[1:]
        self._input = *lengths, channels
        counts = self._lengths(lengths)
        steps = [n * size for n, size in zip(counts, self.kernel_size, strict=True)]
        if min(counts) < 1 or max(steps) > MOST_STEPS:
            raise OptionError(f"{self.name}: has {counts} windows on {tuple(lengths)}")
        shape: tuple[int, ...]
        if self.implementation == 1:
            inside = math.prod(self.kernel_size) * channels
            shape = (math.prod(counts), inside, self.filters)
        elif self.implementation == 2:
            shape = (*lengths, channels, *counts, self.filters)
        else:
            read = [int(inside.sum()) for _, inside in self._axes()]
            shape = (math.prod(read) * channels * self.filters,)
        self.kernel = self.add_weight(shape, "glorot_uniform", name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((*counts, self.filters), "zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Compute the outputs ``(B, *places, filters)`` of ``(B, *axes, channels)``."""
        lengths = self._lengths(inputs.shape[1:-1])
        flat = ops.reshape(inputs, (-1, math.prod(inputs.shape[1:])))
        y = ops.einsum(
            "npk,pkf->npf", ops.take(flat, self.places(), axis=1), self.blocks()
        )
        y = ops.reshape(y, (-1, *lengths, self.filters))
        return self.activation(y if self.bias is None else y + self.bias)

    def blocks(self) -> Any:
        """Return the weights of each place, ``(P, K * channels, filters)``.

        Those beyond a border are 0.
        """
        flat = ops.reshape(self.kernel, (-1,))
        return ops.take(ops.append(flat, ops.zeros(1, flat.dtype)), self._entries())

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the outputs."""
        return (input_shape[0], *self._lengths(input_shape[1:-1]), self.filters)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        names = ("filters", "kernel_size", "strides", "padding", "use_bias")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in (*names, "implementation")},
            "activation": keras.activations.serialize(self.activation),
        }

    def _sizes(self, value: Any) -> tuple[int, ...]:
        return (value,) * self.rank if isinstance(value, int) else tuple(value)

    def _lengths(self, lengths: Any) -> tuple[int, ...]:
        """Return the number of windows along each axis."""
        if self.padding == "same":
            return tuple(-(-n // s) for n, s in zip(lengths, self.strides, strict=True))
        sizes = zip(lengths, self.kernel_size, self.strides, strict=True)
        return tuple((n - k) // s + 1 for n, k, s in sizes)

    def _axes(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return, for each axis, what each window reads, and what is inside it."""
        found = []
        for axis, count in enumerate(self._lengths(self._input[:-1])):
            length, size = self._input[axis], self.kernel_size[axis]
            first = size // 2 if self.padding == "same" else 0
            starts = np.arange(count)[:, None] * self.strides[axis] - first
            at = starts + np.arange(size)
            found.append((at.clip(0, length - 1), (at >= 0) & (at < length)))
        return found

    def places(self) -> np.ndarray:
        """Return which values of a flat sample each window reads, ``(P, K * C)``."""
        found: Any = np.zeros((1, 1), np.int64)
        for length, (at, _) in zip(self._input, self._axes(), strict=False):
            found = _outer(found * length, at, np.add)
        channels = self._input[-1]
        return (found[..., None] * channels + np.arange(channels)).reshape(
            len(found), -1
        )

    def _inside(self) -> np.ndarray:
        """Return which of the places are not beyond a border, ``(P, K * C)``."""
        found: Any = np.ones((1, 1), bool)
        for _, inside in self._axes():
            found = _outer(found, inside, np.logical_and)
        return found.repeat(self._input[-1], 1)

    def _entries(self) -> np.ndarray:
        """Return where in the flat kernel the weights of each place are."""
        inside, filters = self._inside(), np.arange(self.filters)
        places, reads = inside.shape
        if self.implementation == 1:
            rows = np.arange(places * reads).reshape(places, reads, 1)
            found = rows * self.filters + filters
        elif self.implementation == 2:
            at = self.places() * places + np.arange(places)[:, None]
            found = at[..., None] * self.filters + filters
        else:
            counts = inside.sum(1)
            starts = (np.cumsum(counts) - counts) * self.filters
            found = starts[:, None, None] + counts[:, None, None] * filters
            found = found + (np.cumsum(inside, 1) - 1)[..., None]
        return np.where(inside[..., None], found, math.prod(self.kernel.shape))


def _outer(rows: np.ndarray, more: np.ndarray, combine: Any) -> np.ndarray:
    """Combine (A, K) and (B, L) to (A * B, K * L), in the order of rows."""
    whole = combine(rows[:, None, :, None], more[None, :, None, :])
    return whole.reshape(len(rows) * len(more), -1)


@keras.saving.register_keras_serializable(package="tfsnn")
class LocallyConnected1D(_LocallyConnected):
    """Windows over ``(B, length, channels)``, each with weights of its own."""

    rank = 1


@keras.saving.register_keras_serializable(package="tfsnn")
class LocallyConnected2D(_LocallyConnected):
    """Windows over ``(B, rows, columns, channels)``, each with weights of its own."""

    rank = 2
