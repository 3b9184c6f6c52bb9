"""Every kind of neurons and of nodes in OpenVINO: the spikes of TensorFlow."""

import numpy as np
import pytest
from handler_cases import CASES
from in_openvino import assert_same, both
from neuron_examples import spiking as network_of
from neuron_examples import steps_of
from spiking_examples import plan, spiking

from tfsnn.conversion.normalize import normalize
from tfsnn.network.neurons import KINDS
from tfsnn.network.nodes import Spiking

pytest.importorskip("openvino")


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setenv("TFSNN_OPENVINO_CACHE", "")


@pytest.mark.parametrize("kind", KINDS)
def test_neurons_send_the_same_spikes(kind):
    graph, chosen, x = network_of("maxpool_on_spikes", kind)
    graph = normalize(graph, chosen)
    one, other = both(graph, x, steps_of(kind), ("spikes", "outputs"), chunk=2)
    assert_same(one, other)
    assert any(np.any(v) for k, v in one.observed.items() if k.startswith("spikes"))


def one_of_each_kind():
    """The first example that has a kind of node which no one before it has."""
    found, chosen = set(), []
    for case in CASES:
        kinds = {type(node) for node in case.values[1].graph}
        if not kinds <= found:
            found |= kinds
            chosen.append(case)
    return chosen


@pytest.mark.parametrize(("kind", "example"), one_of_each_kind())
def test_nodes_give_the_same_outputs(kind, example):
    graph, feed = spiking(example)
    normal = normalize(graph, plan(graph))
    one, other = both(normal, feed, 4, ("outputs", "spikes"))
    assert graph.of_kind(Spiking) == [] and normal.of_kind(Spiking)
    assert_same(one, other, 1e-4)
