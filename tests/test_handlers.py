"""Every layer that can be converted computes, as nodes, what Keras computes."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from models import MyScale

from tfsnn.handlers import registered
from tfsnn.passes import simplify
from tfsnn.sources import import_model

MEANS = np.arange(72, dtype=np.float32).reshape(6, 6, 2) / 72


def adapted(**arguments):
    """A Normalization that has seen data."""
    layer = layers.Normalization(**arguments)
    layer.adapt(np.random.default_rng(2).normal(1, 3, (50, 6, 6, 2)).astype("float32"))
    return layer


def windows(kind):
    return [
        [kind(2)],
        [kind(3, padding="same")],
        [kind(3, 2, padding="same")],
        [kind((2, 3), (1, 2))],
        [layers.ReLU(), kind(2, padding="same"), layers.Conv2D(2, 2)],
    ]


def everywhere(kind):
    return [[kind()], [kind(keepdims=True)], [layers.ReLU(), kind()]]


def parallel(kind, count=2, **arguments):
    """A model that brings `count` convolutions together."""
    x = keras.Input((6, 6, 2))
    branches = [layers.Conv2D(3, 3, padding="same")(x) for _ in range(count)]
    return keras.Model(x, layers.ReLU()(kind(**arguments)(branches)))


C, D, S = layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D
TRAINING_ONLY = [
    layers.ActivityRegularization(0.1),
    layers.AlphaDropout(0.5),
    layers.Dropout(0.5),
    layers.GaussianDropout(0.5),
    layers.GaussianNoise(0.5),
    layers.Identity(),
    layers.RandomBrightness(0.5),
    layers.RandomContrast(0.5),
    layers.RandomFlip(),
    layers.RandomRotation(0.5),
    layers.RandomTranslation(0.5, 0.5),
    layers.RandomZoom(0.5),
    layers.SpatialDropout2D(0.5),
]
# Per class: stacks of layers for images of (6, 6, 2), or models.
EXAMPLES = {
    layers.Dense: [
        [layers.Flatten(), layers.Dense(4, activation="relu"), layers.Dense(3)],
        [layers.Dense(4, use_bias=False, activation="relu6")],
        [layers.Flatten(), layers.Dense(3, activation="sigmoid")],
    ],
    layers.Conv2D: [
        *(
            [C(4, (3, 2), strides=s, dilation_rate=d, groups=g, padding=p)]
            for s, d in [(1, 1), (2, 1), ((1, 2), 1), (1, 2), (1, (2, 1))]
            for g in (1, 2)
            for p in ("same", "valid")
        ),
        [C(3, 1, use_bias=False, activation="relu"), C(2, 6, activation="softmax")],
    ],
    layers.DepthwiseConv2D: [
        *(
            [D(3, strides=s, depth_multiplier=m, padding=p, dilation_rate=d)]
            for s, d in [(1, 1), (2, 1), (1, 2)]
            for m in (1, 3)
            for p in ("same", "valid")
        ),
        [D((2, 3), use_bias=False, activation="relu")],
    ],
    layers.SeparableConv2D: [
        [S(3, 3)],
        [S(3, 3, strides=2, padding="same", depth_multiplier=2, activation="relu")],
        [S(3, 2, dilation_rate=2, use_bias=False)],
    ],
    layers.Activation: [
        [layers.Activation("relu"), C(2, 1), layers.Activation("linear")],
        [layers.Activation("relu6")],
        *([layers.Activation(head)] for head in ("softmax", "sigmoid", "tanh")),
        *([layers.Activation(head)] for head in ("softplus", "exponential")),
        [layers.Activation("log_softmax")],
    ],
    layers.ReLU: [[layers.ReLU()], [layers.ReLU(6.0)], [layers.ReLU(max_value=0.3)]],
    layers.Softmax: [[layers.Softmax()]],
    layers.BatchNormalization: [
        [layers.BatchNormalization()],
        [C(3, 3, padding="same"), layers.BatchNormalization(), layers.ReLU()],
        [layers.BatchNormalization(), C(3, 3), layers.ReLU()],
        [layers.BatchNormalization(), C(3, 3, padding="same")],
        [layers.ReLU(), layers.MaxPooling2D(2), layers.BatchNormalization()],
        [layers.BatchNormalization(scale=False), layers.ReLU()],
        [layers.BatchNormalization(center=False, epsilon=0.1), layers.ReLU()],
        [layers.Flatten(), layers.BatchNormalization(), layers.Dense(3)],
    ],
    layers.Rescaling: [
        [layers.Rescaling(2.0, -0.5), C(3, 3, padding="same")],
        [layers.Rescaling(0.25), C(3, 3, padding="same")],
        [layers.Rescaling([0.5, 2.0], [1.0, -1.0])],
    ],
    layers.Normalization: [
        [adapted()],
        [adapted(axis=None)],
        [adapted(axis=(1, 2, 3)), C(3, 3)],
        [adapted(axis=1), layers.ReLU()],
        [layers.Normalization(mean=[0.5, -1.0], variance=[2.0, 0.5]), C(3, 3)],
        [layers.Normalization(axis=(1, 2, 3), mean=MEANS, variance=MEANS + 0.1)],
        [layers.Normalization(mean=[0.5, 1.0], variance=[0.0, 1.0])],
    ],
    layers.AveragePooling2D: windows(layers.AveragePooling2D),
    layers.MaxPooling2D: windows(layers.MaxPooling2D),
    layers.GlobalAveragePooling2D: everywhere(layers.GlobalAveragePooling2D),
    layers.GlobalMaxPooling2D: everywhere(layers.GlobalMaxPooling2D),
    layers.Flatten: [[layers.Flatten()], [layers.Flatten(), layers.Flatten()]],
    layers.Reshape: [
        [layers.Reshape((4, 9, 2)), C(3, 2)],
        [layers.Reshape((-1, 4)), layers.Dense(3)],
        [layers.Reshape((72,))],
        [layers.Reshape((6, 6, 2))],
    ],
    layers.ZeroPadding2D: [
        [layers.ZeroPadding2D(2), C(3, 3)],
        [layers.ReLU(), layers.ZeroPadding2D(((1, 0), (2, 3))), layers.ReLU()],
    ],
    layers.Add: [
        parallel(layers.Add),
        parallel(layers.Add, 3),
        models.residual,
    ],
    layers.Concatenate: [
        parallel(layers.Concatenate),
        parallel(layers.Concatenate, 3, axis=-1),
        parallel(layers.Concatenate, axis=1),
        parallel(layers.Concatenate, axis=2),
        models.concat,
    ],
    **{type(layer): [[layer, C(3, 3), layer]] for layer in TRAINING_ONLY},
    layers.SpatialDropout1D: [[layers.Reshape((9, 8)), layers.SpatialDropout1D(0.5)]],
    MyScale: [[MyScale(), C(2, 2), layers.ReLU(), MyScale()]],
}
CASES = [
    pytest.param(example, id=f"{kind.__name__}-{i}")
    for kind, examples in EXAMPLES.items()
    for i, example in enumerate(examples)
]


def built(example):
    if isinstance(example, list):
        # Named anew, for a layer may stand in a stack twice.
        x = y = keras.Input((6, 6, 2))
        for layer in example:
            y = layer(y)
        return keras.Model(x, y)
    return example if isinstance(example, keras.Model) else example()


def assert_same(graph, model):
    for count in (1, 4):
        x = np.random.default_rng(count).normal(size=(count, *model.input_shape[1:]))
        x = tf.constant(x, tf.float32)
        expected = model(x, training=False)
        # Outputs in a dict keep its order; tf.nest would sort them.
        structured = expected.values() if isinstance(expected, dict) else expected
        expected = list(structured) if graph.outputs[1:] else [structured]
        values = graph.forward(x)
        assert len(expected) == len(graph.outputs)
        for name, y in zip(graph.outputs, expected, strict=True):
            assert values[name].shape == y.shape == (count, *graph[name].shape)
            np.testing.assert_allclose(values[name], y, rtol=1e-5, atol=2e-6)
        for node in graph:
            assert values[node.name].shape[1:] == node.shape


def check(model):
    if not any(isinstance(layer, layers.Normalization) for layer in model.layers):
        models.randomise(model)
    graph = import_model(model)
    assert_same(graph, model)
    simple = simplify(graph)
    x = tf.random.normal((3, *model.input_shape[1:]))
    expected, values = graph.forward(x), simple.forward(x)
    for one, other in zip(graph.outputs, simple.outputs, strict=True):
        np.testing.assert_allclose(values[other], expected[one], rtol=2e-5, atol=1e-5)
    # Every layer is told of: its nodes, or what became of it.
    told = {node.layer for node in graph} | {r.layer for r in graph.layers if r.fate}
    assert {record.layer for record in graph.layers} <= told
    return graph


def test_every_registered_layer_has_an_example():
    missing = [kind.__name__ for kind in registered() if kind not in EXAMPLES]
    assert not missing, f"add examples for {missing} to EXAMPLES"


@pytest.mark.parametrize("kind", registered(), ids=lambda kind: kind.__name__)
def test_the_examples_hold_the_layer(kind):
    for example in EXAMPLES[kind]:
        assert any(type(layer) is kind for layer in built(example).layers)


@pytest.mark.parametrize("example", CASES)
def test_the_nodes_compute_what_the_layers_compute(example):
    check(built(example))


@pytest.mark.parametrize("name", models.MODELS)
def test_the_shared_models_compute_what_keras_computes(name):
    check(models.MODELS[name]())
