"""The examples of all handlers as test cases, and the check of a model's graph."""

import numpy as np
import pytest
from examples_layers import LAYERS
from examples_operations import OPERATIONS

from examples import Example, floats
from tfsnn.network.passes import simplify

EXAMPLES = {**LAYERS, **OPERATIONS}


def label(kind):
    return f"ops.{kind}" if isinstance(kind, str) else kind.__name__


QUICK = 1  # examples of each kind that are not slow
CASES = [
    pytest.param(
        kind,
        example,
        id=f"{label(kind)}-{i}",
        marks=[pytest.mark.slow] if i >= QUICK else [],
    )
    for kind, examples in EXAMPLES.items()
    for i, example in enumerate(examples)
]


def close(one, other):
    """Equal within float32's rounding of the largest of the values."""
    size = max(1.0, float(np.abs(other).max()))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=3e-6 * size)


def check(model):
    """A model's graph, after checking it."""
    example = model if isinstance(model, Example) else Example(lambda: model)
    graph = example.graph
    simple = simplify(graph)
    feed = example.inputs(3)
    expected = example.expected(feed)
    for count, each in ((1, graph), (3, simple)):
        x = floats({name: values[:count] for name, values in feed.items()})
        values = each.forward(x)
        assert len(each.outputs) == len(expected)
        for name, y in zip(each.outputs, expected, strict=True):
            assert values[name].shape == (count, *y.shape[1:])
            close(values[name], y[:count])
        for node in each:
            assert values[node.name].shape == (count, *node.shape), node
    # Every layer is told of: its nodes, or what became of it.
    told = {node.layer for node in graph} | {r.layer for r in graph.layers if r.fate}
    assert {record.layer for record in graph.layers} <= told
    return graph
