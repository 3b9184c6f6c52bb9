"""Each pass proves itself: the outputs stay, and it fired; or it must not fire."""

import keras
import models
import numpy as np
import pytest
from keras import layers

from tfsnn.network.graph import Graph
from tfsnn.network.nodes import (
    Affine,
    Function,
    Linear,
    Max,
    Rate,
    Readout,
    SmoothRate,
    Source,
)
from tfsnn.network.passes import simplify
from tfsnn.network.passes.drop_repeated_rate import drop_repeated_rate
from tfsnn.network.passes.fold_affine import fold_affine
from tfsnn.network.passes.pool_before_rate import pool_before_rate
from tfsnn.network.passes.read_head import read_head
from tfsnn.sources import import_model


def applied(change, *stack, inputs=(6, 6, 2)):
    """The graphs before and after a pass, after checking that outputs are equal."""
    if isinstance(stack[0], keras.Model):
        model = stack[0]
    else:
        model = keras.Sequential([keras.Input(inputs), *stack])
    models.randomise(model)
    before = import_model(model)
    after = change(before)
    x = models.samples(model, 4)
    expected, values = before.forward(x), after.forward(x)
    for one, other in zip(before.outputs, after.outputs, strict=True):
        np.testing.assert_allclose(values[other], expected[one], rtol=1e-4, atol=1e-5)
        assert np.std(expected[one]) > 0
    return before, after


def kinds(graph):
    return [type(node).__name__ for node in graph]


BN = layers.BatchNormalization
FOLDED = {
    "behind a dense": ([layers.Dense(3), BN()], (5,)),
    "behind a dense without bias": ([layers.Dense(3, use_bias=False), BN()], (5,)),
    "behind a padded convolution": ([layers.Conv2D(3, 3, padding="same"), BN()], None),
    "behind a grouped one": ([layers.Conv2D(4, 3, groups=2), BN()], None),
    "behind a depthwise one": (
        [layers.DepthwiseConv2D(3, depth_multiplier=2), BN()],
        None,
    ),
    "behind a separable one": (
        [layers.SeparableConv2D(3, 3, padding="same"), BN()],
        None,
    ),
    "twice": ([layers.Conv2D(3, 3), BN(), layers.Rescaling(2.0, -1), BN()], None),
    "before a dense": ([BN(), layers.Dense(3)], (5,)),
    "before a convolution": ([BN(), layers.Conv2D(3, 3)], None),
    "before a grouped one": ([BN(), layers.Conv2D(4, 3, groups=2)], None),
    "before a strided one": ([BN(), layers.Conv2D(3, 3, strides=2)], None),
    "before a depthwise one": (
        [BN(), layers.DepthwiseConv2D(3, depth_multiplier=3)],
        None,
    ),
    "before a padded one, no offset": (
        [layers.Rescaling(0.5), layers.Conv2D(3, 3, padding="same")],
        None,
    ),
    "before a dense on images": ([BN(), layers.Dense(3)], None),
    "behind a 1D one": ([layers.Conv1D(3, 3, padding="same"), BN()], (7, 2)),
    "behind a causal one": ([layers.Conv1D(3, 3, padding="causal"), BN()], (7, 2)),
    "behind a 1D depthwise one": ([layers.DepthwiseConv1D(3), BN()], (7, 2)),
    "behind a 3D one": ([layers.Conv3D(3, 2, strides=2), BN()], (4, 3, 5, 2)),
    "behind a transposed one": ([layers.Conv2DTranspose(3, 3, 2), BN()], None),
    "behind a 1D transposed one": (
        [layers.Conv1DTranspose(3, 2, padding="same"), BN()],
        (7, 2),
    ),
    "behind a 3D transposed one": ([layers.Conv3DTranspose(3, 2), BN()], (2, 3, 2, 2)),
    "behind an einsum": ([layers.EinsumDense("ab,bc->ac", 3), BN()], (5,)),
    "before a 1D one": ([BN(), layers.Conv1D(3, 3, dilation_rate=2)], (7, 2)),
    "before a 1D depthwise one": (
        [BN(), layers.DepthwiseConv1D(3, depth_multiplier=2)],
        (7, 2),
    ),
    "before a 3D one": ([BN(), layers.Conv3D(4, 2, groups=2)], (4, 3, 5, 2)),
    "before a transposed one, no offset": (
        [layers.Rescaling([0.5, 2.0]), layers.Conv2DTranspose(3, 3, strides=2)],
        None,
    ),
    "after pooling": ([layers.AveragePooling2D(2), BN(), layers.Conv2D(3, 2)], None),
}


