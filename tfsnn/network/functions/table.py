"""The table of functions, what is known of each, and how one gets into it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

Shape = tuple[int, ...]
Cost = Callable[[Sequence[Shape], Shape, Mapping[str, Any]], int]


def per_value(inputs: Sequence[Shape], output: Shape, options: Any) -> int:
    """Count one operation for each value read or written, whichever are more."""
    return max(math.prod(shape) for shape in (*inputs, output))


@dataclass(frozen=True)
class Formula:
    """A function of running-sum nodes, and its properties.

    Attributes:
        call: the function, of tensors ``(N, ...)``.
        homogeneous: whether f(t * x) = t * f(x) for t > 0.
        partial: whether it may be infinite or NaN for finite inputs.
        elementwise: whether each value depends on the values at its own place alone.
        cost: counts operations, by input shapes, output shape and options.
    """

    call: Callable[..., Any]
    homogeneous: bool = False
    partial: bool = False
    elementwise: bool = False
    cost: Cost = per_value

    def __call__(self, *xs: Any, **options: Any) -> Any:
        """Compute the function of tensors ``(N, ...)``, as float32."""
        return tf.cast(self.call(*xs, **options), tf.float32)


FUNCTIONS: dict[str, Formula] = {}


def from_keras(*names: str, **known: Any) -> None:
    """Enter functions of each value, or of the values of several signals at a place.

    They are those of ``keras.activations`` or ``keras.ops`` with these names.
    """
    for name in names:
        # The defaults of the two differ: gelu of keras.ops is the approximate one.
        call = getattr(keras.activations, name, None) or getattr(keras.ops, name)
        FUNCTIONS[name] = Formula(call, elementwise=True, **known)


def formula(**known: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that enters a function by its own name."""

    def register(call: Callable[..., Any]) -> Callable[..., Any]:
        FUNCTIONS[call.__name__] = Formula(call, **known)
        return call

    return register


def in_batch(axes: Sequence[int]) -> list[int]:
    """Return axes of one sample as those of a batch of samples."""
    return [axis + 1 for axis in axes]
