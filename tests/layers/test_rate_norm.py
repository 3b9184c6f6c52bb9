"""The rate norm layer: values, gradients and its running maximum, against equations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.layers import RateNorm
from tfsnn.layers.rate_norm import rate_omega

Z = np.array([[-1.0, 0.25, 0.5], [1.0, 2.0, 3.5]], np.float32)


def built(maximum, **options):
    layer = RateNorm(**options)
    layer.build((None, 3))
    layer.maximum.assign(maximum)
    return layer


def test_values_and_gradients_are_those_of_the_equations():
    layer = built(2.0, initial=0.5, train_scale=True)
    share = 1 / (1 + np.exp(-0.5))
    bound = share * 2 + 1e-6
    inside = (Z > 0) & (bound > Z)
    assert inside.sum() == 3
    z = tf.constant(Z)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        rates = layer(z)
        total = tf.reduce_sum(rates * [1.0, 2.0, 3.0])
    expected = np.clip(Z / bound, 0, 1)
    np.testing.assert_allclose(rates, expected, rtol=1e-6)
    weights = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(
        tape.gradient(total, z), inside / bound * weights, rtol=1e-6
    )
    of_scale = -(expected / bound) * share * (1 - share) * 2 * inside * weights
    found = tape.gradient(total, layer.scale)
    np.testing.assert_allclose(found, of_scale.sum(), rtol=1e-5)


def test_the_maximum_follows_batches_in_training_alone():
    layer = built(1.0)
    layer(Z)
    assert float(layer.maximum) == 1
    rates = layer(Z, training=True)
    np.testing.assert_allclose(layer.maximum, 0.9 + 0.35, rtol=1e-6)
    bound = 1.25 / (1 + np.exp(-10.0)) + 1e-6
    np.testing.assert_allclose(rates, np.clip(Z / bound, 0, 1), rtol=1e-6)
    layer.trainable = False
    layer(2 * Z, training=True)
    kept = built(3.0, momentum=0.0)
    kept(Z, training=True)
    np.testing.assert_allclose([layer.maximum, kept.maximum], [1.25, 3], rtol=1e-6)
    assert [weight.name for weight in layer.weights] == ["maximum", "scale"]
    assert built(1.0).trainable_weights == []


def test_omega_is_added_to_the_loss_with_its_weight():
    layer = built(4.0, penalty=0.5, initial=30.0)
    rates = np.asarray(layer(Z), np.float64)
    omega = rates.sum() / ((rates**2).sum() + 1e-5)
    np.testing.assert_allclose(layer.losses, [omega / 2], rtol=1e-6)
    np.testing.assert_allclose(rate_omega(np.full((2, 3), 0.25)), 4, rtol=1e-4)
    assert built(4.0).losses == []


def test_layers_that_share_a_scale_are_saved_with_its_value(tmp_path):
    share = keras.Variable(1.5, name="scale")
    model = keras.Sequential(
        [
            keras.Input((3,)),
            RateNorm(share=share, name="one"),
            RateNorm(share=share, name="two", momentum=0.2, penalty=0.25),
        ]
    )
    assert [weight.name for weight in model.trainable_weights] == ["scale"]
    share.assign(-0.5)
    model.save(tmp_path / "shared.keras")
    loaded = keras.models.load_model(tmp_path / "shared.keras")
    np.testing.assert_array_equal(loaded(Z), model(Z))
    two = loaded.get_layer("two")
    assert (two.momentum, two.penalty, float(two.scale)) == (0.2, 0.25, -0.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"momentum": 1.5}, "momentum=1.5 must be in"), ({"penalty": -1}, "0 or more")],
)
def test_values_out_of_range_are_refused(options, words):
    with pytest.raises(OptionError, match=words):
        RateNorm(**options)
