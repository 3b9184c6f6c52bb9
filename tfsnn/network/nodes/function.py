"""Running-sum nodes: functions that are not linear over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfsnn.network import functions
from tfsnn.network.graph import Node


class RunningSum(Node):
    """A node whose output, summed over time, tracks t * f(mean of the inputs so far).

    In each step it sends the change of that, an analog value of either sign.
    """

    @property
    def homogeneous(self) -> bool:
        """Whether t * f(x / t) = f(x), so that sums need not be divided by t."""
        return False

    @property
    def partial(self) -> bool:
        """Whether f may be infinite or NaN where its inputs are finite."""
        return False

    def operations(self, shapes: list[tuple[int, ...]]) -> int:
        """What one evaluation costs, for inputs of these shapes."""
        return functions.per_value(shapes, self.shape, {})


@dataclass(frozen=True, eq=False)
class Function(RunningSum):
    """f of one or several signals.

    Attributes:
        op: f, a name in :data:`tfsnn.network.functions.FUNCTIONS`.
        options: arguments of f beside its inputs, JSON; axes are those of one sample.
    """

    op: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def homogeneous(self) -> bool:
        """See :class:`RunningSum`."""
        return functions.FUNCTIONS[self.op].homogeneous

    @property
    def partial(self) -> bool:
        """See :class:`RunningSum`."""
        return functions.FUNCTIONS[self.op].partial

    def apply(self, *xs: Any) -> Any:
        """Several ``(N, ...)`` to ``(N, *shape)``."""
        return functions.FUNCTIONS[self.op](*xs, **self.options)

    def operations(self, shapes: list[tuple[int, ...]]) -> int:
        """See :class:`RunningSum`."""
        cost = functions.FUNCTIONS[self.op].cost
        return cost(shapes, self.shape, self.options)
