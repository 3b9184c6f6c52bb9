"""Tests over random networks, and how far what they compute may be off."""

import numpy as np
import tensorflow as tf
from hypothesis import HealthCheck, given, note, seed, settings
from random_networks import RECIPES, SIGNALS, network

from tfsnn.network.nodes import Rate

FLOAT = 1e-6
COPIES = 4


def disturbed(graph, feed, rounding):
    """The graph's outputs, ``(COPIES, N, ...)``, where each value is off by a little.

    By FLOAT of the largest of a signal, and by `rounding` where neurons send spikes;
    up or down, by chance, in each copy of the feed.
    """
    rng = np.random.default_rng(0)
    values = {name: tf.concat([x] * COPIES, 0) for name, x in feed.items()}
    for node in graph:
        if node.inputs:
            values[node.name] = node.apply(*(values[name] for name in node.inputs))
        y = np.asarray(values[node.name])
        size = FLOAT * np.abs(y).max(initial=0)
        size += rounding if isinstance(node, Rate) else 0
        if not getattr(node, "whole", False):
            values[node.name] = tf.constant(
                y + size * rng.choice([-1, 1], y.shape), tf.float32
            )
    found = [np.asarray(values[name]) for name in graph.outputs]
    return [y.reshape(COPIES, len(y) // COPIES, *y.shape[1:]) for y in found]


def tolerances(graph, feed, expected, rounding=0.0):
    """How far each output may be off: by what small errors everywhere do to it."""
    found = []
    for y, copies in zip(expected, disturbed(graph, feed, rounding), strict=True):
        off = 10 * np.abs(copies - y).max(initial=0)
        found.append(max(3 * FLOAT * max(1, np.abs(y).max(initial=0)), off))
    return found


def outputs_of(graph, feed):
    values = graph.forward(feed)
    return [np.asarray(values[name]) for name in graph.outputs]


def check(outputs, expected, accepted):
    assert len(outputs) == len(expected) == len(accepted)
    for y, wanted, tolerance in zip(outputs, expected, accepted, strict=True):
        assert y.shape == wanted.shape
        np.testing.assert_allclose(y, wanted, rtol=0, atol=tolerance)


def every_network(signal, examples, **options):
    """Call a function with random networks whose inputs start with this signal."""

    def decorate(examine):
        @seed(SIGNALS.index(signal))
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(RECIPES)
        def every(recipe):
            drawn = network(recipe, signal, **options)
            note(str(drawn))
            examine(drawn)

        return every

    return decorate
