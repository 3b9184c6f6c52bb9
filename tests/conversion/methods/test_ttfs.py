"""Time to first spike: tick by tick in NumPy, the ANN in continuous time, and noise."""

import models
import numpy as np
import pytest
import tensorflow as tf
from one_layer import X, layer, plan_of, record, θ

import tfsnn
from tfsnn.conversion.methods import Plan
from tfsnn.conversion.normalize import normalize
from tfsnn.network.clock import Clock
from tfsnn.network.nodes import Max, Readout, Spiking
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

TICKS = 8


def timed(model, ticks=TICKS):
    """The graph of one-spike neurons whose windows are powers of two."""
    graph = simplify(import_model(models.dyadic(model)))
    plan = models.plan_for(
        graph, neuron="first_spike", initial_potential=0.5, max_coefficient=float(ticks)
    )
    clock = Clock(layer_by_layer=True, by_time=True, ticks=ticks)
    return normalize(graph, Plan(plan, clock))


def tick_by_tick(graph, x, ticks=TICKS):
    """Trains ``(ticks, N, *units)`` and outputs, by slopes and ramps, one tick each.

    A signal is what arrives at each tick, and what is there from the start.
    """
    nothing = [np.zeros_like(x)] * ticks
    signals, spikes, outputs = {}, {}, []
    for node in graph:
        reads = [signals[name] for name in node.inputs]
        if not reads:
            signals[node.name] = (nothing, x)
        elif isinstance(node, Readout):
            train, offset = reads[0]
            slope, potential = 0.0, np.array(offset)
            for arriving in train:
                slope = slope + arriving
                potential = potential + slope
            outputs.append(np.array(node.apply(potential)))
        elif isinstance(node, Spiking):
            train, offset = reads[0]
            slope, potential = 0.0, offset + 0.5
            for arriving in train:  # the window in which it listens
                slope = slope + arriving
                potential = potential + slope
            sent, silent = [], np.ones(offset.shape, bool)
            for _ in range(ticks):  # the window in which it fires
                fires = silent & (potential >= ticks)
                silent &= ~fires
                sent.append(fires.astype(np.float32))
                potential = potential + 1.0
            spikes[node.name] = np.array(sent)
            signals[node.name] = (sent, np.zeros_like(sent[0]))
        elif isinstance(node, Max):
            train, offset = reads[0]
            assert not np.any(offset)
            had = np.array(node.apply(np.zeros_like(train[0])))
            pooled = []
            for seen in np.cumsum(train, 0):
                has = np.array(node.apply(seen))
                pooled.append(has - had)
                had = has
            signals[node.name] = (pooled, np.zeros_like(had))
        else:
            trains, offsets = zip(*reads, strict=True)
            rest = np.array(node.apply(*(np.zeros_like(y) for y in offsets)))
            arriving = [
                np.array(node.apply(*now)) - rest for now in zip(*trains, strict=True)
            ]
            signals[node.name] = (arriving, np.array(node.apply(*offsets)))
    return spikes, outputs


@pytest.mark.parametrize(
    "name", ["mlp", "maxpool_on_spikes", "residual", "concat", "average"]
)
def test_spikes_are_those_of_slopes_and_ramps_tick_by_tick(name):
    model = models.MODELS[name]()
    graph, x = timed(model), models.samples(model, 4)
    x = np.float32(np.round(x * 16) / 16)
    found = simulate(graph, tf.constant(x), 1, observe=("values", "spikes"))
    spikes, outputs = tick_by_tick(graph, x)
    assert spikes
    for name, train in spikes.items():
        before_the_end = np.arange(TICKS, 0, -1).reshape(-1, *[1] * (train.ndim - 1))
        values = found.observed[f"values/{name}"][0].numpy()
        assert (values == (train * before_the_end).sum(0)).all()
        assert (found.observed[f"spikes/{name}"][0].numpy() == train.sum(0)).all()
        assert train.sum(0).max() == 1 and len(np.unique(values)) > 2
    for output, expected in zip(found.outputs, outputs, strict=True):
        assert np.abs(output.numpy() - expected).max() <= 1e-6


