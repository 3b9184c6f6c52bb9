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


class _LocallyConnected(keras.Layer):
    """A layer of windows over `rank` axes."""

    rank: int

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        """Make a layer, by the arguments of Keras 2.

        Raises:
            OptionError: for channels first, or another padding or implementation.
        """
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last"):
            raise OptionError(
                f"{self.name}: data_format={data_format!r}; expected channels_last"
            )
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
        """Make the weights, in the form of the implementation."""
        *lengths, channels = input_shape[1:]
        self.places, inside = self._windows(lengths, channels)  # (P, K * channels)
        self.entries, shape = self._entries(inside, math.prod(lengths) * channels)
        if self.implementation == 2:
            shape = (*lengths, channels, *self._lengths(lengths), self.filters)
        self.kernel = self.add_weight(shape, "glorot_uniform", name="kernel")
        self.bias = None
        if self.use_bias:
            shape = (*self._lengths(lengths), self.filters)
            self.bias = self.add_weight(shape, "zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Compute the outputs ``(B, *places, filters)`` of ``(B, *axes, channels)``."""
        lengths = self._lengths(inputs.shape[1:-1])
        flat = ops.reshape(inputs, (-1, math.prod(inputs.shape[1:])))
        y = ops.einsum(
            "npk,pkf->npf", ops.take(flat, self.places, axis=1), self.blocks()
        )
        y = ops.reshape(y, (-1, *lengths, self.filters))
        return self.activation(y if self.bias is None else y + self.bias)

    def blocks(self) -> Any:
        """Return the weights of each place, ``(P, K * channels, filters)``.

        Those beyond a border are 0.
        """
        flat = ops.reshape(self.kernel, (-1,))
        return ops.take(ops.append(flat, ops.zeros(1, flat.dtype)), self.entries)

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

    def _windows(self, lengths: Any, channels: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what each window reads of a flat sample, and what is inside it."""
        places: Any = np.zeros((1, 1), np.int64)
        inside: Any = np.ones((1, 1), bool)
        axes = zip(lengths, self._lengths(lengths), strict=True)
        for axis, (length, count) in enumerate(axes):
            size, stride = self.kernel_size[axis], self.strides[axis]
            first = size // 2 if self.padding == "same" else 0
            at = np.arange(count)[:, None] * stride - first + np.arange(size)
            places = _outer(places * length, at.clip(0, length - 1), np.add)
            inside = _outer(inside, (at >= 0) & (at < length), np.logical_and)
        places = places[..., None] * channels + np.arange(channels)
        return places.reshape(len(places), -1), inside.repeat(channels, 1)

    def _entries(
        self, inside: np.ndarray, inputs: int
    ) -> tuple[np.ndarray, tuple[int, ...]]:
        """Return where in the flat kernel each weight is, and the kernel's shape."""
        places, reads = inside.shape
        filters = np.arange(self.filters)
        if self.implementation == 1:
            shape: tuple[int, ...] = (places, reads, self.filters)
            found = np.arange(math.prod(shape)).reshape(shape)
        elif self.implementation == 2:
            at = self.places * places + np.arange(places)[:, None]
            found = at[..., None] * self.filters + filters
            shape = (inputs, places, self.filters)
        else:
            counts = inside.sum(1)
            starts = (np.cumsum(counts) - counts) * self.filters
            found = starts[:, None, None] + counts[:, None, None] * filters
            found = found + (np.cumsum(inside, 1) - 1)[..., None]
            shape = (int(counts.sum()) * self.filters,)
        return np.where(inside[..., None], found, math.prod(shape)), shape


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
