"""Networks for the tests of NIR, and how a file of one is read without tfsnn."""

import json

import keras
import models
import nir
import nir_reference
import numpy as np
import pytest
from keras import layers

from tfsnn import SpikingModel
from tfsnn.conversion.normalize import normalize
from tfsnn.export.nir.writing import export_nir
from tfsnn.network.passes import simplify
from tfsnn.simulation.report import ConversionReport
from tfsnn.sources import import_model

T = 4
needs_v_reset = pytest.mark.skipif(
    not hasattr(nir, "CubaLI"), reason="this version of nir knows no v_reset"
)


def first(values):
    """One sample, channels first."""
    return np.moveaxis(values, -1, 0) if values.ndim > 1 else values


def strided():
    """Uneven padding: strides, even windows, and a padding of one's own."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
            layers.ZeroPadding2D(((0, 1), (1, 0))),
            layers.Conv2D(4, 2, padding="same", activation="relu"),
            layers.ZeroPadding2D(1),
            layers.Conv2D(2, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def doubled():
    """A signal that is added to itself, and sums of flattened images."""
    x = keras.Input((4, 4, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    b = layers.ReLU()(layers.Add()([a, a]))
    b = layers.Flatten()(b)
    a = layers.Flatten()(a)
    c = layers.ReLU()(layers.Add()([a, b]))
    d = layers.Dense(12, activation="relu")(c)
    return keras.Model(x, layers.Dense(3)(layers.Add()([d, c])))


def sequence():
    """One axis: Conv1d, and a dense layer at each place."""
    return keras.Sequential(
        [
            keras.Input((8, 2)),
            layers.Conv1D(4, 3, strides=2, padding="same", activation="relu"),
            layers.AveragePooling1D(2),
            layers.Dense(3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def softmax():
    """A head, and an average over all places."""
    return keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(4, 3, padding="same", dilation_rate=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


OWN = {f.__name__: f for f in (strided, doubled, sequence, softmax)}
SHARED = ("mlp", "residual", "average", "depthwise", "grouped", "outputs")
NETWORKS = OWN | {name: models.MODELS[name] for name in SHARED}


def spiking(build, method="data_norm", plan=None, scaled=normalize, **neuron):
    """A network with dyadic weights, plain neurons if nothing is said, and inputs."""
    model = models.dyadic(build())
    graph = simplify(import_model(model))
    neuron = {"initial_potential": 0.0, **neuron}
    plan = models.plan_for(graph, **neuron) if plan is None else plan(graph)
    report = ConversionReport(method, {}, T, 1, graph.layers, (), (), {})
    several = len(graph.outputs) > 1
    snn = SpikingModel(scaled(graph, plan), T, report, several)
    return snn, models.samples(model, 2)


def written(snn, folder, **options):
    """The file, read with all checks of nir, and what was said of it."""
    path = folder / "net.nir"
    found = export_nir(snn, path, **options)
    graph = nir.read(path)
    return graph, json.loads(graph.metadata["tfsnn"]), found


def assert_same(snn, graph, record, x, **reading):
    """Our spikes are those of a NumPy reading of the file, unit by unit."""
    trace = snn.simulate(x)
    assert sum(spikes.sum() for spikes in trace.spikes.values()) > 0
    names = {own: name for name, own in record["names"].items()}
    for sample in range(len(x)):
        found = nir_reference.run(graph, first(x[sample]), T, **reading)
        for own, spikes in trace.spikes.items():
            steps = [first(step) for step in spikes[:, sample]]
            if own == "in_order_of_nir":  # (2, 2, 3), flattened there
                places = first(np.arange(12).reshape(2, 2, 3)).ravel()
                steps = [step[places] for step in steps]
            np.testing.assert_array_equal(found[names[own]], np.stack(steps))
        for readout, outputs in zip(record["readout"], trace.outputs, strict=True):
            mean = found[readout["node"]].mean(0)
            if readout["head"] == "softmax":
                mean = np.exp(mean) / np.exp(mean).sum()
            np.testing.assert_allclose(mean, outputs[-1, sample], 1e-5, 1e-6)
