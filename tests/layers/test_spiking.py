"""Spiking layers with weights: the cell, whole sequences, and a loop in NumPy."""

import keras
import numpy as np
import pytest
import strsbp_reference
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.layers import (
    GridConnections,
    PoissonTrains,
    RandomConnections,
    SpikingCell,
    SpikingDense,
    SpikingRecurrent,
    leaky_neuron,
)

NEURONS = {
    "plain": {"decay": 0.5},
    "all": {
        **{"decay": 0.75, "synapse": 0.5, "refractory": 2, "threshold": 1.5},
        **{"reset": "zero", "surrogate": "arctan"},
    },
}


def weighted(layer, inputs=4):
    """The layer with weights that are multiples of 1/8: all sums are exact."""
    layer.build((None, inputs))
    rng = np.random.default_rng(3)
    layer.set_weights(
        [(rng.integers(-4, 9, w.shape) / 8).astype(np.float32) for w in layer.weights]
    )
    return layer


def trains(steps=12, batch=3, inputs=4):
    drawn = np.random.default_rng(4).random((batch, steps, inputs))
    return (drawn < 0.5).astype(np.float32)


def loop(x, weights, decay, synapse=0.0, refractory=0, threshold=1.0, **rest):
    """Spikes ``(B, T, units)``, from the equations of leaky neurons."""
    kernel, *recurrent, bias = weights
    units, zero = kernel.shape[1], rest.get("reset") == "zero"
    current, v, sent, waiting = np.zeros((4, len(x), units))
    spikes = []
    for step in np.moveaxis(x, 1, 0):
        new = step @ kernel + bias
        new = new + sent @ recurrent[0] if recurrent else new
        current = synapse * current + new
        ready = waiting == 0
        v = np.where(ready, decay * v + current, v)
        reached = np.clip(np.floor(v / threshold), 0, 1)
        sent = np.where(ready, reached, 0.0)
        waiting = np.where(sent > 0, refractory, np.maximum(waiting - 1, 0))
        v = np.where(sent > 0, 0.0, v) if zero else v - threshold * sent
        spikes.append(sent)
    return np.stack(spikes, 1)


@pytest.mark.parametrize("name", NEURONS)
def test_the_recurrent_layer_the_cell_and_the_loop_are_the_same(name):
    neuron, x = NEURONS[name], trains()
    layer = weighted(SpikingRecurrent(5, neuron, use_bias=True))
    cell = weighted(SpikingCell(5, neuron, use_bias=True))
    spikes = layer(x).numpy()
    kernel, bias, recurrent = (w.numpy() for w in layer.weights)
    expected = loop(x, [kernel, recurrent, bias], **neuron)
    np.testing.assert_array_equal(spikes, expected)
    found = keras.layers.RNN(cell, return_sequences=True)(x).numpy()
    np.testing.assert_array_equal(found, expected)
    assert 0 < spikes.mean() < 1


def test_the_dense_layer_is_the_loop():
    layer, x = weighted(SpikingDense(5, NEURONS["all"], use_bias=True)), trains()
    expected = loop(x, [w.numpy() for w in layer.weights], **NEURONS["all"])
    np.testing.assert_array_equal(layer(x), expected)


def test_lateral_inhibition_is_a_fixed_recurrence():
    layer = weighted(SpikingDense(5, {"decay": 0.5}, lateral=0.5))
    same = weighted(SpikingRecurrent(5, {"decay": 0.5}))
    same.set_weights([layer.kernel.numpy(), 0.5 * (np.eye(5) - 1.0)])
    spikes = layer(trains()).numpy()
    np.testing.assert_array_equal(spikes, same(trains()))
    alone = weighted(SpikingDense(5, {"decay": 0.5}))(trains()).numpy()
    assert spikes.sum() < alone.sum()


def test_two_halves_with_the_state_carried_are_one_run():
    layer, x = weighted(SpikingRecurrent(5, NEURONS["all"])), trains()
    whole = layer(x).numpy()
    first, state = layer.run(x[:, :5])
    second, _ = layer.run(x[:, 5:], state)
    np.testing.assert_array_equal(np.concatenate([first, second], 1), whole)
    rnn = keras.layers.RNN(
        weighted(SpikingCell(5, NEURONS["all"])), return_sequences=True, stateful=True
    )
    halves = [rnn(part).numpy() for part in (x[:, :5], x[:, 5:])]
    np.testing.assert_array_equal(np.concatenate(halves, 1), whole)


def test_masked_steps_are_left_out_by_the_cell():
    cell, x = weighted(SpikingCell(5, NEURONS["all"])), trains()
    rnn = keras.layers.RNN(cell)
    flags = np.ones(x.shape[:2], bool)
    flags[:, 7:] = False
    np.testing.assert_array_equal(rnn(x, mask=flags), rnn(x[:, :7]))


