"""Recurrent layers of SavedModels and frozen graphs, which are loops there."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from graph_files import write
from keras import layers as L
from saved_model_files import assert_equal, draw, export, kinds, save
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

import tfsnn
from tfsnn.network.nodes import Recurrence
from tfsnn.sources import import_model, load_model
from tfsnn.sources.saved_model.loops import search

RNG = np.random.default_rng(0)


class Sine(keras.Layer):
    """A cell of one's own, as only a SavedModel has it."""

    state_size = output_size = 3

    def build(self, shape):
        self.kernel = self.add_weight((shape[-1], 3))

    def call(self, x, states, training=False):
        y = keras.ops.sin(keras.ops.matmul(x, self.kernel)) + 0.5 * states[0]
        return y, [y]


def sequence(shape, *stack, **given):
    return keras.Sequential([keras.Input(shape, **given), *stack])


def states():
    x, h, c = keras.Input((5, 2)), keras.Input((3,)), keras.Input((3,))
    layer = L.LSTM(3, return_sequences=True, return_state=True)
    return keras.Model([x, h, c], layer(x, initial_state=[h, c]))


def encoder():
    """Initial states from another loop."""
    x = keras.Input((4, 2))
    _, h = L.GRU(3, return_state=True)(x)
    return keras.Model(x, L.GRU(3, return_sequences=True)(x, initial_state=h))


SMALL = {
    "LSTM": lambda: sequence((4, 2), L.LSTM(3), L.Dense(2)),
    "GRU": lambda: sequence((4, 2), L.GRU(3, return_sequences=True, dropout=0.2)),
    "GRU, reset before": lambda: sequence((4, 2), L.GRU(3, reset_after=False)),
    "both directions": lambda: sequence(
        (4, 2), L.Bidirectional(L.SimpleRNN(3, return_sequences=True)), L.LSTM(2)
    ),
    "states": states,
    "encoder": encoder,
    "mask": lambda: sequence(
        (5,), L.Embedding(9, 3, mask_zero=True), L.LSTM(2), L.Dense(2), dtype="int32"
    ),
    "cells": lambda: sequence((4, 2), L.RNN([L.LSTMCell(3), L.GRUCell(2)])),
    "a cell of one's own": lambda: sequence((4, 2), L.RNN(Sine()), L.Dense(2)),
    "ConvLSTM1D": lambda: sequence((3, 4, 2), L.ConvLSTM1D(2, 2), L.Flatten()),
}
QUICK = ("LSTM", "states")


def inputs(model, count=4):
    return [
        RNG.integers(0, 5, (count, *x.shape[1:])).astype(np.int32)
        if "int" in x.dtype
        else draw(RNG, count, *x.shape[1:])
        for x in model.inputs
    ]


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in SMALL],
)
def test_loops_become_layers_that_compute_the_same(name, tmp_path):
    model = SMALL[name]()
    rebuilt = load_model(export(model, tmp_path / "m"))
    loops = kinds(rebuilt).count("ModelRNN")
    assert loops == {"both directions": 3, "encoder": 2}.get(name, 1)
    given = inputs(model)
    assert_equal(rebuilt, model, *given)
    graph = import_model(rebuilt)
    names = [x.name for x in rebuilt.inputs]
    fed = {n: x.astype(np.float32) for n, x in zip(names, given, strict=True)}
    wanted = keras.tree.flatten(rebuilt(dict(zip(names, given, strict=True))))
    values = graph.forward(fed)
    for node, y in zip(graph.outputs, wanted, strict=True):
        np.testing.assert_allclose(values[node], y, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "SimpleRNN"])
def test_loops_of_keras_2(kind, tmp_path):
    old = tf_keras.layers
    layer = getattr(old, kind)(3, return_sequences=True)
    model = tf_keras.Sequential([old.Input((4, 2)), layer, old.GRU(2), old.Dense(2)])
    model.set_weights([0.5 * draw(RNG, *w.shape) for w in model.get_weights()])
    tf.saved_model.save(model, str(tmp_path / "m"))
    rebuilt = load_model(tmp_path / "m")
    assert kinds(rebuilt).count("ModelRNN") == 2
    x = draw(RNG, 5, 4, 2)
    np.testing.assert_allclose(rebuilt(x), model(x), atol=1e-6)


def test_a_loop_of_a_frozen_graph_of_a_length_that_is_given(tmp_path):
    model = models.randomise(sequence((None, 2), L.GRU(3, name="memory"), L.Dense(2)))
    call = tf.function(
        model, input_signature=[tf.TensorSpec((None, None, 2), name="x")]
    )
    frozen = convert_variables_to_constants_v2(
        call.get_concrete_function(), lower_control_flow=False
    )
    path = write(tmp_path / "frozen.pb", frozen.graph.as_graph_def())
    rebuilt = load_model(path, input_shape=(6, 2))
    (layer,) = (each for each in rebuilt.layers if type(each).__name__ == "ModelRNN")
    assert "memory" in layer.name
    x = draw(RNG, 3, 6, 2)
    np.testing.assert_allclose(rebuilt(x), model(x), atol=1e-6)


def test_a_long_loop_is_one_node_and_converts(tmp_path):
    model = sequence((70, 2), L.GRU(3), L.Dense(2))
    rebuilt = load_model(export(model, tmp_path / "m"))
    x = draw(RNG, 8, 70, 2)
    network = tfsnn.convert(rebuilt, x)
    (node,) = network.graph.of_kind(Recurrence)
    assert node.last
    np.testing.assert_allclose(network(x), model(x), atol=1e-5)
    rebuilt.save(tmp_path / "rebuilt.keras")
    again = keras.saving.load_model(tmp_path / "rebuilt.keras")
    np.testing.assert_array_equal(again(x), rebuilt(x))


def test_a_step_that_reads_another_tensor_stays_written_out(tmp_path):
    kernel = draw(RNG, 3, 3)

    def function(x, context):
        places = tf.TensorArray(tf.float32, 4).unstack(tf.transpose(x, (1, 0, 2)))
        return tf.while_loop(
            lambda i, _: i < 4,
            lambda i, h: (i + 1, tf.tanh(places.read(i) + h @ kernel) * context),
            (0, tf.zeros_like(context)),
        )[1]

    rebuilt = load_model(save(tmp_path / "m", function, (None, 4, 3), (None, 3)))
    assert "ModelRNN" not in kinds(rebuilt)
    x, context = draw(RNG, 5, 4, 3), draw(RNG, 5, 3)
    wanted = function(x, tf.constant(context))
    np.testing.assert_allclose(rebuilt({"x0": x, "x1": context}), wanted, atol=1e-6)


def test_loops_that_are_too_long_are_refused(tmp_path, monkeypatch):
    path = export(sequence((4, 2), L.SimpleRNN(3)), tmp_path / "m")
    monkeypatch.setattr(search, "MOST_OPERATIONS", 20)
    with pytest.raises(tfsnn.UnsupportedError, match="recurrent layers do"):
        load_model(path)
