"""The operations of recorded spikes, by following each unit's spike through a network.

Nothing of the package counts here: a node is a matrix of zeros and ones, by what it
computes of one unit at a time, with weights of 1 and no offsets. Counts are kept as
floats, of which NumPy multiplies matrices far sooner than of integers.
"""

import numpy as np

from tfsnn.network.nodes import Affine, Linear
from tfsnn.network.roles import RUNNING_SUM, roles

SHARE = 1e-6  # a smaller weight of an interpolation is rounding


def plain(node):
    """The node with weights of 1, and without offsets."""
    if isinstance(node, Linear):
        return node.replace(kernel=np.ones(node.kernel.shape, "f"), bias=None)
    return node.replace(gain=1.0, offset=None) if isinstance(node, Affine) else node


def matrix(node, index, shapes):
    """Which output values a unit of one input reaches: (units, units) of 0 and 1."""
    size = int(np.prod(shapes[index]))
    reads = [np.zeros((size, *shape), np.float32) for shape in shapes]
    reads[index] = np.eye(size, dtype=np.float32).reshape(-1, *shapes[index])
    reached = np.abs(np.asarray(plain(node).apply(*reads))) > SHARE
    return np.broadcast_to(reached, (size, *node.shape)).reshape(size, -1).astype(float)


def senders(graph):
    """The nodes that send spikes of their own, and those that carry spikes."""
    of_node = roles(graph)
    own = [n.name for n in graph if not n.linear and of_node[n.name] != RUNNING_SUM]
    carriers = set(own)
    for node in graph:
        if node.linear and node.passes_on and carriers >= {*node.inputs} != set():
            carriers.add(node.name)
    return own, carriers


def fan_outs(graph):
    """What a spike of each unit of each sender causes: (units,) by name."""
    own, carriers = senders(graph)
    found = {}
    for name in own:
        size = int(np.prod(graph[name].shape))
        at = {name: np.eye(size)}  # spikes of each unit, at each value
        total = np.zeros(size)
        for node in graph:
            shapes = [graph[n].shape for n in node.inputs]
            for i, read in enumerate(node.inputs):
                if read not in at or not node.reads_values:
                    continue
                if node.linear and node.passes_on:
                    arrived = at[read] @ matrix(node, i, shapes)
                    at[node.name] = at.get(node.name, 0) + arrived
                elif not isinstance(node, Linear):
                    total += at[read].sum(1)
                elif {*node.inputs} <= carriers:
                    total += (at[read] @ matrix(node, i, shapes)).sum(1)
        found[name] = total
    return found


def events(graph, spikes):
    """What each sender sends, (T, B, *shape), with pooling of recorded spikes."""
    own, carriers = senders(graph)
    sums = {name: np.cumsum(sent, 0) for name, sent in spikes.items()}
    for node in graph:
        if node.name in sums or node.name not in carriers:
            continue
        reads = [sums[name] for name in node.inputs]
        flat = [x.reshape(-1, *x.shape[2:]).astype(np.float32) for x in reads]
        y = np.asarray(node.apply(*flat))
        sums[node.name] = y.reshape(*reads[0].shape[:2], *node.shape)
    return {name: np.diff(sums[name], axis=0, prepend=0) for name in own}


def synops(graph, sent):
    """The accumulates of each step and sample, (T, B) by sender, of what is sent."""
    costs = fan_outs(graph)
    return {
        name: (x != 0).reshape(*x.shape[:2], -1) @ costs[name]
        for name, x in sent.items()
    }
