"""Examples as spiking networks in which every signal changes from step to step."""

import numpy as np
import tensorflow as tf

from tfsnn.conversion.methods import NeuronPlan
from tfsnn.conversion.methods.thresholds import bounded
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import (
    Affine,
    Constant,
    Function,
    Linear,
    Lookup,
    Merge,
    Rate,
    Source,
)
from tfsnn.network.passes import simplify

UNIT = 2.0**-9  # inputs are multiples of it


def behind_neurons(graph, kept=()):
    """The graph with neurons behind each input but those kept.

    Their scales reach nodes as they are. Functions are given both signs, the
    difference of two populations.
    """
    signed = bool(graph.of_kind(Function))
    nodes, renamed = [], {}
    for node in graph:
        if not isinstance(node, Constant):  # which reads the number of samples only
            reads = tuple(renamed.get(name, name) for name in node.inputs)
            node = node.replace(inputs=reads)
        nodes.append(node)
        if isinstance(node, Source) and node.name not in kept:
            name, shape = node.name, node.shape
            nodes.append(Rate(f"{name}+", (name,), shape))
            if signed:
                minus = {"gain": np.full(shape[-1:], -1, np.float32)}
                nodes += [
                    Affine(f"-{name}", (name,), shape, **minus),
                    Rate(f"{name}-", (f"-{name}",), shape),
                    Affine(f"{name}--", (f"{name}-",), shape, **minus),
                    Merge(f"{name}+-", (f"{name}+", f"{name}--"), shape, "add"),
                ]
            renamed[name] = nodes[-1].name
    return Graph(tuple(nodes), graph.outputs, graph.layers)


def rounded(graph, unit=1 / 16):
    """Weights as multiples of `unit`, so that sums of spikes are exact in float32."""

    def change(node, field, values):
        exact = isinstance(node, Linear | Lookup | Affine)
        return np.rint(np.asarray(values) / unit) * unit if exact else values

    graph = graph.map_arrays(change)
    return graph.map_arrays(lambda node, field, values: np.float32(values))


def plan(graph, seed=0):
    """Signed neurons of another scale, a power of two, in each channel."""
    rng = np.random.default_rng(seed)
    plans = {}
    for node in graph.of_kind(Rate):
        scales = UNIT * 2.0 ** rng.integers(1, 4, node.shape[-1])
        scales, most = bounded(scales, node.max_value, None)
        plans[node.name] = NeuronPlan(scales, 0.5, 0.0, most)
    return plans


def spiking(example):
    """The ANN's graph of an example, simplified, and inputs for it."""
    tensors = example.tensors.items()
    kept = [name for name, tensor in tensors if "float" not in tensor.dtype]
    graph = simplify(rounded(behind_neurons(example.graph, kept)))
    feed = {
        name: np.float32(np.rint(x / UNIT) * UNIT)
        for name, x in example.inputs(3).items()
    }
    return graph, feed


def with_tensors(graph):
    """Arrays made tensors once, not in every operation of an eager run."""
    return graph.map_arrays(lambda node, field, values: tf.constant(values))
