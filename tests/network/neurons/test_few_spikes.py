"""Few-spikes neurons: ReLUs are K bits, tables are what their loop says."""

import re

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.conversion.methods.few_spikes import best_interval
from tfsnn.conversion.statistics import calibrate
from tfsnn.network.functions import FUNCTIONS
from tfsnn.network.neurons import KINDS, few_spikes, few_spikes_tables
from tfsnn.network.nodes import SmoothRate, Spiking
from tfsnn.network.passes import simplify
from tfsnn.network.passes.spike_functions import spike_functions
from tfsnn.sources import import_model

TABLES = few_spikes_tables.TABLES
FUNCTION_NAMES = few_spikes.FUNCTION_NAMES


def reference(x, rows):
    """z(t), ``(K, n)``, and the sum of d(t) z(t), ``(n,)``: the loop of the paper."""
    v, total, z = np.array(x, np.float64), 0.0, []
    for threshold, reset, output in np.array(rows).T * 2.0**-12:
        z.append(1.0 * (v > threshold))
        total = total + output * z[-1]
        v = v - reset * z[-1]
    return np.array(z), total


def decoded(values):
    """What values stand for: the last step weighs 1, each step before twice the next.

    As float64.
    """
    places = 2.0 ** np.arange(len(values))[::-1]
    return np.tensordot(places, np.array(values, np.float64), 1) / places.sum()


def advance(neurons, x, steps):
    inputs = [tf.constant(x, tf.float32)] * steps
    return neurons.advance(inputs, neurons.initial_state(x.shape))[0]


def smooth():
    """Every smooth activation, at inputs of either sign."""
    x = keras.Input((6, 6, 2))
    y = layers.Conv2D(4, 3, activation="silu")(x)
    y = layers.Conv2D(4, 2, activation="tanh")(y)
    y = layers.Flatten()(layers.AveragePooling2D(3)(y))
    y = layers.Dense(8, activation="gelu")(y)
    y = layers.Dense(8, activation="relu")(y)
    y = layers.Dense(6, activation="sigmoid")(y)
    return models.randomise(keras.Model(x, layers.Dense(3)(y)))


@pytest.fixture(scope="module")
def network():
    model = smooth()
    x = np.random.default_rng(3).normal(0, 1, (120, 6, 6, 2)).astype(np.float32)
    return model, x


