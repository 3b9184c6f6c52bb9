"""Integers chosen one after the other cause currents nearer to those wanted."""

import numpy as np

from tfsnn.conversion.integers.choose import chosen_integers
from tfsnn.hardware.integers import FORMATS


def moments(x):
    rows = np.concatenate([x, np.ones((len(x), 1))], 1)
    return rows.T @ rows


def test_inputs_that_do_not_go_together_are_rounded_to_the_nearest():
    rng = np.random.default_rng(0)
    weights = rng.uniform(-7, 7, (6, 4))
    found, change = chosen_integers(weights, np.diag([*range(1, 8)]), FORMATS["int4"])
    np.testing.assert_array_equal(found, np.rint(weights))
    np.testing.assert_allclose(change, 0, atol=1e-9)


def test_what_one_weight_loses_the_next_makes_good():
    """Of two inputs that are always equal only the sum of the weights counts."""
    x = np.repeat(np.random.default_rng(0).uniform(0, 1, (500, 1)), 2, 1)
    weights = np.array([[1.4], [2.4]])
    found, _ = chosen_integers(weights, moments(x), FORMATS["int8"])
    assert found.sum() == 4  # to the nearest it would be 3, for 3.8


def test_the_error_of_currents_is_less_than_that_of_rounding():
    rng = np.random.default_rng(1)
    x = np.maximum(rng.normal(size=(2000, 10)) @ rng.normal(size=(10, 150)), 0)
    weights = rng.normal(0, 2.5, (150, 20))
    form = FORMATS["int4"]
    found, change = chosen_integers(weights, moments(x), form)
    assert (found == np.rint(found)).all()
    assert found.min() >= form.low and found.max() <= form.high
    nearest = np.clip(np.rint(weights), form.low, form.high)
    best = np.mean(x @ (weights - nearest), 0)  # the bias that suits it best
    errors = [
        np.square(x @ (weights - integers) - shift).mean()
        for integers, shift in ((found, change), (nearest, best))
    ]
    assert errors[0] < 0.3 * errors[1]
