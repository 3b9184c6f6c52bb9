"""Every registered method converts to a network that an epoch of ``fit`` improves."""

from importlib.resources import files

import keras
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.training import tunable

SAMPLES, T = 200, 4
METHODS = tfsnn.methods.methods()
WITHOUT_SLOPES = {"differential", "few_spikes", "radix", "sigma_delta", "ttfs"}


@pytest.fixture(scope="module")
def data():
    """Digits of 7 x 7 pixels, and their classes."""
    source = files("tfsnn_saved_models") / "mnist_cnn/test.npz"
    x, y = next(tfsnn.open_data(source, (28, 28, 1)).batches(SAMPLES))
    return x.reshape(-1, 7, 4, 7, 4).mean((2, 4)), y


@pytest.fixture(scope="module")
def ann(data):
    """A small network that has learnt something, and can learn more."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    dense = layers.Dense(16, activation="relu")
    ends = [layers.Flatten(), dense, layers.Dense(10, activation="softmax")]
    model = keras.Sequential([keras.Input((7, 7)), *ends])
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(*data, epochs=5, batch_size=20, verbose=0)
    return model


@pytest.fixture(scope="module")
def converted(ann, data):
    """The networks of all methods, each converted when it is first asked for."""
    made = {}

    def convert(name):
        if name not in made:
            made[name] = tfsnn.convert(ann, data[0], method=name, timesteps=T)
        return made[name]

    return convert


def loss(probabilities, y):
    return -np.mean(np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-7)))


def trained(snn, data, gradient):
    """Train for an epoch; return the network, and its outputs before and after."""
    keras.utils.set_random_seed(1)
    net = tunable(snn, gradient)
    before = net.predict(data[0], batch_size=SAMPLES, verbose=0)
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9, global_clipnorm=1.0)
    net.compile(optimizer, "sparse_categorical_crossentropy")
    net.fit(*data, epochs=1, batch_size=10, verbose=0)
    return net, before, net.predict(data[0], batch_size=SAMPLES, verbose=0)


@pytest.fixture(scope="module")
def by_rates(converted, data):
    """The networks of all methods, trained by rates when they are first asked for."""
    made = {}

    def train(name):
        if name not in made:
            made[name] = trained(converted(name), data, "rates")
        return made[name]

    return train


def same(one, other):
    """Programs with constant weights and with variables may round sums otherwise."""
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", METHODS)
def test_an_epoch_by_rates_lowers_the_loss_and_is_saved(
    name, by_rates, converted, data, tmp_path
):
    snn, (x, y) = converted(name), data
    net, before, after = by_rates(name)
    same(snn.predict(x, batch_size=SAMPLES, verbose=0), before)
    assert all(np.isfinite(w).all() for w in net.get_weights())
    assert loss(after, y) < loss(before, y) - 0.01
    net.save(tmp_path / "tuned.keras")
    loaded = tfsnn.load_model(tmp_path / "tuned.keras")
    same(loaded.predict(x, batch_size=SAMPLES, verbose=0), after)


@pytest.mark.slow
@pytest.mark.parametrize("name", METHODS)
def test_what_was_trained_is_exported(name, by_rates, data, tmp_path):
    net, _, after = by_rates(name)
    tfsnn.export.export_saved_model(net.spiking_model(), tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served" / "1"))
    signature = served.signatures["serving_default"]
    ((name_of_input, _),) = signature.structured_input_signature[1].items()
    for size in (1, 7):
        found = signature(**{name_of_input: tf.constant(data[0][:size])})["outputs"]
        np.testing.assert_allclose(found, after[:size], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(METHODS) - WITHOUT_SLOPES))
def test_an_epoch_through_time_lowers_the_loss(name, converted, data):
    _, before, after = trained(converted(name), data, "time")
    assert loss(after, data[1]) < loss(before, data[1]) - 0.01


@pytest.mark.parametrize("name", sorted(WITHOUT_SLOPES))
def test_spikes_without_slopes_are_refused_through_time(name, converted):
    with pytest.raises(tfsnn.OptionError, match="take gradient='rates'"):
        tunable(converted(name), "time")
