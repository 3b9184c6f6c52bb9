"""Signals over time: what a node reads and what it sends in k steps of a simulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.neurons.population import Emission
from tfsnn.network.neurons.steps import Steps


@dataclass(frozen=True)
class Signal:
    """The output of a node in k steps.

    Attributes:
        tensor: ``(k * B, *shape)``, time first; ``(B, *shape)`` where it is constant.
        k: the number of steps.
        constant: whether it is the same in every step.
    """

    tensor: Any
    k: int
    constant: bool = False

    def steps(self) -> list[Any]:
        """Return the signal as k tensors ``(B, *shape)``."""
        if self.constant:
            return [self.tensor] * self.k
        return [self.tensor] if self.k == 1 else tf.split(self.tensor, self.k, 0)

    def folded(self) -> Any:
        """Return the signal as one tensor ``(k * B, *shape)``."""
        return fold([self.tensor] * self.k) if self.constant else self.tensor


class Advanced(NamedTuple):
    """The result of advancing a node by k steps.

    Attributes:
        value: what its readers receive, ``(k * B, *shape)``.
        state: the state after these steps; None for a node without a state.
        sent: the spikes and potentials of a population; None for other nodes.
    """

    value: Any
    state: Any = None
    sent: Emission | None = None


def fold(steps: list[Any]) -> Any:
    """Join k tensors ``(B, ...)`` into one, ``(k * B, ...)``."""
    if isinstance(steps, Steps):
        return steps.folded()
    return steps[0] if len(steps) == 1 else tf.concat(steps, 0)