@pytest.mark.parametrize("name", FOLDED)
def test_an_affine_node_is_folded(name):
    stack, inputs = FOLDED[name]
    before, after = applied(fold_affine, *stack, inputs=inputs or (6, 6, 2))
    assert before.of_kind(Affine) and not after.of_kind(Affine)
    assert len(after.nodes) == len(before.nodes) - len(before.of_kind(Affine))
    fates = [r.fate for r in after.layers if "Normalization" in r.layer_class]
    linear = after.of_kind(Linear)[-1].layer
    assert all(fate == f"folded into {linear}" for fate in fates)


def read_twice():
    x = keras.Input((4,))
    a = layers.Dense(3)(x)
    return keras.Model(x, [BN()(a), a])


def read_by_two():
    x = keras.Input((4,))
    a = BN()(x)
    return keras.Model(x, [layers.Dense(3)(a), layers.Dense(2)(a)])


MEANS = np.arange(72.0).reshape(6, 6, 2) / 72
UNFOLDED = {
    "no neighbour": [layers.MaxPooling2D(2), BN(), layers.Flatten()],
    "padding hides the offset": [BN(), layers.Conv2D(3, 3, padding="same")],
    "depthwise padding hides it": [BN(), layers.DepthwiseConv2D(3, padding="same")],
    "a transposed one, of which it hides a part": [BN(), layers.Conv2DTranspose(3, 3)],
    "causal padding hides it": [
        layers.Reshape((12, 6)),
        BN(),
        layers.Conv1D(3, 3, padding="causal"),
    ],
    "a gain per element": [
        layers.Normalization(axis=(1, 2, 3), mean=MEANS, variance=MEANS + 1),
        layers.Conv2D(3, 3),
    ],
    "the convolution is read twice": [read_twice()],
    "two layers read it": [read_by_two()],
}


@pytest.mark.parametrize("name", UNFOLDED)
def test_an_affine_node_stays(name):
    before, after = applied(fold_affine, *UNFOLDED[name])
    assert len(after.of_kind(Affine)) == 1
    assert kinds(after) == kinds(before)


