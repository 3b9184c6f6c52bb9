"""The equation that defines each method, against a reference in NumPy.

Currents, thresholds and weights are dyadic: all is exact in float32, and ``==`` holds.
"""

import models
import numpy as np
import pytest
import tensorflow as tf
from one_layer import (
    X,
    changing,
    layer,
    plan_of,
    record,
    sent_by,
    spiking,
    statistics,
    θ,
)

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.methods import Plan
from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.statistics import calibrate
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Readout, Source, Spiking
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model


def counts(T, threshold, v0=0.0, drive=0.0):
    """What binary spikes of constant currents add up to by each step, by the book."""
    v, sent, found = np.full(X.shape, v0 * threshold), 0.0, []
    for _ in range(T):
        v = v + X + drive * threshold
        s = (v >= threshold).astype(float)
        v = v - threshold * s
        sent = sent + s
        found.append(sent)
    return np.array(found)


@pytest.mark.parametrize(
    ("name", "options", "threshold", "v0", "drive"),
    [
        ("data_norm", {}, θ, 0.0, 0.0),
        ("rmp", {"threshold_scale": 0.75}, 0.75 * θ, 0.0, 0.0),
        ("opi", {}, θ, 0.5, 0.0),
        ("rts", {}, θ, 0.0, 1 / 16),
        ("snn_calibration", {"correct": "none"}, θ, 0.0, 1 / 16),
        ("ltb", {"delayed": "no"}, θ, 0.5, 0.0),
    ],
)
def test_binary_spikes_count_the_sum_in_thresholds(name, options, threshold, v0, drive):
    T = 8
    graph = spiking(name, timesteps=T, **options)
    assert (graph["relu"].scale == threshold).all()
    spikes, outputs = record(graph, T)
    expected = counts(T, threshold, v0, drive)
    assert (spikes.cumsum(0) == expected).all()
    t = np.arange(1, T + 1)[:, None]
    floor = np.floor(v0 + t * drive + t * X / threshold)
    assert (expected == np.clip(floor, 0, t)).all()  # in closed form
    assert (outputs == np.float32(expected * threshold) / np.float32(t)).all()


def test_residual_potential_takes_four_fifths_of_the_maximum():
    assert (plan_of("rmp")["relu"].scale == 0.8 * θ).all()


@pytest.mark.parametrize("name", ["rts", "snn_calibration"])
@pytest.mark.parametrize("T", [3, 16])
def test_the_shift_of_half_a_threshold_is_spread_over_the_steps(name, T):
    neurons = plan_of(name, timesteps=T)["relu"]
    assert neurons.neuron == "driven" and neurons.initial_potential == 0
    assert neurons.settings == {"drive": 0.5 / T}


def test_biases_make_the_mean_of_each_channel_that_of_the_ann():
    model = models.randomise(models.cnn())
    x = models.samples(model, 64)
    values = simplify(import_model(model)).forward(x)
    errors = {}
    for correct in ("none", "bias"):
        options = {"timesteps": 4, "correct": correct}
        snn = tfsnn.convert(model, x, "snn_calibration", **options)
        spikes = simulate(snn.graph, tf.constant(x), 4, observe=("spikes",)).observed
        for name in snn.populations:
            decoded = spikes[f"spikes/{name}"].numpy().mean(0)
            decoded = decoded * np.asarray(snn.graph[name].scale)
            channels = (decoded - values[name]).numpy().mean((0, 1, 2))
            errors[correct, name] = np.abs(channels)
    for name in snn.populations:
        # What one shift leaves: neurons that stay silent or clipped do not pass it on.
        assert errors["bias", name].mean() < 0.5 * errors["none", name].mean()
        assert (errors["bias", name] <= errors["none", name]).all()


def test_residual_pre_runs_silence_the_neurons_without_a_residual():
    T, τ = 8, 4
    graph = spiking("srp", timesteps=T, pre_steps=τ)
    spikes, outputs = record(graph, T)
    residual = 0.5 * θ + τ * X - θ * counts(τ, θ, 0.5)[-1]
    active = residual > 1e-3 * θ
    assert spikes.shape[0] == τ + T
    assert (spikes[:τ].cumsum(0) == counts(τ, θ, 0.5)).all()
    # The steps that count start from V(0) again; the pre-steps are not read.
    expected = active * counts(T, θ, 0.5)
    assert (spikes[τ:].cumsum(0) == expected).all()
    t = np.arange(1, T + 1)[:, None]
    assert (outputs == np.float32(θ * expected) / np.float32(t)).all()
    silenced = ~active & (counts(T, θ, 0.5)[-1] > 0)
    assert silenced.any() and (X[silenced] > 0).any() and active.any()


def test_a_layer_behind_gets_the_pre_steps_of_the_one_before():
    """The second is silenced by what the first sent before the steps that count."""
    clock = methods.make("srp", {"pre_steps": 2}).plan(layer(), statistics()).clock
    first, second = (
        Spiking(
            name,
            (read,),
            (1,),
            neuron="silenced",
            settings={"pre_steps": 2},
            scale=np.ones(1, np.float32),
            initial_potential=v0,
            max_coefficient=1.0,
        )
        for name, read, v0 in (("a", "x", 0.25), ("b", "a", 0.0))
    )
    nodes = (Source("x", (), (1,)), first, second, Readout("out", ("b",), (1,)))
    graph = Graph(nodes, ("out",), clock=clock)
    x = np.float32([[0.5]])
    found = simulate(graph, tf.constant(x), 3, observe=("spikes",)).observed
    # a: 0.75, 1.25 -> 1; left 0.25, so that it stays. b: 0, 1 -> 1; left 0: silenced.
    assert found["spikes/a"].numpy().ravel().tolist() == [0, 1, 0, 1, 0]
    assert found["spikes/b"].numpy().ravel().tolist() == [0, 1, 0, 0, 0]


