"""Measure NengoDL for ``against.py``, run by another Python.

    python -m benchmarks.toolboxes.nengodl_side FOLDER

FOLDER is as ``side.py`` says. Converted as NengoDL's example "Converting a
Keras model to a spiking neural network" does: ReLUs become
``nengo.SpikingRectifiedLinear``, with a synapse and a scale of the firing rates; the
input is constant; the class is the greatest output at the last step; not stateful. Max
pooling becomes a TensorNode, as by default. Its neurons fire a whole number of spikes
per step of 1 ms, so that at a scale of 1,000 a value of 1 is one spike per step, and at
10,000 it is ten (a graded spike, for which it needs no synapse).

Departs from the example in: fixed seeds, for the initial potentials are random;
``inference_only``, and the faster of two numbers of unrolled steps, as its page "Tips
and tricks" advises for speed.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any

import nengo
import nengo_dl
import numpy as np
import tensorflow as tf

from benchmarks.toolboxes.keras_side import PROBED_STEPS, KerasSide, main

# name: scale_firing_rates, synapse in seconds
SETTINGS: dict[str, tuple[float, float | None]] = {
    "nengodl-synapse": (1000, 0.01),
    "nengodl-graded": (10_000, None),
}
UNROLLED = (1, 5)


class Simulation:
    """The converted network for a batch size and a number of unrolled steps."""

    def __init__(self, model: Any, name: str, batch_size: int, unrolled: int):
        scale, synapse = SETTINGS[name]
        converter = nengo_dl.Converter(
            model,
            swap_activations={
                tf.keras.activations.relu: nengo.SpikingRectifiedLinear()
            },
            scale_firing_rates=scale,
            synapse=synapse,
        )
        converter.net.seed = 0
        with converter.net:
            nengo_dl.configure_settings(stateful=False, inference_only=True)
        self.input = converter.inputs[model.input]
        self.output = converter.outputs[model.output]
        self.simulator = nengo_dl.Simulator(
            converter.net,
            minibatch_size=batch_size,
            unroll_simulation=unrolled,
            progress_bar=False,
            seed=0,
        )

    def outputs(self, x: np.ndarray, timesteps: int) -> np.ndarray:
        """Simulate whole batches: outputs ``(N, T, classes)``."""
        tiled = np.tile(x.reshape(len(x), 1, -1), (1, timesteps, 1))
        return self.simulator.predict({self.input: tiled}, verbose=0)[self.output]


def measure(side: KerasSide, name: str, timesteps: list[int]) -> list[dict[str, Any]]:
    """Convert once; the accuracies at all steps are those of one simulation."""
    model = side.network()
    probes = {}
    for way in itertools.product(side.request["batch_sizes"], UNROLLED):
        simulation = Simulation(model, name, *way)
        run = functools.partial(simulation.outputs, timesteps=PROBED_STEPS)
        probes[way] = side.timed(run, way[0], 1)["milliseconds"]
        simulation.simulator.close()
    size, unrolled = min(probes, key=probes.__getitem__)
    looped = Simulation(model, name, size, 1)
    faster = looped if unrolled == 1 else Simulation(model, name, size, unrolled)
    outputs = looped.outputs(side.padded(side.images, size), max(timesteps))
    about = {"batch_size": size, "unrolled": unrolled}
    rows = []
    for t in timesteps:
        simulation = looped if t % unrolled else faster  # whole unrolled loops only
        run = functools.partial(simulation.outputs, timesteps=t)
        row = {"timesteps": t, "accuracy": side.accuracy(outputs[:, t - 1])}
        rows.append({**about, **row, **side.timed(run, size)})
    for simulation in {looped, faster}:
        simulation.simulator.close()
    return rows


if __name__ == "__main__":
    main("nengo-dl", measure)
