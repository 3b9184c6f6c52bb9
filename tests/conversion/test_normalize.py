"""The plan written into the weights changes the numbers and not the network."""

import dataclasses

import models
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.conversion.normalize import normalize, unscaled
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Affine, Linear, Rate, Readout, Source, Spiking
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

NEURONS = {
    "binary": {"max_coefficient": 1.0},
    "signed": {"max_coefficient": 3.0, "negative_threshold": 0.0},
    "half": {"max_coefficient": 2.0, "negative_threshold": 0.5},
}


def ann(name, simple=True):
    """A graph with random weights of float32; and inputs."""
    model = models.randomise(models.MODELS[name]())
    graph = import_model(model)
    return simplify(graph) if simple else graph, models.samples(model)


def record(graph, x, timesteps=5):
    observe = ("outputs", "spikes", "potentials")
    return simulate(graph, tf.constant(x), timesteps, chunk=timesteps, observe=observe)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "neuron"),
    [(name, "signed") for name in models.MODELS]
    + [(name, "binary") for name in ("cnn", "residual", "normalized")]
    + [(name, "half") for name in ("cnn", "concat", "reshaped")],
)
def test_the_normal_form_is_the_unscaled_form(name, neuron):
    """Bit by bit: scales that are powers of two change no rounding."""
    graph, x = ann(name)
    plan = models.plan_for(graph, **NEURONS[neuron])
    normal = record(normalize(graph, plan), x)
    plain = record(unscaled(graph, plan), x)
    assert normal.observed.keys() == plain.observed.keys()
    for key, values in normal.observed.items():
        kind, node = key.split("/")
        factor = plan[node].scale if kind == "potentials" else 1
        assert (values.numpy() * factor == plain.observed[key].numpy()).all(), key
    for one, other in zip(normal.outputs, plain.outputs, strict=True):
        assert (one.numpy() == other.numpy()).all()
    spikes = [v.numpy() for k, v in normal.observed.items() if k.startswith("spikes")]
    assert all(s.any() for s in spikes)


@pytest.mark.parametrize("name", models.MODELS)
def test_scales_of_any_value_give_the_same_rates(name):
    """Rounding may move a spike, so the sums of many steps are compared."""
    graph, x = ann(name)
    rng = np.random.default_rng(3)
    plan = {
        key: dataclasses.replace(neurons, scale=rng.uniform(0.3, 2, len(neurons.scale)))
        for key, neurons in models.plan_for(graph, max_coefficient=None).items()
    }
    normal = simulate(normalize(graph, plan), tf.constant(x), 30, chunk=15)
    plain = simulate(unscaled(graph, plan), tf.constant(x), 30, chunk=15)
    for one, other in zip(normal.outputs, plain.outputs, strict=True):
        differ = ~np.isclose(one, other, rtol=1e-4, atol=1e-5)
        assert differ.mean() < 0.1
        np.testing.assert_allclose(one, other, atol=0.15)


@pytest.mark.slow
@pytest.mark.parametrize("name", models.MODELS)
@pytest.mark.parametrize("simple", [True, False])
def test_the_normal_form_in_ann_mode_is_the_ann(name, simple):
    graph, x = ann(name, simple)
    plan = models.plan_for(graph, low=-3, high=3)
    normal = normalize(graph, plan)
    expected, values = graph.forward(x), normal.feed(x)
    for node in normal:
        if isinstance(node, Spiking):  # as its activation, in units of its scale
            current = values[node.inputs[0]] * plan[node.name].scale
            y = graph[node.name].apply(np.float32(current))
            values[node.name] = y / np.float32(plan[node.name].scale)
        elif node.inputs:
            values[node.name] = node.apply(*(values[name] for name in node.inputs))
    for node in graph:
        if isinstance(node, Readout):
            np.testing.assert_allclose(
                values[node.name], expected[node.name], rtol=1e-5, atol=1e-6
            )
        if isinstance(node, Rate):
            in_units = values[node.name].numpy() * plan[node.name].scale
            np.testing.assert_allclose(in_units, expected[node.name], 1e-5, 1e-6)


