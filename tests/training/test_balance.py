"""Balancing: the gradient neither grows nor fades over twenty layers of spikes."""

import json

import keras
import numpy as np
import pytest
from keras import layers

from tfsnn.errors import ModelError, OptionError
from tfsnn.layers import (
    ConstantCurrent,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
)
from tfsnn.surrogates import SURROGATES, Rectangle
from tfsnn.training import balance

X = np.random.default_rng(0).normal(size=(16, 32)).astype(np.float32)


def deep(surrogate, depth=20, units=32, timesteps=4):
    """Dense layers with batch norm on currents, as in the paper."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((32,)), ConstantCurrent(timesteps)])
    for i in range(depth):
        model.add(layers.Dense(units, use_bias=False))
        model.add(OverTime(layers.BatchNormalization()))
        model.add(
            LeakyIntegrateFire(0.9, reset="zero", surrogate=surrogate, name=f"lif{i}")
        )
    model.add(layers.Dense(4))
    model.add(MeanOverTime())
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    ("surrogate", "grows"), [("rectangle", True), ("superspike", False)]
)
def test_twenty_layers_are_balanced(surrogate, grows):
    """A fixed area explodes and is widened; a fixed height fades and is widened too."""
    model = deep(surrogate)
    before = [np.array(v) for v in model.variables]
    report = balance(model, X)
    assert (report.growth_before > 1.2) if grows else (report.growth_before < 0.8)
    assert report.growth_after == pytest.approx(1, abs=0.03) and report.balanced
    # The same again is balanced from the start: it was set in place, and nothing else.
    again = balance(model, X)
    assert again.factor == 1 and again.growth_before == report.growth_after
    for old, new in zip(before, model.variables, strict=True):
        assert (old == np.array(new)).all(), new.path
    for i, row in enumerate(report.layers):
        layer = model.get_layer(row.name)
        assert row.name == f"lif{i}"
        assert layer.get_config()["surrogate"] == row.surrogate_after
        assert layer.surrogate == SURROGATES[surrogate]().widened(report.factor)
    copy = keras.Sequential.from_config(model.get_config())
    assert copy.get_layer("lif7").surrogate == model.get_layer("lif7").surrogate


def test_the_report_says_what_was_measured():
    model = deep("triangle", 3, 8, 2)
    labels = np.arange(16) % 4
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X, labels, verbose=0)
    traced = model.train_function
    report = balance(model, X, labels)
    written = json.loads(json.dumps(report.to_dict()))
    first, _, last = written["layers"]
    growth = (first["before"] / last["before"]) ** 0.5
    assert written["growth_before"] == pytest.approx(growth)
    growth = (first["after"] / last["after"]) ** 0.5
    assert written["growth_after"] == pytest.approx(growth)
    assert abs(growth - 1) <= abs(written["growth_before"] - 1)
    lines = str(report).splitlines()
    assert lines[0].split() == ["layer", "norm", "growth", "after", "growth"]
    assert lines[1].startswith("lif0 ") and f"{first['before']:.2e}" in lines[1]
    assert f"{report.growth_before:.3f} before" in lines[4]
    assert model.train_function is not traced  # it is traced anew


def test_what_cannot_be_balanced_is_refused():
    model = keras.Sequential([keras.Input((3, 2)), IntegrateFire(), IntegrateFire()])
    with pytest.raises(ModelError, match="has 0 layers of neurons with a surrogate"):
        balance(model, X[:, :6].reshape(16, 3, 2))
    with pytest.raises(OptionError, match="labels need a loss"):
        balance(model, X[:, :6].reshape(16, 3, 2), np.zeros(16))
    with pytest.raises(OptionError, match="a loss needs labels"):
        balance(model, X[:, :6].reshape(16, 3, 2), loss="mse")


def test_a_layer_that_no_gradient_reaches_is_named():
    far = [
        LeakyIntegrateFire(threshold=9000.0, surrogate=Rectangle(1e-3), name=name)
        for name in ("far", "behind")
    ]
    model = keras.Sequential([keras.Input((3, 2)), *far])
    with pytest.raises(ModelError, match="no gradient reaches far"):
        balance(model, X[:, :6].reshape(16, 3, 2))
    assert far[0].surrogate == Rectangle(1e-3)
