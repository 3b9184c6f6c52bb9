"""The rules of the thresholds against what they say and a search in NumPy."""

import dataclasses
import math

import keras
import numpy as np
import pytest

from tfsnn.conversion import methods
from tfsnn.conversion.methods.options import RULES
from tfsnn.conversion.methods.thresholds import (
    balanced_range,
    bounded,
    gaussian_range,
    mean_square_scale,
)
from tfsnn.conversion.statistics import calibrate
from tfsnn.errors import OptionError
from tfsnn.network.nodes import Rate
from tfsnn.sources import import_model


def test_the_rules_are_what_they_say(calibrated):
    graph, statistics = calibrated["residual"]
    for node, s in statistics.items():
        alive = ~s.dead

        def scale(node=node, alive=alive, **values):
            plan = methods.make("augmapping", values).plan(graph, statistics)
            return plan[node].scale[alive]

        largest, lower = s.maximum[alive], s.percentile(90.0)[alive]
        assert (scale(scale="max", levels=1) == largest).all()
        assert (scale(scale="max", levels=4) == largest / 4).all()
        assert (scale(scale="max", levels=None) == largest).all()
        assert (scale(scale="max", levels=1, per="layer") == largest.max()).all()
        each = methods.make(
            "augmapping", {"scale": "max", "levels": 2, "per": "neuron"}
        )
        each = each.plan(graph, statistics)[node].scale
        assert each.shape == graph[node].shape
        assert (each == s.peak / 2)[s.peak > 0].all() and (s.peak > 0).any()
        assert (each[s.peak == 0] == np.median(s.peak[s.peak > 0]) / 2).all()
        found = scale(scale="percentile", percentile=90.0, levels=2)
        # Where more than 90 % are zero, it is the maximum.
        assert (found == np.where(lower > 0, lower, largest) / 2).all()
        assert (found < largest / 2).any()


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "max"])
def test_a_threshold_for_each_neuron_is_that_of_its_maximum_only(rule, calibrated):
    made = methods.make("augmapping", {"per": "neuron", "scale": rule})
    with pytest.raises(OptionError, match=f"per=neuron .* not with scale={rule}"):
        made.plan(*calibrated["cnn"])


def one_layer(x):
    """The statistics of a layer of ReLUs that read these currents, ``(N, C)``."""
    inputs = keras.Input(x.shape[1:])
    graph = import_model(keras.Model(inputs, keras.layers.ReLU()(inputs)))
    (found,) = calibrate(graph, [np.float32(x)]).values()
    return graph, found


def test_a_dead_channel_gets_the_median_scale(calibrated):
    graph, statistics = calibrated["cnn"]
    node = graph.of_kind(Rate)[0].name
    maximum = np.array([3.0, 5.0, 1.0, 2.0])
    s = dataclasses.replace(statistics[node], maximum=maximum)
    dead = dataclasses.replace(s, maximum=maximum * [1, 0, 1, 1])
    plan = methods.make("augmapping", {"scale": "max", "levels": 1})
    scale = plan.plan(graph, {**statistics, node: dead})[node].scale
    assert scale.tolist() == [3.0, 2.0, 1.0, 2.0]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("timesteps", [1, 4, 512])
def test_a_dead_channel_gets_it_by_any_rule(rule, timesteps, rng):
    """The last two never activate: one is silent, one gets negative currents."""
    x = rng.normal(size=(200, 5)) * [1, 2, 4, 0, 1]
    x[:, 4] = -np.abs(x[:, 4])
    graph, found = one_layer(x)
    made = methods.make("augmapping", {"scale": rule, "timesteps": timesteps})
    (neurons,) = made.plan(graph, {graph.of_kind(Rate)[0].name: found}).values()
    scale = neurons.scale
    assert (scale[3:] == np.median(scale[:3])).all() and (scale[:3] > 1e-3).all()


@pytest.mark.parametrize("resolution", [1, 4, 32])
@pytest.mark.parametrize("levels", [1, 3, None])
def test_the_mean_square_scale_is_that_of_a_search_over_all_activations(
    resolution, levels, calibrated
):
    graph, _ = calibrated["cnn"]
    x = np.random.default_rng(4).normal(size=(40, 6, 6, 2)).astype(np.float32)
    statistics = calibrate(graph, [x])
    for node, s in statistics.items():
        channels = graph[node].shape[-1]
        activations = graph.forward(x)[node].numpy().reshape(-1, channels)

        def error(a, r):
            coded = r / resolution * np.clip(np.rint(resolution * a / r), 0, resolution)
            return np.mean((coded - a) ** 2)

        found = mean_square_scale(s, resolution, levels) * (levels or 1)
        for channel in np.flatnonzero(~s.dead):
            a = activations[:, channel].astype(np.float64)
            ranges = np.linspace(0.05, 1, 1000) * a.max()
            best = min(error(a, r) for r in ranges)
            # The search has 80 candidates, and bins in place of the values.
            assert error(a, found[channel]) <= 1.05 * best + 1e-9


@pytest.mark.parametrize(
    ("scale", "bound", "levels", "expected"),
    [
        (0.5, None, 4, (0.5, 4)),
        (0.5, 6.0, 4, (0.5, 4)),
        (2.0, 6.0, 4, (1.5, 4)),
        (0.5, None, None, (0.5, None)),
        (0.5, 6.0, None, (0.5, 12)),
        (0.7, 6.0, None, (6 / 9, 9)),
        (9.0, 6.0, None, (6.0, 1)),
    ],
)
def test_an_upper_bound_is_what_the_most_spikes_stand_for(
    scale, bound, levels, expected
):
    scales, most = bounded(np.array([scale]), bound, levels)
    assert (scales[0], None if most is None else np.max(most)) == expected


