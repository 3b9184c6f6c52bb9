"""Recurrent layers compute what Keras does: written out, and as one node."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from examples_recurrent import ARGUMENTS, cells
from handler_cases import check
from keras import layers

import tfsnn
from examples import Example, stack
from tfsnn.errors import UnsupportedError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, Recurrence
from tfsnn.network.operations import count_operations
from tfsnn.sources import import_model
from tfsnn.sources.handlers import recurrent


def at_once(monkeypatch):
    """Make one node of every recurrent layer."""
    monkeypatch.setattr(recurrent, "WITH_NEURONS", 0)
    monkeypatch.setattr(recurrent, "WITHOUT_NEURONS", 0)


def again(example):
    """The example, to be translated another time."""
    same = Example(example.build)
    same.model = example.model
    return same


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_layer_computes_what_keras_does_in_both_forms(name, monkeypatch):
    example = ARGUMENTS[name]
    assert not check(again(example)).of_kind(Recurrence)
    at_once(monkeypatch)
    graph = check(again(example))
    assert len(graph.of_kind(Recurrence)) == 1 + ("both" in name)
    config = graph.to_config()
    assert Graph.from_config(config).to_config() == config


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        # x W at 20 places, h U, and an operation for each function of each value.
        (layers.SimpleRNN(3), 20 * (2 * 3 + 3 * 3 + 3)),
        (layers.GRU(3), 20 * (2 * 9 + 3 * 9 + 2 * 3 + 3 + 3 * 3)),
        (layers.LSTM(3), 20 * (2 * 12 + 3 * 12 + 3 * 3 + 2 * 3 + 3 * 3)),
        (layers.LSTM(3, return_sequences=True), 20 * (24 + 36 + 24)),
    ],
)
def test_operations_are_the_same_in_both_forms(layer, macs, monkeypatch):
    model = keras.Sequential([keras.Input((20, 2)), layer])
    assert count_operations(import_model(model)).ann_macs == macs
    monkeypatch.setattr(recurrent, "WITHOUT_NEURONS", 20)
    graph = import_model(model)
    assert not graph.of_kind(Recurrence)
    assert count_operations(graph).ann_macs == macs


def test_convolutions_of_states_are_counted_without_padding(monkeypatch):
    at_once(monkeypatch)
    layer = layers.ConvLSTM1D(1, 3, padding="same")
    model = keras.Sequential([keras.Input((3, 4, 2)), layer])
    functions = 3 + 2 + 3  # gates, activations, products: of each of 4 values
    windows = 4 * 3 - 2  # positions that are no padding
    expected = 3 * (windows * 2 * 4 + windows * 4 + 4 * functions)
    assert count_operations(import_model(model)).ann_macs == expected


def test_relus_in_a_step_spike():
    model = keras.Sequential(
        [keras.Input((6, 4)), layers.SimpleRNN(8, activation="relu"), layers.Dense(3)]
    )
    models.randomise(model)
    graph = import_model(model)
    assert len(graph.of_kind(Rate)) == 6
    x = np.random.default_rng(0).normal(size=(40, 6, 4)).astype(np.float32)
    expected = model(x).numpy()
    errors = [
        np.abs(np.asarray(tfsnn.convert(model, x, timesteps=t)(x)) - expected).mean()
        for t in (4, 32)
    ]
    assert errors[1] < errors[0] / 2 and errors[1] < 0.02 * np.abs(expected).max()


def test_smooth_activations_of_a_short_sequence_spike_where_neurons_compute_them():
    model = keras.Sequential([keras.Input((4, 3)), layers.LSTM(4), layers.Dense(2)])
    models.randomise(model)
    x = np.random.default_rng(0).normal(size=(64, 4, 3)).astype(np.float32)
    network = tfsnn.convert(model, x, method="few_spikes", timesteps=12)
    # Three gates and tanh of each place, and what is multiplied with another signal.
    assert len([node for node in network.graph if node.spikes]) == 19
    assert "running sum" not in {node.role for node in network.report.nodes}
    expected = model(x).numpy()
    error = np.abs(np.asarray(network(x)) - expected).max()
    assert error < 0.1 * np.abs(expected).max()


def behind_neurons(length, **arguments):
    return keras.Sequential(
        [
            keras.Input((length, 3)),
            layers.Conv1D(6, 3, padding="same", activation="relu"),
            layers.Bidirectional(layers.GRU(4, **arguments)),
            layers.Dense(2),
        ]
    )


def test_a_long_sequence_is_the_recurrence_of_mean_inputs(tmp_path):
    """Exactly what Keras computes of the rates that the neurons have sent."""
    model = models.randomise(behind_neurons(40))
    x = np.random.default_rng(1).normal(size=(20, 40, 3)).astype(np.float32)
    network = tfsnn.convert(model, x, timesteps=3)
    assert len(network.graph.of_kind(Recurrence)) == 2
    found = np.asarray(network(x))
    rates = keras.Model(model.inputs, model.layers[0].output)
    spiking = tfsnn.convert(rates, x, timesteps=3)
    behind = keras.Model(model.layers[0].output, model.outputs)
    np.testing.assert_allclose(
        found, behind(np.asarray(spiking(x))), atol=2e-5 * np.abs(found).max()
    )
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(x)), found)
    compiled = tf.function(network, jit_compile=True)(tf.constant(x))
    np.testing.assert_allclose(compiled, found, atol=1e-4)


def refusal(layer, shape=(7, 4)):
    x = keras.Input(batch_shape=(2, *shape))
    with pytest.raises(UnsupportedError) as caught:
        import_model(keras.Model(x, layer(x)))
    ((_, _, reason),) = caught.value.problems
    return reason


class MyCell(layers.GRUCell):
    """A cell of one's own."""


