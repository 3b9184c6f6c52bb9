"""Measure NengoDL on a converted network for ``simulators.py``.

    python -m benchmarks.toolboxes.nengodl_converted_side FOLDER

FOLDER is as ``converted_side.py`` says. Needs nengo-dl, Keras 2 and NumPy. Layers are
TensorNodes of Keras layers, without synapses between them. Nengo's own integrate-and-
fire neurons (``SpikingRectifiedLinear``) drop negative currents and send several spikes
in a step, so the neurons are types of their own here, of the same form, with their step
in TensorFlow as NengoDL has it for those that it knows; they are ensembles all the
same. Before max pooling stand neurons that send their running sum. The class is that of
the mean output; not stateful, ``inference_only``, and the faster of two numbers of
unrolled steps, as its page "Tips and tricks" advises.
"""

from __future__ import annotations

import functools
import itertools
import sys
from pathlib import Path
from typing import Any

import nengo
import nengo_dl
import numpy as np
import tensorflow as tf
from nengo_dl.neuron_builders import SimNeuronsBuilder, SpikingRectifiedLinearBuilder

from benchmarks.measure import per_image
from benchmarks.toolboxes.converted_side import ConvertedSide
from benchmarks.toolboxes.keras2_network import as_layer

UNROLLED = (1, 4)


class IntegrateFire(nengo.SpikingRectifiedLinear):
    """Neurons of threshold 1: one spike a step at most, reset by subtraction."""


class OfTotals(nengo.SpikingRectifiedLinear):
    """The same for currents that come as their running sum."""


class Total(nengo.SpikingRectifiedLinear):
    """What sends the running sum of its currents."""


class _IntegrateFire(SpikingRectifiedLinearBuilder):
    def step(self, J: Any, dt: Any, voltage: Any) -> Any:
        voltage += J
        spikes = tf.cast(voltage >= 1, voltage.dtype)
        return spikes, voltage - spikes


class _OfTotals(SpikingRectifiedLinearBuilder):
    def step(self, J: Any, dt: Any, voltage: Any) -> Any:
        spikes = tf.cast(voltage + J >= 1, voltage.dtype)
        return spikes, voltage - spikes


class _Total(SpikingRectifiedLinearBuilder):
    def step(self, J: Any, dt: Any, voltage: Any) -> Any:
        voltage += J
        return voltage, voltage


SimNeuronsBuilder.TF_NEURON_IMPL |= {
    IntegrateFire: _IntegrateFire,
    OfTotals: _OfTotals,
    Total: _Total,
}


class Simulation:
    """The network for a batch size and a number of unrolled steps."""

    def __init__(
        self, side: ConvertedSide, size: int, unrolled: int, recorded: bool = False
    ) -> None:
        """Build it; if `recorded`, with probes of all spikes."""
        self.size, self.timesteps = size, side.timesteps
        self.probes: dict[str, Any] = {}
        with nengo.Network(seed=0) as net:
            nengo_dl.configure_settings(stateful=False, inference_only=True)
            self.input = nengo.Node(np.zeros(int(np.prod(side.nodes[0]["shape"]))))
            value: Any = self.input
            for index in range(1, len(side.nodes)):
                value = self._added(side, index, value)
                node = side.nodes[index]
                if recorded and node["op"] == "relu":
                    self.probes[node["name"]] = nengo.Probe(value)
            self.output = nengo.Probe(value)
        self.simulator = nengo_dl.Simulator(
            net, minibatch_size=size, unroll_simulation=unrolled, progress_bar=False
        )

    def _added(self, side: ConvertedSide, index: int, value: Any) -> Any:
        """Add a node that reads the one before it."""
        node, before = side.nodes[index], side.nodes[index - 1]
        if node["op"] == "relu":
            kind = OfTotals if before["op"] == "max" else IntegrateFire
            start = side.arrays[f"start/{node['name']}"]
            return _population(kind, value, start)
        if node["op"] == "max":
            value = _population(Total, value, np.zeros(before["shape"]))
        stored = [side.arrays.get(f"{index}.{key}") for key in ("kernel", "bias")]
        present = [values for values in stored if values is not None]
        shape = tuple(before["shape"])
        layer = as_layer(node, before["shape"], present)
        layer.build((None, *shape))
        layer.set_weights(present)
        return nengo_dl.Layer(layer)(value, shape_in=shape)

    def _run(self, x: np.ndarray) -> Any:
        tiled = np.tile(x.reshape(len(x), 1, -1), (1, self.timesteps, 1))
        return self.simulator.predict({self.input: tiled}, verbose=0)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Simulate images, the last batch filled up: mean outputs ``(N, classes)``."""
        count = -(-len(x) // self.size) * self.size
        filled = np.resize(x, (count, *x.shape[1:]))
        return self._run(filled)[self.output].mean(1)[: len(x)]

    def spikes(self, side: ConvertedSide) -> dict[str, np.ndarray]:
        """Return what the first images make all populations send."""
        found = self._run(side.images[: self.size])
        return {
            name: np.moveaxis(found[probe], 1, 0).reshape(
                self.timesteps, self.size, *side.arrays[f"start/{name}"].shape
            )
            for name, probe in self.probes.items()
        }


def _population(kind: Any, value: Any, start: np.ndarray) -> Any:
    samples = nengo.dists.Samples(start.ravel())
    neurons = kind(initial_state={"voltage": samples})
    ones, zeros = nengo.dists.Choice([1]), nengo.dists.Choice([0])
    return nengo_dl.Layer(neurons)(value, gain=ones, bias=zeros)


def main() -> None:
    """Find the fastest way, time it, and compare what it sends."""
    tf.config.set_visible_devices([], "GPU")
    tf.get_logger().setLevel("ERROR")
    side = ConvertedSide(Path(sys.argv[1]))

    def times(way: tuple[int, int], count: int, runs: int) -> Any:
        simulation = Simulation(side, *way)
        few = side.images[: max(count, way[0])]
        run = functools.partial(simulation.outputs, few)
        return simulation, per_image(run, len(few), runs)

    probes = {}
    for way in itertools.product(side.request["batch_sizes"], UNROLLED):
        simulation, found = times(way, 4, 1)
        simulation.simulator.close()
        probes[way] = found["milliseconds"]
    size, unrolled = best = min(probes, key=probes.__getitem__)
    simulation, row = times(
        best, side.request["timed_samples"], side.request["timed_runs"]
    )
    recorded = Simulation(side, side.request["recorded"], 1, recorded=True)
    row |= {"batch_size": size, "mode": f"{unrolled} steps unrolled"}
    outputs = simulation.outputs(side.images)
    side.answer(
        ("nengo-dl", "nengo", "tensorflow"), row, outputs, recorded.spikes(side)
    )


if __name__ == "__main__":
    main()