def offset_corrected(currents, ρ, repeats):
    """V(0) moved by the book, then all steps, of one neuron with threshold 1."""

    def go(v, steps):
        seen = []
        for current in steps:
            u = np.float32(v + current)
            s = u >= 1
            v = np.float32(u - s)
            seen.append((u, s))
        return seen, v

    start = np.float32(0.5)
    for _ in range(repeats):
        seen, v = go(start, currents[:ρ])
        fired = [u for u, s in seen if s]
        quiet = [u for u, s in seen if not s]
        if v < 0 and fired:
            start = start - max(np.float32(1), min(fired) - np.float32(0.999))
        elif v >= 1 and quiet:
            start = start + max(np.float32(1), np.float32(1.001) - max(quiet))
    steps = [go(start, currents[:ρ])[0], go(start, currents[ρ:])[0]]
    return [float(s) for part in steps for _, s in part]


@pytest.mark.parametrize("repeats", [1, 2])
def test_offset_spikes_move_initial_potentials_by_whole_spikes(repeats):
    ρ = 4
    graph = spiking("cos", pre_steps=ρ, repeats=repeats)
    inputs = changing(ρ + 5, -28, 36)
    found = sent_by(graph, inputs)
    uncorrected = sent_by(spiking("opi"), inputs[:ρ])
    for unit in range(len(X)):
        expected = offset_corrected(np.float32(inputs[:, unit]), ρ, repeats)
        assert found[:, unit].tolist() == expected
    assert (found[:ρ] != uncorrected).any()


@pytest.mark.parametrize(
    ("currents", "before", "after"),
    [
        ([1.0, 0.0, 0.0, -1.0], [1, 0, 0, 0], [0, 0, 0, 0]),  # one spike too many
        ([0.0, 0.0, 0.0, 2.0], [0, 0, 0, 1], [1, 0, 0, 1]),  # one spike too few
        ([0.5, 0.25, 0.5, 0.25], [1, 0, 0, 1], [1, 0, 0, 1]),  # neither
        ([0.0, 0.0, 0.0, -1.0], [0, 0, 0, 0], [0, 0, 0, 0]),  # nothing to take back
        ([2.0, 2.0, 2.0, 2.0], [1, 1, 1, 1], [1, 1, 1, 1]),  # no more to be had
    ],
)
def test_the_offset_spike_that_goes_or_comes(currents, before, after):
    inputs = np.repeat(np.array(currents)[:, None], len(X), 1)
    assert sent_by(spiking("opi"), inputs).T.tolist() == [before] * len(X)
    pre, counted = np.split(sent_by(spiking("cos"), np.tile(inputs, (2, 1))), 2)
    assert pre.T.tolist() == counted.T.tolist() == [after] * len(X)


def test_pre_steps_of_offset_spikes_are_not_read():
    spikes, outputs = record(spiking("cos", timesteps=5, pre_steps=3), 5)
    t = np.arange(1, 6)[:, None]
    assert len(spikes) == 8
    assert (outputs == np.float32(θ * spikes[3:].cumsum(0)) / np.float32(t)).all()


def test_signed_memory_has_a_threshold_for_each_neuron_and_a_gate():
    model = models.randomise(models.cnn())
    graph = simplify(import_model(model))
    x = models.samples(model, 30)
    plan = methods.make("snm", {}).plan(graph, calibrate(graph, [x[:20], x[20:]]))
    values = graph.forward(x)
    for name, neurons in plan.items():
        largest = np.asarray(values[name]).max(0)
        expected = np.where(largest > 0, largest, np.median(largest[largest > 0]))
        np.testing.assert_allclose(neurons.scale, expected, rtol=1e-6)
        assert (largest == 0).any() or (neurons.scale == largest).all()
    inputs = changing()
    found = sent_by(spiking("snm"), inputs)
    v, memory = np.zeros(X.shape), np.zeros(X.shape)
    gated = 0
    for current, spikes in zip(inputs, found, strict=True):
        v = v + current
        s = (v >= 1) * 1.0 - ((v < -1) & (memory > 0))
        gated += ((v < -1) & (memory == 0)).sum()
        v, memory = v - s, memory + s
        assert (spikes == s).all()
    assert gated > 10 and (found < 0).any()


@pytest.mark.parametrize("T", [3, 4, 6, 12])
def test_balanced_networks_are_read_when_spikes_have_come_through(T):
    graph = normalize(layer(), Plan(plan_of("ltb"), tfsnn.network.clock.Clock(delay=3)))
    spikes, outputs = record(graph, T)
    for t in range(1, T + 1):
        t0 = min(3, max(t - 4, 0))
        expected = θ * spikes[t0:t].sum(0) / np.float32(t - t0)
        assert (outputs[t - 1] == expected.astype(np.float32)).all()


def test_the_delay_is_the_expected_latency_of_the_first_spikes(calibrated):
    for graph, known in calibrated.values():
        for v0 in (0.5, 0.0):
            made = methods.make("ltb", {"initial_potential": v0})
            plan, delay = made.plan(graph, known), 0.0
            for name, neurons in plan.items():
                largest = max(known[name].mean)
                delay += np.mean(neurons.scale * (1 - v0)) / largest
            assert plan.clock.delay == round(delay) > 0
        assert (
            methods.make("ltb", {"delayed": "no"}).plan(graph, known).clock
            == tfsnn.network.clock.Clock()
        )
