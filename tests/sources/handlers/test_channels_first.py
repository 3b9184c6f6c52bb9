"""Layers and whole networks in ``channels_first`` are converted as their twins are."""

import collections
import inspect

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from examples_layers import LAYERS
from handler_cases import check
from keras import layers
from twins import FIRST, LAST, NETWORKS, twins

import tfsnn
from examples import functional, stack
from tfsnn.layers import LocallyConnected1D, LocallyConnected2D
from tfsnn.network.nodes import Affine, Linear, Transpose
from tfsnn.network.passes import simplify
from tfsnn.simulation.simulate import simulate
from tfsnn.sources import import_model
from tfsnn.sources.keras_model import forward

QUICK = 1  # examples of each kind that are not slow
# Layers that are in channels_last alone; Keras cannot read the config of RandomShear.
LAST_ALONE = (
    *(LocallyConnected1D, LocallyConnected2D, layers.STFTSpectrogram),
    *(layers.ConvLSTM1D, layers.ConvLSTM2D, layers.ConvLSTM3D),
)
EXCEPT = (*LAST_ALONE, layers.RandomShear)
FORMATTED = [
    pytest.param(
        kind,
        example,
        id=f"{kind.__name__}-{i}",
        marks=[pytest.mark.slow] if i >= QUICK else [],
    )
    for kind, examples in LAYERS.items()
    if kind not in EXCEPT
    and "data_format" in inspect.signature(kind.__init__).parameters
    for i, example in enumerate(examples)
]
BY_NAME = pytest.mark.parametrize("build", NETWORKS)


def turned(layer):
    """The layer, untrained, with its data in the other format."""
    return type(layer).from_config({**layer.get_config(), "data_format": FIRST})


@pytest.mark.parametrize(("kind", "example"), FORMATTED)
def test_each_layer_is_converted_in_channels_first(kind, example):
    """To what Keras computes, with a transposition of the input and of the output."""
    layer = next(op for op in functional(example.model).operations if type(op) is kind)
    *places, channels = layer.input.shape[1:]
    graph = check(stack((channels, *places), turned(layer)))
    assert len(simplify(graph).of_kind(Transpose)) <= 2


def samples(model, count=3):
    """Inputs of a network with the channels last, and the same with channels first."""
    shape = (count, *model.input.shape[1:])
    x = np.random.default_rng(3).uniform(0, 1, shape).astype("float32")
    return x, np.moveaxis(x, -1, 1)


def as_last(values):
    """Values of a network in ``channels_first`` as its twin has them."""
    values = np.asarray(values)
    return np.moveaxis(values, 1, -1) if values.ndim > 2 else values


@BY_NAME
def test_twins_become_the_same_nodes(build):
    """But for a transposition of the input, and one of an output with places."""
    last, first = twins(build)
    graphs = [simplify(import_model(model)) for model in (last, first)]
    kinds = [collections.Counter(type(n).__name__ for n in graph) for graph in graphs]
    places = len(last.output.shape) > 2
    assert kinds[1] - kinds[0] == {"Transpose": 1 + places}
    assert not kinds[0] - kinds[1]
    x, turned_x = samples(last)
    expected = np.asarray(last(x))
    for graph, given in zip(graphs, (x, turned_x), strict=True):
        (y,) = (graph.forward(tf.constant(given))[name] for name in graph.outputs)
        y = as_last(y) if graph is graphs[1] else y
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@BY_NAME
def test_twins_spike_alike(build):
    last, first = twins(build)
    x, turned_x = samples(last)
    one, other = tfsnn.convert(last, x), tfsnn.convert(first, turned_x)
    runs = [
        simulate(snn.graph, tf.constant(given), 4, observe=("spikes",))
        for snn, given in ((one, x), (other, turned_x))
    ]
    np.testing.assert_allclose(
        as_last(runs[1].outputs[0]), runs[0].outputs[0], atol=1e-5
    )
    counts = [
        [np.abs(spikes).sum() for name, spikes in run.observed.items()] for run in runs
    ]
    assert counts[0] == counts[1]
    assert sum(counts[0]) > 0


def test_a_flattened_image_may_have_its_channels_first():
    """Keras' Flatten of the other format: the dense weights are in that order."""
    x = keras.Input((3, 8, 6))
    y = layers.Conv2D(4, 3, activation="relu", data_format=FIRST)(x)
    y = layers.Flatten(data_format=LAST)(y)
    y = layers.ReLU(6.0)(layers.BatchNormalization()(y))
    graph = check(keras.Model(x, [layers.Dense(3)(y), layers.Dense(2)(y)]))
    (turn,) = simplify(graph).of_kind(Transpose)
    assert turn.inputs == tuple(graph.inputs)


def test_a_batch_norm_of_channels_first_is_folded():
    x = keras.Input((3, 8, 9))
    y = layers.BatchNormalization(axis=1)(x)
    y = layers.Conv2D(4, 3, data_format=FIRST)(y)
    y = layers.ReLU()(layers.BatchNormalization(axis=1)(y))
    y = layers.Conv2D(4, 3, padding="same", use_bias=False, data_format=FIRST)(y)
    graph = simplify(check(keras.Model(x, layers.BatchNormalization(axis=1)(y))))
    assert not graph.of_kind(Affine)
    assert len(graph.of_kind(Linear)) == 2


def test_a_bias_is_where_keras_adds_it():
    """To the columns of an image with as many columns as channels (Keras 3.15)."""
    x = keras.Input((2, 5, 4))
    y = layers.Conv2D(4, 1, activation="relu", data_format=FIRST)(x)
    check(keras.Model(x, layers.Conv2D(3, 1, data_format=FIRST)(y)))


def test_the_ann_is_computed_where_tensorflow_cannot(monkeypatch):
    last, first = twins(NETWORKS[0])
    x, turned_x = samples(last)
    monkeypatch.setattr(forward, "convolves_first", lambda dtype: False)
    first.call = None  # it would fail
    (y,) = forward.all_outputs(first)(turned_x)
    np.testing.assert_allclose(y, last(x), rtol=1e-5, atol=1e-6)


def test_sequences_of_tokens_that_are_mixed_are_left_alone():
    """Transpositions between dense layers, of which no convolution reads one."""
    x = keras.Input((5, 4))
    y = layers.Permute((2, 1))(layers.LayerNormalization()(x))
    y = layers.Permute((2, 1))(layers.Dense(5, activation="relu")(y))
    model = models.randomise(keras.Model(x, layers.Dense(3)(x + y)))
    graph = import_model(model)
    kept = [node.name for node in simplify(graph).of_kind(Transpose)]
    assert kept == [node.name for node in graph.of_kind(Transpose)]
