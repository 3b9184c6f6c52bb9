"""8-bit values: a network that scales them itself gets them as they are."""

import logging

import keras
import models
import numpy as np
import pytest
from command_line import run
from keras import layers

import tfsnn
from tfsnn.errors import OptionError
from tfsnn.network.pixels import scaled_inside
from tfsnn.sources import import_model

SHAPE = (8, 8, 3)
PIXELS = np.random.default_rng(0).integers(0, 256, (40, *SHAPE)).astype(np.uint8)
LABELS = np.arange(40) % 4
CAFFE = np.array([103.939, 116.779, 123.68], np.float32)


def torch_mode(x):
    shifted = x / 255.0 - np.array([0.485, 0.456, 0.406], np.float32)
    return shifted / np.array([0.229, 0.224, 0.225], np.float32)


SCALINGS = {
    "Rescaling": (layers.Rescaling(1 / 255), True),
    "Rescaling to -1..1": (layers.Rescaling(1 / 127.5, -1.0), True),
    "preprocess_input tf": (lambda x: x / 127.5 - 1.0, True),
    "preprocess_input torch": (torch_mode, True),
    "preprocess_input caffe": (lambda x: x[..., ::-1] - CAFFE, True),
    "Normalization of pixels": (
        layers.Normalization(mean=120.0, variance=60.0**2),
        True,
    ),
    "padding first": (
        lambda x: layers.Rescaling(1 / 255)(layers.ZeroPadding2D(1)(x)),
        True,
    ),
    "Normalization of 0..1": (layers.Normalization(mean=0.5, variance=0.06), False),
    "Rescaling of 0..1": (layers.Rescaling(2.0, -1.0), False),
    "nothing": (lambda x: x, False),
}


def network(scaling):
    x = keras.Input(SHAPE, name="image")
    y = layers.Conv2D(4, 3, activation="relu")(scaling(x))
    y = layers.Flatten()(layers.Conv2D(4, 3, strides=2, activation="relu")(y))
    return models.randomise(keras.Model(x, layers.Dense(4)(y)))


@pytest.mark.parametrize("name", SCALINGS)
def test_the_network_decides(name):
    scaling, inside = SCALINGS[name]
    found = scaled_inside(import_model(network(scaling)))
    assert found == (frozenset({"image"}) if inside else frozenset())


@pytest.fixture(scope="module")
def inside():
    return network(layers.Rescaling(1 / 255))


@pytest.fixture(scope="module")
def outside():
    return network(lambda x: x)


FINE = {"levels": 2**12, "scale": "max", "timesteps": 4}


def test_calibrated_on_what_the_model_takes(inside, outside, caplog):
    """With 1/255 of the range the error was 0.19 to 0.42 of the outputs' deviation."""
    for model, values in ((inside, PIXELS), (outside, PIXELS / np.float32(255))):
        caplog.clear()
        caplog.set_level(logging.INFO, "tfsnn")
        snn = tfsnn.convert(model, PIXELS, **FINE)
        x = values.astype(np.float32)
        y = np.asarray(model(x))
        off = np.asarray(snn(x)) - y
        assert np.sqrt(np.mean(off**2)) < 1e-3 * y.std()
        assert snn.report.raw == (("image",) if model is inside else ())
        assert snn.report.ranges == {"image": (0, values.max())}
        said = "8-bit values of image are taken at 0..255" in caplog.text
        assert said == (model is inside)


def test_the_file_remembers(inside, tmp_path):
    tfsnn.convert(inside, PIXELS, timesteps=2).save(tmp_path / "snn.keras")
    snn = tfsnn.load_model(tmp_path / "snn.keras")
    assert snn.report.raw == ("image",) and snn.report.ranges == {"image": (0, 255)}
    as_bytes = tfsnn.evaluate(snn, (PIXELS, LABELS), ann=inside)
    as_floats = tfsnn.evaluate(snn, (PIXELS.astype(np.float32), LABELS), ann=inside)
    assert as_bytes.to_dict() == as_floats.to_dict()
    assert tfsnn.verify(inside, snn, PIXELS) == tfsnn.verify(
        inside, snn, PIXELS.astype(np.float32)
    )
    opened = tfsnn.open_data(PIXELS, SHAPE)  # an own choice, 1/255 of what it takes
    assert tfsnn.evaluate(snn, opened).rows != as_bytes.rows