def test_fine_spikes_leave_room_for_larger_activations_than_were_seen():
    rng = np.random.default_rng(0)
    seen, unseen = np.maximum(rng.normal(size=(2, 4000, 8)), 0)
    x = keras.Input((8,))
    graph = import_model(keras.Model(x, keras.layers.ReLU()(x)))
    (statistics,) = calibrate(graph, [seen.astype(np.float32)[:200]]).values()
    resolution = 16 * 255
    found = mean_square_scale(statistics, resolution, 255) * 255

    def error(r):
        coded = (
            r / resolution * np.clip(np.rint(resolution * unseen / r), 0, resolution)
        )
        return np.mean((coded - unseen) ** 2, axis=0)

    assert (found > statistics.maximum).all() and (found < 4 * statistics.maximum).all()
    assert error(found).mean() < 0.01 * error(statistics.maximum).mean()


def gaussian(mu, sigma):
    """Statistics with these moments of the currents; the rest is not looked at."""
    mu, sigma = np.atleast_1d(np.float64(mu)), np.atleast_1d(np.float64(sigma))
    _, found = one_layer(np.ones((1, len(mu))))
    return dataclasses.replace(found, current_mean=mu, current_variance=sigma**2)


@pytest.mark.parametrize(
    ("mu", "table"),
    [
        (0, {1: 1.224, 2: 1.686, 4: 2.135, 8: 2.551, 16: 2.933, 64: 3.615, 255: 4.215}),
        (-1, {2: 1.252, 4: 1.621, 8: 1.977, 16: 2.315, 64: 2.936, 255: 3.495}),
    ],
)
def test_gaussian_ranges_are_those_known(mu, table):
    statistics = gaussian([mu, 10 * mu, 0.1 * mu], [1, 10, 0.1])
    for resolution, expected in table.items():
        found = gaussian_range(statistics, resolution)
        assert abs(found[0] - expected) < 6e-4
        # It scales with the currents.
        np.testing.assert_allclose(found[1:] / found[0], [10, 0.1], rtol=1e-9)


@pytest.mark.parametrize(("mu", "sigma"), [(0, 1), (-1, 0.5), (0.75, 1), (3, 0.25)])
@pytest.mark.parametrize("resolution", [1, 3, 15])
def test_a_gaussian_range_minimises_the_integrated_error(mu, sigma, resolution):
    (found,) = gaussian_range(gaussian(mu, sigma), resolution)
    z = np.linspace(mu - 8 * sigma, mu + 8 * sigma, 100_001)
    density = np.exp(-((z - mu) ** 2) / (2 * sigma**2))
    steps = (np.arange(resolution) + 0.5) / resolution

    def error(r):
        coded = r / resolution * np.searchsorted(r * steps, z, side="right")
        return np.sum(density * (coded - np.maximum(z, 0)) ** 2)

    shares = np.linspace(0.97, 1.03, 61)
    best = shares[np.argmin([error(share * found) for share in shares])]
    assert abs(best - 1) <= 1e-3 + 1e-9  # a step of the grid
    assert error(found) < min(error(0.5 * found), error(2 * found))


def test_a_current_that_never_changes_has_itself_as_gaussian_range():
    found = gaussian_range(gaussian([0.5, 8, 3], [0, 0, 1e-9]), 15)
    np.testing.assert_allclose(found, [0.5, 8, 3], rtol=1e-4)
    graph, one_sample = one_layer(np.array([[0.5, -0.25, 0.0, 2.0]]))
    assert (one_sample.current_variance == 0).all()
    for name, method in methods.methods().items():
        plan = method().plan(graph, {graph.of_kind(Rate)[0].name: one_sample})
        (neurons,) = plan.values()
        assert np.isfinite(neurons.scale).all() and (neurons.scale > 0).all(), name


@pytest.mark.parametrize("rounds", [1, 7, 300])
@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_balancing_is_descent_over_all_activations(rounds, rate, rng):
    x = rng.normal(size=(300, 6)) * [1, 2, 4, 0, 0.5, 8] - [0, 3, 4, 0, 0, -8]
    _, found = one_layer(x)
    for channel, (values, weights) in enumerate(
        zip(found.values, found.histogram, strict=True)
    ):
        theta = 0.0
        for _ in range(rounds):  # of all places, those that are not clipped count 0
            excess = math.fsum(np.maximum(values - theta, 0) * weights)
            theta += rate * 2 * excess / weights.sum()
        balanced = balanced_range(found, rate, rounds)[channel]
        assert balanced == pytest.approx(theta, rel=1e-9, abs=1e-12)
        assert balanced <= found.maximum[channel]


def test_balancing_never_goes_beyond_the_largest_activation_and_comes_near(rng):
    _, found = one_layer(np.abs(rng.normal(size=(300, 4))) * [1, 2, 4, 8])
    few, many = (balanced_range(found, 0.1, rounds) for rounds in (10, 1000))
    assert (few > 0).all() and (few < many).all() and (many < found.maximum).all()
    z = found.values
    clipped = ((z - many[:, None]).clip(0) * found.histogram).sum(1)
    assert (clipped < 0.01 * (z * found.histogram).sum(1)).all()
