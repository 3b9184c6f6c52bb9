"""Functions that are not linear over time: running sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfsnn.network import functions
from tfsnn.network.axes import Order, stored
from tfsnn.network.node import Node, Shape


@dataclass(frozen=True, eq=False)
class Function(Node):
    """A function f of one or several signals, computed by a running sum.

    Attributes:
        op: f, a name in :data:`tfsnn.network.functions.FUNCTIONS`.
        options: arguments of f beside its inputs, JSON; axes are those of one sample.
    """

    op: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def homogeneous(self) -> bool:
        """Whether f(t * x) = t * f(x) for t > 0."""
        return functions.FUNCTIONS[self.op].homogeneous

    @property
    def partial(self) -> bool:
        """Whether f may be infinite or NaN where its inputs are finite."""
        return functions.FUNCTIONS[self.op].partial

    @property
    def label(self) -> str:
        """The name of f."""
        return self.op

    def apply(self, *xs: Any) -> Any:
        """Compute f of several ``(N, ...)``: ``(N, *shape)``."""
        return functions.FUNCTIONS[self.op](*xs, **self.options)

    def reordered(self, order: Order) -> Function | None:
        """Name the axes where they are stored, if f is of each value, or over axes."""
        formula, options = functions.FUNCTIONS[self.op], dict(self.options)
        if not formula.elementwise and not options.keys() & {"axes", "axis"}:
            return None
        if "axes" in options:
            options["axes"] = tuple(order[axis] for axis in options["axes"])
        if "axis" in options:
            options["axis"] = order[options["axis"]]
        return self.replace(shape=stored(order, self.shape), options=options)

    def operations(self, shapes: Sequence[Shape]) -> int:
        """Count the operations of f as the table of functions does."""
        cost = functions.FUNCTIONS[self.op].cost
        return cost(shapes, self.shape, self.options)
