"""The graph checks its edges and rewrites them."""

import json

import models
import numpy as np
import pytest

from tfsnn.network.graph import Graph, Node
from tfsnn.network.nodes import Affine, Linear, Merge, Rate, Readout, Source
from tfsnn.sources import import_model


def small():
    return (
        Source("x", (), (2,)),
        Linear("a", ("x",), (3,), "dense", kernel=np.ones((2, 3)), layer="one"),
        Rate("b", ("a",), (3,)),
        Readout("y", ("b",), (3,)),
    )


def test_names_are_unique():
    x, a, *_ = small()
    with pytest.raises(ValueError, match="two nodes are called 'a'"):
        Graph((x, a, a), ("a",))


def test_edges_lead_to_earlier_nodes():
    x, a, b, y = small()
    with pytest.raises(ValueError, match=r"'b' reads \['a'\]"):
        Graph((x, b, a, y), ("y",))
    with pytest.raises(ValueError, match=r"outputs \['z'\]"):
        Graph((x, a, b, y), ("z",))


def test_consumers_and_kinds():
    graph = Graph(small(), ("y",))
    assert graph.of_kind(Rate, Readout) == [graph["b"], graph["y"]]
    assert {k: [n.name for n in v] for k, v in graph.consumers().items()} == {
        "x": ["a"],
        "a": ["b"],
        "b": ["y"],
        "y": [],
    }
    with pytest.raises(KeyError):
        graph["z"]


def test_renamed_nodes_are_followed_to_the_end():
    x, a, b, y = small()
    graph = Graph((x, a, b, y), ("y",))
    rewired = graph.rewrite((x, a, y), {"b": "c", "c": "a"}, {})
    assert rewired["y"].inputs == ("a",)


@pytest.mark.parametrize("name", models.MODELS)
def test_the_config_is_json_and_keeps_the_structure(name):
    graph = import_model(models.MODELS[name]())
    text = json.dumps(graph.to_config())
    again = Graph.from_config(json.loads(text))
    assert json.dumps(again.to_config()) == text
    assert again.outputs == graph.outputs and again.layers == graph.layers
    # With its arrays back it computes the same.
    filled = again.map_arrays(lambda node, key, _: getattr(graph[node.name], key))
    x = np.random.default_rng(0).normal(size=(2, *graph.nodes[0].shape))
    x = x.astype(np.float32)
    expected, values = graph.forward(x), filled.forward(x)
    for node in graph:
        assert (np.asarray(values[node.name]) == np.asarray(expected[node.name])).all()


def test_arrays_are_those_that_have_elements():
    affine = Affine("a", ("x",), (2,), gain=np.ones(2))
    assert affine.arrays().keys() == {"gain"}
    assert Rate("b", ("a",), (2,), max_value=6.0).arrays() == {}
    assert Node.kinds["Merge"] is Merge
