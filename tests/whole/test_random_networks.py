"""Random networks are converted exactly, or refused by the name of a layer."""

from collections import Counter

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume
from keras import layers, ops
from random_checks import check, every_network, outputs_of, tolerances
from random_networks import SIGNALS

import tfsnn
from examples import floats
from tfsnn.conversion.normalize import normalize
from tfsnn.errors import CalibrationError, UnsupportedError
from tfsnn.network.nodes import Spiking
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model

NETWORKS = 24  # of each signal
WHOLE = 10
FINE = 2.0**-16


def listed(outputs):
    """What a model gives, as a list in its order; keras.tree would sort a dict."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    values = outputs if isinstance(outputs, list) else [outputs]
    return [np.asarray(y) for y in values]


def names(model, prefix=""):
    for operation in model.operations:
        yield prefix + operation.name
        if isinstance(operation, keras.Model):
            yield from names(operation, f"{prefix}{operation.name}/")


def imported(drawn):
    """The network's graph, or None after checking its refusal."""
    try:
        graph = import_model(drawn.example.model)
    except UnsupportedError as error:
        assert {name for name, *_ in error.problems} == drawn.planted
        assert all(name in str(error) and why for name, _, why in error.problems)
        return None
    assert not drawn.planted
    return graph


def simulated(graph, feed, timesteps):
    return [np.asarray(y) for y in simulate(graph, feed, timesteps).outputs]


def convert(drawn, path, count):
    """Convert a network as a user does, save it, load it and call it."""
    model = drawn.example.model
    feed = drawn.example.inputs(3)
    expected = drawn.example.expected(feed)
    assume(all(np.isfinite(y).all() for y in expected))
    given = feed if len(feed) > 1 else next(iter(feed.values()))
    options = {"scale": "max", "levels": 2**16, "timesteps": 4}
    try:
        snn = tfsnn.convert(model, given, raw=True, **options)
    except UnsupportedError as error:
        assert {name for name, *_ in error.problems} == drawn.planted
        return
    except CalibrationError as error:
        assert any(name in str(error) for name in names(model))
        return
    count["converted"] += 1
    outputs = listed(snn(given))
    snn.save(path)
    again = keras.saving.load_model(path).predict(given, verbose=0)
    assert_same_structure(model.output, again)
    scales = [np.max(node.scale) for node in snn.graph.of_kind(Spiking)]
    accepted = tolerances(
        simplify(import_model(model)), floats(feed), expected, max(scales, default=0)
    )
    check(outputs, expected, accepted)
    for one, other in zip(outputs, listed(again), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def assert_same_structure(one, other):
    assert type(one) is type(other) or not isinstance(one, dict | list)
    assert not isinstance(one, dict) or list(one) == list(other)


def examine(drawn, count):
    """Check one network, stage by stage."""
    feed = drawn.example.inputs(3)
    expected = drawn.example.expected(feed)
    assume(all(np.isfinite(y).all() for y in expected))
    count["drawn"] += 1
    graph = imported(drawn)
    if graph is None:
        return
    count["converted"] += 1
    x = floats(feed)
    simple = simplify(graph)
    accepted = tolerances(simple, x, expected)
    for each in (graph, simple):
        check(outputs_of(each, x), expected, accepted)
    spiking = normalize(simple, models.fine_plan(simple))
    accepted = tolerances(simple, x, expected, FINE)
    for tolerance, y in zip(accepted, expected, strict=True):
        count["vague"] += tolerance > 0.03 * max(1, np.abs(y).max(initial=0))
    for timesteps in (1, 4):
        check(simulated(spiking, x, timesteps), expected, accepted)


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_random_network_is_converted_or_refused(signal):
    count = Counter()
    every_network(signal, NETWORKS)(lambda drawn: examine(drawn, count))()
    assert count["drawn"] >= 0.95 * NETWORKS
    assert count["converted"] >= 0.8 * count["drawn"]
    assert count["vague"] <= 0.1 * NETWORKS


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_random_network_is_converted_saved_and_loaded(signal, tmp_path):
    count, path = Counter(), tmp_path / "snn.keras"
    every_network(signal, WHOLE)(lambda drawn: convert(drawn, path, count))()
    assert count["converted"] >= 0.6 * WHOLE


def test_a_unit_of_one_value_that_a_slice_leaves():
    """Found by the above: its axes were more than those of what reads it."""
    x = keras.Input((1,))
    y = layers.Dense(1, "leaky_relu")(x)
    y = ops.stack([y, layers.Activation("log_softmax")(y)], -1)[..., 0]
    model = models.randomise(keras.Model(x, layers.Dense(2)(y)))
    graph = simplify(import_model(model))
    spiking = normalize(graph, models.fine_plan(graph))
    given = models.samples(model)
    (outputs,) = simulated(spiking, tf.constant(given), 2)
    np.testing.assert_allclose(outputs, model(given), atol=1e-4)
