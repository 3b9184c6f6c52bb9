"""A recorded simulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trace:
    """A recorded simulation, NumPy arrays by node name.

    Attributes:
        outputs: of each output of the model after each step, ``(T, B, ...)``.
        spikes: coefficients, integers as float32, ``(T, B, ...)``.
        potentials: after firing, in thresholds, ``(T, B, ...)``.
        values: what synapses receive for the spikes, in thresholds, ``(T, B, ...)``;
            the coefficients themselves but for differential coding and few spikes.

    Where the method has pre-steps, all but the outputs begin with them.
    """

    outputs: list[np.ndarray]
    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]
    values: dict[str, np.ndarray]
