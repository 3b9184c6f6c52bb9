"""A recurrent model as the graph of one element computes what Keras does, step by step.

The reference is Keras itself, on each prefix of the sequences.
"""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from recurrent_networks import prefixes, sequences

import tfsnn
from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.network.graph import Graph
from tfsnn.network.passes import simplify
from tfsnn.sources import import_elements, import_model


def in_turn(model, x):
    """What the graph of one element says after each, its states handed on."""
    graph = simplify(import_elements(model))
    batch = x.shape[0]
    states = {name: tf.zeros((batch, *graph.inputs[name])) for name in graph.states}
    found = []
    for frame in range(x.shape[1]):
        (name,) = graph.given
        now = tf.constant(x[:, frame], tf.float32)
        values = graph.forward({name: now, **states})
        states = {name: values[output] for name, output in graph.kept.items()}
        found.append(np.asarray(values[graph.answers[0]]))
    return found


def stacked(*inside, shape=(None, 3)):
    return keras.Sequential([keras.Input(shape), *inside, layers.Dense(2)])


CASES = {
    "simple": lambda: stacked(layers.SimpleRNN(4, activation="relu")),
    "gru_before": lambda: stacked(layers.GRU(4, reset_after=False)),
    "lstm_sequences": lambda: stacked(layers.LSTM(4, return_sequences=True)),
    "stacked_cells": lambda: stacked(
        layers.RNN([layers.GRUCell(4), layers.LSTMCell(3)]),
    ),
    "normalised": lambda: stacked(
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.SimpleRNN(4, return_sequences=True),
        layers.LayerNormalization(),
        layers.Activation("silu"),
        layers.GRU(4),
    ),
    "wrapped": lambda: stacked(
        layers.TimeDistributed(layers.Reshape((3, 1))),
        layers.TimeDistributed(layers.Conv1D(2, 2, activation="relu")),
        layers.TimeDistributed(layers.Flatten()),
        layers.GRU(4),
    ),
    "model_inside": lambda: stacked(
        keras.Sequential([keras.Input((None, 3)), layers.GRU(4)]),
    ),
    "decoder": lambda: stacked(
        layers.GRU(4), layers.RepeatVector(3), layers.GRU(3, return_sequences=True)
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_after_each_element_it_is_keras_on_all_so_far(case):
    model, x = models.randomise(CASES[case]()), sequences(3, 5)
    for found, expected in zip(in_turn(model, x), prefixes(model, x), strict=True):
        if "sequences" in case:  # which answers each element
            expected = expected[:, -1]
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("zero", [False, True])
def test_masked_elements_change_no_state(zero):
    model = models.randomise(
        stacked(
            layers.Masking(),
            layers.LSTM(4, return_sequences=True, zero_output_for_mask=zero),
            layers.GRU(3),
        )
    )
    x = sequences(3, 6)
    x[0, 3:] = x[1, 2] = x[2, :3] = 0
    for found, expected in zip(in_turn(model, x), prefixes(model, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_tokens_come_one_by_one_and_those_masked_change_nothing():
    model = stacked(layers.Embedding(9, 4, mask_zero=True), layers.LSTM(4), shape=(5,))
    models.randomise(model)
    x = np.array([[1, 2, 0, 3, 0], [0, 0, 8, 1, 7]])
    np.testing.assert_allclose(in_turn(model, x)[-1], model(x), rtol=1e-5, atol=1e-6)


def test_images_go_through_convolutional_states():
    model = stacked(
        layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True),
        layers.TimeDistributed(layers.GlobalAveragePooling2D()),
        layers.GRU(3),
        shape=(4, 3, 3, 2),
    )
    models.randomise(model)
    x = np.random.default_rng(0).normal(size=(2, 4, 3, 3, 2)).astype(np.float32)
    np.testing.assert_allclose(in_turn(model, x)[-1], model(x), rtol=1e-5, atol=1e-6)


def test_calls_of_one_layer_have_states_of_their_own():
    x = keras.Input((None, 3))
    y, h = layers.GRU(4, return_sequences=True, return_state=True)(x)
    joined = layers.Concatenate(axis=2)([ops.tanh(y) * 2, x])
    shared = layers.SimpleRNN(5)
    z = layers.LSTM(4, return_sequences=True)(joined)[:, -1]
    both = [z, h, shared(layers.Dense(3)(joined)), shared(x)]
    model = models.randomise(keras.Model(x, layers.Concatenate()(both)))
    assert len(import_elements(model).states) == 5
    x = sequences(3, 5)
    for found, expected in zip(in_turn(model, x), prefixes(model, x), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_stateful_model_goes_on_where_it_was():
    layer = layers.LSTM(4, stateful=True)
    model = keras.Sequential([keras.Input((2, 3), batch_size=3), layer])
    models.randomise(model)
    x = sequences(3, 6)
    expected = [np.asarray(model(x[:, i : i + 2])) for i in (0, 2, 4)]
    np.testing.assert_allclose(in_turn(model, x)[1::2], expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(
        UnsupportedError, match=r"convert for streams \(over_time=True\)"
    ):
        import_model(model)


def test_a_value_beside_the_sequence_is_the_same_at_each_element():
    x, value = keras.Input((None, 3)), keras.Input((2,))
    y = layers.Concatenate()([layers.GRU(4)(x), value])
    model = models.randomise(keras.Model([x, value], layers.Dense(2)(y)))
    graph = import_elements(model)
    assert list(graph.given.values()) == [(3,), (2,)]


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        (layers.Bidirectional(layers.GRU(4)), "from its end as well"),
        (layers.GRU(4, go_backwards=True), "go_backwards=True"),
        (layers.Conv1D(4, 2), "it may mix its elements"),
        (layers.Flatten(), "it may mix its elements"),
        (layers.GlobalAveragePooling1D(), "it may mix its elements"),
        (layers.LayerNormalization(axis=(1, 2)), "it may mix its elements"),
        (layers.Softmax(axis=1), "it may mix its elements"),
    ],
)
def test_what_reads_other_elements_is_refused(inside, says):
    first = layers.GRU(4, return_sequences=True)
    model = keras.Sequential([keras.Input((5, 3)), first, inside])
    with pytest.raises(UnsupportedError, match=says) as refused:
        import_elements(model)
    assert inside.name in str(refused.value)
    assert "or convert without over_time" in str(refused.value)


def test_all_that_is_refused_is_named_at_once():
    x = keras.Input((5, 3))
    y = layers.Bidirectional(layers.GRU(4, return_sequences=True), name="both")(x)
    y = layers.Conv1D(4, 2, name="mixing")(y)
    value = keras.Input((4,))
    state = layers.Dense(4)(value)
    z = layers.GRU(4, name="begun")(y, initial_state=state)
    attention = layers.Attention(name="attending")([y, y])
    model = keras.Model([x, value], [z, attention])
    with pytest.raises(UnsupportedError) as refused:
        import_elements(model)
    for name in ("both", "mixing", "begun", "attending"):
        assert f"  {name} (" in str(refused.value)


def test_a_sequence_and_a_value_are_not_joined():
    x = keras.Input((5, 3))
    last = layers.Reshape((1, 4))(layers.GRU(4)(x))
    sequence = layers.GRU(4, return_sequences=True)(x)
    model = keras.Model(x, layers.Add(name="joined")([sequence, last]))
    with pytest.raises(UnsupportedError, match=r"joined \(Add\): it joins a sequence"):
        import_elements(model)


def test_a_network_without_recurrence_over_its_frames_is_refused():
    inside = keras.Sequential([keras.Input((4, 3)), layers.GRU(2)])
    model = keras.Sequential([keras.Input((5, 4, 3)), layers.TimeDistributed(inside)])
    with pytest.raises(ModelError, match="no recurrent layer reads the elements"):
        import_elements(model)


def test_states_are_in_the_config_and_checked():
    graph = import_elements(models.randomise(stacked(layers.LSTM(4))))
    config = graph.to_config()
    again = Graph.from_config(config)
    assert again.to_config() == config and again.kept == graph.kept
    assert graph.outputs[:1] == graph.answers and len(graph.kept) == 2


def test_a_file_with_a_loop_is_recognised(tmp_path):
    model = models.randomise(stacked(layers.GRU(4), shape=(5, 3)))
    model.export(tmp_path / "saved", verbose=False)
    loaded = tfsnn.load_model(tmp_path / "saved")
    x = sequences(3, 5)
    np.testing.assert_allclose(in_turn(loaded, x)[-1], model(x), rtol=1e-5, atol=1e-6)


def test_a_free_length_is_told_of_over_time():
    with pytest.raises(ModelError, match=r"size, \?,3; .*convert over time"):
        import_model(stacked(layers.GRU(2)))
