"""Several inputs, tokens among them: from conversion to the command line."""

import json

import keras
import models
import numpy as np
import pytest
from command_line import succeed
from keras import layers

import tfsnn
from tfsnn.errors import DataError


def encoder():
    """A small encoder of tokens, with a mask of what to attend to."""
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    mask = keras.Input((6, 6), name="mask")
    a = layers.Embedding(20, 8)(tokens) + layers.Embedding(6, 8)(np.arange(6)[None])
    b = layers.MultiHeadAttention(2, 4)(a, a, attention_mask=mask)
    a = layers.LayerNormalization()(layers.Add()([a, b]))
    b = layers.Dense(8)(layers.Dense(16, activation="relu", name="wide")(a))
    a = layers.LayerNormalization()(layers.Add()([a, b]))
    y = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(a))
    return models.randomise(keras.Model([tokens, mask], y))


def vit():
    """A small vision transformer."""
    x = keras.Input((8, 8, 3))
    a = layers.Reshape((4, 8))(layers.Conv2D(8, 4, strides=4)(x))
    a = a + np.random.default_rng(0).normal(size=(4, 8)).astype("float32")
    for _ in range(2):
        b = layers.LayerNormalization()(a)
        a = a + layers.MultiHeadAttention(2, 4)(b, b)
        b = layers.Dense(16, activation="relu")(layers.LayerNormalization()(a))
        a = a + layers.Dense(8)(b)
    return models.randomise(keras.Model(x, layers.Dense(3)(a[:, 0])))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 20, (30, 6))
    mask = rng.integers(0, 2, (30, 6, 6)).astype("float32")
    mask[:, :, 0] = 1
    return {"tokens": tokens, "mask": mask}


@pytest.fixture(scope="module")
def model():
    return encoder()


@pytest.fixture(scope="module")
def snn(model, data):
    return tfsnn.convert(model, data, levels=255, timesteps=8)


def test_an_encoder_of_tokens_converts(model, snn, data):
    expected = model.predict([data["tokens"], data["mask"]], verbose=0)
    received = snn.predict(data, verbose=0)
    assert np.abs(received - expected).max() < 2e-3
    assert list(snn.populations) == ["wide_relu"]


@pytest.mark.slow
def test_a_vision_transformer_converts():
    model = vit()
    x = models.samples(model, 30)
    snn = tfsnn.convert(model, x, levels=255, timesteps=8)
    expected = model.predict(x, verbose=0)
    error = np.abs(snn.predict(x, verbose=0) - expected).max()
    assert error < 5e-3 * np.abs(expected).max()


def test_inputs_are_a_dict_or_a_list(snn, data):
    by_name = snn.run(data).outputs[0]
    in_order = snn.run([data["tokens"], data["mask"]]).outputs[0]
    np.testing.assert_array_equal(by_name, in_order)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda data: {"tokens": data["tokens"]}, "tokens, mask"),
        (lambda data: [data["tokens"]], "tokens, mask"),
        (lambda data: {**data, "mask": data["mask"][:, :3]}, "input mask has shape"),
    ],
)
def test_wrong_inputs_are_refused(snn, data, wrong, words):
    with pytest.raises(DataError, match=words):
        snn.run(wrong(data))


def test_it_saves_and_loads(snn, data, tmp_path):
    snn.save(tmp_path / "snn.keras")
    loaded = keras.models.load_model(tmp_path / "snn.keras")
    expected = snn.predict(data, verbose=0)
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), expected)
    assert loaded.whole_inputs == {"tokens"}


def test_evaluate_and_verify(model, snn, data):
    y = model.predict([data["tokens"], data["mask"]], verbose=0).argmax(-1)
    found = tfsnn.evaluate(snn, (data, y), ann=model, timesteps=[1, 8])
    assert found.ann_accuracy == 1.0 and found.rows[-1].agreement > 0.9
    assert tfsnn.verify(model, snn, data).agreement > 0.9


@pytest.mark.slow
def test_the_command_line(model, data, tmp_path):
    model.save(tmp_path / "encoder.keras")
    y = model.predict([data["tokens"], data["mask"]], verbose=0).argmax(-1)
    np.savez(tmp_path / "data.npz", **data, y=y)
    paths = [str(tmp_path / name) for name in ("encoder.keras", "data.npz", "s.keras")]
    ann, npz, spiking = paths

    assert "running sums are" in succeed(
        *("convert", ann, "--calibration", npz, "--output", spiking, "-o", "levels"),
        "255",
    )
    found = json.loads(
        succeed("evaluate", spiking, "--data", npz, "--ann", ann, "--json")
    )
    assert found["rows"][-1]["accuracy"] > 0.9
    assert "same decision in 100.00 %" in succeed("verify", ann, spiking, "--data", npz)