def test_time_constants_are_those_of_the_paper():
    layer = weighted(SpikingRecurrent(5, leaky_neuron(2.0, 16.0, 4.0, 2)))
    layer.set_weights([4.0 * w for w in layer.get_weights()])
    x, spikes = trains(40), layer(trains(40)).numpy()
    kernel, recurrent = layer.get_weights()
    for b in range(3):
        found, _ = strsbp_reference.forward(
            x[b], kernel, recurrent, (2.0, 16.0, 4.0, 2)
        )
        np.testing.assert_array_equal(spikes[b], found)
    assert spikes.any()


def test_gradients_reach_all_weights_and_absent_connections_stay_absent():
    layer = SpikingRecurrent(
        6, connections=RandomConnections(0.5, 1), kernel_initializer="ones"
    )
    model = keras.Sequential([keras.Input((8, 4)), layer])
    before = layer.recurrent_kernel.numpy()
    assert ((before == 0) == (layer.mask == 0)).all() and 0 < (before == 0).sum() < 36
    model.compile("adam", "mse")
    x = trains(8)
    model.fit(x, np.ones((3, 8, 6)), epochs=2, verbose=0)
    changed = layer.recurrent_kernel.numpy() != before
    assert changed.sum() > 5 and not changed[layer.mask == 0].any()


def test_by_time_the_gradient_is_that_of_the_smooth_step():
    """With one step, a neuron's output has the slope of its surrogate."""
    layer = SpikingDense(1, {"decay": 0.5, "surrogate": "triangle"})
    layer.build((None, 1, 1))
    layer.set_weights([np.full((1, 1), 0.75)])
    with tf.GradientTape() as tape:
        spikes = layer(np.ones((1, 1, 1), np.float32))
    assert spikes.numpy().item() == 0.0
    assert tape.gradient(spikes, layer.kernel.value).numpy().item() == 0.75


@pytest.mark.parametrize(
    "layer",
    [
        SpikingRecurrent(6, leaky_neuron(2.0), GridConnections((1, 2, 3), 5)),
        SpikingDense(6, NEURONS["all"], 0.5, kernel_regularizer="l2"),
        keras.layers.RNN(SpikingCell(6, connections=RandomConnections(0.5))),
    ],
)
def test_layers_are_saved_and_loaded(layer, tmp_path):
    model = keras.Sequential([keras.Input((12, 4)), layer])
    for weight in model.weights:
        weight.assign(np.abs(weight))  # so that it spikes, whatever was drawn
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(4 * trains()), loaded(4 * trains()))
    assert model(4 * trains()).numpy().any()
    same, layer = (getattr(la, "cell", la) for la in (loaded.layers[0], layer))
    assert same.get_config() == layer.get_config()


def test_connections_on_a_grid_become_rarer_with_distance():
    mask = GridConnections((5, 5, 16)).mask(400)
    places = np.stack(np.unravel_index(np.arange(400), (5, 5, 16)), 1)
    squares = np.square(places[:, None] - places[None]).sum(-1)
    # Mean of c over the pairs of kinds: 0.64 * 0.3 + 0.16 * (0.2 + 0.4) + 0.04 * 0.1.
    for square in (1, 2, 4):
        share = mask[squares == square].mean()
        assert share == pytest.approx(1.5 * 0.292 * np.exp(-square / 4), rel=0.15)
    assert not mask[squares > 40].any()


def test_trains_are_new_in_training_and_the_same_in_inference():
    layer, x = PoissonTrains(200, rate=0.5), np.full((2, 50), 0.4, np.float32)
    first, second = layer(x, training=True).numpy(), layer(x, training=True).numpy()
    assert first.mean() == pytest.approx(0.2, abs=0.01)
    assert (first != second).mean() == pytest.approx(2 * 0.2 * 0.8, abs=0.02)
    np.testing.assert_array_equal(layer(x), layer(x))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: SpikingDense(0), "units"),
        (lambda: SpikingDense(3, lateral=-1.0), "without sign"),
        (lambda: SpikingDense(3, {"leak": 0.5}), "have no leak"),
        (lambda: leaky_neuron(tau_s=0.5), "tau_s=0.5"),
        (lambda: leaky_neuron(threshold=0.0), "threshold=0.0"),
        (lambda: RandomConnections(0.0), "share=0.0"),
        (lambda: SpikingRecurrent(3, connections={"name": "Ring"}), "Ring"),
        (lambda: weighted(SpikingRecurrent(3, None, GridConnections())), "3 units"),
        (lambda: PoissonTrains(5, rate=2.0), "rate=2.0"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(OptionError, match=message):
        make()
