"""Connections and fan-outs against counting them one by one."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from connections import connections, fan_out, graph_of, meetings
from keras import layers

from tfsnn.conversion.normalize import normalize
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear, Max, Rate, Source
from tfsnn.network.operations import count_operations

C, D, X = layers.Conv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose
LINEARS = [
    C(3, 3),
    C(3, 3, padding="same"),
    C(3, (2, 3), strides=2, padding="same"),
    C(3, 3, strides=(1, 2)),
    C(2, 2, dilation_rate=2, padding="same"),
    C(8, 3, groups=2, padding="same"),
    C(4, 3, groups=4),
    D(3, padding="same"),
    D(3, strides=2, depth_multiplier=3),
    D((2, 3), strides=2, depth_multiplier=2, padding="same"),
    X(3, 3),
    X(2, (2, 3), strides=2, padding="same"),
    X(2, 2, strides=(1, 3)),
    X(2, 2, dilation_rate=2, padding="same"),
    layers.Dense(7),
]


@pytest.mark.parametrize("index", range(len(LINEARS)))
def test_connections_are_those_that_exist(index):
    graph = graph_of(LINEARS[index])
    (node,) = graph.of_kind(Linear)
    assert connections(graph, node) == fan_out(graph, node).sum()
    operations = count_operations(graph)
    assert operations.ann_macs == operations.constant_macs == connections(graph, node)
    assert operations.analog_macs == 0 and operations.fan_outs == {}


@pytest.mark.parametrize("index", range(len(LINEARS)))
def test_a_spike_costs_the_weights_that_it_meets(index):
    graph = graph_of(layers.ReLU(), LINEARS[index])
    (node,), (rate,) = graph.of_kind(Linear), graph.of_kind(Rate)
    operations = count_operations(graph)
    assert operations.fan_outs.keys() == {rate.name}
    assert (operations.fan_outs[rate.name] == fan_out(graph, node).ravel()).all()
    assert (operations.constant_macs, operations.analog_macs) == (0, 0)
    assert operations.ann_macs == connections(graph, node)


ELSEWHERE = [
    layers.Conv1D(3, 2, strides=2, padding="same"),
    layers.Conv1D(2, 2, dilation_rate=2),
    layers.Conv3D(3, 2, padding="same"),
    layers.Conv3D(2, (1, 2, 2), strides=(1, 2, 1), groups=2),
    layers.Conv3D(2, 2, dilation_rate=2, padding="same"),
]


@pytest.mark.parametrize("index", range(len(ELSEWHERE)))
def test_windows_of_one_and_of_three_axes(index):
    layer = ELSEWHERE[index]
    shape = (4, 3, 5)[: 1 if isinstance(layer, layers.Conv1D) else 3]
    graph = graph_of(layers.ReLU(), layer, inputs=(*shape, 2))
    (node,), (rate,) = graph.of_kind(Linear), graph.of_kind(Rate)
    found = count_operations(graph).fan_outs[rate.name]
    assert (found == fan_out(graph, node).ravel()).all()
    assert found.sum() == connections(graph, node)


def test_large_counts_are_exact():
    """An odd number above 2^24, where float32 has even numbers only."""
    kernel = np.broadcast_to(np.float32(1), (4097, 4097))
    node = Linear("y", ("x",), (4097,), "dense", kernel=kernel)
    graph = Graph((Source("x", (), (4097,)), node), ("y",))
    assert connections(graph, node) == 4097**2


@pytest.mark.parametrize(
    ("stride", "padding"), [(2, "valid"), (1, "valid"), (2, "same")]
)
def test_average_pooling_passes_a_spike_on_to_each_window(stride, padding):
    pool = layers.AveragePooling2D(2, stride, padding)
    graph = graph_of(layers.ReLU(), pool, layers.Flatten(), layers.Dense(3))
    (rate,) = graph.of_kind(Rate)
    windows = graph[pool.name].shape[:2]
    counts = meetings((5, 6), windows, (2, 2), (stride, stride), padding=padding)
    found = count_operations(graph).fan_outs[rate.name].reshape(5, 6, 4)
    assert (found == 3 * counts[..., None]).all()
    assert found.min() == (0 if (stride, padding) == (2, "valid") else 3)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("rank", [1, 3])
def test_average_pooling_over_one_and_over_three_axes(rank, padding):
    shape, two = (5, 3, 4)[:rank], (2,) * rank
    pool = getattr(layers, f"AveragePooling{rank}D")(2, padding=padding)
    graph = graph_of(layers.ReLU(), pool, layers.Dense(3), inputs=(*shape, 2))
    (rate,) = graph.of_kind(Rate)
    pooled = graph[pool.name].shape[:-1]
    counts = meetings(shape, pooled, two, two, (1,) * rank, padding)
    found = count_operations(graph).fan_outs[rate.name].reshape(*shape, 2)
    assert (found == 3 * counts[..., None]).all()


@pytest.mark.parametrize(
    "method", ["nearest", "bilinear", "bicubic", "area", "lanczos3"]
)
@pytest.mark.parametrize("size", [(4, 9), (8, 3)])
def test_a_spike_costs_each_place_of_a_resized_image_that_it_reaches(method, size):
    layer = layers.Resizing(*size, interpolation=method)
    graph = graph_of(layers.ReLU(), layer, layers.Flatten(), layers.Dense(3))
    (rate,) = graph.of_kind(Rate)
    single = np.eye(30, dtype=np.float32).reshape(30, 5, 6, 1)
    reached = np.abs(tf.image.resize(single, size, method)) > 1e-7
    found = count_operations(graph).fan_outs[rate.name].reshape(5, 6, 4)
    assert (found == 3 * reached.sum((1, 2, 3)).reshape(5, 6, 1)).all()


def test_global_average_pooling_passes_each_spike_on_once():
    graph = graph_of(layers.ReLU(), layers.GlobalAveragePooling2D(), layers.Dense(3))
    (found,) = count_operations(graph).fan_outs.values()
    assert (found == 3).all() and found.shape == (5 * 6 * 4,)


def test_an_identity_skip_costs_one_for_the_neuron_that_it_reaches():
    x = keras.Input((5, 6, 4))
    a = layers.ReLU()(x)
    y = layers.ReLU()(layers.Add()([a, layers.Conv2D(4, 3, padding="same")(a)]))
    graph = graph_of(keras.Model(x, layers.Flatten()(y)))
    first, second = graph.of_kind(Rate)
    (conv,) = graph.of_kind(Linear)
    plan = models.plan_for(graph)
    # The gain that the normal form puts into the skip changes nothing.
    for form in (graph, normalize(graph, plan)):
        found = count_operations(form).fan_outs
        assert (found[first.name] == fan_out(graph, conv).ravel() + 1).all()
        assert (found[second.name] == 1).all()  # the output that it reaches


def test_concatenated_spikes_each_meet_the_weights_behind():
    x = keras.Input((4,))
    a, b = layers.ReLU()(x), layers.Dense(2, activation="relu")(x)
    graph = graph_of(keras.Model(x, layers.Dense(3)(layers.Concatenate()([a, b]))))
    found = count_operations(graph).fan_outs
    first, second = (node.name for node in graph.of_kind(Rate))
    assert found[first].tolist() == [3] * 4 and found[second].tolist() == [3] * 2


def test_spikes_beside_an_analog_signal_are_analog_as_a_whole():
    """The input itself is concatenated: the weights behind are MACs, in each step."""
    x = keras.Input((4,))
    y = layers.Concatenate()([x, layers.ReLU()(x)])
    operations = count_operations(graph_of(keras.Model(x, layers.Dense(3)(y))))
    assert (operations.constant_macs, operations.analog_macs) == (0, 24)
    assert [f.tolist() for f in operations.fan_outs.values()] == [[0] * 4]


@pytest.mark.parametrize("spiking", [True, False])
def test_a_spike_that_is_added_to_several_values_meets_the_weights_of_each(spiking):
    narrow, wide = keras.Input((3, 1)), keras.Input((3, 4))
    other = layers.ReLU()(wide) if spiking else wide
    y = layers.Flatten()(layers.Add()([layers.ReLU()(narrow), other]))
    model = keras.Model([narrow, wide], layers.Dense(2)(y))
    operations = count_operations(graph_of(model))
    found = sorted(operations.fan_outs.values(), key=len)
    first, *others = (each.tolist() for each in found)
    if spiking:
        assert (first, others) == ([8] * 3, [[2] * 12])
        assert operations.analog_macs == 0
    else:  # analog as a whole
        assert (first, others) == ([0] * 3, []) and operations.analog_macs == 24


def test_weights_behind_weights_are_analog():
    graph = graph_of(layers.ReLU(), layers.SeparableConv2D(3, 3, padding="same"))
    depthwise, pointwise = graph.of_kind(Linear)
    operations = count_operations(graph)
    assert operations.analog_macs == connections(graph, pointwise) == 5 * 6 * 4 * 3
    (found,) = operations.fan_outs.values()
    assert (found == fan_out(graph, depthwise).ravel()).all()
    assert operations.constant_macs == 0
    both = connections(graph, depthwise) + connections(graph, pointwise)
    assert operations.ann_macs == both


def test_a_max_pooling_of_spikes_costs_one_for_each_unit_and_sends_on():
    graph = graph_of(models.maxpool_on_spikes())
    first, second = graph.of_kind(Rate)
    pools = graph.of_kind(Max)
    found = count_operations(graph).fan_outs
    assert found.keys() == {first.name, second.name, *(pool.name for pool in pools)}
    # A spike reaches each of the two poolings.
    assert (found[first.name] == 2).all()
    conv = next(n for n in graph.of_kind(Linear) if n.inputs == (pools[0].name,))
    assert (found[pools[0].name] == fan_out(graph, conv).ravel()).all()
    assert (found[pools[1].name] == 3).all() and (found[second.name] == 3).all()