@pytest.mark.parametrize("key", TABLES, ids=lambda key: "-".join(map(str, key)))
def test_a_table_is_the_loop_of_the_paper(key):
    function, high, steps = key
    low = few_spikes.LOWEST[function]
    even = function in few_spikes.EVEN
    first = int((-high if even else low) * 64)
    x = np.random.default_rng(0).integers(first - 70, high * 64 + 70, 60) / 64
    largest = few_spikes.largest(function, high)
    neurons = KINDS["few_spikes"](function=function, high=high)
    sent = advance(neurons, x / largest, steps)
    read = np.abs(x) if even else x
    z, expected = reference(np.clip(read, low, high), TABLES[key])
    assert (np.array(sent.events) == z).all() and z.any()
    total = decoded(sent.values) * largest
    np.testing.assert_allclose(total, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_steps_behind_the_table_are_silent(function):
    high = few_spikes.upper_ends(function)[0]
    neurons = KINDS["few_spikes"](function=function, high=high)
    x = np.linspace(-1, 1, 33)
    short, long = (advance(neurons, x, steps) for steps in (4, 7))
    assert (np.array(long.events[:4]) == np.array(short.events)).all()
    assert np.any(short.events) and not np.any(long.events[4:])
    np.testing.assert_allclose(decoded(long.values), decoded(short.values), 1e-6, 1e-6)


def test_the_input_is_the_mean_by_the_clock():
    """Currents that differ from step to step count by the place of their step."""
    neurons = KINDS["few_spikes"](function="mish", high=4)
    currents = np.random.default_rng(0).normal(0.2, 0.5, (4, 50)).astype(np.float32)
    state = neurons.initial_state((50,))
    sent, _ = neurons.advance(list(map(tf.constant, currents)), state)
    x = np.clip(4 * decoded(currents), -8, 4)
    z, _ = reference(x, TABLES["mish", 4, 4])
    assert (np.array(sent.events) == z).all() and z.any(1).all()


def test_errors_are_those_that_are_stated():
    """By the table in each module: root mean square and largest over the interval."""
    stated = {}
    for function in FUNCTION_NAMES:
        text = getattr(few_spikes_tables, function).__doc__
        lines = re.findall(r"^\| (.*) \|$", text, re.M)
        head, _, *rows = [line.split(" | ") for line in lines]
        steps = [int(cell.split("=")[1]) for cell in head[2:]]
        for name, error, *cells in rows:
            low, _, high = name.split()
            assert float(low) == few_spikes.LOWEST[function]
            for k, cell in zip(steps, cells, strict=True):
                stated.setdefault((function, int(high), k), {})[error] = float(cell)
    assert stated.keys() == TABLES.keys()
    for (function, high, k), errors in stated.items():
        x = np.linspace(few_spikes.LOWEST[function], high, 4001)
        _, y = reference(x, TABLES[function, high, k])
        error = y - np.array(FUNCTIONS[function](tf.constant(x)))
        rms = np.sqrt(np.mean(error**2))
        assert rms == pytest.approx(errors["rms"], rel=0.01, abs=1e-4)
        assert np.abs(error).max() == pytest.approx(errors["max"], rel=0.02, abs=1e-3)
        gaussian = np.exp(-(x**2) / (2 * 1.5**2))
        expected = np.mean(error**2) + np.average(error**2, weights=gaussian)
        found = few_spikes.square_error(function, high, k)
        assert found == pytest.approx(expected / 2, rel=0.02)


@pytest.mark.parametrize("function", FUNCTION_NAMES)
def test_more_steps_are_finer(function):
    for high in few_spikes.upper_ends(function):
        steps = sorted(k for name, end, k in TABLES if (name, end) == (function, high))
        assert steps == [1, 2, 4, 8, 12, 16]
        errors = [few_spikes.square_error(function, high, k) for k in steps]
        assert errors == sorted(errors, reverse=True) and errors[-1] < errors[0] / 50


def test_wide_tables_serve_wide_activations():
    model = models.randomise(
        keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="mish")])
    )
    model.add(layers.Dense(2))
    chosen = []
    for size in (1, 3, 40):
        graph = spike_functions(simplify(import_model(model)), ("mish",))
        x = size * models.samples(model, 40)
        (found,) = calibrate(graph, [x]).values()
        largest = float(found.maximum.max())
        chosen.append((best_interval("mish", found, 16), largest))
    assert [high for high, _ in chosen] == [4, 8, 16]
    assert chosen[0][1] < 4 < chosen[1][1] < 16 < chosen[2][1]


