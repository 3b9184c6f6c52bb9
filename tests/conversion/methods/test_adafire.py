"""AdaFire: the search for caps against brute force, its neurons, and the probe."""

import itertools

import keras
import models
import numpy as np
import pytest

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.methods import Probed, adafire
from tfsnn.conversion.methods.adafire import cheapest
from tfsnn.conversion.normalize import normalize
from tfsnn.conversion.statistics import calibrate
from tfsnn.conversion.trial import Probe
from tfsnn.errors import OptionError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, Readout, Source
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

X = np.arange(-16, 64).astype(np.float32) / 16  # constant currents


def tables(seed, layers=3, caps=3):
    """Dyadic numbers, of which some are equal: each cap divides what is wrong."""
    rng = np.random.default_rng(seed)
    divergence = rng.integers(0, 8, (layers, caps)) / 8
    spikes = np.sort(rng.integers(1, 8, (layers, caps)), 1) * 0.5
    return divergence, spikes


@pytest.mark.parametrize("budget", [1.0, 1.25, 1.5, 2.0, 3.0, 10.0])
def test_the_search_finds_what_brute_force_finds(budget):
    found_other_than_lowest = 0
    for seed in range(100):
        divergence, spikes = tables(seed)
        most = budget * spikes[:, 0].sum()
        every = [
            (divergence[range(3), c].sum(), spikes[range(3), c].sum())
            for c in itertools.product(range(3), repeat=3)
        ]
        found = cheapest(divergence, spikes, most)
        sums = (divergence[range(3), found].sum(), spikes[range(3), found].sum())
        assert sums == min(pair for pair in every if pair[1] <= most)
        found_other_than_lowest += found != [0, 0, 0]
    assert found_other_than_lowest > 0 or budget == 1


def test_of_very_many_assignments_the_best_at_each_cost_go_on(monkeypatch):
    rng = np.random.default_rng(0)
    divergence = -np.sort(-rng.random((12, 4)), 1)
    spikes = np.sort(rng.random((12, 4)), 1)
    budget = 2 * spikes[:, 0].sum()
    layers = range(12)
    exact = cheapest(divergence, spikes, budget)
    monkeypatch.setattr(adafire, "MOST", 100)
    found = cheapest(divergence, spikes, budget)
    assert spikes[layers, found].sum() <= budget
    ratio = divergence[layers, found].sum() / divergence[layers, exact].sum()
    assert 1 <= ratio < 1.05


def layer():
    """A neuron for each of the currents."""
    rate, readout = Rate("relu", ("x",), X.shape), Readout("out", ("relu",), X.shape)
    return Graph((Source("x", (), X.shape), rate, readout), ("out",))


@pytest.mark.parametrize("cap", [1, 2, 3])
def test_a_burst_is_as_large_as_the_potential_and_the_cap_allow(cap):
    steps, graph = 8, layer()
    statistics = calibrate(graph, [np.full((2, *X.shape), 3.0, np.float32)])
    options = {"timesteps": steps, "levels": cap, "scale": "max"}
    plan = methods.make("adafire", options).plan(graph, statistics)
    theta = 3.0 / cap
    np.testing.assert_allclose(plan["relu"].scale, theta)
    spiking = normalize(graph, plan)
    run = simulate(spiking, X[None], steps, observe=("spikes",))
    v, expected = np.zeros_like(X), []
    for _ in range(steps):
        v = v + X + np.float32(theta / (2 * steps))
        s = np.clip(np.floor(v / np.float32(theta)), 0, cap)
        v = v - np.float32(theta) * s
        expected.append(s)
    found = run.observed["spikes/relu"][:, 0].numpy()
    # Where thirds are not exact, a spike may be a step late.
    assert np.mean(found == expected) > (0.99 if cap == 3 else 0.999999)
    total = np.clip(np.floor(X * steps / theta + 0.5), 0, cap * steps)
    if cap != 3:
        assert (found.sum(0) == total).all()


def test_thresholds_have_the_least_error_of_all_ranges(calibrated):
    """clip(., 0, phi) * T: theta is a phi-th of the best range of phi T levels."""
    graph, statistics = calibrated["cnn"]
    made = methods.make("adafire", {"timesteps": 2, "levels": 3})
    for name, neurons in made.plan(graph, statistics).items():
        of_node = statistics[name]
        a, weight = of_node.values, of_node.histogram
        shares = np.geomspace(0.05, 1, 80)
        for channel in np.flatnonzero(~of_node.dead):
            thetas = shares * of_node.maximum[channel] / 3
            q = np.clip(np.rint(a[channel] * 2 / thetas[:, None]), 0, 6)
            errors = ((q * thetas[:, None] / 2 - a[channel]) ** 2) @ weight[channel]
            found = neurons.scale[channel]
            np.testing.assert_allclose(found, thetas[errors.argmin()], rtol=1e-9)


class Table:
    """A probe that reads a table, and checks what it is asked."""

    def __init__(self, names, caps, divergence, spikes):
        self.names, self.caps = names, caps
        self.divergence, self.spikes = divergence, spikes
        self.asked = []

    def __call__(self, plan):
        places = [self.caps.index(plan[name].max_coefficient) for name in self.names]
        self.asked.append(places)
        lower = [i for i, k in enumerate(places) if k < len(self.caps) - 1]
        assert len(lower) <= 1  # all others have the highest cap
        (i,) = lower or [0]
        sent = {
            n: self.spikes[j, k]
            for j, (n, k) in enumerate(zip(self.names, places, strict=True))
        }
        return Probed(self.divergence[i, places[i]], sent)

    def each(self, things, total, label):
        assert len(things) == total
        return things


