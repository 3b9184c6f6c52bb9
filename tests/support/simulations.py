"""Simulations without tracing, and that two of them are the same."""

import numpy as np
import tensorflow as tf

from tfsnn.simulation.simulate import simulate

EVERYTHING = ("outputs", "spikes", "potentials")


def run(graph, x, timesteps, **options):
    """Eagerly: tracing takes longer than these few operations."""
    return simulate(graph, tf.constant(x), timesteps, **options)


def assert_equal(one, other):
    """Spikes and potentials exactly; heads to float32's rounding."""
    assert one.observed.keys() == other.observed.keys()
    for key, values in one.observed.items():
        if key.startswith("outputs"):
            np.testing.assert_allclose(values, other.observed[key], 1e-5, 1e-6)
        else:
            assert (values.numpy() == other.observed[key].numpy()).all(), key
    for a, b in zip(one.outputs, other.outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
