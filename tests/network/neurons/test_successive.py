"""Neurons of successive digits: what they send, by their comparisons one by one."""

import numpy as np
import pytest
import tensorflow as tf

from tfsnn.errors import OptionError
from tfsnn.network.neurons import KINDS
from tfsnn.network.neurons.radix import Radix
from tfsnn.network.neurons.successive import FUNCTIONS_OF_DIGITS

# Whether a neuron with input x may send s, in the ANN's units: g(s) <= x.
FITS = {
    "exp": lambda s, x: np.log(s) <= x,
    "reciprocal": lambda s, x: x * s <= 1,
    "rsqrt": lambda s, x: x * s**2 <= 1,
}
INPUTS = {"exp": (-6, 0.0), "reciprocal": (0.6, 9), "rsqrt": (0.1, 30)}
LARGEST = {"exp": 1.0, "reciprocal": 1.75, "rsqrt": 3.5}


def compared(function, x, steps):
    """The digits of f(x), ``(T, n)``, by comparing from the first to the last."""
    unit = LARGEST[function] / (2**steps - 1)
    sent, digits = np.zeros(len(x)), []
    for t in range(steps):
        tried = sent + 2.0 ** (steps - 1 - t)
        digits.append(FITS[function]((tried - 0.5) * unit, x))
        sent = np.where(digits[-1], tried, sent)
    return np.array(digits)


@pytest.mark.parametrize("steps", [1, 4, 10])
@pytest.mark.parametrize("function", FUNCTIONS_OF_DIGITS)
def test_digits_are_those_that_comparisons_find(function, steps):
    x = np.random.default_rng(0).uniform(*INPUTS[function], 400)
    largest = LARGEST[function]
    neurons = KINDS["successive"](
        function=function, largest=largest, initial_potential=0.5
    )
    current = tf.constant(x / largest, tf.float32)
    sent, _ = neurons.advance([current] * steps, neurons.initial_state(x.shape))
    found, expected = np.array(sent.events), compared(function, x, steps)
    assert (found == expected).all() and found.any()
    value = np.tensordot(2.0 ** np.arange(steps)[::-1], np.array(sent.values), 1)
    value *= largest / (2**steps - 1)
    exact = {"exp": np.exp(x), "reciprocal": 1 / x, "rsqrt": x**-0.5}[function]
    worst = np.abs(value - np.minimum(exact, largest)).max()
    assert worst <= 0.5001 * largest / (2**steps - 1)


def test_where_a_function_has_no_value_it_saturates():
    neurons = KINDS["successive"](function="rsqrt", largest=2.0)
    x = tf.constant([0.0, -1.0, 1e-30])
    sent, _ = neurons.advance([x] * 3, neurons.initial_state(x.shape))
    assert np.array(sent.events).all()
    assert (neurons.response(x).numpy() == 1).all()


def test_another_function_is_refused():
    with pytest.raises(OptionError, match=r"'cosh': take one of exp, reciprocal"):
        KINDS["successive"](function="cosh")


def test_signed_digits_are_those_of_the_size():
    x = np.random.default_rng(0).integers(-300, 300, 200) / 256
    current, state = tf.constant(x, tf.float32), {"initial_potential": 0.5}
    signed, plain = Radix(base=2, signed=True, **state), Radix(base=2, **state)
    start = plain.initial_state(x.shape)
    both, _ = signed.advance([current] * 6, start)
    size, _ = plain.advance([tf.abs(current)] * 6, start)
    for name in ("values", "events"):
        expected = np.sign(x) * np.array(getattr(size, name))
        assert (np.array(getattr(both, name)) == expected).all()
    assert np.array(both.events).min() == -1 and np.array(both.events).max() == 1