REPEATED = {
    "at once": ([layers.ReLU(), layers.ReLU()], 1),
    "three times": ([layers.ReLU(), layers.ReLU(), layers.ReLU()], 2),
    "behind poolings": (
        [
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.AveragePooling2D(2),
            layers.ReLU(),
        ],
        1,
    ),
    "behind padding and flattening": (
        [layers.ReLU(), layers.ZeroPadding2D(1), layers.Flatten(), layers.ReLU()],
        1,
    ),
    "a wider bound": ([layers.ReLU(0.5), layers.ReLU(6.0), layers.ReLU()], 2),
    "a narrower bound": ([layers.ReLU(), layers.ReLU(0.5)], 0),
    "a narrower, then a wider": (
        [layers.ReLU(0.7), layers.ReLU(0.4), layers.ReLU(0.6)],
        1,
    ),
    "weights between": ([layers.ReLU(), layers.Conv2D(2, 1), layers.ReLU()], 0),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_repeated_relu_is_dropped(name):
    stack, dropped = REPEATED[name]
    before, after = applied(drop_repeated_rate, *stack)
    assert len(after.of_kind(Rate)) == len(before.of_kind(Rate)) - dropped
    fates = [record.fate for record in after.layers if record.fate]
    assert len(fates) == dropped and all("bounds it already" in fate for fate in fates)


POOLED = {
    "max pooling": [layers.MaxPooling2D(2)],
    "overlapping, padded": [layers.MaxPooling2D(3, 2, padding="same")],
    "global": [layers.GlobalMaxPooling2D()],
    "and more behind it": [layers.MaxPooling2D(2), layers.Conv2D(3, 2)],
}


@pytest.mark.parametrize("name", POOLED)
@pytest.mark.parametrize("bound", [None, 2.0])
def test_max_pooling_goes_before_the_neurons(name, bound):
    stack = [layers.Conv2D(3, 3), layers.ReLU(bound), *POOLED[name]]
    before, after = applied(pool_before_rate, *stack)
    order = kinds(after)
    assert kinds(before).index("Rate") < kinds(before).index("Max")
    assert order.index("Rate") == order.index("Max") + 1
    assert after.of_kind(Rate)[0].shape == after.of_kind(Max)[0].shape
    assert after.of_kind(Rate)[0].max_value == bound


def test_two_poolings_each_go_before_their_neurons():
    _, after = applied(
        pool_before_rate,
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.ReLU(0.9),
        layers.MaxPooling2D(2, 1),
    )
    assert kinds(after)[1:-1] == ["Max", "Rate", "Max", "Rate"]


def relu_is_an_output():
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    return keras.Model(x, [layers.MaxPooling2D(2)(a), a])


@pytest.mark.parametrize(
    "stack",
    [
        [models.maxpool_on_spikes()],
        [relu_is_an_output()],
        [layers.ReLU(), layers.AveragePooling2D(2)],
        [layers.ReLU(), layers.ZeroPadding2D(1), layers.MaxPooling2D(2)],
    ],
    ids=["another reader", "an output", "an average", "padding between"],
)
def test_a_pooling_stays_behind_its_neurons(stack):
    before, after = applied(pool_before_rate, *stack)
    assert kinds(after) == kinds(before)


def two_heads():
    x = keras.Input((4,))
    a = layers.Dense(3, activation="relu")(x)
    heads = [layers.Dense(3, activation) for activation in ("softmax", None, "tanh")]
    return keras.Model(x, [head(a) for head in heads])


HEADS = {
    "a layer": ([layers.Dense(3), layers.Softmax(name="head")], ["softmax"]),
    "an activation": ([layers.Dense(3, "sigmoid", name="head")], ["sigmoid"]),
    "with options": ([layers.Dense(3), layers.ELU(0.3, name="head")], ["elu"]),
    "only the last": ([layers.Dense(3, "tanh"), layers.Softmax()], ["softmax"]),
    "over other axes": ([layers.Softmax(axis=1)], ["softmax"]),
    "of several outputs": ([two_heads()], ["softmax", "linear", "tanh"]),
}


@pytest.mark.parametrize("name", HEADS)
def test_the_last_function_is_read(name):
    stack, heads = HEADS[name]
    before, after = applied(read_head, *stack)
    assert [node.head for node in before.of_kind(Readout)] == ["linear"] * len(heads)
    assert [after[name].head for name in after.outputs] == heads
    gone = len(before.of_kind(Function)) - len(after.of_kind(Function))
    assert gone == sum(head != "linear" for head in heads)
    # The layer is told of: by its readout.
    told = {node.layer for node in after}
    assert {node.layer for node in before.of_kind(Function)} <= told


def a_head_that_is_read():
    x = keras.Input((4,))
    a = layers.Softmax()(x)
    return keras.Model(x, [a, layers.Dense(2)(a)])


def a_head_twice():
    x = keras.Input((4,))
    a = layers.Softmax()(x)
    return keras.Model(x, [a, a])


def a_product_at_the_end():
    x = keras.Input((4,))
    return keras.Model(x, layers.Multiply()([x, layers.Dense(4)(x)]))


@pytest.mark.parametrize(
    "stack",
    [
        [a_head_that_is_read()],
        [a_head_twice()],
        [a_product_at_the_end()],
        [layers.Softmax(), layers.Flatten()],
        [layers.Softmax(), layers.MaxPooling2D(2)],
        [layers.Dense(3), layers.ReLU()],
    ],
    ids=["a reader", "read twice", "of two signals", "moved", "pooled", "neurons"],
)
def test_what_is_no_head_stays(stack):
    before, after = applied(read_head, *stack)
    assert kinds(after) == kinds(before)
    assert {node.head for node in after.of_kind(Readout)} == {"linear"}


@pytest.mark.parametrize("name", models.MODELS)
def test_all_passes_together_leave_the_outputs_alone(name):
    before, after = applied(simplify, models.MODELS[name]())
    assert kinds(simplify(after)) == kinds(after)
    assert {r.layer for r in after.layers} == {r.layer for r in before.layers}


def test_other_activations_are_neither_dropped_nor_pooled_before():
    """gelu(relu(x)) is not relu(x), and max(gelu(x)) not gelu(max(x))."""
    shape = (4, 4, 1)
    nodes = (
        Source("x", (), shape),
        Rate("relu", ("x",), shape),
        SmoothRate("gelu", ("relu",), shape, op="gelu"),
        Max("pool", ("gelu",), (2, 2, 1), (2, 2), (2, 2)),
        Readout("out", ("pool",), (2, 2, 1)),
    )
    graph = Graph(nodes, ("out",))
    after = drop_repeated_rate(pool_before_rate(graph))
    assert [node.name for node in after] == [node.name for node in graph]
