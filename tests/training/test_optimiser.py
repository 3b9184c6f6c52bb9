"""The learning rate of fine-tuning: its size by the steps, its way up and down."""

import numpy as np
import pytest

from tfsnn.errors import OptionError
from tfsnn.training.optimiser import default_rate, optimiser


@pytest.mark.parametrize(
    ("steps", "rate"),
    [(1, 1e-4), (33, 1.65e-4), (50, 2.5e-4), (100, 5e-4), (5000, 5e-4)],
)
def test_the_rate_depends_on_the_steps(steps, rate):
    assert default_rate(steps) == pytest.approx(rate)


def test_it_rises_for_a_twentieth_and_falls_to_zero():
    schedule = optimiser(200, 0.01)._learning_rate
    rates = np.array([float(schedule(step)) for step in range(201)])
    assert rates.argmax() == 10 and rates.max() == pytest.approx(0.01)
    assert rates[0] > 0 and (np.diff(rates[:11]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all() and rates[-1] == pytest.approx(0, abs=1e-6)
    middle = 0.005  # of a cosine
    assert rates[105] == pytest.approx(middle, rel=1e-3)


def test_a_rate_below_zero_is_refused():
    with pytest.raises(OptionError, match="learning_rate"):
        optimiser(10, -0.1)