def test_what_cannot_be_converted_is_refused_with_its_reason():
    assert "stateful=True" in refusal(layers.LSTM(3, stateful=True))
    assert "its cell is a MyCell" in refusal(layers.RNN(MyCell(3)))
    stacked = layers.StackedRNNCells([*cells(), MyCell(3)])
    assert "its cell is a MyCell" in refusal(layers.RNN(stacked))
    first = layers.ConvLSTM1D(2, 2, data_format="channels_first")
    assert "channels_first" in refusal(first, (3, 2, 5))


@keras.saving.register_keras_serializable()
class MyGru(layers.GRU):
    """A layer of one's own in both directions."""


def test_a_layer_of_ones_own_in_both_directions_is_refused():
    assert "it holds a MyGru" in refusal(layers.Bidirectional(MyGru(3)))


def test_recurrent_layers_at_many_steps_are_one_node():
    model = stack((200, 4, 3), layers.TimeDistributed(layers.LSTM(2)))
    graph = check(model)
    assert len(list(graph)) == 3 and len(graph.of_kind(Recurrence)) == 1
    inner = 4 * (3 * 8 + 2 * 8 + 8 * 2)  # of 4 places: kernels, gates and products
    assert count_operations(graph).ann_macs == 200 * inner


def test_relus_at_many_steps_spike():
    inner = keras.Sequential([keras.Input((3, 2)), layers.Conv1D(2, 2), layers.ReLU()])
    model = keras.Sequential([keras.Input((20, 3, 2)), layers.TimeDistributed(inner)])
    (population,) = import_model(model).of_kind(Rate)
    assert population.shape == (20, 2, 2)


def test_a_sequence_of_one_place():
    check(stack((1, 3), layers.LSTM(2, return_sequences=True)))


def test_a_strict_conversion_says_why_nothing_of_a_loop_spikes():
    model = keras.Sequential([keras.Input((40, 2)), layers.GRU(3), layers.Dense(2)])
    with pytest.raises(UnsupportedError, match="loops over the places") as refused:
        tfsnn.convert(model, np.ones((9, 40, 2)), "few_spikes", strict=True)
    assert "Convert over time (over_time=True)" in str(refused.value)
