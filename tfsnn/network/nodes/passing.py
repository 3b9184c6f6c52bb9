"""The base of nodes that spikes and the units of values go through unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tfsnn.network.node import Node, Shape
from tfsnn.network.units import Rescaled, compressed


class Passing(Node):
    """A node of one input with f(u * x) = u * f(x), which is silent where x is 0.

    Linear over time unless a kind says otherwise; it has no weights.
    """

    linear: ClassVar[bool] = True
    passes_on: ClassVar[bool] = True

    def carry(self, unit: np.ndarray, before: Shape) -> np.ndarray | None:
        """Return the unit of the output where the input, of shape `before`, has `unit`.

        None where values of different units would be mixed.
        """
        per_channel = unit.ndim == 1 and self.keeps_channels
        return unit if unit.size == 1 or per_channel else None

    def rescaled(
        self, units: Sequence[np.ndarray], shapes: Sequence[Shape], wish: np.ndarray
    ) -> Rescaled:
        """Keep the unit of the input, where values of different units do not mix."""
        carried = self.carry(units[0], shapes[0])
        if carried is None:
            return super().rescaled(units, shapes, wish)
        return Rescaled(self, compressed(carried), units)

    def pass_on(self, spikes: Sequence[Any]) -> Any:
        """Move the spikes as values are moved."""
        return self.apply(spikes[0])
