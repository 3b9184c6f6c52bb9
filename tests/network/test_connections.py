"""The layers that spikes reach: what each does adds up to all of it."""

import keras
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn_numpy.counts import CONVOLUTION, DENSE, OTHER


@pytest.fixture(scope="module")
def snn():
    """A skip around a convolution, overlapping averages, a separable convolution."""
    keras.utils.set_random_seed(0)
    x = keras.Input((6, 6, 2))
    one = layers.Conv2D(4, 3, activation="relu", name="one")(x)
    two = layers.Conv2D(4, 3, padding="same", name="two")(one)
    both = layers.ReLU(name="both")(layers.Add()([one, two]))
    pooled = layers.AveragePooling2D(3, 1)(both)
    last = layers.SeparableConv2D(6, 2, name="last")(pooled)
    out = layers.Dense(5, name="out")(layers.Flatten()(layers.ReLU(name="act")(last)))
    samples = np.random.default_rng(0).uniform(0, 1, (8, 6, 6, 2)).astype("float32")
    return tfsnn.convert(
        keras.Model(x, out), samples, "paced", timesteps=2, correct="none"
    )


def weights(found, edge, column):
    fan_outs = found.columns[edge.sender]
    return np.column_stack([np.ones(len(fan_outs), int), fan_outs])[:, column]


def test_synapses_of_all_receivers_are_the_fan_outs(snn):
    found, counted = snn.connections(), snn.operations_per_sample()
    for name, fan_out in counted.fan_outs.items():
        edges = [edge for edge in found.edges if edge.sender == name]
        total = sum(weights(found, edge, edge.synapses) for edge in edges)
        np.testing.assert_array_equal(total, fan_out)
    assert sum(layer.macs for layer in found.layers) == counted.ann_macs


def test_places_are_those_at_which_a_spike_arrives(snn):
    found = snn.connections()
    by_kind = {
        (edge.sender, layer.kind, layer.weights > 0): edge
        for edge in found.edges
        for layer in found.layers
        if layer.name == edge.receiver
    }
    first, second, _ = snn.populations
    direct = by_kind[first, OTHER, False]  # the skip: one addition at one place
    assert (weights(found, direct, direct.places) == 1).all()
    assert (weights(found, direct, direct.synapses) == 1).all()
    around = by_kind[first, CONVOLUTION, True]
    assert (weights(found, around, around.places) == 1).all()
    met = np.outer([2, 3, 3, 2], [2, 3, 3, 2]) * 4  # windows of 3 x 3, padded
    synapses = weights(found, around, around.synapses).reshape(4, 4, 4)
    np.testing.assert_array_equal(synapses, np.repeat(met[..., None], 4, -1))
    # Averages of 3 x 3 of 4 x 4 places: a corner is in one, the middle in four.
    pooled = by_kind[second, CONVOLUTION, True]
    places = weights(found, pooled, pooled.places).reshape(4, 4, 4)[..., 0]
    np.testing.assert_array_equal(places, np.outer([1, 2, 2, 1], [1, 2, 2, 1]))


def test_layers_have_their_sizes(snn):
    layers_by_kind = {}
    for layer in snn.connections().layers:
        layers_by_kind.setdefault(layer.kind, []).append(layer)
    one, two, depthwise, pointwise = layers_by_kind[CONVOLUTION]
    assert (one.constant, one.driven, one.macs) == (True, False, 16 * 4 * 18)
    assert (two.window, two.strides, two.channels, two.filters) == (
        *((3, 3), (1, 1)),
        *(4, 4),
    )
    assert (two.weights, two.biases, two.inputs, two.outputs) == (144, 4, 64, 64)
    assert depthwise.channels == 1 and depthwise.filters == 4 and depthwise.driven
    # Weights right behind weights see analog values, in each step.
    assert (pointwise.driven, pointwise.constant, pointwise.macs) == (False, False, 24)
    (dense,) = layers_by_kind[DENSE]
    assert (dense.weights, dense.channels, dense.window) == (30, 5, ())