def test_a_file_of_an_earlier_version_knows_nothing(inside, tmp_path):
    snn = tfsnn.convert(inside, PIXELS, timesteps=2)
    config = snn.get_config()
    del config["report"]["raw"], config["report"]["ranges"]
    old = tfsnn.SpikingModel.from_config(config)
    assert old.report.raw is None and old.report.ranges == {}


def test_another_setting_than_the_files_is_refused(inside, tmp_path):
    np.savez(tmp_path / "x.npz", x=PIXELS, y=LABELS)
    tfsnn.convert(inside, PIXELS, timesteps=2).save(tmp_path / "snn.keras")
    given = (str(tmp_path / "snn.keras"), "--data", str(tmp_path / "x.npz"))
    right = run("evaluate", *given)
    assert right.exit_code == 0
    assert run("evaluate", *given, "-o", "raw", "true").output == right.output
    wrong = run("evaluate", *given, "-o", "raw", "false")
    assert wrong.exit_code == 2
    assert "raw=False, but " in wrong.stderr and "8-bit values kept" in wrong.stderr
    for raw in (False, []):
        with pytest.raises(OptionError, match=r"takes 8-bit values kept at 0\.\.255"):
            snn = tfsnn.load_model(tmp_path / "snn.keras")
            tfsnn.predict_files(snn, tmp_path / "x.npz", tmp_path / "out", raw=raw)


def test_predictions_of_both_networks_take_the_same_values(inside, tmp_path):
    np.savez(tmp_path / "x.npz", x=PIXELS)
    tfsnn.predict_files(inside, tmp_path / "x.npz", tmp_path / "ann")
    (shard,) = (tmp_path / "ann").glob("shard-*.npz")
    with np.load(shard) as stored:
        wanted = np.asarray(inside(PIXELS.astype(np.float32)))
        np.testing.assert_allclose(stored["outputs"], wanted, rtol=1e-5, atol=1e-5)


def test_floats_tell_nothing_unless_they_go_far(outside):
    floats = PIXELS.astype(np.float32)
    assert tfsnn.convert(outside, floats / 255, timesteps=1).report.raw is None
    explicit = tfsnn.convert(outside, floats / 255, timesteps=1, raw=False)
    assert explicit.report.raw == ()
    far = tfsnn.convert(outside, floats, timesteps=1)
    assert far.report.raw == ("image",)
    as_bytes, as_floats = (tfsnn.evaluate(far, x).rows for x in (PIXELS, floats))
    assert as_bytes == as_floats


def warnings_of(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_data_of_another_range_is_told_once(outside, caplog):
    """Calibrated on 0..1 and evaluated on 0..255, and the other way round."""
    floats = PIXELS.astype(np.float32)
    snn = tfsnn.convert(outside, floats / 255, timesteps=2)
    tfsnn.evaluate(snn, floats / 255, batch_size=8)
    tfsnn.evaluate(snn, floats / 100, batch_size=8)
    assert warnings_of(caplog) == []
    tfsnn.evaluate(snn, floats, batch_size=8)
    (said,) = warnings_of(caplog)
    assert said == (
        "the values of image in the array lie between 0 and 255, but between 0 and 1 "
        "in the calibration, so that spikes do not fit them: give data that is scaled "
        "alike"
    )
    caplog.clear()
    snn = tfsnn.convert(outside, floats, timesteps=2)
    tfsnn.evaluate(snn, floats / 255, batch_size=8)
    (said,) = warnings_of(caplog)
    assert "between 0 and 1, but between 0 and 255 in the calibration" in said


def test_bytes_given_to_a_network_of_0_to_1_are_told_once(outside, inside, caplog):
    for model, count in ((outside, 1), (inside, 0)):
        caplog.clear()
        snn = tfsnn.convert(model, PIXELS, timesteps=1)
        for _ in range(2):
            snn.predict(PIXELS[:4], verbose=0)
        snn.predict(PIXELS[:4] / np.float32(255), verbose=0)
        said = warnings_of(caplog)
        assert len(said) == count
        assert all("8-bit" in text and "divided by 255" in text for text in said)


def test_inspect_says_it(inside, outside):
    from tfsnn.sources.inspect import inspect_model

    found = inspect_model(inside)
    assert found.to_dict()["raw"] == ("image",)
    assert "8-bit values of image: 0..255, the model scales them" in str(found)
    assert "8-bit values: divided by 255" in str(inspect_model(outside))
