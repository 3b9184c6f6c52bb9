"""Recordings of a few samples: spikes, potentials, and what the spikes stand for."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
import numpy as np

from tfsnn.analysis.aligned import matched
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import POTENTIALS, SPIKES, VALUES
from tfsnn_numpy.samples import Data

SAMPLES = 10  # of which activations are compared, at most
VALUES_AT_A_TIME = 2**26  # recorded: a quarter of a gibibyte


class Recording(NamedTuple):
    """One sample: by population, ``(S, *units)``; pre-steps first."""

    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]


class Decoded(NamedTuple):
    """A population on some samples, units of activation.

    Attributes:
        activation: in the ANN, ``(N, *units)``.
        decoded: the mean of what the spikes carry, of the same shape.
        largest: the most that any unit can code; infinite for no bound.
    """

    activation: np.ndarray
    decoded: np.ndarray
    largest: float


def record(snn: SpikingModel, x: Any, timesteps: int) -> Recording:
    """Record a sample, given as a batch of one."""
    trace = snn.simulate(x, timesteps, (SPIKES, POTENTIALS))
    return Recording(
        {name: values[:, 0] for name, values in trace.spikes.items()},
        {name: values[:, 0] for name, values in trace.potentials.items()},
    )


def decode(
    model: keras.Model, snn: SpikingModel, data: Data, timesteps: int
) -> dict[str, Decoded]:
    """Compare each population with the ANN, on the first samples of the data.

    They are ten, or fewer where a recording of so many would be large.
    """
    ann, spiking = matched(model, snn), snn.graph
    neurons = sum(math.prod(shape) for shape in snn.populations.values())
    recorded = max(neurons * (spiking.clock.pre_steps + timesteps), 1)
    count = min(max(VALUES_AT_A_TIME // recorded, 1), SAMPLES)
    x, _ = next(iter(data.batches(count)))
    values = snn.simulate(x, timesteps, (VALUES,)).values
    expected = ann.forward(x)
    found = {}
    for name in snn.populations:
        node: Any = spiking[name]
        scale = np.asarray(node.scale, np.float64)
        most = np.inf if node.max_coefficient is None else node.max_coefficient
        found[name] = Decoded(
            activation=np.asarray(expected[name]),
            decoded=spiking.clock.mean(values[name].astype(np.float64)) * scale,
            largest=float(np.max(np.asarray(most) * scale)),
        )
    return found