@pytest.mark.parametrize("budget", [1.0, 1.5, 2.0, 100.0])
def test_each_layer_gets_the_cap_of_the_best_assignment(budget, calibrated):
    graph, statistics = calibrated["depthwise"]  # of three ReLUs with bounds
    made = methods.make("adafire", {"budget": budget, "levels": 4})
    assert made.caps == [1, 2, 4]
    plan = made.plan(graph, statistics)
    names = list(plan)
    divergence, spikes = tables(5)
    divergence[:, -1] = 0.125  # of all layers at the highest cap
    table = Table(names, made.caps, divergence, spikes)
    refined = made.refine(plan, graph, statistics, table)
    assert len(table.asked) == 1 + 3 * 2
    expected = min(
        (divergence[range(3), c].sum(), spikes[range(3), c].sum(), c)
        for c in itertools.product(range(3), repeat=3)
        if spikes[range(3), c].sum() <= budget * spikes[:, 0].sum()
    )
    found = [made.caps.index(refined[name].max_coefficient) for name in names]
    assert (divergence[range(3), found].sum(), spikes[range(3), found].sum()) == (
        expected[:2]
    )
    for name, k in zip(names, found, strict=True):
        alone = methods.make("adafire", {"levels": made.caps[k]})
        assert refined[name].neuron == "driven"
        expected_scale = alone.plan(graph, statistics)[name].scale
        assert (refined[name].scale == expected_scale).all()


@pytest.mark.parametrize(
    ("options", "caps"),
    [
        ({}, [1, 2, 4]),
        ({"levels": 1}, [1]),
        ({"levels": 5}, [1, 2, 4, 5]),
        ({"levels": 7, "lowest": 3}, [3, 6, 7]),
        ({"levels": 6, "lowest": 6}, [6]),
    ],
)
def test_caps_double(options, caps):
    assert methods.make("adafire", options).caps == caps


def test_the_lowest_cap_is_not_above_the_highest(calibrated):
    made = methods.make("adafire", {"levels": 2, "lowest": 3})
    with pytest.raises(OptionError, match="lowest=3 exceeds levels=2"):
        made.plan(*calibrated["cnn"])


def test_where_there_is_one_cap_nothing_is_simulated(calibrated):
    graph, statistics = calibrated["cnn"]
    made = methods.make("adafire", {"levels": 1})
    plan = made.plan(graph, statistics)
    assert made.refine(plan, graph, statistics, None) is plan


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.slow
@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("head", [None, "softmax", "sigmoid"])
def test_the_probe_measures_divergence_and_spikes(units, head):
    """Against NumPy on what a spiking model records; a head changes nothing."""
    body = [keras.layers.Dense(8, "relu"), keras.layers.Dense(5, "relu")]
    model = keras.Sequential([keras.Input((6,)), *body, keras.layers.Dense(units)])
    models.randomise(model)
    x = models.samples(model, 20)
    snn = tfsnn.convert(
        model, x, "adafire", timesteps=4, levels=2, correct="none", lowest=2
    )
    trace, logits = snn.simulate(x), np.asarray(model(x), np.float64)
    ours = np.asarray(trace.outputs[0][-1], np.float64)
    if units == 1:
        ours, logits = (np.concatenate([z, 0 * z], -1) for z in (ours, logits))
    p, q = softmax(ours), softmax(logits)
    expected = np.mean(np.sum((p - q) * (np.log(p) - np.log(q)), -1))
    if head:
        model.add(keras.layers.Activation(head))
    graph = simplify(import_model(model))
    statistics = calibrate(graph, [x])
    made = methods.make("adafire", {"timesteps": 4, "levels": 2})
    probed = Probe(graph, graph.feed(x), 4)(made.plan(graph, statistics))
    np.testing.assert_allclose(probed.divergence, expected, rtol=1e-4)
    assert len(probed.spikes) == len(trace.spikes) == 2 and expected > 0
    sums = [spikes.sum() / 20 for spikes in trace.spikes.values()]
    np.testing.assert_allclose(list(probed.spikes.values()), sums, rtol=1e-6)


@pytest.mark.slow
def test_caps_of_a_trained_network(trained):
    """More spikes are allowed, and the outputs come nearer; within the budget."""
    model, x = trained
    known = tfsnn.calibration(model, x[:200])
    graph = known.graph
    probe = Probe(graph, known.samples(64), 4)
    spikes, errors = {}, {}
    for budget in (1.0, 1.5, 100.0):
        made = methods.make("adafire", {"timesteps": 4, "budget": budget})
        statistics = known.statistics(graph)
        plan = made.refine(made.plan(graph, statistics), graph, statistics, probe)
        found = probe(plan)
        spikes[budget], errors[budget] = sum(found.spikes.values()), found.divergence
        snn = tfsnn.convert(
            model, known, "adafire", timesteps=4, budget=budget, probe_samples=64
        )
        reported = {p.node: p.max_coefficient for p in snn.report.populations}
        assert reported == {n: plan[n].max_coefficient for n in plan}
        if budget == 1:
            assert set(reported.values()) == {1}
    assert errors[100.0] <= errors[1.5] < errors[1.0]
    assert spikes[1.0] < spikes[1.5] <= 1.5 * spikes[1.0] < spikes[100.0]


def test_spikes_are_of_the_alphabet(trained):
    model, x = trained
    snn = tfsnn.convert(model, x[:40], "adafire", levels=3, budget=100.0, timesteps=4)
    spikes = snn.simulate(x[:20]).spikes.values()
    assert set(np.unique(np.concatenate([s.ravel() for s in spikes]))) <= {0, 1, 2, 3}
