"""Layers of neurons that learn: values, gradients, trained parameters, files."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from leaky_reference import LEAKY, arguments, reference
from neuron_reference import NEURONS
from neuron_reference import reference as integrate_fire

from tfsnn.errors import OptionError
from tfsnn.layers import (
    ConstantCurrent,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
)
from tfsnn.surrogates import SURROGATES, ArcTan


def sequence(*shape, seed=0):
    """Currents ``(B, T, *units)``, multiples of 1/16."""
    drawn = np.random.default_rng(seed).integers(-16, 32, shape)
    return (drawn / 16).astype(np.float32)


def in_time(function, x, **values):
    """A reference over axis 0 of the steps, for sequences."""
    return np.moveaxis(function(np.moveaxis(x, 1, 0), **values)[0], 0, 1)


@pytest.mark.parametrize("name", LEAKY)
def test_the_leaky_layer_is_the_reference(name):
    x = sequence(2, 8, 3, 2)
    spikes = LeakyIntegrateFire(**arguments(name))(x).numpy()
    expected = in_time(reference, x.astype(float), **LEAKY[name])
    assert (spikes == expected).all() and spikes.any()


@pytest.mark.parametrize("length", [5, 20])
def test_training_written_out_in_a_loop_or_by_xla_is_inference(length):
    layer, x = LeakyIntegrateFire(0.75, synapse=0.5), sequence(2, length, 6)
    eager = layer(x).numpy()
    for training in (False, True):
        for known in (length, None):
            signature = tf.TensorSpec((None, known, 6))
            function = tf.function(layer, autograph=False).get_concrete_function(
                signature, training=training
            )
            assert (function(tf.constant(x)).numpy() == eager).all()
    assert eager.any()


@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
@pytest.mark.parametrize(
    "make",
    [
        lambda s: IntegrateFire(surrogate=s),
        lambda s: IntegrateFire(0.5, 0.25, 2, surrogate=s, reset="zero", leak=0.25),
        lambda s: LeakyIntegrateFire(surrogate=s),
        lambda s: LeakyIntegrateFire(
            0.9, 0.5, 0.5, 1, "zero", surrogate=s, max_coefficient=3
        ),
    ],
)
def test_every_surrogate_passes_gradients_through_every_neuron(make, surrogate):
    x, layer = tf.constant(sequence(3, 6, 40)), make(surrogate)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    gradient = tape.gradient(y, x).numpy()
    assert np.abs(gradient).sum((0, 2)).min() > 0  # at each step
    without = type(layer).from_config({**layer.get_config(), "surrogate": None})
    assert (without(x).numpy() == y.numpy()).all()  # the spikes are the same


@pytest.mark.parametrize("surrogate", sorted(SURROGATES))
@pytest.mark.parametrize("most", [1, 3])
def test_signed_neurons_have_the_slopes_of_all_levels(surrogate, most):
    u = np.linspace(-4.03, 4.02, 57, dtype=np.float32)
    neuron = IntegrateFire(1.0, 0.25, most, surrogate=surrogate).neuron
    state = neuron.initial_state((57,))._replace(unsent=tf.fill((57,), -3.0))
    x, slope = tf.constant(u), SURROGATES[surrogate]().slope
    with tf.GradientTape() as tape:
        tape.watch(x)
        c, _ = neuron.step(x, state)
    assert set(c.numpy()) == {*range(-most, most + 1)}
    expected = sum(slope(x - 1.0 - k) + slope(-x - 0.25 - k) for k in range(most))
    np.testing.assert_allclose(tape.gradient(c, x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("per_channel", [False, True])
def test_trained_parameters_begin_as_given_learn_and_stay_in_range(per_channel):
    layer = LeakyIntegrateFire(
        0.9,
        0.75,
        0.25,
        train_threshold=True,
        train_decay=True,
        train_synapse=True,
        per_channel=per_channel,
    )
    x = sequence(4, 6, 5)
    layer.build(x.shape)
    weights = {w.name: w for w in layer.trainable_weights}
    shape = (5,) if per_channel else ()
    assert {(n, *w.shape) for n, w in weights.items()} == {
        (f"raw_{name}", *shape) for name in ("threshold", "decay", "synapse")
    }
    given = {"threshold": 0.75, "decay": 0.9, "synapse": 0.25}
    for name, value in given.items():
        np.testing.assert_allclose(getattr(layer.neuron, name), value, rtol=3e-7)
    with tf.GradientTape() as tape:
        y = layer(x, training=True)
    gradients = tape.gradient(y, [*weights.values()])
    for name, gradient in zip(weights, gradients, strict=True):
        assert (gradient.numpy() != 0).all(), name
    for weight in weights.values():
        weight.assign(tf.fill(shape, -30.0))
    neuron = layer.neuron
    for name in given:
        assert (np.asarray(getattr(neuron, name)) > 0).all()
    assert np.isfinite(layer(x)).all()


def test_a_threshold_of_integrate_fire_is_trained_and_only_then_a_weight():
    layer = IntegrateFire(0.5, train_threshold=True, per_channel=True)
    x = sequence(2, 8, 3)
    np.testing.assert_allclose(layer(x), IntegrateFire(0.5)(x))
    layer.raw_threshold.assign(np.log(np.expm1([0.25, 0.5, 1.0])))
    for i, θ in enumerate((0.25, 0.5, 1.0)):
        expected = in_time(integrate_fire, x[..., i : i + 1] + 1e-4, θ=θ, most=1)
        assert (layer(x + 1e-4).numpy()[..., i : i + 1] == expected).all()
    assert not IntegrateFire(0.5).weights
    assert NEURONS  # the untrained layer: tests/layers/test_layers.py


def test_where_a_mask_leaves_out_steps_neurons_wait():
    x, mask = sequence(2, 6, 4), np.array([[1, 1, 0, 1, 0, 1], [1, 1, 1, 0, 0, 0]]) > 0
    layer = LeakyIntegrateFire(0.5, synapse=0.5, initial_potential=0.5)
    spikes = layer(x, mask=mask).numpy()
    assert not spikes[~mask].any()
    for i in range(2):
        expected = layer(x[i : i + 1, mask[i]]).numpy()[0]
        assert (spikes[i, mask[i]] == expected).all()
        mean = MeanOverTime()(spikes, mask=mask).numpy()[i]
        np.testing.assert_allclose(mean, expected.mean(0), rtol=1e-6)


def test_over_time_is_the_layer_on_a_batch_of_all_steps():
    x = sequence(3, 4, 6, 6, 2)
    flat = x.reshape(12, 6, 6, 2)
    conv = layers.Conv2D(5, 3, strides=2)
    y = OverTime(conv)(x)
    np.testing.assert_allclose(y, conv(flat).numpy().reshape(y.shape), rtol=1e-5)
    assert y.shape == OverTime(conv).compute_output_shape(x.shape) == (3, 4, 2, 2, 5)
    function = tf.function(OverTime(conv), [tf.TensorSpec((None, None, 6, 6, 2))])
    np.testing.assert_allclose(function(x), y, rtol=1e-5)


@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_over_time_has_the_statistics_of_all_steps(training):
    x = sequence(3, 4, 5, 2) * np.float32([1, 3])
    norm, plain = layers.BatchNormalization(), layers.BatchNormalization()
    y = OverTime(norm)(x, training=training).numpy()
    expected = plain(x.reshape(12, 5, 2), training=training).numpy()
    np.testing.assert_allclose(y.reshape(12, 5, 2), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(norm.moving_mean, plain.moving_mean, rtol=1e-6)
    mean = 0.01 * x.mean((0, 1, 2)) if training else (0, 0)
    np.testing.assert_allclose(norm.moving_mean, mean, rtol=1e-4)


def test_threshold_dependent_batch_norm_has_the_deviation_of_the_threshold():
    from tfsnn.layers import threshold_dependent

    gamma = threshold_dependent(0.5, alpha=0.5**0.5)
    layer = OverTime(layers.BatchNormalization(gamma_initializer=gamma))
    y = layer(sequence(16, 4, 30), training=True).numpy()
    np.testing.assert_allclose(y.std((0, 1)), 0.5 * 0.5**0.5, rtol=2e-2)


def network():
    """All layers, with a membrane shortcut: currents are added before the neurons."""
    inputs = keras.Input((6, 6, 1))
    x = ConstantCurrent(3)(inputs)
    x = OverTime(layers.Conv2D(4, 3))(x)
    x = currents = OverTime(layers.BatchNormalization())(x)
    x = LeakyIntegrateFire(0.5, reset="zero", surrogate=ArcTan(3.0))(x)
    x = OverTime(layers.Conv2D(4, 3, padding="same"))(x)
    x = layers.Add()([x, currents])
    x = IntegrateFire(surrogate="sigmoid", train_threshold=True)(x)
    x = OverTime(layers.Flatten())(x)
    return keras.Model(inputs, MeanOverTime()(layers.Dense(3)(x)))


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_network_is_trained_saved_and_loaded(policy, tmp_path):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        keras.utils.set_random_seed(0)
        model = network()
    finally:
        keras.config.set_dtype_policy(before)
    rng = np.random.default_rng(0)
    x, y = rng.random((8, 6, 6, 1), np.float32), rng.random((8, 3), np.float32)
    old = [np.array(w) for w in model.trainable_weights]
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    losses = model.fit(x, y, batch_size=8, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    for value, weight in zip(old, model.trainable_weights, strict=True):
        assert (value != np.asarray(weight)).any(), weight.path
        assert weight.dtype == "float32"
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.predict(x, verbose=0) == model.predict(x, verbose=0)).all()
    config = loaded.layers[4].get_config()
    assert config["surrogate"] == {"name": "arctan", "alpha": 3.0}
    assert loaded.layers[4].compute_dtype == policy.removeprefix("mixed_")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LeakyIntegrateFire(threshold=0.0), "threshold=0.0 must be positive"),
        (lambda: LeakyIntegrateFire(max_coefficient=1.5), "max_coefficient=1.5"),
        (lambda: LeakyIntegrateFire(decay=1.5), "decay=1.5 must be in"),
        (lambda: LeakyIntegrateFire(surrogate="box"), "no surrogate 'box'"),
        (
            lambda: LeakyIntegrateFire(decay=1.0, train_decay=True, name="lif"),
            "lif: decay=1.0 cannot be trained: begin between 0 and 1",
        ),
        (
            lambda: LeakyIntegrateFire(train_synapse=True),
            "synapse=None cannot be trained",
        ),
        (
            lambda: LeakyIntegrateFire(max_coefficient=None),
            "max_coefficient=None does not go with a surrogate",
        ),
        (
            lambda: IntegrateFire(max_coefficient=None, surrogate="sigmoid"),
            "max_coefficient=None does not go with a surrogate",
        ),
        (
            lambda: IntegrateFire(per_channel=True, name="fire")(np.ones((2, 3))),
            "fire: inputs (2, 3) have no fixed number of channels",
        ),
        (
            lambda: OverTime(layers.Flatten(), name="flat")(np.ones(3)),
            "flat: inputs (3,) are no sequence (B, T, ...)",
        ),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(OptionError) as caught:
        make()
    assert message in str(caught.value)
