"""Record a few samples: spikes, potentials, and what the spikes code."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import keras
import numpy as np

from tfsnn.analysis.aligned import Decoded, align, matched
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import POTENTIALS, SPIKES
from tfsnn_numpy.samples import Data

SAMPLES = 10  # of which activations are compared, at most
VALUES_AT_A_TIME = 2**26  # recorded: a quarter of a gibibyte


class Recording(NamedTuple):
    """The recording of one sample by population, ``(S, *units)``; pre-steps first."""

    spikes: dict[str, np.ndarray]
    potentials: dict[str, np.ndarray]


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

    Ten samples are used, or fewer where their recording would be large.
    """
    neurons = sum(math.prod(shape) for shape in snn.populations.values())
    recorded = max(neurons * (snn.clock.pre_steps + timesteps), 1)
    count = min(max(VALUES_AT_A_TIME // recorded, 1), SAMPLES)
    x, _ = next(iter(data.batches(count)))
    return align(matched(model, snn), snn, x, timesteps).populations
