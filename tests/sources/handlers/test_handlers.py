"""Every layer and operation that can be converted computes, as nodes, what Keras does.

The examples are in ``examples_layers.py``, ``examples_windows.py`` and
``examples_operations.py``; a handler without an example fails here.
"""

import math

import keras
import models
import pytest
from handler_cases import CASES, EXAMPLES, check, label
from keras import layers

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear, Rate
from tfsnn.network.operations import count_operations, operations
from tfsnn.sources import import_model
from tfsnn.sources.handlers import registered, registered_operations


def test_everything_registered_has_an_example():
    missing = {*registered(), *registered_operations()} - {*EXAMPLES}
    names = sorted(map(label, missing))
    assert not names, f"add examples for {names} to tests/support/examples_*.py"


def test_every_example_is_of_something_registered():
    unknown = {*EXAMPLES} - {*registered(), *registered_operations()}
    assert not unknown


@pytest.mark.parametrize(("kind", "example"), CASES)
def test_the_nodes_compute_what_keras_computes(kind, example):
    assert example.holds(kind)
    check(example)


def with_neurons(graph):
    """The graph with neurons right behind its inputs, so that spikes reach the rest."""
    nodes, behind = [], {}
    for node in graph:
        inputs = tuple(behind.get(name, name) for name in node.inputs)
        nodes.append(node.replace(inputs=inputs))
        if node.name in graph.inputs and node.name not in graph.whole_inputs:
            behind[node.name] = f"{node.name} neurons"
            nodes.append(Rate(behind[node.name], (node.name,), node.shape))
    return Graph(tuple(nodes), graph.outputs)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "example"), CASES)
def test_what_spikes_cost_is_counted(kind, example):
    """Whole numbers; and of what neurons reach at once, as many as are there."""
    graph = with_neurons(example.graph)
    counted = count_operations(graph)
    assert counted.ann_macs == count_operations(example.graph).ann_macs >= 0
    for name, costs in counted.fan_outs.items():
        assert costs.shape == (math.prod(graph[name].shape),)
        assert (costs >= 0).all() and (costs == costs.round()).all()
    readers = graph.consumers()
    for name in counted.fan_outs:
        direct = [reached(graph, name, reader) for reader in readers[name]]
        if None not in direct:
            assert counted.fan_outs[name].sum() == sum(direct)


def reached(graph, name, reader):
    """How many accumulates spikes of all units cause; None behind another node."""
    if isinstance(reader, Linear):
        return operations(graph)[reader.name]
    ends = not reader.linear or reader.name in graph.outputs
    return math.prod(graph[name].shape) if ends else None


@pytest.mark.parametrize("name", models.MODELS)
def test_the_shared_models_compute_what_keras_computes(name):
    check(models.MODELS[name]())


def test_a_convolution_with_a_group_for_each_channel_is_depthwise():
    """One operation where a split would make one for each channel."""
    x = keras.Input((5, 5, 6))
    same = layers.Conv2D(12, 3, groups=6, padding="same")(x)
    uneven = layers.Conv2D(6, 3, groups=6, strides=(1, 2), padding="same")(x)
    few = layers.Conv2D(6, 3, groups=3)(x)
    graph = import_model(models.randomise(keras.Model(x, [same, uneven, few])))
    forms = [node.form for node in graph.of_kind(Linear)]
    assert forms == ["depthwise", "conv", "conv"]
