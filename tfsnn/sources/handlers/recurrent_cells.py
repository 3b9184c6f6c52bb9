"""Recurrent cells: what becomes of the input and of the states at one place.

A cell is translated in two parts. Its input kernel acts on each place of a sequence by
itself, so it is one node for them all; the step holds the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import layers

from tfsnn.network.nodes import Linear
from tfsnn.sources.handlers.activation import OVER_AXES, activate
from tfsnn.sources.handlers.builder import Builder, Shape, Unsupported
from tfsnn.sources.handlers.kernels import refuse_quantised

# What a step returns: the output, and the states, of which one is the output.
Stepped = tuple[str, list[str]]


class Cell:
    """A cell of dense layers: its weights, and the states that it carries.

    Attributes:
        layer: the Keras cell.
        units: the length of each state.
        count: the number of its states.
        output: which of them is the output.
    """

    count = 1
    output = 0

    def __init__(self, layer: Any) -> None:
        """Take the weights of a Keras cell, of a class in :data:`CELLS`."""
        refuse_quantised(layer)
        self.layer = layer
        self.kernel = np.asarray(layer.kernel)
        self.recurrent = np.asarray(layer.recurrent_kernel)
        self.bias = None if layer.bias is None else np.asarray(layer.bias)

    @property
    def weights(self) -> int:
        """The number of weights that each step has of its own."""
        return self.recurrent.size

    def shapes(self, projected: Shape) -> list[Shape]:
        """Return the shapes of its states, for projected sequences of a shape."""
        return [(self.recurrent.shape[0],)] * self.count

    def project(self, x: str, builder: Builder) -> str:
        """Add the input kernel, on a sequence ``(L, C)`` or on one place ``(C,)``."""
        return dense(x, self.kernel, self.bias, builder, "_input")

    def step(self, x: str, states: Sequence[str], builder: Builder) -> Stepped:
        """Add what follows the input kernel at one place."""
        raise NotImplementedError


class SimpleCell(Cell):
    """SimpleRNNCell: h = f(W x + b + U h)."""

    def step(self, x: str, states: Sequence[str], builder: Builder) -> Stepped:
        """Add h."""
        (h,) = states
        inner = dense(h, self.recurrent, None, builder, "_recurrent")
        y = builder.total([x, inner], suffix="_sum")
        h = activate(self.layer.activation, y, builder)
        return h, [h]


class GruCell(Cell):
    """GRUCell, whose reset gate acts before or after the recurrent kernel."""

    def __init__(self, layer: Any) -> None:
        """Take the weights, of which a bias of two rows has one for each kernel."""
        super().__init__(layer)
        self.inner_bias = None
        if layer.reset_after and self.bias is not None:
            self.bias, self.inner_bias = self.bias

    def step(self, x: str, states: Sequence[str], builder: Builder) -> Stepped:
        """Add h = z h + (1 - z) f(x + r U h), or with U (r h)."""
        (h,), layer = states, self.layer
        units = self.recurrent.shape[0]
        both, own = 2 * units, self.recurrent[:, 2 * units :]
        if layer.reset_after:
            inner = dense(h, self.recurrent, self.inner_bias, builder, "_recurrent")
            gated = part(inner, 0, both, builder)
        else:
            kernel = self.recurrent[:, :both]
            gated = dense(h, kernel, None, builder, "_recurrent")
        sums = builder.total([part(x, 0, both, builder), gated], suffix="_sum")
        z, r = gates(sums, 2, layer.recurrent_activation, builder)
        if layer.reset_after:
            reset = product(r, part(inner, both, 3 * units, builder), builder)
        else:
            reset = dense(product(r, h, builder), own, None, builder, "_reset")
        new = part(x, both, 3 * units, builder)
        new = builder.total([new, reset], suffix="_sum")
        new = activate(layer.activation, new, builder)
        rest = builder.affine(z, -1.0, 1.0, suffix="_rest")
        mixed = [product(z, h, builder), product(rest, new, builder)]
        h = builder.total(mixed, suffix="_state")
        return h, [h]


class LstmCell(Cell):
    """LSTMCell; the gates are put next to each other, before the new carry."""

    count = 2

    def __init__(self, layer: Any) -> None:
        """Take the weights, in the order input, forget, output, new carry."""
        super().__init__(layer)
        self.kernel, self.recurrent = map(_gates_first, (self.kernel, self.recurrent))
        self.bias = None if self.bias is None else _gates_first(self.bias)

    def step(self, x: str, states: Sequence[str], builder: Builder) -> Stepped:
        """Add c = forget c + input f(new), and h = output f(c)."""
        h, carry = states
        inner = self.inner(h, builder)
        sums = builder.total([x, inner], suffix="_sum")
        units = builder.shape(sums)[-1] // 4
        gated = part(sums, 0, 3 * units, builder)
        write, forget, read = gates(gated, 3, self.layer.recurrent_activation, builder)
        new = part(sums, 3 * units, 4 * units, builder)
        new = activate(self.layer.activation, new, builder)
        kept = [product(forget, carry, builder), product(write, new, builder)]
        carry = builder.total(kept, suffix="_carry")
        shown = activate(self.layer.activation, carry, builder)
        h = product(read, shown, builder)
        return h, [h, carry]

    def inner(self, h: str, builder: Builder) -> str:
        """Add the recurrent kernel."""
        return dense(h, self.recurrent, None, builder, "_recurrent")


class StackedCells(Cell):
    """StackedRNNCells: each cell reads the output of the one before."""

    def __init__(self, layer: Any) -> None:
        """Take the weights of all cells."""
        self.cells = [cell_of(cell) for cell in layer.cells]
        self.count = sum(cell.count for cell in self.cells)
        self.output = self.count - self.cells[-1].count + self.cells[-1].output

    @property
    def weights(self) -> int:
        """The number of weights that each step has of its own."""
        inputs = sum(cell.kernel.size for cell in self.cells[1:])
        return inputs + sum(cell.weights for cell in self.cells)

    def shapes(self, projected: Shape) -> list[Shape]:
        """Return the shapes of the states of all cells."""
        return [shape for cell in self.cells for shape in cell.shapes(projected)]

    def project(self, x: str, builder: Builder) -> str:
        """Add the input kernel of the first cell."""
        return self.cells[0].project(x, builder)

    def step(self, x: str, states: Sequence[str], builder: Builder) -> Stepped:
        """Add the steps of all cells, and the input kernels of all but the first."""
        after: list[str] = []
        for number, cell in enumerate(self.cells):
            if number:
                x = cell.project(x, builder)
            own = states[len(after) : len(after) + cell.count]
            x, new = cell.step(x, own, builder)
            after += new
        return x, after


CELLS: dict[type, type[Cell]] = {
    layers.SimpleRNNCell: SimpleCell,
    layers.GRUCell: GruCell,
    layers.LSTMCell: LstmCell,
    layers.StackedRNNCells: StackedCells,
}


def cell_of(layer: Any) -> Cell:
    """Return the translation of a Keras cell.

    Raises:
        Unsupported: if it is of another class, or quantised.
    """
    if type(layer) not in CELLS:
        known = ", ".join(kind.__name__ for kind in CELLS)
        raise Unsupported(
            f"its cell is a {type(layer).__name__}, whose step is Python code: only "
            f"{known} are supported, so build the layer with one of these"
        )
    return CELLS[type(layer)](layer)


def dense(
    x: str, kernel: np.ndarray, bias: np.ndarray | None, builder: Builder, suffix: str
) -> str:
    """Add W x + b on the last axis."""
    shape = (*builder.shape(x)[:-1], kernel.shape[-1])
    fields = {"kernel": kernel, "bias": bias}
    return builder.add(Linear, (x,), shape, "dense", suffix=suffix, **fields)


def part(x: str, start: int, stop: int, builder: Builder) -> str:
    """Add the channels from `start` to `stop`."""
    return builder.slice(x, len(builder.shape(x)) - 1, start, stop, "_part")


def product(x: str, y: str, builder: Builder) -> str:
    """Add x * y."""
    return builder.function("multiply", (x, y), suffix="_product")


def gates(x: str, count: int, activation: Any, builder: Builder) -> list[str]:
    """Add the activation of `count` gates, which lie next to each other in x."""
    units = builder.shape(x)[-1] // count
    apart = getattr(activation, "__name__", "") in (*OVER_AXES, "glu")
    if not apart:  # one function of each value: all gates at once
        x = activate(activation, x, builder)
    found = [part(x, i * units, (i + 1) * units, builder) for i in range(count)]
    return [activate(activation, y, builder) for y in found] if apart else found


def _gates_first(values: np.ndarray) -> np.ndarray:
    """Reorder input, forget, new carry, output: the new carry goes to the end."""
    write, forget, new, read = np.split(values, 4, -1)
    return np.concatenate([write, forget, read, new], -1)
