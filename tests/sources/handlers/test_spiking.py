"""Every example as a spiking network, where all signals change from step to step."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from examples_layers import LAYERS
from examples_operations import JUMPING as JUMPING_OPERATIONS
from handler_cases import CASES
from spiking_examples import plan, spiking, with_tensors

from tfsnn.conversion.normalize import normalize, unscaled
from tfsnn.layers import QCFS, FakeQuant, QuantizeDequantize
from tfsnn.network.nodes import Spiking
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.report import ConversionReport
from tfsnn.simulation.simulate import simulate

# The steps of quantised activations are those of T = L, not of every T.
QUANTISED = (QCFS, FakeQuant, QuantizeDequantize)
JUMPING = (*JUMPING_OPERATIONS, *QUANTISED, keras.layers.Masking)


def outputs(graph, feed, timesteps, chunk):
    """Of each step, ``(T, B, ...)``, by name; eagerly, for tracing takes longer."""
    feed = {name: tf.constant(x) for name, x in feed.items()}
    observed = simulate(
        graph, feed, timesteps, chunk=chunk, observe=("outputs",)
    ).observed
    return {key.removeprefix("outputs/"): y.numpy() for key, y in observed.items()}


def chosen(case):
    """Of a layer four examples, of an operation two.

    Of what jumps only that it runs is seen, and that it does so however it is run.
    """
    kind, number = case.values[0], int(case.id.rpartition("-")[2])
    most = 1 if kind in JUMPING else 2 if isinstance(kind, str) else 4
    return number < most


CHOSEN = [case for case in CASES if chosen(case)]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "example"), CHOSEN)
def test_the_spiking_network_tends_to_the_ann(kind, example):
    graph, feed = spiking(example)
    neurons = plan(graph)
    normal = with_tensors(normalize(graph, neurons))
    sent = outputs(normal, feed, 8, chunk=4)
    streamed = outputs(normal, feed, 2, chunk=1)
    untouched = outputs(with_tensors(unscaled(graph, neurons)), feed, 2, chunk=2)
    values = graph.forward(feed)
    for name in graph.outputs:
        expected = values[name].numpy()
        size = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(streamed[name], sent[name][:2], atol=1e-5 * size)
        np.testing.assert_allclose(untouched[name], sent[name][:2], atol=1e-5 * size)
        if kind not in JUMPING:
            errors = np.abs(sent[name] - expected) / size
            first, last = errors[0].max(), errors[-1].max()
            assert first < 0.05 and last <= first / 2 + 1e-5


ONCE = {kind.__name__: examples[-1] for kind, examples in LAYERS.items()}


def example_of_floats(example):
    """Whether an input is of floats, behind which neurons are put."""
    return any("float" in tensor.dtype for tensor in example.tensors.values())


def a_report():
    return ConversionReport("none", {}, 1, 0, (), (), (), {})


@pytest.mark.slow
@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("name", ONCE)
def test_the_spiking_network_is_saved_and_loaded(name, tmp_path):
    graph, feed = spiking(ONCE[name])
    keys = len(graph.outputs) > 1
    snn = SpikingModel(normalize(graph, plan(graph)), 3, a_report(), keys)
    assert snn.graph.of_kind(Spiking) or not example_of_floats(ONCE[name])
    snn.save(tmp_path / "snn.keras")
    loaded = keras.saving.load_model(tmp_path / "snn.keras")
    assert loaded.get_config() == snn.get_config()
    x = feed if len(feed) > 1 else next(iter(feed.values()))
    for one, other in zip(
        tf.nest.flatten(snn(x)), tf.nest.flatten(loaded(x)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
