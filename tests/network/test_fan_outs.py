"""Fan-outs and MACs are the same connections, for windows of every form and shape."""

from dataclasses import dataclass

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from connections import connections, fan_out, graph_of
from keras import layers

import tfsnn
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Linear, Passing, Rate, Readout, Slice, Source
from tfsnn.network.operations import count_operations

C, D, X = layers.Conv2D, layers.DepthwiseConv2D, layers.Conv2DTranspose


def a_linear_layer(rng):
    """Of random kind, shape and window, and the shape of its input."""
    rank = int(rng.integers(1, 4))
    kind = rng.choice(["Conv", "Conv", "Transpose", "DepthwiseConv", "Dense"])
    shape = tuple(int(n) for n in rng.integers(3, 7 - rank // 2, rank))
    channels = int(rng.choice([1, 2, 4]))
    if kind == "Dense":
        return layers.Dense(int(rng.integers(1, 5))), (*shape, channels)
    equal = kind == "DepthwiseConv"  # TensorFlow's has equal strides and dilations
    drawn = rng.integers(1, 4, 1).repeat(rank) if equal else rng.integers(1, 4, rank)
    size = tuple(int(n) for n in rng.integers(1, 4, rank))
    numbers = tuple(int(n) for n in drawn)
    window = {"padding": str(rng.choice(["valid", "same"]))}
    fits = all((k - 1) * n < m for k, n, m in zip(size, numbers, shape, strict=True))
    if rng.integers(2) and (window["padding"] == "same" or fits):
        window["dilation_rate"] = numbers
    else:
        window["strides"] = numbers
    if kind == "DepthwiseConv":
        rank = min(rank, 2)
        window = {k: v[:rank] if k != "padding" else v for k, v in window.items()}
        depth = int(rng.integers(1, 3))
        layer = getattr(layers, f"DepthwiseConv{rank}D")
        return layer(size[:rank], depth_multiplier=depth, **window), (
            *shape[:rank],
            channels,
        )
    if kind == "Transpose":
        layer = getattr(layers, f"Conv{rank}DTranspose")
        return layer(int(rng.integers(1, 4)), size, **window), (*shape, channels)
    groups = int(rng.choice([1, channels]))
    layer = getattr(layers, f"Conv{rank}D")
    filters = groups * int(rng.integers(1, 3))
    return layer(filters, size, groups=groups, **window), (*shape, channels)


@pytest.mark.parametrize("seed", range(60))
def test_fan_outs_of_random_windows_sum_up_to_the_macs(seed):
    """Counted in loops, and by the outputs that the ones of each unit reach."""
    layer, shape = a_linear_layer(np.random.default_rng(seed))
    graph = graph_of(layers.ReLU(), layer, inputs=shape)
    (node,), (rate,) = graph.of_kind(Linear), graph.of_kind(Rate)
    counted = count_operations(graph)
    found = counted.fan_outs[rate.name]
    assert found.dtype == np.int64
    assert (found == fan_out(graph, node).ravel()).all()
    assert found.sum() == counted.ann_macs == connections(graph, node)
    single = np.eye(found.size, dtype=np.float32).reshape(-1, *shape)
    reached = np.asarray(node.multiply(single, np.ones(node.kernel.shape, "f")))
    assert (found == (reached > 0).reshape(found.size, -1).sum(1)).all()


def shortcut(size):
    """A convolution 1x1 of stride 2: its eager gradient wrote beyond its memory."""
    return keras.Sequential(
        [
            keras.Input((size, size, 3)),
            C(8, 3, padding="same", activation="relu"),
            C(16, 1, strides=2, padding="same"),
            layers.ReLU(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10),
        ]
    )


@pytest.mark.parametrize("size", [32, 60, 224])
def test_a_shortcut_of_stride_two_is_counted(size):
    counted = count_operations(graph_of(shortcut(size)))
    first, second = counted.fan_outs.values()
    half = size // 2
    # Pixels with even numbers are read, each by 16 filters.
    even = np.zeros((size, size, 8), int)
    even[::2, ::2] = 16
    assert (first == even.ravel()).all()
    assert (second == 10).all() and second.shape == (half * half * 16,)
    edges = 3 * size - 2  # rows that the three rows of a window meet, over all places
    assert counted.constant_macs == edges**2 * 3 * 8
    assert counted.ann_macs == edges**2 * 3 * 8 + half**2 * 8 * 16 + 16 * 10


def test_a_shortcut_of_stride_two_is_converted_saved_and_evaluated(tmp_path):
    model = models.randomise(shortcut(32))
    x = np.random.default_rng(0).random((6, 32, 32, 3), np.float32)
    snn = tfsnn.convert(model, x, "data_norm", timesteps=3)
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    (row,) = tfsnn.evaluate(loaded, x, timesteps=[3]).rows
    first, second = snn.simulate(x).spikes.values()
    synops = 16 * (first[:, :, ::2, ::2] != 0).sum() + 10 * (second != 0).sum()
    assert row.synops * 6 == row.synops_events * 6 == synops > 0


def test_nothing_is_counted_while_a_model_is_saved(tmp_path, monkeypatch):
    """Keras reads every property of a model when it saves it."""
    model = models.randomise(models.mlp())
    snn = tfsnn.convert(model, models.samples(model, 20), timesteps=2)
    counted = []
    monkeypatch.setattr(snn, "_operations", lambda: counted.append(1))
    snn.save(tmp_path / "snn.keras")
    assert not counted
    snn.operations_per_sample()
    assert counted


@dataclass(frozen=True, eq=False)
class Doubled(Passing):
    """The sum of neighbours, and no word of what it costs."""

    def apply(self, x):
        return x + tf.roll(x, 1, -1)


def test_a_kind_that_joins_values_has_to_say_what_they_cost():
    nodes = (
        Source("x", (), (4,)),
        Rate("a", ("x",), (4,)),
        Doubled("b", ("a",), (4,)),
        Readout("y", ("b",), (4,)),
    )
    with pytest.raises(NotImplementedError, match=r"Doubled .* accumulates_behind"):
        count_operations(Graph(nodes, ("y",)))


@pytest.mark.slow
def test_a_value_is_followed_through_more_units_than_float32_counts():
    """The last of 2^24 + 2 units, which are moved by their numbers."""
    n = 2**24 + 2
    nodes = (
        Source("x", (), (n,)),
        Rate("a", ("x",), (n,)),
        Slice("b", ("a",), (2,), (n - 2,), (None,), (1,)),
        Readout("y", ("b",), (2,)),
    )
    (found,) = count_operations(Graph(nodes, ("y",))).fan_outs.values()
    assert np.flatnonzero(found).tolist() == [n - 2, n - 1]
