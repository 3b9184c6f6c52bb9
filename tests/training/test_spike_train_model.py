"""Models that learn by ST-RSBP through Keras' own fit, save and load."""

import keras
import numpy as np
import pytest

from tfsnn.errors import ModelError, OptionError
from tfsnn.layers import (
    PoissonTrains,
    RandomConnections,
    SpikingDense,
    SpikingRecurrent,
    leaky_neuron,
)
from tfsnn.training import FanInPenalty, SpikeCounts, SpikeTrainModel, boosted

UNIFORM = keras.initializers.RandomUniform(-1.0, 1.0, seed=0)
X = np.repeat(np.eye(3, dtype=np.float32), 4, 1)[[0, 1, 2] * 8]
Y = np.array([0, 1, 2] * 8)


def network(variant="diagonal", **options):
    keras.utils.set_random_seed(0)
    neuron = leaky_neuron(2.0, 16.0, 4.0, 2)
    middle = SpikingRecurrent(
        *(20, neuron, RandomConnections(0.5)),
        kernel_initializer=UNIFORM,
        recurrent_initializer=keras.initializers.RandomUniform(-1.0, 1.0, seed=1),
    )
    last = SpikingDense(
        *(3, neuron, 1.0),
        kernel_initializer=UNIFORM,
        kernel_regularizer=options.get("penalty"),
    )
    model = SpikeTrainModel(
        [keras.Input((12,)), PoissonTrains(50, 0.5), middle, last], variant
    )
    model.compile(
        keras.optimizers.Adam(0.02),
        SpikeCounts(12, 2, 1),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    return model


@pytest.fixture(scope="module")
def learnt():
    model = network()
    first = model.evaluate(X, Y, verbose=0, return_dict=True)
    history = model.fit(X, Y, batch_size=12, epochs=15, verbose=0).history
    return model, first, history


def test_a_network_learns(learnt):
    model, first, history = learnt
    last = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert last["accuracy"] == 1.0 and last["loss"] < first["loss"] / 4
    assert history["loss"][-1] < history["loss"][0] / 4
    assert model.output_shape == (None, 3) and model.predict(X, verbose=0).shape == (
        24,
        3,
    )


def test_absent_connections_stay_absent(learnt):
    layer = learnt[0].layers[1]
    weights = layer.recurrent_kernel.numpy()
    assert ((weights == 0) == (layer.mask == 0)).all()


@pytest.mark.slow
def test_the_variant_adjoint_learns():
    model = network("adjoint")
    history = model.fit(X, Y, batch_size=12, epochs=10, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2


def test_a_saved_model_counts_the_same_and_goes_on_the_same(learnt, tmp_path):
    model = network("adjoint")
    model.fit(X, Y, batch_size=12, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.variant == "adjoint"
    np.testing.assert_array_equal(
        model.predict(X, verbose=0), loaded.predict(X[:24], verbose=0)
    )
    for each in (model, loaded):
        each.fit(X, Y, batch_size=12, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_counts_are_those_of_the_layers(learnt):
    model, x = learnt[0], X[:3]
    for layer in model.layers:
        x = layer(x)
    np.testing.assert_array_equal(model.predict(X[:3], verbose=0), np.sum(x, 1))


def test_a_silent_neuron_of_the_class_learns_to_fire():
    model = network()
    last = model.layers[-1]
    last.set_weights([np.zeros_like(last.get_weights()[0])])
    assert not model.predict(X, verbose=0).any()
    model.fit(X, Y, batch_size=12, epochs=8, verbose=0)
    assert model.predict(X, verbose=0).any(0).all()


def test_the_loss_counts_what_is_beyond_the_margin():
    loss, counts = SpikeCounts(35, 5, 5), np.array([[29.0, 10.0, 12.0, 0.0]])
    for labels in ([0], [[0]], [[1.0, 0.0, 0.0, 0.0]]):
        found = float(loss(np.array(labels), counts))
        assert found == 0.5 * (6.0**2 + 7.0**2)


def test_samples_that_are_wrong_gain_weight():
    found = boosted([1.0, 3.0, 1.0, 1.0], [0, 0, 1, 1], [0, 1, 1, 1], rate=2.0)
    np.testing.assert_allclose(found, [1.0, 3.0 * np.exp(0.75 * 2.0), 1.0, 1.0])


def test_the_penalty_has_the_published_gradient():
    import tensorflow as tf

    w = tf.Variable(np.random.default_rng(0).normal(0, 8, (5, 2)).astype(np.float32))
    with tf.GradientTape() as tape:
        value = FanInPenalty(10.0, 0.5)(w)
    share = w.numpy() / 8.0
    mean = np.square(share).sum(0) / 6
    expected = 10.0 * 0.5 * share * np.exp(0.5 * (mean - 1.0))
    np.testing.assert_allclose(tape.gradient(value, w), expected, rtol=1e-4)


@pytest.mark.slow
def test_a_penalty_is_part_of_the_gradient():
    plain, held = network(), network(penalty=FanInPenalty(1e4, 0.04))
    for model in (plain, held):
        model.fit(X, Y, batch_size=12, epochs=3, verbose=0)
    plain, held = (np.abs(m.layers[-1].get_weights()[0]).mean() for m in (plain, held))
    assert held < plain


@pytest.mark.parametrize(
    "layers, message",
    [
        ([SpikingDense(3, {"reset": "subtract"})], "reset to zero"),
        ([SpikingDense(3, leaky_neuron(), use_bias=True)], "gradient for a bias"),
        ([keras.layers.Dense(3)], "last layers must be spiking"),
        ([SpikingDense(3, leaky_neuron()), keras.layers.Dense(3)], "dense.* behind"),
    ],
)
def test_models_that_cannot_learn_so_are_refused(layers, message):
    model = SpikeTrainModel([keras.Input((20, 4)), *layers])
    with pytest.raises(ModelError, match=message):
        model(np.zeros((1, 20, 4), np.float32))


def test_a_layer_without_spikes_is_named_before_training():
    model = network()
    model.layers[1].set_weights([np.zeros((12, 20)), np.zeros((20, 20))])
    with pytest.raises(ModelError, match="no neuron fires for any of 24 inputs"):
        model.fit(X, Y, verbose=0)
    assert not model.optimizer.iterations.numpy()


def test_an_unknown_variant_is_refused():
    with pytest.raises(OptionError, match="variant='exact'"):
        SpikeTrainModel(variant="exact")
