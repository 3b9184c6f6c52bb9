"""The rules of the thresholds against what they say and a search in NumPy."""

import dataclasses

import keras
import numpy as np
import pytest

from tfsnn import methods
from tfsnn.calibrate import calibrate
from tfsnn.methods.thresholds import bounded, mean_square_scale
from tfsnn.nodes import Rate
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
        found = scale(scale="percentile", percentile=90.0, levels=2)
        # Where more than 90 % are zero, it is the maximum.
        assert (found == np.where(lower > 0, lower, largest) / 2).all()
        assert (found < largest / 2).any()


def test_a_dead_channel_gets_the_median_scale(calibrated):
    graph, statistics = calibrated["cnn"]
    node = graph.of_kind(Rate)[0].name
    maximum = np.array([3.0, 5.0, 1.0, 2.0])
    s = dataclasses.replace(statistics[node], maximum=maximum)
    dead = dataclasses.replace(s, maximum=maximum * [1, 0, 1, 1])
    plan = methods.make("augmapping", {"scale": "max", "levels": 1})
    scale = plan.plan(graph, {**statistics, node: dead})[node].scale
    assert scale.tolist() == [3.0, 2.0, 1.0, 2.0]


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
