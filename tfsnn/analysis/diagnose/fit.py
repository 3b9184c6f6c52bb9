"""The fit curve: how near decoded rates have come after t steps.

J. Ding, Z. Yu, Y. Tian, T. Huang, IJCAI 2021, arXiv 2105.11654. With the activations a
of a population, clipped to what spikes can code, r(t) the mean that is decoded after t
steps, and sums over all units of all samples::

    K(t) = sum (r(t) - a)^2 / sum a^2

**Bound.** Let a spike stand for s, and V(0) be v thresholds, v <= 1/2. Where the
current is a in every step, r(t) = floor(t a / s + v) s / t, so for e = r(t) - a:

    |e| <= (1 - v) s / t     as floor(y + v) - y is above v - 1 and at most v
    |e| <= a                 for r(t) < a, as r(t) >= 0; for r(t) > a there was a spike,
                             so t a / s + v >= 1, and a >= (1 - v) s / t

and e^2 is at most the product of both. So K(t) <= (1 - v) Omega / t with Omega =
s sum a / sum a^2: Omega / t for V(0) = 0, and Omega / (2 t) for half a threshold. The
first layer keeps it; to others currents come unevenly, and with errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfsnn.network.clock import Clock
from tfsnn_numpy.results import doubling, table


@dataclass(frozen=True)
class Fit:
    """The fit curve of a population.

    Attributes:
        steps: time steps t.
        errors: K(t) after each of them.
        bound: K(t) is at most bound / t where the current is the same in each step: the
            sum of activations over the sum of their squares, in spikes per step, times
            1 - V(0). None for neurons whose rates come otherwise.
    """

    steps: tuple[int, ...]
    errors: tuple[float, ...]
    bound: float | None

    def most(self) -> list[float] | None:
        """Return the bound of each error, or None where there is none."""
        return None if self.bound is None else [self.bound / t for t in self.steps]


class FitSums:
    """The sums over samples that a fit curve follows from."""

    def __init__(self, clock: Clock, scale: Any, start: Any, timesteps: int) -> None:
        """Start with no samples.

        Args:
            clock: which steps count, and how.
            scale: s, the activation that one spike per step stands for.
            start: V(0) in thresholds, or None for neurons that have no bound.
            timesteps: T.
        """
        self.clock, self.scale = clock, scale
        self.steps = doubling(timesteps)
        self.errors = np.zeros(len(self.steps))
        self.squares = self.bounds = 0.0
        bounded = start is not None and clock.base == 1 and not clock.delay
        bounded = bounded and bool(np.all((start >= 0) & (start <= 0.5)))
        self.start = start if bounded else None

    def add(self, values: np.ndarray, activation: np.ndarray) -> None:
        """Add samples.

        Args:
            values: what all steps sent, in thresholds, ``(S, N, *units)``.
            activation: that of the ANN, clipped to what can be coded, ``(N, *units)``.
        """
        self.squares += float(np.sum(activation**2))
        for i, t in enumerate(self.steps):
            mean = self.clock.mean(values[: self.clock.pre_steps + t])
            self.errors[i] += np.sum((mean * self.scale - activation) ** 2)
        if self.start is not None:
            self.bounds += float(np.sum((1 - self.start) * self.scale * activation))

    def fit(self) -> Fit | None:
        """Return the curve; None if no unit was active in the ANN."""
        if not self.squares:
            return None
        bound = None if self.start is None else self.bounds / self.squares
        errors = (self.errors / self.squares).tolist()
        return Fit(tuple(self.steps), tuple(errors), bound)


def fit_table(fits: dict[str, Fit]) -> Sequence[str]:
    """Return the lines of a table of curves by name, which have the same steps."""
    steps = next(iter(fits.values())).steps
    rows = []
    for name, fit in fits.items():
        cells = [f"{error:.4f}" for error in fit.errors]
        if most := fit.most():
            cells = [f"{k} ({b:.4f})" for k, b in zip(cells, most, strict=True)]
        rows.append([name, *cells])
    return table(["node", *(f"K({t})" for t in steps)], rows)
