"""Networks gone through layer by layer: signals, however few samples at a time."""

import models
import numpy as np
import pytest
import tensorflow as tf
from corrections import pair

from tfsnn.conversion import layerwise
from tfsnn.conversion.layerwise import Layerwise
from tfsnn.simulation.simulate import simulate


@pytest.mark.parametrize("at_once", [1, 2**22])
@pytest.mark.parametrize("name", ["residual", "maxpool_on_spikes"])
def test_signals_are_those_of_a_simulation(name, at_once, monkeypatch):
    monkeypatch.setattr(layerwise, "AT_ONCE", at_once)
    model = models.dyadic(models.MODELS[name]())
    x = models.samples(model, 5)
    ann, (graph, *_) = pair(model, x, "augmapping")
    seen = simulate(graph, tf.constant(x), 4, observe=("values",)).observed
    spiking = Layerwise(graph, graph.feed(x), 4)
    plain = Layerwise.of_ann(ann, ann.feed(x))
    values, rows = ann.forward(x), slice(1, 4)
    for node in graph:
        for layers in (spiking, plain):
            if node.name in layers.nodes:
                layers.advance(node.name)
        if node.spikes:
            sent = seen[f"values/{node.name}"].numpy()
            found = np.array(spiking.read(node.name, rows).steps())
            np.testing.assert_allclose(found, sent[:, rows], 1e-5, 1e-6)
            mean = spiking.mean(node.name, rows)
            np.testing.assert_allclose(mean, sent[:, rows].mean(0), 1e-5, 1e-6)
        if node.name in values and node.name not in ann.outputs:
            found = plain.read(node.name, rows).tensor
            np.testing.assert_allclose(found, values[node.name][rows], 1e-5, 1e-6)


def test_spikes_are_held_in_8_bits_where_they_fit():
    model = models.randomise(models.mlp())
    x = models.samples(model, 4)
    _, (graph, *_) = pair(model, x)
    name = next(node.name for node in graph if node.spikes)
    layers, sent = Layerwise(graph, graph.feed(x), 2), np.arange(64) % 16 - 4.0
    sent = sent.reshape(2, 4, 8).astype(np.float32)
    for number, rows in enumerate((slice(0, 1), slice(1, 3), slice(3, 4))):
        if number == 2:
            sent[1, 3] = 300  # beyond 8 bits: what is held already stays right
        layers.hold(name, rows, tf.constant(sent[:, rows].reshape(-1, 8)))
        here = slice(0, rows.stop)
        found = np.array(layers.read(name, here).steps())
        assert (found == sent[:, here]).all()
        assert (layers.bytes_held == 64) == (number < 2)
    for node in graph:
        layers.forget(node.name)
    assert layers.bytes_held == 0
