"""ELU and its relatives spike, as sums of what few-spikes neurons compute."""

import keras
import models
import numpy as np
import pytest
from keras import layers
from learnt_networks import images

import tfsnn
from tfsnn.network.neurons.few_spikes import FUNCTION_NAMES
from tfsnn.network.nodes import Function, SmoothRate
from tfsnn.network.passes import simplify
from tfsnn.network.passes.spike_functions import spike_functions
from tfsnn.sources import import_model

SUMS = [
    *(layers.ELU(), layers.ELU(0.3)),
    *map(layers.Activation, ("elu", "selu", "celu", "log_sigmoid")),
    lambda x: keras.ops.celu(x, alpha=0.4),
]


def network(activations):
    """Each of some activations behind weights of its own."""
    x = keras.Input((4,))
    ys = [activation(layers.Dense(6)(x)) for activation in activations]
    return models.randomise(keras.Model(x, [layers.Dense(3)(y) for y in ys]))


def test_sums_of_populations_are_the_activations():
    model = network(SUMS)
    graph = spike_functions(simplify(import_model(model)), FUNCTION_NAMES)
    assert not graph.of_kind(Function)
    assert len(graph.of_kind(SmoothRate)) == len(SUMS)
    x = models.samples(model, 9)
    values = graph.forward(x)
    for name, expected in zip(graph.outputs, model(x), strict=True):
        np.testing.assert_allclose(values[name], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_sums_of_populations_spike():
    model = network([layers.ELU(0.3), layers.Activation("log_sigmoid")])
    x = models.samples(model, 60)
    snn = tfsnn.convert(model, x, "few_spikes", strict=True)
    for ours, expected in zip(snn(x), model(x), strict=True):
        error = np.sqrt(np.mean((ours - expected) ** 2))
        assert error < 0.05 * np.std(expected)
    spikes = snn.simulate(x[:9]).spikes
    assert len(spikes) == 3
    assert all(events.any() for events in spikes.values())


@pytest.mark.slow
def test_a_trained_network_of_elu_keeps_its_decisions():
    """On digits that it never saw."""
    (x, y), (calibration, _) = (
        images(part)["mnist"] for part in ("test", "calibration")
    )
    x, calibration = (values.astype(np.float32) / 255 for values in (x, calibration))
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(8, 5, strides=3, activation="elu"),
            layers.Conv2D(8, 3, strides=2, activation="elu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.005), loss)
    model.fit(x[:400], y[:400], batch_size=20, epochs=8, verbose=0)
    snn = tfsnn.convert(model, calibration, "few_spikes", strict=True)
    found = tfsnn.evaluate(snn, (x[400:], y[400:]), ann=model)
    (output,) = found.outputs
    assert output.ann_score > 0.7 and output.figures[-1].score > output.ann_score - 0.03
    assert output.figures[-1].agreement >= 0.95 and found.rows[-1].spikes > 100
