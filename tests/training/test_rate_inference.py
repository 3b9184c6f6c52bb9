"""Both stages of rate norm layers, trained by fit, and their conversion."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

import tfsnn
from tfsnn.errors import ModelError, OptionError
from tfsnn.layers import RateNorm
from tfsnn.layers.rate_norm import rate_omega
from tfsnn.training import RateTolerance, rate_inference, rate_normed
from tfsnn.training.rate_inference import LogitDistance, rate_norms


def blobs(samples, seed):
    """Classes by the quarter of a picture that is bright."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=samples)
    x = rng.uniform(0, 0.7, (samples, 6, 6, 1))
    for k, (row, column) in enumerate([(0, 0), (0, 3), (3, 0), (3, 3)]):
        x[y == k, row : row + 3, column : column + 3] += 0.3
    return x.astype(np.float32), y


@pytest.fixture(scope="module")
def first():
    """A trained first stage."""
    keras.utils.set_random_seed(1)
    ann = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            L.Conv2D(6, 3, padding="same"),
            L.BatchNormalization(),
            L.ReLU(),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(12, activation="relu"),
            L.Dense(4),
        ]
    )
    network = rate_normed(ann, average_pooling=True)
    network.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    network.fit(*blobs(800, 0), epochs=6, batch_size=50, verbose=0)
    return network


@pytest.fixture(scope="module")
def second(first):
    """The same after the second stage, with the history of its training."""
    x, _ = blobs(800, 0)
    network = rate_inference(first, weight=1.0, initial=3.0)
    tolerance = RateTolerance(*blobs(500, 1), tolerance=0.03, every=10)
    history = network.fit(
        x,
        first.predict(x, verbose=0),
        epochs=4,
        batch_size=40,
        verbose=0,
        callbacks=[tolerance],
    )
    return network, tolerance, history.history


def test_the_first_stage_swaps_what_the_authors_swap(first):
    kinds = [type(layer) for layer in first.layers]
    assert kinds.count(RateNorm) == 2
    assert L.AveragePooling2D in kinds and L.MaxPooling2D not in kinds
    assert first.evaluate(*blobs(500, 1), verbose=0)[1] > 0.9
    assert all(float(norm.scale) == 10 for norm in rate_norms(first))


def test_the_loss_is_that_of_the_equations(first):
    x, _ = blobs(20, 2)
    network = rate_inference(first, weight=0.3, initial=1.0)
    targets = first(x)
    norms = rate_norms(network)
    rates = keras.Model(network.input, [norm.output for norm in norms])(x)
    y, y0 = np.asarray(network(x), np.float64), np.asarray(targets, np.float64)
    positive = np.maximum(y, 0)
    omegas = [float(rate_omega(each)) for each in [*rates, positive / positive.max()]]
    lengths = np.linalg.norm(y, axis=1) * np.linalg.norm(y0, axis=1)
    expected = 1 - ((y * y0).sum(1) / lengths).mean() + 0.3 * np.mean(omegas)
    found = network.evaluate(x, targets, verbose=0, batch_size=20)
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_distance_to_the_first_stage_has_a_gradient(first):
    x, _ = blobs(40, 2)
    network = rate_inference(first, initial=0.5)
    with tf.GradientTape() as tape:
        loss = LogitDistance()(first(x), network(x))
    (scale,) = network.trainable_weights
    gradient = float(tape.gradient(loss, scale.value))
    assert float(loss) > 1e-4 and abs(gradient) > 1e-4
    losses = []
    for step in (-0.01, 0.01):
        scale.assign(0.5 + step)
        losses.append(float(LogitDistance()(first(x), network(x))))
    assert gradient == pytest.approx((losses[1] - losses[0]) / 0.02, rel=0.02)


def test_only_the_scale_is_trained(first, second):
    network, _, _ = second
    assert len(network.trainable_weights) == 1
    frozen = {weight.path: weight for weight in network.non_trainable_weights}
    kept = {weight.path: weight for weight in first.weights}
    assert len(frozen) == len(kept) - 2
    for path, weight in frozen.items():
        np.testing.assert_array_equal(weight, kept[path])


def test_the_callback_keeps_the_least_omega_within_the_tolerance(first, second):
    network, tolerance, history = second
    held_out = blobs(500, 1)
    loss = first.evaluate(*held_out, verbose=0)[1]
    logits = network.predict(held_out[0], verbose=0)
    accuracy = np.mean(logits.argmax(1) == held_out[1])
    assert accuracy >= loss - 0.03 - 1e-9
    omegas = [
        np.mean([_omega(norm, model, held_out[0]) for norm in rate_norms(model)])
        for model in (first, network)
    ]
    assert omegas[1] < 0.9 * omegas[0]
    assert float(rate_norms(network)[0].scale) == tolerance.kept < 3
    assert set(history) == {"loss", "accuracy", "omega", "share"}
    # It stopped: at the end of the last epoch too much was lost.
    assert len(history["loss"]) < 4
    assert history["accuracy"][-1] < tolerance.best - 0.03


def _omega(norm, model, x):
    return float(rate_omega(keras.Model(model.input, norm.output)(x)))


def test_spikes_tell_rates_sooner_after_the_second_stage(first, second):
    x, y = blobs(300, 3)
    found = []
    for network in (first, second[0]):
        snn = tfsnn.convert(
            network, x[:50], method="qcfs", initial_potential=0.0, timesteps=4
        )
        found.append(np.mean(snn.predict(x, verbose=0).argmax(1) == y))
    assert found[1] >= found[0] + 0.05
    late = snn.simulate(x[:80], 512).outputs[0][-1]
    expected = np.argmax(second[0](x[:80]), 1)
    assert np.mean(np.argmax(late, 1) == expected) > 0.98


def test_networks_and_values_that_do_not_fit_are_refused(first):
    image = keras.Input((2,))
    rates = RateNorm()(L.Dense(3)(image))
    headed = keras.Model(image, L.Dense(2, "softmax")(rates), name="headed")
    with pytest.raises(ModelError, match="headed ends in softmax, and rate inference"):
        rate_inference(headed)
    with pytest.raises(ModelError, match="2 outputs"):
        rate_inference(keras.Model(image, [rates, L.Dense(2)(rates)]))
    plain = keras.Model(image, L.Dense(2)(image), name="plain")
    with pytest.raises(ModelError, match="plain has no RateNorm layer: make it with"):
        rate_inference(plain)
    with pytest.raises(OptionError, match="weight=0 must be positive"):
        rate_inference(first, weight=0)
    with pytest.raises(OptionError, match="tolerance=3 is a share"):
        RateTolerance([1], [1], tolerance=3)
    with pytest.raises(OptionError, match="2 samples and 1 labels"):
        RateTolerance([1, 2], [1])
    x, y = blobs(40, 2)
    with pytest.raises(ModelError, match="make it with tfsnn"):
        first.fit(x, y, callbacks=[RateTolerance(x, y)], verbose=0)
    low = rate_inference(first, initial=-4.0)
    with pytest.raises(ModelError, match="give rate_inference a larger initial"):
        low.fit(x, first(x), callbacks=[RateTolerance(x, y)], verbose=0)
