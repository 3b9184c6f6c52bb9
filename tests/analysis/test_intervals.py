"""Confidence intervals against their definitions."""

import math

import numpy as np
import pytest

from tfsnn.analysis.intervals import Z, mean, normal, ratio, wilson


@pytest.mark.parametrize(
    ("count", "samples"), [(1, 3), (8, 10), (93, 200), (999, 1000)]
)
def test_wilsons_bounds_are_the_shares_that_are_just_not_rejected(count, samples):
    """By the score test: |count / n - p| = z sqrt(p (1 - p) / n) at both bounds."""
    found = wilson(count, samples)
    assert found.value == count / samples
    assert found.low < found.value < found.high
    for p in (found.low, found.high):
        distance = Z * math.sqrt(p * (1 - p) / samples)
        assert abs(found.value - p) == pytest.approx(distance, rel=1e-9)


def test_wilson_at_the_ends():
    """At 0 and 1 the bounds are in closed form: z² / (n + z²) from the end."""
    width = Z * Z / (50 + Z * Z)
    assert wilson(0, 50) == pytest.approx((0.0, 0.0, width))
    assert wilson(50, 50) == pytest.approx((1.0, 1 - width, 1.0))
    for count in (0, 50):
        assert wilson(count, 50).low >= 0 and wilson(count, 50).high <= 1


def test_wilson_covers_the_true_share_about_95_times_of_100(rng):
    counts = rng.binomial(40, 0.9, 4000)
    covered = [wilson(int(c), 40).low <= 0.9 <= wilson(int(c), 40).high for c in counts]
    assert 0.93 < np.mean(covered) < 0.975


def test_the_mean_has_its_standard_error():
    found = mean([1.0, 2.0, 3.0, 6.0])
    half = Z * math.sqrt(((2**2 + 1 + 0 + 3**2) / 3) / 4)
    assert found == pytest.approx((3.0, 3.0 - half, 3.0 + half))
    assert mean([2.0, 2.0]) == (2.0, 2.0, 2.0)


def test_one_value_has_no_interval():
    value, low, high = mean([7.0])
    assert value == 7.0 and math.isnan(low) and math.isnan(high)


def test_a_ratio_of_whole_samples_is_wilsons():
    assert ratio([1, 0, 1, 1], [1, 1, 1, 1]) == wilson(3, 4)


def test_a_ratio_of_parts_covers_what_it_estimates(rng):
    """Pixels right over pixels that count, both by chance, 2,000 times."""
    inside = 0
    for _ in range(2000):
        below = rng.integers(1, 9, 60)
        inside_one = rng.binomial(below, rng.beta(4, 2, 60))
        _, low, high = ratio(inside_one, below)
        inside += low <= 4 / 6 <= high
    assert 0.92 < inside / 2000 < 0.97
    value, low, high = ratio([2.5], [5.0])
    assert value == 0.5 and math.isnan(low) and math.isnan(high)


def test_a_ratio_over_ones_is_the_mean():
    values = [20.0, 25.0, 30.5]
    assert ratio(values, np.ones(3)) == pytest.approx(mean(values))


def test_a_normal_interval_is_not_below_zero():
    assert normal(0.1, 0.1) == pytest.approx((0.1, 0, 0.1 + 0.1959963984540054))
