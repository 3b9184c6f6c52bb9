"""Random networks of every task, type, name and size of weights, by fine spikes."""

import warnings
from collections import Counter

import numpy as np
import pytest
from random_checks import tolerances
from random_networks import KEPT, SIGNALS, Recipe
from random_variants import HEADS, varied

import tfsnn
from examples import floats
from tfsnn.errors import CalibrationError
from tfsnn.network.nodes import Spiking
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model

NETWORKS = 6  # of each signal
FINE = {"scale": "max", "levels": 2**18, "timesteps": 4}
WITHIN = 1e-3  # of the largest output


def listed(outputs):
    values = outputs.values() if isinstance(outputs, dict) else outputs
    values = values if isinstance(outputs, dict | list | tuple) else [outputs]
    return [np.asarray(y, np.float32) for y in values]


def recipe(number):
    rng = np.random.default_rng(number)
    return Recipe(int(rng.integers(2**20)), KEPT[1 + rng.integers(len(KEPT) - 1)])


def off(drawn, feed):
    """How far outputs are off, over the largest, where no rounding is amplified."""
    names = drawn.reference.tensors
    own = dict(zip(names, feed.values(), strict=True))
    expected = listed(drawn.reference.expected(own))
    given = next(iter(feed.values())) if len(feed) == 1 else list(feed.values())
    snn = tfsnn.convert(drawn.example.model, given, raw=True, **FINE)
    outputs = listed(snn(given))
    scales = [np.max(node.scale) for node in snn.graph.of_kind(Spiking)]
    graph = simplify(import_model(drawn.reference.model))
    vague = tolerances(graph, floats(own), expected, max(scales, default=0))
    found = []
    for y, wanted, accepted in zip(outputs, expected, vague, strict=True):
        assert y.shape == wanted.shape and np.isfinite(y).all()
        largest = np.abs(wanted).max(initial=0)
        error = np.abs(y - wanted).max(initial=0)
        found.append(0.0 if error <= accepted else error / max(largest, 1e-30))
    return max(found)


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
def test_a_network_of_any_task_is_as_exact_as_its_spikes(signal):
    count = Counter()
    for i in range(NETWORKS):
        drawn = varied(recipe(4 * i + SIGNALS.index(signal)), signal)
        feed = drawn.example.inputs(6)
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            try:
                assert off(drawn, feed) <= WITHIN, str(drawn)
                count["exact"] += 1
            except CalibrationError as error:  # a layer that its weights left dead
                assert "was ever active" in str(error), str(drawn)
    assert count["exact"] >= 0.8 * NETWORKS


def test_every_task_has_a_head():
    assert set(HEADS) >= {"regression", "binary", "multilabel", "places", "image"}
    assert set(HEADS) >= {"embedding", "two"}
