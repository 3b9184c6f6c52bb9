"""Names that TensorFlow takes for no scope go through every verb."""

import functools

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import succeed
from keras import layers

import tfsnn
from tfsnn.sources.keras_model.scopes import scope_name

NAMES = ["x y", "ü", "_a", "1", "n" * 300, "a.b", "a>b", "x\ny", "{}", "é é"]
SHAPE, COUNT = (5, 4, 1), 12


def network(name, place):
    """A model in which a name is that of the model, a layer, or the input."""
    named = {place: name}.get
    x = keras.Input(SHAPE, name=named("input"))
    inner = keras.Sequential(
        [keras.Input((3, 2, 3)), layers.Flatten(), layers.Dense(4, "relu")],
        name=named("nested model"),
    )
    y = layers.Conv2D(3, 3, activation="relu", name=named("layer"))(x)
    y = layers.Dense(3, activation="softmax", name=named("output"))(inner(y))
    return models.randomise(keras.Model(x, y, name=named("model")))


def test_scopes_are_taken_by_tensorflow_and_told_apart():
    names = [*NAMES, "", "a/b", "x_y", "x-y", "nx_y", "x\ty", "1 ", "日本", "ý"]
    scopes = [scope_name(name) for name in names]
    with tf.Graph().as_default():
        for scope in scopes:
            with tf.name_scope(scope):
                pass
    assert len(set(scopes)) == len(names)
    assert scope_name("block1_conv.2") == "block1_conv.2"


def answers(model):
    """Samples, the model as an SNN, its evaluation, and what it predicts."""
    x = models.samples(model, COUNT)
    snn = tfsnn.convert(model, x, timesteps=4)
    found = tfsnn.evaluate(snn, (x, np.arange(COUNT) % 3), ann=model)
    return x, snn, found, snn.predict(x, verbose=0)


@functools.cache
def plain():
    """The weights, evaluation and predictions of the network under a usual name."""
    model = network("plain", "model")
    _, _, found, outputs = answers(model)
    return model.get_weights(), found, outputs


PLACES = ["model", "layer", "nested model", "input", "output"]
USUAL = ["x y", "ü", "_a", "1", "n" * 300]


@pytest.mark.parametrize(("name", "place"), zip(USUAL, PLACES, strict=True))
def test_a_name_changes_no_number(name, place, tmp_path):
    model = network(name, place)
    weights, expected, known = plain()
    for one, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)
    x, snn, found, outputs = answers(model)
    assert found.ann_accuracy == expected.ann_accuracy
    for row, other in zip(found.rows, expected.rows, strict=True):
        assert (row.spikes, row.agreement) == (other.spikes, other.agreement)
    np.testing.assert_array_equal(outputs, known)
    batches = tf.data.Dataset.from_tensor_slices(x).batch(5)
    np.testing.assert_allclose(snn.predict(batches, verbose=0), outputs, 1e-5, 1e-6)
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), outputs)
    if place == "model":
        assert snn.name == loaded.name and name in snn.name
    if place == "layer":  # the user sees the name that he gave
        assert name in str(snn.report)


def test_a_name_goes_through_every_command(tmp_path, monkeypatch):
    name = "_ü a"  # begins as no scope does, is not ASCII, and has a space
    monkeypatch.chdir(tmp_path)
    model = network(name, "layer")
    model.save(f"{name}.keras")
    x = models.samples(model, COUNT)
    np.savez("data.npz", x=x, y=np.arange(COUNT) % 3)
    ann = ("--ann", f"{name}.keras")
    assert name in succeed("inspect", f"{name}.keras")
    succeed(
        *("convert", f"{name}.keras", "--calibration", "data.npz", "--timesteps", 2),
        *("--output", "snn.keras"),
    )
    succeed("evaluate", "snn.keras", "--data", "data.npz", *ann)
    succeed("verify", f"{name}.keras", "snn.keras", "--data", "data.npz")
    succeed("predict", f"{name}.keras", "--data", "data.npz", "--output", "out")
    succeed("diagnose", "snn.keras", *ann, "--data", "data.npz")
    succeed("export", "saved_model", "snn.keras", "--output", name)
    succeed("export", "stablehlo", "snn.keras", "--output", "program")


def test_a_network_is_trained_under_any_name():
    model = network("x y", "model")
    x = models.samples(model, COUNT)
    snn = tfsnn.convert(model, x, timesteps=2)
    trained = tfsnn.SpikingModel(snn.graph, 2, snn.report, trainable=True, name="x y")
    trained.compile("sgd", "mse")
    before = [values.copy() for values in trained.get_weights()]
    trained.fit(x, np.zeros((COUNT, 3)), verbose=0)
    after = trained.get_weights()
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    assert trained.name == "x y"
