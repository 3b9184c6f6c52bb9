"""What inspection says of a model agrees with its graph and with Keras."""

import json

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.network.nodes import Rate
from tfsnn.network.operations import count_operations
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model
from tfsnn.sources.inspect import inspect_model


def fates(model):
    return {layer.layer: layer.becomes for layer in inspect_model(model).layers}


@pytest.mark.parametrize("name", models.MODELS)
def test_totals(name):
    model = models.randomise(models.MODELS[name]())
    found = inspect_model(model)
    graph = simplify(import_model(model))
    assert found.convertible
    assert found.parameters == sum(layer.parameters for layer in found.layers)
    assert found.parameters == model.count_params()
    assert found.macs == count_operations(graph).ann_macs
    neurons = sum(np.prod(node.shape) for node in graph.of_kind(Rate))
    assert found.neurons == neurons
    assert "nothing" not in {layer.becomes for layer in found.layers}
    for layer in found.layers:
        expected = model.get_layer(layer.layer).output.shape[1:]
        assert layer.output_shape == tuple(expected)
    assert json.loads(json.dumps(found.to_dict()))["totals"]["neurons"] == neurons
    assert f"{found.macs:,} MACs, {neurons:,} spiking neurons" in str(found)


def test_what_layers_become():
    x = keras.Input((8, 8, 3), name="x")
    y = layers.RandomFlip(name="flip")(x)
    y = layers.Rescaling(1 / 255, name="scale")(y)
    y = layers.Conv2D(4, 3, name="conv")(y)
    y = layers.BatchNormalization(name="norm")(y)
    y = layers.ReLU(6.0, name="relu6")(y)
    y = layers.ReLU(name="again")(y)
    y = layers.MaxPooling2D(name="max")(y)
    y = layers.Dropout(0.5, name="dropout")(y)
    y = layers.SeparableConv2D(4, 2, activation="relu", name="separable")(y)
    y = layers.GlobalAveragePooling2D(name="mean")(y)
    y = layers.Dense(3, name="logits")(y)
    y = layers.Softmax(name="softmax")(y)
    assert fates(models.randomise(keras.Model(x, y))) == {
        "x": "input",
        "flip": "dropped: identity at inference",
        "scale": "folded into conv",
        "conv": "convolution",
        "norm": "folded into conv",
        "relu6": "spiking neurons for at most 6",
        "again": "dropped: relu6 bounds it already",
        "max": "max pooling before the neurons",
        "dropout": "dropped: identity at inference",
        "separable": "depthwise convolution + convolution + spiking neurons",
        "mean": "average pooling",
        "logits": "dense",
        "softmax": "readout with softmax head",
    }


def test_layers_with_several_inputs_and_pooling_of_spikes():
    found = list(fates(models.residual()).values())
    assert found.count("sum of its inputs") == 2
    found = list(fates(models.maxpool_on_spikes()).values())
    assert found.count("max pooling of spikes") == 2 - found.count(
        "max pooling before the neurons"
    )
    assert "concatenation" in found


def test_nested_and_shared_layers():
    shared = layers.Dense(4, activation="relu", name="shared")
    inner = keras.Sequential([keras.Input((4,)), shared], name="inner")
    x = keras.Input((4,))
    y = layers.Dense(2, name="out")(inner(inner(x)))
    found = inspect_model(keras.Model(x, y))
    rows = {layer.layer: layer for layer in found.layers}
    assert rows["inner"].becomes == "its layers follow"
    assert rows["inner/shared"].becomes == "dense + spiking neurons"
    assert rows["inner/shared"].macs == 2 * 16
    assert found.parameters == 20 + 10 and found.neurons == 8


def test_problems_are_all_named():
    x = keras.Input((4, 4, 1))
    y = layers.Hashing(3, name="odd")(layers.Reshape((4, 4))(x))
    y = layers.Lambda(lambda z: z, name="code")(y)
    y = layers.Dense(2, activation="relu", name="fine")(y)
    found = inspect_model(keras.Model(x, y))
    assert not found.convertible and found.macs is None and found.neurons is None
    assert found.shares is None
    assert [problem.layer for problem in found.problems] == ["odd", "code"]
    rows = {layer.layer: layer.becomes for layer in found.layers}
    assert rows["odd"] == rows["code"] == "not supported"
    assert rows["fine"] == "supported"
    assert "2 problem(s)" in str(found) and "looks values up" in str(found)


def any_size():
    x = keras.Input((None, None, 1))
    return keras.Model(x, layers.Conv2D(1, 1)(x))


def damaged():
    model = models.randomise(models.mlp())
    model.layers[0].bias.assign(np.full(8, np.nan))
    return model


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (any_size, "--input-shape 128,128,1"),
        (damaged, "NaN"),
    ],
)
def test_a_model_that_fails_as_a_whole(model, reason):
    model = model()
    found = inspect_model(model)
    assert not found.convertible and len(found.layers) >= 2
    (problem,) = found.problems
    assert problem.layer == model.name and reason in problem.reason


def test_the_shares_of_roles_are_told():
    x = keras.Input((6,))
    y = layers.Dense(5, activation="relu")(x)  # 30 MACs on analog input, 5 neurons
    y = layers.Dense(4, activation="gelu")(y)  # 20 MACs on spikes, 4 functions
    found = inspect_model(keras.Model(x, layers.Dense(3)(y)))  # 12 MACs, analog
    total = 30 + 5 + 20 + 4 + 12
    expected = {"spiking": 25, "linear": 42, "running sum": 4}
    assert found.shares == {role: n / total for role, n in expected.items()}
    assert "5.6 % running sum" in str(found)
    assert "running sum of gelu" in {
        row.becomes.split(" + ")[-1] for row in found.layers
    }


def test_a_method_tells_what_it_makes_of_the_model():
    x = keras.Input((6,))
    y = layers.Dense(5, activation="gelu", name="wide")(x)
    y = layers.Dense(4, activation="gelu", name="next")(y)
    y = layers.LayerNormalization(name="norm")(layers.Dense(3, name="last")(y))
    model = keras.Model(x, layers.Dense(2, name="out")(y))
    without = inspect_model(model)
    assert without.neurons == 0 and not without.method
    assert {layer.by_spikes for layer in without.layers} == {None, 0.0}
    found = inspect_model(model, tfsnn.methods.make("few_spikes", {}))
    by_spikes = {layer.layer: layer.by_spikes for layer in found.layers}
    analog, neurons = 30, 5 + 5  # those of a ReLU, and of what GELU lacks of it
    assert by_spikes.pop("wide") == neurons / (analog + neurons)
    assert set(by_spikes.values()) == {None, 1.0}
    assert found.macs == without.macs
    becomes = {layer.layer: layer.becomes for layer in found.layers}
    assert becomes["wide"].startswith("dense + spiking neurons")
    assert "running sum" not in becomes["norm"]
    assert "25.0 %" in str(found) and "by spikes" not in str(without)
    assert found.to_dict()["method"] is True
