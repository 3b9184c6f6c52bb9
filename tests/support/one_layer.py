"""One population, a neuron for each of many constant currents, by any method."""

import functools

import numpy as np
import tensorflow as tf

from tfsnn.conversion import methods
from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.statistics import calibrate
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, Readout, Source
from tfsnn.simulation.simulate import simulate

X = np.arange(-16, 48).astype(np.float32) / 16  # constant currents, -1 to just below 3
θ = 2.0


def layer(max_value=None):
    """A neuron for each of the currents."""
    rate = Rate("relu", ("x",), X.shape, max_value=max_value)
    readout = Readout("out", ("relu",), X.shape)
    return Graph((Source("x", (), X.shape), rate, readout), ("out",))


@functools.cache
def statistics():
    """The largest activation of each neuron is θ."""
    return calibrate(layer(), [np.full((2, *X.shape), θ, np.float32)])


def plan_of(name, **options):
    """Thresholds from maxima: θ, or θ over the levels."""
    options = {"scale": "max", **options}
    return methods.make(name, options).plan(layer(), statistics())


def spiking(name, **options):
    return normalize(layer(), plan_of(name, **options))


def record(graph, timesteps, x=X):
    """Spikes ``(S, *units)``, and outputs after each step, ``(T, *units)``."""
    observe = ("spikes", "outputs")
    found = simulate(graph, tf.constant(x[None]), timesteps, observe=observe)
    spikes, outputs = (found.observed[k] for k in ("spikes/relu", "outputs/out"))
    assert (outputs[-1].numpy() == found.outputs[0].numpy()).all()
    return spikes[:, 0].numpy(), outputs[:, 0].numpy()


def sent_by(graph, currents):
    """Events of the population of a graph for currents that change, ``(T, *units)``."""
    neurons = graph["relu"].population
    inputs = [tf.constant(current[None], tf.float32) for current in currents]
    sent, _ = neurons.advance(inputs, neurons.initial_state((1, *currents.shape[1:])))
    return np.array(sent.events)[:, 0]


def changing(steps=9, low=-40, high=48, seed=0):
    """Currents in thresholds, for every neuron."""
    return np.random.default_rng(seed).integers(low, high, (steps, *X.shape)) / 16
