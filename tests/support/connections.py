"""Connections between two nodes, counted one by one in loops."""

import itertools

import keras
import models
import numpy as np

from tfsnn.network.operations import operations
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


def graph_of(*stack, inputs=(5, 6, 4)):
    if isinstance(stack[0], keras.Model):
        model = models.randomise(stack[0])
    else:
        model = models.randomise(keras.Sequential([keras.Input(inputs), *stack]))
    return simplify(import_model(model))


def connections(graph, node):
    return operations(graph)[node.name]


def pairs(inputs, outputs, size, strides=(1, 1), dilation=(1, 1), padding="valid"):
    """Each place of the input that lies under a window, with the window's place."""
    before = []
    for n, out, k, s, d in zip(inputs, outputs, size, strides, dilation, strict=True):
        total = max((out - 1) * s + (k - 1) * d + 1 - n, 0)
        before.append(total // 2 if padding == "same" else 0)
    for place in itertools.product(*map(range, outputs)):
        for offset in itertools.product(*map(range, size)):
            at = [
                p * s + o * d - b
                for p, s, o, d, b in zip(
                    place, strides, offset, dilation, before, strict=True
                )
            ]
            if all(0 <= i < n for i, n in zip(at, inputs, strict=True)):
                yield tuple(at), place


def meetings(inputs, outputs, size, *window, **options):
    """How often each place of the input lies under a window: of its shape."""
    counts = np.zeros(inputs, int)
    for at, _ in pairs(inputs, outputs, size, *window, **options):
        counts[at] += 1
    return counts


def fan_out(graph, node):
    """ACs of one spike of each unit that a linear node reads, by brute force."""
    *window, channels = graph[node.inputs[0]].shape
    if node.form == "dense":
        return np.full((*window, channels), node.kernel.shape[-1])
    size = node.kernel.shape[:-2]
    places = node.strides, node.dilation, node.padding
    if node.form == "transposed":  # what a window holds, the other way round
        counts = np.zeros(window, int)
        for _, place in pairs(node.shape[:-1], window, size, *places):
            counts[place] += 1
        return np.repeat(counts[..., None], channels, -1) * node.shape[-1]
    counts = meetings(window, node.shape[:-1], size, *places)
    # Outputs that a channel of the input takes part in.
    reached = node.kernel.shape[-1] // (1 if node.form == "depthwise" else node.groups)
    return np.repeat(counts[..., None], channels, -1) * reached