@pytest.mark.parametrize("name", sorted(models.MODELS))
def test_continuous_time_is_the_ann(name):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 64)
    snn = tfsnn.convert(model, x, "ttfs", ticks=None)
    expected, found = model(x), snn.run(x).outputs
    expected = expected if isinstance(expected, list | tuple) else [expected]
    for output, wanted in zip(found, expected, strict=True):
        scale = max(float(np.abs(wanted).max()), 1.0)
        assert np.abs(np.array(output) - np.array(wanted)).max() <= 2e-6 * scale


def test_a_window_rounds_to_its_ticks():
    graph = normalize(layer(), plan_of("ttfs", ticks=16))
    spikes, outputs = record(graph, 1)
    expected = np.clip(np.floor(X * 16 / θ + 0.5), 0, 16)
    assert (outputs[0] == expected * θ / 16).all()
    assert (spikes[0] == (expected > 0)).all()


def test_two_windows_have_a_spike_each_and_twice_the_levels():
    graph = normalize(layer(), plan_of("ttfs", ticks=4, timesteps=2))
    spikes, outputs = record(graph, 2)
    expected = np.clip(np.floor(2 * X * 4 / θ + 0.5), 0, 8)
    assert (outputs[1] == expected * θ / 8).all()
    assert spikes.max() == 1


def test_time_bits_are_ticks():
    same = [plan_of("ttfs", time_bits=4), plan_of("ttfs", ticks=15)]
    assert same[0].clock == same[1].clock
    assert (same[0]["relu"].scale == same[1]["relu"].scale).all()
    assert same[0]["relu"].max_coefficient == 15


def carried(graph, x):
    found = simulate(graph, tf.constant(x), 1, observe=("values",))
    return found.observed["values/relu"][0].numpy()


@pytest.mark.parametrize(("ticks", "unit"), [(64, 64.0), (None, 1.0)])
def test_noise_moves_spikes_by_its_deviation_and_makes_none(ticks, unit):
    options = {"ticks": ticks, "margin": 0.0}
    exact = normalize(layer(), plan_of("ttfs", **options))
    noisy = normalize(layer(), plan_of("ttfs", jitter=0.05, **options))
    x = np.repeat(X[None], 2000, 0)
    x = np.float32(x + np.random.default_rng(0).normal(size=(2000, 1)) / 100)
    before, after = carried(exact, x), carried(noisy, x)
    assert (after[before == 0] == 0).all()
    inside = (before > 0.25 * unit) & (before < 0.75 * unit)
    moved = (after - before)[inside] / unit
    assert abs(moved.std() - 0.05) < 0.002 and abs(moved.mean()) < 0.001
    assert after.min() == 0 and after.max() == unit
    if ticks:
        assert (after == np.rint(after)).all()
    assert (after == carried(noisy, x)).all()
    other = plan_of("ttfs", jitter=0.05, jitter_seed=1, **options)
    assert (after != carried(normalize(layer(), other), x)).any()


def test_a_spike_is_counted_once_and_latency_in_ticks():
    model = models.randomise(models.maxpool_on_spikes())
    x = models.samples(model, 16)
    snn = tfsnn.convert(model, x, "ttfs", ticks=10, correct="none")
    (row,) = tfsnn.evaluate(snn, x, ann=model).rows
    found = snn.run(x, observe=("spikes",)).observed
    neurons = [key for key in found if key.startswith("spikes/")]
    assert (
        row.coefficients
        >= row.spikes
        == pytest.approx(
            sum(float(np.sum(found[key])) for key in neurons) / 16, rel=0.5
        )
    )
    assert row.latency == 10 * snn.depth
    assert row.synops == row.synops_events > 0
    tfsnn.convert(model, x, "ttfs", strict=True)  # max pooling is the earliest spike
