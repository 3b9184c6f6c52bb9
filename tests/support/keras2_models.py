"""What the tests of models of Keras 2 share."""

import numpy as np
import pytest
import tf_keras

import tfsnn
from tfsnn.errors import ModelError

old = tf_keras.layers


def drawn(model, rng):
    for variable in model.weights:
        value = rng.uniform(0.2, 1, variable.shape)
        variable.assign(value.astype(variable.dtype.as_numpy_dtype))
    return model


def sequential(*stack):
    return tf_keras.Sequential([*stack])


def flat(outputs):
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    return outputs if isinstance(outputs, list | tuple) else [outputs]


def same(found, expected, samples):
    for ours, theirs in zip(
        flat(found(samples, training=False)),
        flat(expected(samples, training=False)),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def small(rng):
    stack = old.Dense(3, "relu", input_shape=(4,)), old.Dense(2)
    return drawn(sequential(*stack), rng)


def refused(path):
    with pytest.raises(ModelError) as caught:
        tfsnn.load_model(path)
    return str(caught.value)
