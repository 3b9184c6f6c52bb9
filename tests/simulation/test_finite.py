"""Outputs that are no numbers: an error for a spiking network, a word for an ANN."""

import logging

import keras
import models
import numpy as np
import pytest

import tfsnn
from tfsnn.errors import ModelError


@pytest.fixture
def work(tmp_path):
    model = models.randomise(models.mlp())
    x = models.samples(model, 12)
    snn = tfsnn.convert(model, x, timesteps=2)
    np.savez(tmp_path / "x.npz", x=x)
    return model, snn, x, tmp_path


def spoil(model):
    weight = model.weights[-1]
    weight.assign(np.full(weight.shape, np.nan, np.float32))


def warnings_of(caplog):
    return [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]


def test_an_ann_with_nan_weights_is_told_once(work, caplog):
    model, snn, x, folder = work
    spoil(model)
    tfsnn.predict_files(model, folder / "x.npz", folder / "out", batch_size=4)
    (said,) = warnings_of(caplog)
    assert said.startswith(f"the outputs of {model.name} are NaN or infinite, first ")
    assert "x.npz#0: check that its weights are finite" in said
    caplog.clear()
    tfsnn.evaluate(snn, x, ann=model, batch_size=4)
    (said,) = warnings_of(caplog)
    assert said.startswith("the outputs of the ann are NaN or infinite, first in samp")


def test_a_spiking_network_without_numbers_is_refused(work):
    _, snn, x, folder = work
    spoil(snn)
    with pytest.raises(ModelError, match=r"the network are NaN .* sample 0, counted"):
        tfsnn.evaluate(snn, x)
    with pytest.raises(ModelError, match=rf"of {snn.name} are NaN .* x\.npz#0: check"):
        tfsnn.predict_files(snn, folder / "x.npz", folder / "out")


def test_programs_of_many_networks_are_traced_without_a_warning(caplog):
    """TensorFlow took the functions of different networks for one, traced again."""
    caplog.set_level(logging.WARNING)
    for seed in range(7):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, "relu")])
        x = np.abs(models.samples(models.randomise(model, seed), 6)) + 1
        model.layers[0].bias.assign(np.ones(2))
        snn = tfsnn.convert(model, x, timesteps=1)
        tfsnn.evaluate(snn, x, ann=model)
    assert not [r for r in caplog.records if "retracing" in r.getMessage()]
