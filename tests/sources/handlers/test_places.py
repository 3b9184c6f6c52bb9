"""TimeDistributed of what spikes: the nodes of one place, for all places at once."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.network.nodes import Rate, Recurrence
from tfsnn.network.operations import count_operations
from tfsnn.sources import import_model
from tfsnn.sources.handlers import wrappers

PLACES = 20
IMAGE = (6, 6, 2)


def residual():
    x = keras.Input(IMAGE)
    y = layers.Conv2D(2, 3, padding="same", activation="relu6")(x)
    y = layers.BatchNormalization()(layers.Add()([x, y]))
    y = layers.Concatenate()([y, layers.LeakyReLU()(x)])
    return keras.Model(x, layers.Flatten()(layers.ZeroPadding2D()(y)))


INSIDE = {
    "convolution": lambda: layers.Conv2D(3, 3, strides=2, activation="relu"),
    "depthwise": lambda: keras.Sequential(
        [
            keras.Input((6, 2)),
            layers.DepthwiseConv1D(3, activation="relu"),
            layers.Conv1D(3, 2, dilation_rate=2, activation="relu"),
            layers.Permute((2, 1)),
            layers.Cropping1D((1, 0)),
        ]
    ),
    "pooling": lambda: keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.Dropout(0.5),
            layers.MaxPooling2D(2),
            layers.AveragePooling2D(2, strides=1, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(5, activation="hard_sigmoid"),
        ]
    ),
    "maximum": lambda: keras.Sequential(
        [
            keras.Input(IMAGE),
            layers.ReLU(),
            layers.GlobalMaxPooling2D(),
            layers.Dense(4, activation="silu"),
            layers.Dense(4, activation="relu"),
        ]
    ),
    "residual": residual,
}


def model_of(inside, places=PLACES):
    inner = INSIDE[inside]()
    shape = inner.input_shape[1:] if isinstance(inner, keras.Model) else IMAGE
    each = layers.TimeDistributed(inner, name="each")
    model = keras.Sequential(
        [keras.Input((places, *shape)), each, layers.Flatten(), layers.Dense(3)]
    )
    return models.randomise(model)


def forward(graph, x):
    return np.asarray(graph.forward(tf.constant(x))[graph.outputs[0]])


@pytest.mark.parametrize("inside", INSIDE)
def test_all_places_at_once_are_as_one_after_the_other(inside, monkeypatch):
    model = model_of(inside)
    x = models.samples(model, 3)
    graph = import_model(model)
    populations = graph.of_kind(Rate)
    assert populations and all(node.shape[0] == PLACES for node in populations)
    np.testing.assert_allclose(forward(graph, x), model(x), rtol=1e-5, atol=1e-5)
    monkeypatch.setattr(wrappers, "WITHOUT_NEURONS", PLACES)
    copies = import_model(model)
    assert len(copies.of_kind(Rate)) == PLACES * len(populations)
    assert count_operations(graph).ann_macs == count_operations(copies).ann_macs
    assert len(graph.nodes) < len(copies.nodes) / 8


def test_what_cannot_be_at_once_has_nodes_for_each_place():
    inner = keras.Sequential(
        [
            keras.Input((3, 3, 3, 1)),
            layers.Conv3D(2, 2, activation="relu"),
            layers.Flatten(),
        ]
    )
    model = keras.Sequential(
        [keras.Input((18, 3, 3, 3, 1)), layers.TimeDistributed(inner)]
    )
    x = models.samples(models.randomise(model), 2)
    graph = import_model(model)
    assert len(graph.of_kind(Rate)) == 18 and not graph.of_kind(Recurrence)
    np.testing.assert_allclose(forward(graph, x), model(x), rtol=1e-5, atol=1e-5)


def test_layers_inside_are_reported_under_their_own_names():
    graph = import_model(model_of("pooling"))
    named = {record.layer: record.layer_class for record in graph.layers}
    assert named["each"] == "TimeDistributed"
    assert {"Conv2D", "Dropout", "Dense"} <= set(named.values())
    layers_of = {node.layer for node in graph.of_kind(Rate)}
    assert layers_of <= set(named) and any("each/" in name for name in layers_of)


@pytest.mark.parametrize("method", ["ttfs", "augmapping"])
def test_it_converts_with_one_population_for_all_places(method):
    model = model_of("pooling")
    x = models.samples(model, 30)
    snn = tfsnn.convert(model, x, method)
    (conv,) = (name for name in snn.populations if "conv" in name)
    assert snn.populations[conv] == (PLACES, 2, 2, 4)  # pooled before
    expected = np.asarray(model(x[:8]))
    error = np.abs(snn.predict(x[:8], verbose=0) - expected).max()
    assert 0 < error < np.ptp(expected) / 20


def test_a_layer_that_does_nothing_is_dropped_at_many_places():
    model = keras.Sequential(
        [keras.Input((PLACES, 3)), layers.TimeDistributed(layers.Dropout(0.5))]
    )
    x = models.samples(model, 2)
    assert (forward(import_model(model), x) == x).all()