@pytest.mark.parametrize("name", models.MODELS)
def test_thresholds_are_one_and_spikes_integers(name):
    graph, x = ann(name)
    plan = models.plan_for(graph, **NEURONS["signed"])
    normal = normalize(graph, plan)
    for node in normal.of_kind(Spiking):
        assert type(node.threshold) is float and node.threshold == 1.0
        assert (node.scale == plan[node.name].scale).all()
    for key, spikes in record(normal, x, 2).observed.items():
        if key.startswith("spikes"):
            assert (spikes.numpy() == np.rint(spikes)).all()
            assert np.abs(spikes).max() <= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", models.MODELS)
@pytest.mark.parametrize("simple", [True, False])
def test_a_fine_scale_gives_the_ann_in_one_step(name, simple):
    """Each neuron rounds to 2^-17; the rest is the same arithmetic."""
    graph, x = ann(name, simple)
    normal = normalize(graph, models.fine_plan(graph))
    outputs = simulate(normal, tf.constant(x), 1).outputs
    expected = graph.forward(x)
    for node, output in zip(graph.outputs, outputs, strict=True):
        np.testing.assert_allclose(output, expected[node], atol=2e-4)
    assert np.abs(outputs[0]).max() > 0.1


@pytest.mark.parametrize("name", ["cnn", "depthwise", "concat", "normalized"])
def test_convert_with_many_levels_gives_the_ann_in_one_step(name):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 8)
    snn = tfsnn.convert(
        model, x, "augmapping", timesteps=1, levels=1 << 16, scale="max"
    )
    np.testing.assert_allclose(snn(x), model(x), atol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("per", ["channel", "layer"])
def test_convert_without_a_bound_approaches_the_ann(per):
    """An error of 1/2 spike in each neuron's sum shrinks like 1/T."""
    model = models.randomise(models.residual())
    x = models.samples(model, 8)
    options = {"levels": None, "scale": "max", "per": per}
    errors = []
    for timesteps in (4, 64):
        snn = tfsnn.convert(model, x, "augmapping", timesteps=timesteps, **options)
        errors.append(np.abs(snn(x) - model(x)).mean())
    assert errors[1] < errors[0] / 8


@pytest.mark.parametrize("levels", [1, 4, None])
@pytest.mark.parametrize("bound", [0.5, 6.0])
def test_an_upper_bound_holds(levels, bound):
    """A ReLU6 far above its bound is decoded as the bound, exactly."""
    source = Source("x", (), (2,))
    dense = Linear("dense", ("x",), (2,), "dense", kernel=np.diag([40, 50]) * 1.0)
    rate = Rate("relu", ("dense",), (2,), max_value=bound)
    graph = Graph((source, dense, rate, Readout("out", ("relu",), (2,))), ("out",))
    scale, most = models.bounded(np.array([0.3, 0.9]), bound, levels)
    assert (scale <= [0.3, 0.9]).all() and (scale * most <= bound).all()
    plan = {"relu": models.NeuronPlan(scale, 0.5, 0.0, most)}
    result = simulate(normalize(graph, plan), np.ones((1, 2), np.float32), 5)
    expected = np.array([bound, bound]) if levels is None else levels * scale
    np.testing.assert_allclose(result.outputs[0][0], expected, rtol=1e-6)


def test_a_gain_is_put_in_only_where_units_differ():
    graph, _ = ann("residual")
    same = {
        node.name: models.NeuronPlan(np.full(node.shape[-1], 0.5))
        for node in graph.of_kind(Rate)
    }
    assert normalize(graph, same).of_kind(Affine) == []
    differ = {
        name: dataclasses.replace(neurons, scale=neurons.scale * (i + 1))
        for i, (name, neurons) in enumerate(same.items())
    }
    gains = normalize(graph, differ).of_kind(Affine)
    first = graph.of_kind(Rate)[0].name
    assert [gain.inputs for gain in gains] == [(first,)]  # the identity skip
    np.testing.assert_allclose(gains[0].gain, 1 / 3, rtol=1e-6)


def test_the_ann_is_left_alone():
    graph, _ = ann("residual")
    before = [dict(node.arrays()) for node in graph]
    copies = [{k: np.array(v) for k, v in arrays.items()} for arrays in before]
    normalize(graph, models.plan_for(graph))
    for node, copy in zip(graph, copies, strict=True):
        for key, values in node.arrays().items():
            assert (values == copy[key]).all()
