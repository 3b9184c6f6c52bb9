"""Surrogates: each slope is the derivative of a smooth step; spikes pass it on."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.surrogates import SURROGATES, Rectangle, Triangle, as_surrogate
from tfsnn_numpy import defaults

X = np.linspace(-3.013, 3.011, 241)


@pytest.fixture(params=sorted(SURROGATES))
def kind(request):
    return SURROGATES[request.param]()


def test_the_slope_is_the_derivative_of_the_value(kind):
    step = 1e-6
    numerical = (kind.value(X + step) - kind.value(X - step)) / (2 * step)
    np.testing.assert_allclose(kind.slope(X), numerical, atol=1e-6)


def test_the_area_is_the_integral_of_the_slope(kind):
    far = np.sinh(np.linspace(-16, 16, 400_001))  # fine near 0, out to 4 million
    slope = np.asarray(kind.slope(far))
    found = np.sum((slope[1:] + slope[:-1]) / 2 * np.diff(far))  # trapezoids
    assert found == pytest.approx(kind.area, rel=2e-3)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_widening_stretches_the_slope(kind, factor):
    wide = kind.widened(factor)
    share = float(wide.slope(0.0) / kind.slope(0.0))  # of the height
    np.testing.assert_allclose(
        wide.slope(X * factor), share * np.asarray(kind.slope(X)), atol=1e-6
    )
    assert wide.area == pytest.approx(share * factor * kind.area)


def test_spikes_are_exact_and_their_gradient_is_the_slope(kind):
    x = tf.Variable(X.astype(np.float32))
    with tf.GradientTape() as tape:
        sent = kind.spike(x)
    np.testing.assert_array_equal(sent, (X >= 0).astype(np.float32))
    np.testing.assert_allclose(tape.gradient(sent, x), kind.slope(x), rtol=1e-6)


def test_graded_spikes_add_the_slopes_of_their_levels(kind):
    x = tf.Variable(X.astype(np.float32))
    with tf.GradientTape() as tape:
        sent = kind.spike(x, levels=3)
    np.testing.assert_array_equal(sent, np.clip(np.floor(X + 1), 0, 3))
    expected = sum(np.asarray(kind.slope(x - k)) for k in range(3))
    np.testing.assert_allclose(tape.gradient(sent, x), expected, rtol=1e-5)


def test_a_config_brings_the_same_surrogate_back(kind):
    number = dataclasses.fields(kind)[0].name
    changed = dataclasses.replace(kind, **{number: 1.5})
    assert as_surrogate(changed.get_config()) == changed
    assert as_surrogate(kind.name) == kind


def test_what_is_no_surrogate_is_refused():
    with pytest.raises(OptionError, match="no surrogate 'box': take one of arctan"):
        as_surrogate("box")
    with pytest.raises(OptionError, match="has no alpha: it takes width"):
        as_surrogate({"name": "triangle", "alpha": 1.0})
    with pytest.raises(OptionError, match="width=0 must be a positive number"):
        Rectangle(0)
    with pytest.raises(OptionError, match="width=True"):
        Triangle(True)


def test_the_command_line_knows_them_all():
    assert set(defaults.SURROGATES) == set(SURROGATES)
