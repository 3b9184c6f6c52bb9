"""What SpikeBoard writes, read back from its event files."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import tfsnn
from tfsnn.callbacks import NEURON, STEP, SpikeBoard, raster_image
from tfsnn.errors import ModelError
from tfsnn.layers import ConstantCurrent, IntegrateFire


def events(folder):
    """By tag and step: a number, or a picture."""
    found = {}
    for path in sorted(folder.iterdir()):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                read = tf.make_ndarray(value.tensor)
                if read.ndim:  # width, height, PNG
                    read = tf.io.decode_png(read[2]).numpy()
                assert (value.tag, event.step) not in found
                found[value.tag, event.step] = read
    return found


def test_a_converted_network_is_written_after_each_evaluation(tmp_path):
    model = models.randomise(models.mlp())
    x = models.samples(model, 6)
    snn = tfsnn.convert(model, x, "data_norm", timesteps=3)
    snn.compile(loss="mse")
    board = SpikeBoard(tmp_path, x[:4])
    for _ in range(2):
        snn.evaluate(x, np.zeros((6, 3)), verbose=0, callbacks=[board])
    found = events(tmp_path)
    spikes = snn.simulate(x[:4], 3).spikes
    assert {tag for tag, _ in found} == {
        f"{kind}/{name}" for kind in ("firing_rate", "raster") for name in spikes
    }
    for name, values in spikes.items():
        assert values.any() and not values.all()
        for step in (0, 1):
            rate = found[f"firing_rate/{name}", step]
            assert rate == np.float32(np.count_nonzero(values) / values.size)
        image = found[f"raster/{name}", 0]
        assert np.array_equal(image, raster_image(values[:, 0]))
    assert len(found) == 2 * 2 * len(spikes)


def test_layers_of_ones_own_are_written_after_each_epoch(tmp_path):
    model = keras.Sequential(
        [
            *(keras.Input((2,)), ConstantCurrent(4), IntegrateFire(name="fire")),
            *(layers.GlobalAveragePooling1D(), layers.Dense(1, use_bias=False)),
        ]
    )
    x = np.array([[0.5, 0.25], [0.75, 0.0]], np.float32)
    model.compile(loss="mse")
    model.fit(
        *(x, np.zeros((2, 1))),
        **{"epochs": 2, "verbose": 0, "validation_data": (x, np.zeros((2, 1)))},
        callbacks=[SpikeBoard(tmp_path, x)],
    )
    found = events(tmp_path)
    assert sorted(found) == [
        *(("firing_rate/fire", 0), ("firing_rate/fire", 1)),
        *(("raster/fire", 0), ("raster/fire", 1)),
    ]
    assert found["firing_rate/fire", 0] == (2 + 1 + 3 + 0) / (2 * 2 * 4)
    image = found["raster/fire", 1]
    assert image.shape == (2 * NEURON, 4 * STEP, 3)
    fired = (image != 255).any(-1)[::NEURON, ::STEP]  # the second neuron above
    assert fired.tolist() == [[False] * 3 + [True], [False, True, False, True]]


def test_colours_of_a_raster():
    image = raster_image(np.array([[1.0, 0.0], [0.0, -1.0]]))
    assert image[-1, 0].tolist() == [0, 0x72, 0xB2]
    assert image[0, -1].tolist() == [0xD5, 0x5E, 0]
    assert image[0, 0].tolist() == image[-1, -1].tolist() == [255, 255, 255]


def test_a_model_without_spikes_is_refused(tmp_path):
    board = SpikeBoard(tmp_path / "log", np.zeros((1, 6)))
    with pytest.raises(ModelError, match="has no layer that spikes"):
        board.set_model(models.mlp())
    assert not (tmp_path / "log").exists()
