"""Activations of the ANN that spiking neurons stand for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np
import tensorflow as tf

from tfsnn.network import functions
from tfsnn.network.axes import Order, stored
from tfsnn.network.node import Node, Shape, array
from tfsnn.network.rounding import Rounding


@dataclass(frozen=True, eq=False)
class Rate(Node):
    """A ReLU, with or without an upper bound: min(max(x, 0), max_value).

    Quantised, it is rounded to levels as well. In the spiking network a population
    takes its place (:class:`~tfsnn.network.nodes.spiking.Spiking`), which
    :func:`tfsnn.conversion.normalize.normalize` makes by a plan.

    Attributes:
        max_value: the bound, one number or an array, as 6 for ReLU6; None for ReLU.
        quantized: the fields of :class:`tfsnn.network.rounding.Rounding`, where the
            ANN rounds to levels; None for others.
    """

    spikes: ClassVar[bool] = True
    multiplies: ClassVar[bool] = False

    max_value: Any = array(None)
    quantized: Mapping[str, Any] | None = field(default=None, kw_only=True)

    @property
    def rounding(self) -> Rounding | None:
        """How the ANN rounds to levels; None where it does not."""
        return None if self.quantized is None else Rounding(**self.quantized)

    @property
    def integers(self) -> bool:
        """True: most neurons that stand for it send integers."""
        return True

    @property
    def signed(self) -> bool:
        """Whether activations may be negative."""
        return False

    def apply(self, x: Any) -> Any:
        """Compute the activations of x, both ``(N, *shape)``."""
        if self.max_value is None:
            # Not tf.nn.relu: behind a convolution and a sum that is read elsewhere as
            # well, TensorFlow's optimiser fails on it, and says so on standard error.
            return tf.maximum(x, 0.0)
        rounding = self.rounding
        if rounding is not None:
            return rounding.values(rounding.counts(x))
        return tf.clip_by_value(x, 0.0, self.max_value)

    def reordered(self, order: Order) -> Self | None:
        """Keep the bound, where there is one number; bounds of channels stay theirs."""
        if np.size(self.max_value) > 1:
            return None
        return self.replace(shape=stored(order, self.shape))

    def describe(self) -> str:
        """Name the neurons, and the bound of what they stand for."""
        if self.max_value is None:
            return "spiking neurons"
        low, high = float(np.min(self.max_value)), float(np.max(self.max_value))
        most = f"{high:g}" if low == high else f"{low:g} to {high:g}"
        if (rounding := self.rounding) is None:
            return f"spiking neurons for at most {most}"
        levels = f"{rounding.most} levels, at most {most}"
        return f"spiking neurons of {rounding.bits} bits ({levels})"

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count its neurons."""
        return math.prod(self.shape)

    def initial_state(self, batch: Any, shapes: Sequence[Shape | None]) -> Any:
        """Refuse: an activation is not simulated.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{self.name} is an activation of the ANN, which has no neurons: simulate "
            "the graph that normalize(graph, plan) makes"
        )


@dataclass(frozen=True, eq=False)
class SmoothRate(Rate):
    """A smooth activation f(x), of either sign, in place of a ReLU.

    Attributes:
        op: f, a name in :data:`tfsnn.network.functions.FUNCTIONS`.
        options: arguments of f beside its input, JSON.
    """

    op: str = field(kw_only=True)
    options: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    @property
    def signed(self) -> bool:
        """Whether activations may be negative: f has either sign."""
        return True

    def apply(self, x: Any) -> Any:
        """Compute f of x, both ``(N, *shape)``."""
        return functions.FUNCTIONS[self.op](x, **self.options)


@dataclass(frozen=True, eq=False)
class Coder(Rate):
    """A value that is sent as spikes: the identity, of values that are not negative.

    Attributes:
        neuron: the kind of the coders (:data:`tfsnn.network.neurons.KINDS`).
        both_signs: whether values may be negative.
        together: whether all of its values have one scale, so that they compare.
    """

    neuron: str = field(kw_only=True)
    both_signs: bool = field(default=False, kw_only=True)
    together: bool = field(default=False, kw_only=True)

    @property
    def signed(self) -> bool:
        """Whether values may be negative."""
        return self.both_signs

    def apply(self, x: Any) -> Any:
        """Return x, ``(N, *shape)``."""
        return x if self.both_signs else super().apply(x)
