"""Making Keras layers and operations, with names, weights and the order of channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.names import Names
from tfsnn.sources.saved_model.shapes import Refused


class Emission:
    """The maker of Keras tensors that translators use.

    Attributes:
        names: names that layers have taken.
        label: name of the graph's operation after which the next layer is named.
    """

    def __init__(self, names: Names) -> None:
        """Start without any tensor."""
        self.names = names
        self.label = ""
        # Keyed by id; the objects are kept too, so that no id is used twice.
        self._named: dict[int, Any] = {}
        self._channels_last: dict[int, Any] = {}
        self._channels_first: dict[int, Any] = {}
        self._kept: list[Any] = []

    def name(self, kind: str) -> str:
        """Take a free name for a layer of this class, made of the operation's name."""
        return self.names.take(self.label, kind)

    def layer(self, kind: type, x: Any, **arguments: Any) -> Any:
        """Apply a new layer of this class to x."""
        first = x[0] if isinstance(x, list) else x
        arguments.setdefault("dtype", keras.backend.standardize_dtype(first.dtype))
        return kind(name=self.name(kind.__name__), **arguments)(x)

    def weighted(
        self,
        kind: type,
        x: Any,
        weights: Sequence[np.ndarray],
        *,
        each_row: bool = False,
        **arguments: Any,
    ) -> Any:
        """Apply a new layer with these weights to x.

        Args:
            kind: the layer's class.
            x: Keras tensor that the layer reads.
            weights: arrays in the layer's order.
            each_row: whether to apply the layer to each row on a sample's first axis.
            arguments: arguments of the layer's class.
        """
        name = self.name(kind.__name__)
        dtype = keras.backend.standardize_dtype(x.dtype)
        if weights and not keras.backend.is_float_dtype(dtype):
            dtype = keras.backend.standardize_dtype(weights[0].dtype)
        layer = kind(name=name, dtype=dtype, **arguments)
        if each_row:
            y = layers.TimeDistributed(layer, name=self.name("TimeDistributed"))(x)
        else:
            y = layer(x)
        layer.set_weights(list(weights))
        return y

    def raw(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Apply a function of ``keras.ops``, named after the graph's operation."""
        y = function(*arguments, **options)
        flat = [a for group in arguments for a in _flat(group)]
        read = [a for a in flat if isinstance(a, keras.KerasTensor)]
        results = y if isinstance(y, list | tuple) else [y]
        for operation in keras.Function(read, list(results)).operations:
            known = id(operation) in self._named or isinstance(operation, layers.Layer)
            if not known:
                operation.name = self.name(type(operation).__name__)
                self._named[id(operation)] = operation
        return y

    def reshape(self, x: Any, units: Sequence[int]) -> Any:
        """Give each sample of x the shape `units`, in row-major order.

        Raises:
            Refused: if the numbers of values differ.
        """
        units = tuple(units)
        if tuple(x.shape[1:]) == units:
            return x
        if int(np.prod(x.shape[1:])) != int(np.prod(units)):
            raise Refused(
                f"each sample would be reshaped from {tuple(x.shape[1:])} to {units}, "
                "which mixes samples: export the model without this reshape"
            )
        if len(units) == 1 and len(x.shape) > 2:
            return self.layer(layers.Flatten, x)
        if not units:
            return self.raw(ops.reshape, x, (-1,))
        return self.layer(layers.Reshape, x, target_shape=units)

    def channels_last(self, x: Any) -> Any:
        """Move channels, (B, C, ...) to (B, ..., C); undoes :meth:`channels_first`."""
        if (known := self._channels_last.get(id(x))) is not None:
            return known
        y = self.layer(layers.Permute, x, dims=(*range(2, len(x.shape)), 1))
        return self.pair(last=y, first=x)

    def channels_first(self, x: Any) -> Any:
        """Move channels, (B, ..., C) to (B, C, ...); undoes :meth:`channels_last`."""
        if (known := self._channels_first.get(id(x))) is not None:
            return known
        rank = len(x.shape)
        y = self.layer(layers.Permute, x, dims=(rank - 1, *range(1, rank - 1)))
        self.pair(last=x, first=y)
        return y

    def pair(self, *, last: Any, first: Any) -> Any:
        """Record that two tensors are one in both orders; return `last`."""
        self._channels_last[id(first)] = last
        self._channels_first[id(last)] = first
        self._kept += [last, first]
        return last

    def is_channels_first(self, x: Any) -> bool:
        """Whether x is channels-first and its channels-last form is known."""
        return id(x) in self._channels_last

    def pointwise(self, x: Any, function: Callable[[Any], Any]) -> Any:
        """Apply a function that works in any order of axes, in channels-last order."""
        if self.is_channels_first(x):
            return self.channels_first(function(self.channels_last(x)))
        return function(x)


def _flat(argument: Any) -> list[Any]:
    return list(argument) if isinstance(argument, list | tuple) else [argument]
