"""The comparison of ANN and SNN against NumPy."""

import functools
import json
import math

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.errors import ModelError
from tfsnn.network.passes import simplify
from tfsnn.sources import import_model


@functools.cache
def converted(name="cnn", **options):
    model = models.randomise(models.MODELS[name]())
    x = models.samples(model, 12)
    return model, tfsnn.convert(model, x, timesteps=4, levels=2, **options), x


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "residual", "depthwise", "outputs"])
def test_the_numbers_are_those_of_numpy(name):
    model, snn, x = converted(name)
    found = tfsnn.verify(model, snn, x, timesteps=6)
    ann, trace = simplify(import_model(model)), snn.simulate(x, 6)
    values = {key: np.asarray(v, np.float64) for key, v in ann.forward(x).items()}
    outputs = dict(zip(ann.outputs, trace.outputs, strict=True))
    names = list(snn.populations)
    assert [check.node for check in found.layers] == [*names, *ann.outputs]
    for check in found.layers:
        expected = values[check.node]
        if check.node in outputs:
            decoded, most = outputs[check.node][-1], np.inf
        else:
            node = snn.graph[check.node]
            decoded = trace.spikes[check.node].mean(0) * np.asarray(node.scale)
            most = np.asarray(node.max_coefficient) * np.asarray(node.scale)
        error = decoded - expected
        relative = np.linalg.norm(error) / np.linalg.norm(expected)
        correlation = np.corrcoef(decoded.ravel(), expected.ravel())[0, 1]
        assert check.error == pytest.approx(np.abs(error).mean(), rel=1e-4)
        assert check.relative_error == pytest.approx(relative, rel=1e-4)
        assert check.correlation == pytest.approx(correlation, rel=1e-4)
        assert check.clipped == (expected > most).mean()
    top = outputs[ann.outputs[0]][-1].argmax(-1)
    assert found.agreement == (top == values[ann.outputs[0]].argmax(-1)).mean()
    assert (found.timesteps, found.samples) == (6, 12)


def test_a_fine_network_has_next_to_no_error():
    model, snn, x = converted("residual", scale="max")
    coarse = tfsnn.verify(model, snn, x)
    snn = tfsnn.convert(model, x, timesteps=1, levels=1 << 16, scale="max")
    fine = tfsnn.verify(model, snn, x)
    assert fine.agreement == 1.0
    for check, other in zip(fine.layers, coarse.layers, strict=True):
        assert check.error < 1e-4 and check.relative_error < 1e-3
        assert check.correlation > 0.99999 and check.clipped == 0
        assert check.error < other.error


def test_clipping_is_seen():
    model, snn, x = converted("mlp", scale="percentile", percentile=60.0)
    assert max(check.clipped for check in tfsnn.verify(model, snn, x).layers) > 0.1


def test_a_silent_population_has_no_correlation():
    model, snn, x = converted.__wrapped__("mlp")
    model.layers[0].bias.assign(np.full(8, -100.0))
    first = tfsnn.verify(model, snn, np.zeros_like(x)).layers[0]
    assert math.isnan(first.correlation)


def test_at_most_a_hundred_samples_are_used():
    model, snn, x = converted("mlp")
    assert tfsnn.verify(model, snn, np.repeat(x, 20, 0)).samples == 100


def test_a_foreign_model_is_refused():
    _, snn, x = converted("mlp")
    foreign = models.mlp()
    with pytest.raises(ModelError, match=f"{snn.name} was not .* from {foreign.name}"):
        tfsnn.verify(foreign, snn, x)


def test_a_foreign_model_with_the_same_names_is_refused():
    def build(units):
        stack = [keras.Input((6,), name="x"), layers.Dense(units, "relu", name="a")]
        model = keras.Sequential([*stack, layers.Dense(3, name="b")], name="twin")
        return models.randomise(model)

    x = models.samples(build(4), 8)
    snn = tfsnn.convert(build(4), x)
    tfsnn.verify(build(4), snn, x)
    with pytest.raises(ModelError, match="not converted from twin"):
        tfsnn.verify(build(5), snn, x)


def test_the_result_prints_and_dumps():
    model, snn, x = converted("mlp")
    found = tfsnn.verify(model, snn, x)
    dumped = json.loads(json.dumps(found.to_dict()))
    assert [layer["node"] for layer in dumped["layers"]] == [
        c.node for c in found.layers
    ]
    assert f"T=4: same top class in {100 * found.agreement:.2f} % of 12" in str(found)
    for check in found.layers:
        assert f"{check.relative_error:.4f}" in str(found)
