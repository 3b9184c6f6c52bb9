"""Tiny Keras models with weights that are not trivial, shared by the tests.

Every sum in them is exact in float32 once the weights are dyadic: windows of average
poolings have a power of two of members, inputs are multiples of 1/16.
"""

import keras
import numpy as np
from keras import layers

import tfsnn
from tfsnn.conversion.methods import NeuronPlan
from tfsnn.conversion.methods.thresholds import bounded
from tfsnn.layers import FakeQuant
from tfsnn.network.nodes import Affine, Rate


@keras.saving.register_keras_serializable(package="tests")
class MyScale(layers.Layer):
    """A layer of one's own, with a handler: a gain per channel."""

    def build(self, shape):
        self.gain = self.add_weight(shape=(shape[-1],), name="gain")

    def call(self, x):
        return x * self.gain


@tfsnn.handles(MyScale)
def my_scale(layer, inputs, builder):
    (x,) = inputs
    return builder.add(Affine, (x,), builder.shape(x), gain=np.asarray(layer.gain))


POSITIVE = ("variance", "gamma", "deviation", "threshold", "maximum")  # weights


def randomise(model, seed=0):
    """Random weights of a size that keeps activations near 1; variances positive.

    What a Normalization has seen stays, and so does the range of a FakeQuant.
    """
    rng = np.random.default_rng(seed)
    adapted = [
        weight.path
        for layer in model._flatten_layers()
        if isinstance(layer, layers.Normalization | FakeQuant)
        for weight in layer.weights
    ]
    for weight in model.weights:
        values = rng.normal(size=weight.shape)
        if "seed" in weight.path or weight.path in adapted:
            continue
        if any(name in weight.path for name in POSITIVE):
            values = 0.5 + np.abs(values)
        elif "kernel" in weight.path:
            fans = int(np.prod(weight.shape[:-1])) or 1
            if "depthwise" in weight.path:
                fans = int(np.prod(weight.shape[:2]))
            values *= np.sqrt(2 / fans)
        else:
            values *= 0.3
        weight.assign(values.astype(np.float32))
    return model


def dyadic(model, seed=0, unit=1 / 16):
    """Random weights that are multiples of `unit`."""
    randomise(model, seed)
    for weight in model.weights:
        if "seed" not in weight.path:
            weight.assign(np.rint(np.asarray(weight) / unit) * unit)
    return model


def samples(model, count=5, seed=1):
    """Inputs in [-1, 1] that are multiples of 1/16."""
    shape = (count, *model.input_shape[1:])
    drawn = np.random.default_rng(seed).integers(-16, 17, shape)
    return (drawn / 16).astype(np.float32)


def plan_for(graph, seed=0, low=-2, high=1, **neuron):
    """A plan whose scales are powers of two, drawn for each channel."""
    rng = np.random.default_rng(seed)
    neuron = {"initial_potential": 0.5, **neuron}
    return {
        node.name: NeuronPlan(
            2.0 ** rng.integers(low, high, node.shape[-1:] or 1), **neuron
        )
        for node in graph.of_kind(Rate)
    }


def fine_plan(graph, scale=2.0**-16):
    """A plan that rounds each activation to a multiple of a small scale."""
    plans = {}
    for node in graph.of_kind(Rate):
        scales = np.full(node.shape[-1], scale)
        scales, most = bounded(scales, node.max_value, None)
        plans[node.name] = NeuronPlan(scales, 0.5, None, most)
    return plans


def mlp():
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu"),
            layers.Dense(5, activation="relu"),
            layers.Dense(3),
        ]
    )


def cnn():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def maxpool_on_spikes():
    """A max pooling that cannot go before the neuron: another layer reads that too."""
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    b = layers.MaxPooling2D(2)(a)
    b = layers.Conv2D(4, 2, activation="relu")(b)
    c = layers.MaxPooling2D(3, 2, padding="same")(a)
    c = layers.Flatten()(c)
    return keras.Model(
        x, layers.Dense(3)(layers.Concatenate()([layers.Flatten()(b), c]))
    )


def residual():
    """An identity skip and one with weights."""
    x = keras.Input((4, 4, 2))
    a = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(3, 3, padding="same", activation="relu")(a)
    b = layers.Conv2D(3, 3, padding="same")(b)
    a = layers.ReLU()(layers.Add()([a, b]))
    b = layers.Conv2D(4, 3, strides=2, padding="same")(a)
    a = layers.Conv2D(4, 1, strides=2)(a)
    a = layers.ReLU()(layers.Add()([a, b]))
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling2D()(a)))


def concat():
    x = keras.Input((4, 4, 2))
    a = layers.Conv2D(3, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(2, 1, activation="relu")(a)
    c = layers.Concatenate()([a, b, x])
    d = layers.Concatenate(axis=1)([b, layers.Conv2D(2, 1, activation="relu")(c)])
    d = layers.Conv2D(2, 3, strides=2, activation="relu")(d)
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(d)))


def average():
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(3, 3, padding="same", activation="relu"),
            layers.AveragePooling2D(2, 2, padding="same"),
            layers.ZeroPadding2D(((1, 0), (0, 1))),
            layers.Conv2D(4, 2, activation="relu"),
            layers.AveragePooling2D(2, 1),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def reshaped():
    """Units that depend on the channel go through reshapes that mix channels."""
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(18, activation="relu"),
            layers.Reshape((3, 3, 2)),
            layers.MaxPooling2D(2, 1),
            layers.Conv2D(4, 2, padding="same", activation="relu"),
            layers.Reshape((2, 8)),
            layers.Dense(3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def depthwise():
    return keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
            layers.ReLU(6.0),
            layers.SeparableConv2D(3, 3, strides=2, padding="same", activation="relu6"),
            layers.DepthwiseConv2D(2),
            layers.ReLU(max_value=0.5),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def grouped():
    return keras.Sequential(
        [
            keras.Input((4, 4, 4)),
            layers.Conv2D(8, 3, groups=2, padding="same", activation="relu"),
            layers.Conv2D(4, 3, groups=4, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def normalized():
    """Batch normalisations that fold and one that does not: two layers read it."""
    x = keras.Input((4, 4, 2))
    a = layers.Conv2D(3, 3, padding="same", use_bias=False)(x)
    a = layers.ReLU()(layers.BatchNormalization()(a))
    b = layers.BatchNormalization()(a)
    c = layers.Conv2D(3, 3, padding="same", activation="relu")(b)
    d = layers.ReLU()(layers.Add()([b, c]))
    return keras.Model(x, layers.Dense(3)(layers.Flatten()(d)))


def outputs():
    """Two outputs; the head of the first is added to the graph after the second."""
    x = keras.Input((6,))
    a = layers.Dense(5, activation="relu")(x)
    logits = layers.Dense(2, name="logits")(a)
    classes = layers.Dense(4, activation="softmax", name="classes")(a)
    return keras.Model(x, [logits, classes])


MODELS = {
    builder.__name__: builder
    for builder in (
        mlp,
        cnn,
        maxpool_on_spikes,
        residual,
        concat,
        average,
        reshaped,
        depthwise,
        grouped,
        normalized,
        outputs,
    )
}
# Those whose every sum is exact with dyadic weights.
EXACT = [name for name in MODELS if name != "normalized"]
