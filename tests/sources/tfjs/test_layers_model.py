"""Layers models of TensorFlow.js: a config of Keras 2 or 3, and weights by name."""

import json

import keras
import models
import numpy as np
import pytest
import tf_keras
from tfjs_files import write, write_layers

import tfsnn
from tfsnn.sources import load_model

old = tf_keras.layers


def keras_2():
    """A network with every kind of name: of cells, wrappers and a model within."""
    x = given = old.Input((8, 8, 2), name="image")
    x = old.DepthwiseConv2D(3, padding="same", activation="relu", name="depth")(x)
    x = old.SeparableConv2D(4, 3, name="separable")(x)
    x = old.BatchNormalization(name="norm")(x)
    inner = tf_keras.Sequential(
        [old.Input((6, 6, 4)), old.Conv2D(4, 3, name="conv"), old.ReLU()], name="block"
    )
    x = old.PReLU(shared_axes=[1, 2], name="prelu")(inner(x))
    x = old.Flatten()(old.Dropout(0.5)(x))
    x = old.Dense(5, activation="relu", name="dense")(x)
    return tf_keras.Model(given, old.Dense(3, activation="softmax", name="dense_1")(x))


def randomised(model, rng):
    for weight in model.weights:
        values = 0.4 * rng.normal(size=weight.shape)
        positive = "variance" in weight.name or "gamma" in weight.name
        weight.assign(0.5 + np.abs(values) if positive else values)
    return model


@pytest.mark.parametrize("quantized", [None, "uint16"])
def test_a_model_of_keras_2(tmp_path, rng, quantized):
    model = randomised(keras_2(), rng)
    folder = write_layers(tmp_path / "m", model, quantized=quantized)
    x = rng.normal(size=(4, 8, 8, 2)).astype(np.float32)
    loaded = load_model(folder / "model.json")
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)
    np.testing.assert_array_equal(load_model(folder)(x), loaded(x))
    assert loaded.get_layer("separable").get_config()["filters"] == 4


def test_recurrent_cells_have_names_of_their_own(tmp_path, rng):
    model = tf_keras.Sequential(
        [
            old.Input((5, 3)),
            old.Bidirectional(old.LSTM(4), name="both"),
            old.Dense(2),
        ]
    )
    randomised(model, rng)
    x = rng.normal(size=(4, 5, 3)).astype(np.float32)
    loaded = load_model(write_layers(tmp_path / "m", model))
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-6)


def test_a_model_of_keras_3(tmp_path, rng):
    model = models.randomise(models.cnn())
    x = rng.normal(size=(4, *model.input_shape[1:])).astype(np.float32)
    loaded = load_model(write_layers(tmp_path / "m", model, keras.__version__))
    np.testing.assert_array_equal(loaded(x), model(x))


def saved_in_a_browser(folder, rng):
    """As ``model.save`` of TensorFlow.js writes it: no format, no model_config."""
    weights = {
        "dense_Dense1/kernel": rng.normal(size=(4, 3)),
        "dense_Dense1/bias": rng.normal(size=3),
        "dense_Dense2/kernel_1": rng.normal(size=(3, 2)),
        "dense_Dense2/bias_1": rng.normal(size=2),
    }
    layers = [
        {"class_name": "Dense", "config": {"name": f"dense_Dense{i}", **more}}
        for i, more in (
            (1, {"units": 3, "activation": "relu", "batch_input_shape": [None, 4]}),
            (2, {"units": 2, "activation": "hard_sigmoid"}),
        )
    ]
    topology = {
        "class_name": "Sequential",
        "config": {"name": "sequential_1", "layers": layers},
        "keras_version": "tfjs-layers 4.2.0",
        "backend": "tensor_flow.js",
    }
    return write(folder, topology, weights, shard=10**6)


def test_a_model_saved_in_a_browser(tmp_path, rng):
    values = saved_in_a_browser(tmp_path / "m", rng)
    a, b, c, d = (each.astype(np.float32) for each in values.values())
    x = rng.normal(size=(6, 4)).astype(np.float32)
    wanted = np.clip(0.2 * (np.maximum(x @ a + b, 0) @ c + d) + 0.5, 0, 1)
    np.testing.assert_allclose(load_model(tmp_path / "m")(x), wanted, atol=1e-6)


def test_a_part_and_a_free_shape(tmp_path, rng):
    model = tf_keras.Sequential(
        [
            old.Input((None, None, 3)),
            old.Conv2D(4, 3, activation="relu", name="a"),
            old.Conv2D(2, 3, name="b"),
            old.UpSampling2D(2),
        ]
    )
    folder = write_layers(tmp_path / "m", randomised(model, rng))
    loaded = load_model(folder, outputs="b", input_shape=(9, 9, 3))
    assert loaded.output_shape == (None, 5, 5, 2)
    x = rng.normal(size=(2, 9, 9, 3)).astype(np.float32)
    wanted = tf_keras.Model(model.input, model.get_layer("b").output)(x)
    np.testing.assert_allclose(loaded(x), wanted, atol=1e-6)


def test_code_is_refused(tmp_path):
    model = tf_keras.Sequential([old.Input((3,)), old.Dense(2, name="dense")])
    folder = write_layers(tmp_path / "m", model)
    document = json.loads((folder / "model.json").read_text())
    layers = document["modelTopology"]["model_config"]["config"]["layers"]
    layers.append({"class_name": "Lambda", "config": {"name": "code", "function": "x"}})
    (folder / "model.json").write_text(json.dumps(document))
    with pytest.raises(tfsnn.ModelError, match=r"code \(Lambda\) is Python code"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda w: w.pop("dense/kernel"), "no weight is stored for .*dense/kernel"),
        (lambda w: w.update({"other/kernel": np.ones(2)}), "1 weights belong to no"),
        (lambda w: w.update({"dense/kernel": np.ones((2, 3))}), "of shape \\(3, 2\\)"),
    ],
)
def test_weights_of_another_model(tmp_path, change, why):
    layer = {"name": "dense", "units": 2, "batch_input_shape": [None, 3]}
    config = {"name": "m", "layers": [{"class_name": "Dense", "config": layer}]}
    weights = {"dense/kernel": np.ones((3, 2)), "dense/bias": np.ones(2)}
    change(weights)
    write(tmp_path, {"class_name": "Sequential", "config": config}, weights)
    with pytest.raises(tfsnn.ModelError, match=f"^{tmp_path}/model.json: .*{why}"):
        load_model(tmp_path)


def test_a_layer_of_a_size_that_is_not_stored(tmp_path):
    layer = {"name": "dense", "units": 10**6, "batch_input_shape": [None, 10**6]}
    config = {"name": "m", "layers": [{"class_name": "Dense", "config": layer}]}
    topology = {"class_name": "Sequential", "config": config}
    write(tmp_path, topology, {"dense/kernel": np.ones((3, 2))})
    with pytest.raises(
        tfsnn.ModelError, match=r"1,000,001,000,000 weights, of which 6"
    ):
        load_model(tmp_path)
