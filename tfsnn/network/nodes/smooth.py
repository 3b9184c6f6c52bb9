"""Smooth activations that neurons compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tfsnn.network import functions
from tfsnn.network.nodes.ends import Rate


@dataclass(frozen=True, eq=False)
class SmoothRate(Rate):
    """f(x), of either sign, in place of a ReLU: what spiking neurons stand for.

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
