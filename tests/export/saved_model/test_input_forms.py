"""What an exported SavedModel takes: numbers, bytes, images, several inputs."""

import json

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from exporting import converted, example, export, load
from keras import layers

import tfsnn


def test_bytes(tmp_path):
    snn, _ = converted(models.cnn)
    pixels = np.random.default_rng(0).integers(0, 256, (7, 6, 6, 2)).astype(np.uint8)
    for raw, factor in ((False, np.float32(1 / 255)), (True, np.float32(1))):
        exported = export(snn, tmp_path, input_type="uint8", raw=raw)
        expected = snn.predict(pixels * factor, verbose=0)
        found = load(exported)["serving_default"](inputs=pixels)["outputs"]
        np.testing.assert_allclose(found, expected, 1e-6, 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_read_as_those_of_a_folder(channels, tmp_path):
    model = models.randomise(
        keras.Sequential(
            [
                keras.Input((6, 5, channels)),
                layers.Flatten(),
                layers.Dense(8, "relu"),
                layers.Dense(3),
            ]
        )
    )
    snn = tfsnn.convert(model, models.samples(model, 9))
    rng = np.random.default_rng(0)
    images = [
        rng.integers(0, 256, (9 + i, 12, 1 + 2 * (i % 2)), np.uint8) for i in range(4)
    ]
    writers = (tf.io.encode_jpeg, tf.io.encode_png)
    stored = [writers[i // 2](image).numpy() for i, image in enumerate(images)]
    (tmp_path / "images" / "a").mkdir(parents=True)
    for i, data in enumerate(stored):
        (tmp_path / "images" / "a" / f"{i}.{'jpg' if i < 2 else 'png'}").write_bytes(
            data
        )
    ((x, _),) = tfsnn.open_data(str(tmp_path / "images"), snn.inputs_by_name).batches(9)
    expected = snn.predict(x, verbose=0)
    (tmp_path / "names").write_text("a\nb\nc\n")
    exported = export(snn, tmp_path, input_type="jpeg", class_names=tmp_path / "names")
    loaded = load(exported)
    found = loaded["serving_default"](inputs=tf.constant(stored))
    np.testing.assert_allclose(found["outputs"], expected, 1e-6)
    examples = [example(inputs=("bytes_list", [data])) for data in stored]
    classes = loaded["classify"](inputs=tf.constant(examples))
    assert [c[0] for c in classes["classes"].numpy()] == [
        b"abc"[k : k + 1] for k in expected.argmax(-1)
    ]
    with pytest.raises(tf.errors.InvalidArgumentError, match="image"):
        loaded["serving_default"](inputs=tf.constant([b"no image"]))


@pytest.mark.slow
def test_several_inputs_and_outputs_by_name(tmp_path):
    tokens = keras.Input((4,), dtype="int32", name="tokens")
    other = keras.Input((3,), name="some-thing")
    a = layers.Flatten()(layers.Embedding(10, 3)(tokens))
    a = layers.Dense(6, activation="relu")(layers.Concatenate()([a, other]))
    heads = {"z": layers.Dense(2)(a), "a": layers.Dense(4)(a)}
    model = models.randomise(keras.Model([tokens, other], heads))
    rng = np.random.default_rng(0)
    x = [rng.integers(0, 10, (9, 4)), rng.integers(0, 256, (9, 3)).astype(np.uint8)]
    snn = tfsnn.convert(model, x)
    expected = snn.predict([x[0], x[1] * np.float32(1 / 255)], verbose=0)
    (tmp_path / "names").write_text("yes\nno\n")
    for form, sent in {"float": x[1] * np.float32(1 / 255), "uint8": x[1]}.items():
        exported = export(
            snn, tmp_path, input_type=form, class_names=tmp_path / "names"
        )
        loaded = load(exported)
        found = loaded["serving_default"](
            tokens=x[0].astype(np.float32), some_thing=sent
        )
        assert {*found} == {"outputs", "outputs_a", "steps", "spikes"}
        np.testing.assert_allclose(found["outputs"], expected["z"], 1e-5)
        np.testing.assert_allclose(found["outputs_a"], expected["a"], 1e-5)
        kind = "int64_list" if form == "uint8" else "float_list"
        examples = [
            example(tokens=("int64_list", t), some_thing=(kind, v))
            for t, v in zip(x[0], sent, strict=True)
        ]
        classes = loaded["classify"](inputs=tf.constant(examples))
        np.testing.assert_allclose(
            classes["scores"], np.sort(expected["z"])[:, ::-1], 1e-5
        )
        (row,) = json.loads(
            exported.path.joinpath("assets.extra/request.json").read_text()
        )["instances"]
        assert np.shape(row["tokens"]) == (4,) and np.shape(row["some_thing"]) == (3,)