@pytest.mark.slow
@pytest.mark.parametrize(("rounding", "offset"), [(0.5, 0.5), (0.0, 0.0)])
@pytest.mark.parametrize("steps", [3, 8])
def test_a_relu_is_its_bits(steps, rounding, offset):
    """Layer by layer, by an independent quantisation to K bits."""
    model = models.dyadic(models.mlp())
    x = models.samples(model, 40)
    options = {"timesteps": steps, "initial_potential": rounding}
    snn = tfsnn.convert(model, x, "few_spikes", **options)
    rates = [snn.graph[name] for name in snn.populations]
    assert {rate.neuron for rate in rates} == {"radix"}
    most, a = 2**steps - 1, x.astype(np.float64)
    trace = snn.simulate(x)
    for layer, rate in zip(model.layers, rates, strict=False):
        kernel, bias = (np.asarray(w, np.float64) for w in layer.get_weights())
        scale = np.asarray(rate.scale, np.float64)
        levels = (a @ kernel + bias) / scale * most + offset
        near = np.abs(levels - np.rint(levels)) < 1e-3  # undecided in float32
        levels = np.clip(np.floor(levels), 0, most)
        spikes = trace.spikes[rate.name]
        q = decoded(spikes) * most
        assert ((q == levels) | near).all() and near.mean() < 0.1
        assert set(np.unique(spikes)) == {0, 1}
        a = q / most * scale
    expected = a @ np.asarray(model.layers[-1].kernel) + model.layers[-1].bias
    np.testing.assert_allclose(snn(x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_smooth_activations_spike(network):
    model, x = network
    snn = tfsnn.convert(model, x[:80], "few_spikes", timesteps=16, strict=True)
    roles = {node.node: node.role for node in snn.report.nodes}
    assert "running sum" not in roles.values()
    kinds = [snn.graph[name].neuron for name in snn.populations]
    # SiLU and GELU are a ReLU each, and what is taken from it.
    assert kinds.count("few_spikes") == 4 and kinds.count("radix") == 3
    assert len(kinds) == 7
    spikes = snn.simulate(x[80:90]).spikes
    for events in spikes.values():
        assert len(events) == 16 and set(np.unique(events)) == {0, 1}
    plain = tfsnn.convert(model, x[:80], "radix", timesteps=8)
    assert len(plain.populations) == 1
    assert [n.role for n in plain.report.nodes].count("running sum") == 4


@pytest.mark.slow
def test_more_steps_are_nearer_to_the_ann(network):
    model, x = network
    expected = model(x[80:]).numpy()
    errors = []
    for steps in (4, 8, 16):
        snn = tfsnn.convert(model, x[:80], "few_spikes", timesteps=steps)
        errors.append(np.sqrt(np.mean((snn(x[80:]) - expected) ** 2)))
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 0.05 * np.std(expected)


@pytest.mark.slow
def test_every_layer_is_near_to_the_ann(network):
    model, x = network
    snn = tfsnn.convert(model, x[:80], "few_spikes")
    found = tfsnn.verify(model, snn, x[80:])
    assert [check.node for check in found.layers[:-1]] == list(snn.populations)
    assert all(check.relative_error < 0.1 for check in found.layers)
    assert all(check.correlation > 0.98 for check in found.layers)


def test_corrections_mend_smooth_activations(network):
    model, x = network
    expected = model(x[80:]).numpy()
    errors = []
    for correct in ("none", "weights+bias+potential"):
        options = {"timesteps": 8, "correct": correct}
        snn = tfsnn.convert(model, x[:80], "few_spikes", **options)
        errors.append(np.sqrt(np.mean((snn(x[80:]) - expected) ** 2)))
    assert errors[1] < errors[0]


def test_saved_and_loaded_it_is_the_same(network, tmp_path):
    model, x = network
    snn = tfsnn.convert(model, x[:80], "few_spikes", timesteps=8)
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    for one, other in zip(snn.graph, loaded.graph, strict=True):
        assert type(one) is type(other) and one.to_config() == other.to_config()
    neurons = [node.neuron for node in loaded.graph.of_kind(Spiking)]
    assert neurons.count("few_spikes") == 4
    assert (loaded(x[:10]).numpy() == snn(x[:10]).numpy()).all()


def test_the_pass_leaves_outputs_alone(network):
    model, x = network
    graph = simplify(import_model(model))
    spiking = spike_functions(graph, FUNCTION_NAMES)
    assert len(spiking.of_kind(SmoothRate)) == 4
    shapes = {n.name: n.shape for n in spiking}
    assert all(shapes[n.name] == n.shape for n in graph)
    before, after = (g.forward(x[:9])[g.outputs[0]] for g in (graph, spiking))
    np.testing.assert_allclose(before, after, rtol=1e-5, atol=1e-6)


def test_a_product_of_signals_is_one_of_spikes():
    x = keras.Input((4,))
    y = layers.Dense(4, activation="sigmoid")(x)
    y = layers.Multiply()([layers.Dense(4, activation="relu")(x), y])
    model = models.randomise(keras.Model(x, layers.Dense(2)(y)))
    calibration = models.samples(model, 30)
    snn = tfsnn.convert(model, calibration, "few_spikes", timesteps=8, strict=True)
    assert len(snn.populations) == 3
    error = snn(models.samples(model)) - model(models.samples(model))
    assert np.abs(error).max() < 0.1


def test_gelu_by_tanh_spikes_as_well():
    x = keras.Input((4,))
    y = keras.ops.gelu(layers.Dense(4)(x), approximate=True)
    model = models.randomise(keras.Model(x, layers.Dense(2)(y)))
    graph = spike_functions(simplify(import_model(model)), FUNCTION_NAMES)
    (node,) = graph.of_kind(SmoothRate)
    assert (node.op, dict(node.options)) == ("gelu_tail", {"approximate": True})
    feed = models.samples(model)
    np.testing.assert_allclose(
        graph.forward(feed)[graph.outputs[0]], model(feed), rtol=1e-5, atol=1e-6
    )
