"""The zeros of a padding cost nothing, in the ANN and in the spiking network."""

import keras
import numpy as np
import pytest
from connections import fan_out, graph_of
from keras import layers

from tfsnn.network.nodes import Linear, Rate
from tfsnn.network.operations import count_operations

C, D, X = layers.Conv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose


PADDED = {
    "zeros before a window": ([layers.ZeroPadding2D(((2, 1), (0, 3))), C(3, 3)], 3),
    "causal": ([layers.Reshape((30, 4)), layers.Conv1D(3, 4, padding="causal")], 3),
    "and padding of the window": (
        [layers.ZeroPadding2D(2), D(3, strides=2, padding="same")],
        1,
    ),
    "moved": (
        [layers.ZeroPadding2D(1), layers.Permute((3, 1, 2)), layers.Dense(5)],
        5,
    ),
    "flat": ([layers.ZeroPadding2D(1), layers.Flatten(), layers.Dense(5)], 5),
    "cut off again": ([layers.ZeroPadding2D(2), layers.Cropping2D(1), C(2, 3)], 2),
    "joined": ([layers.ZeroPadding2D(1), layers.AveragePooling2D(1), C(2, 2)], 2),
}


@pytest.mark.parametrize("name", PADDED)
def test_products_with_zeros_of_a_padding_layer_are_none(name):
    """Neither in the ANN nor in the SNN: both are the products with the 120 values."""
    stack, outputs = PADDED[name]
    graph = graph_of(layers.ReLU(), *stack)
    (node,), (rate,) = graph.of_kind(Linear), graph.of_kind(Rate)
    before = graph[node.inputs[0]].shape
    ones = np.ones((1, 5, 6, 4), np.float32)
    for other in graph.nodes[2 : graph.nodes.index(node)]:
        ones = np.asarray(other.apply(ones))
    filled = ones[0] > 0
    assert filled.shape == before and filled.sum() == 120 < filled.size
    expected = (fan_out(graph, node) * filled).sum()
    counted = count_operations(graph)
    assert counted.ann_macs == counted.fan_outs[rate.name].sum() == expected
    assert expected % outputs == 0
    constant = graph_of(*stack)  # the same without neurons
    assert count_operations(constant).constant_macs == expected


def test_an_offset_leaves_no_zeros_of_a_padding():
    """What a normalisation behind a padding adds is multiplied like other values."""
    stack = [
        layers.ZeroPadding2D(1),
        layers.BatchNormalization(),
        C(3, 3, padding="same"),
    ]
    graph = graph_of(layers.ReLU(), *stack)
    (node,), (rate,) = graph.of_kind(Linear), graph.of_kind(Rate)
    counted = count_operations(graph)
    assert counted.ann_macs == fan_out(graph, node).sum()
    inner = fan_out(graph, node)[1:-1, 1:-1]
    assert (counted.fan_outs[rate.name] == inner.ravel()).all()


def test_a_border_that_mirrors_values_is_no_padding_of_zeros():
    x = keras.Input((4, 4, 2))
    y = keras.ops.pad(layers.ReLU()(x), ((0, 0), (1, 1), (2, 2), (0, 0)), "reflect")
    graph = graph_of(keras.Model(x, layers.Conv2D(3, 2)(y)))
    (node,), (rate,) = graph.of_kind(Linear), graph.of_kind(Rate)
    counted = count_operations(graph)
    full = fan_out(graph, node)
    assert counted.ann_macs == counted.fan_outs[rate.name].sum() == full.sum()
    numbers = np.pad(
        np.arange(32).reshape(4, 4, 2), ((1, 1), (2, 2), (0, 0)), "reflect"
    )
    expected = np.bincount(numbers.ravel(), full.ravel())
    assert (counted.fan_outs[rate.name] == expected).all()
