"""Rounding to levels: the counts of a quantised activation, as its framework computes.

Of an input x, in float32 and in this order::

    u = (max(x, low) - low) * gain     or by / step, where no gain is given
    q = round(u - zero)       half up: floor(u + 1/2); half to even; or down: floor(u)
    c = clip(sign * q, 0, levels)          the count
    y = step * c                           its value

TensorFlow's fake quantisation has a `low` and a `zero` other than 0 where x may be
negative; two populations then count what lies above and below 0 (`sign`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tensorflow as tf

ROUNDS: dict[str, Callable[[Any], Any]] = {
    "up": lambda u: tf.floor(u + 0.5),
    "even": tf.round,
    "down": tf.floor,
}


@dataclass(frozen=True)
class Rounding:
    """The levels of a quantised activation, and how their number is found.

    All numbers are JSON: one number, or nested lists that broadcast to the units.

    Attributes:
        levels: the number of levels above 0; n bits have 2^n - 1.
        step: the activation between two levels, > 0.
        gain: what x is multiplied by, as the framework has it for 1 / step; None where
            it divides by `step`.
        divisor: what that product is divided by as well; None for nothing.
        low: what is taken from x before; None for nothing.
        zero: what is taken from the quotient; None for nothing.
        half: rounding of what lies between two levels, a name in :data:`ROUNDS`.
        sign: -1 if the node reads -x and counts the levels of x below 0.
        period, lowest: levels after which counts start anew at `lowest` levels below 0,
            as an integer that overflows does; None where they are clipped.
        relu: whether x below 0 counts as 0.
        shares: whether the value is divisor * (c / levels), which rounds otherwise.
    """

    levels: Any
    step: Any
    gain: Any = None
    divisor: Any = None
    low: Any = None
    zero: Any = None
    half: str = "up"
    sign: int = 1
    period: Any = None
    lowest: Any = 0
    relu: bool = False
    shares: bool = False

    @property
    def most(self) -> int:
        """The largest number of levels of a unit."""
        return int(np.max(self.levels))

    @property
    def bits(self) -> int:
        """The bits that count the levels."""
        return self.most.bit_length()

    @property
    def bound(self) -> Any:
        """The largest value: one number, or a float32 array."""
        exact = self.divisor if self.shares else None
        steps = np.asarray(self.step, np.float32) * np.asarray(self.levels, np.float32)
        bound = steps if exact is None else np.asarray(exact, np.float32)
        return bound if bound.ndim else float(bound)

    def quotient(self, x: Any) -> Any:
        """Return what is rounded, ``u - zero`` of the module."""
        x = x if self.sign == 1 else -x
        x = tf.maximum(x, 0.0) if self.relu else x
        if self.low is not None:
            low = np.float32(self.low)
            x = tf.maximum(x, low) - low
        if self.gain is None:
            u = divided(x, self.step)
        else:
            u = x * np.float32(self.gain)
            u = u if self.divisor is None else divided(u, self.divisor)
        if self.zero is None:
            return u
        # The maximum changes nothing, but keeps TensorFlow's optimiser from making one
        # sum of this and the next, which would round otherwise. So does that above.
        zero = np.float32(self.zero)
        return tf.maximum(u - zero, -zero)

    def counts(self, x: Any) -> Any:
        """Return the count of each input, an integer in float32."""
        q = ROUNDS[self.half](self.quotient(x))
        if self.period is not None:
            lowest = np.float32(self.lowest)
            q = tf.math.floormod(q + lowest, np.float32(self.period)) - lowest
        q = q if self.sign == 1 else -q
        return tf.clip_by_value(q, 0.0, np.float32(self.levels))

    def values(self, counts: Any) -> Any:
        """Return the activations that counts stand for."""
        if self.shares:
            return self.bound * (counts / np.float32(self.levels))
        return counts * np.float32(self.step)

    def to_config(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, as JSON."""
        default = asdict(Rounding(0, 0))
        return {k: v for k, v in asdict(self).items() if v != default[k]}


def divided(x: Any, divisor: Any) -> Any:
    """Return x / divisor, rounded once, also in a program that TensorFlow optimises.

    Of a division by a constant it makes a product with the inverse, in the last digit
    another number, but not of this one.
    """
    return tf.math.divide_no_nan(x, tf.convert_to_tensor(divisor, tf.float32))


def weighted_mean(values: Sequence[Any], base: int) -> Any:
    """Return the mean of the values of some steps, each weighing `base` times the next.

    It is I(1) + sum r^(T - t) (I(t) - I(1)) / W, which is I(1) itself where all are
    alike, and exact where all numbers are short enough for float32.
    """
    first, steps = values[0], len(values)
    weight, total = step_weight(base, steps), None
    for value in values[1:]:
        more = divided(value - first, weight)
        total = more if total is None else base * total + more
    return first if total is None else first + total


def weighted_sum(values: Sequence[Any], base: int) -> Any:
    """Return the sum of the values of some steps, each weighing `base` times the next.

    The last one weighs 1.
    """
    total = values[0]
    for value in values[1:]:  # a product with 1 is one more pass over memory
        total = (total if base == 1 else base * total) + value
    return total


def step_weight(base: int, steps: int) -> float:
    """Return what steps weigh together, each `base` times the next, the last one 1."""
    return float(steps if base == 1 else (base**steps - 1) // (base - 1))


def plain(values: Any) -> Any:
    """Return a number or array as JSON: one number where all are equal."""
    array = np.asarray(values)
    first = array.ravel()[0]
    return first.item() if (array == first).all() else array.tolist()
