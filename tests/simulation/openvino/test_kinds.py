"""Every kind of neurons and of nodes in OpenVINO: the spikes of TensorFlow."""

import numpy as np
import pytest
from encoders import encoder, sentences
from handler_cases import CASES
from in_openvino import assert_same, both
from neuron_examples import spiking as network_of
from neuron_examples import steps_of
from spiking_examples import plan, spiking

import tfsnn
from tfsnn.conversion.normalize import normalize
from tfsnn.network import nodes
from tfsnn.network.connections import connections
from tfsnn.network.neurons import KINDS
from tfsnn.network.operations import count_operations

pytest.importorskip("openvino")


def counted(graph, x, timesteps):
    columns = connections(graph, count_operations(graph)).columns
    return both(graph, x, timesteps, ("counts",), chunk=2, fan_outs=columns)


def assert_nearly_the_same(one, other):
    """A mean over digits divides by a sum of powers, which processors round otherwise.

    That may move the last digit of a value in a hundred.
    """
    for key, sent in one.observed.items():
        if key.startswith("spikes"):
            same = np.asarray(sent) == np.asarray(other.observed[key])
            assert np.mean(same) > 0.99
    for a, b in zip(one.outputs, other.outputs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_neurons_send_the_same_spikes(kind):
    graph, chosen, x = network_of("maxpool_on_spikes", kind)
    graph = normalize(graph, chosen)
    one, other = both(graph, x, steps_of(kind), ("spikes", "outputs"), chunk=2)
    if graph.clock.base > 1:
        assert_nearly_the_same(one, other)
    else:
        assert_same(one, other)
        assert_same(*counted(graph, x, steps_of(kind)))
    assert any(np.any(v) for k, v in one.observed.items() if k.startswith("spikes"))


# Examples that have every kind of node, and every form of product.
CHOSEN = (
    *("GRU-1", "ops.AveragePool-3", "ops.Trace-0", "ZeroPadding1D-0", "UpSampling2D-2"),
    *("MaxPooling1D-0", "ReversibleEmbedding-0", "TimeDistributed-3"),
    *("Conv1D-7", "Conv2D-1", "Conv2DTranspose-1", "DepthwiseConv2D-1", "Conv3D-0"),
)


EXAMPLES = [case for case in CASES if case.id in CHOSEN]


@pytest.mark.slow
@pytest.mark.parametrize(("layer", "example"), EXAMPLES)
def test_nodes_give_the_same_outputs(layer, example):
    graph, feed = spiking(example)
    normal = normalize(graph, plan(graph))
    assert_same(*both(normal, feed, 4, ("outputs", "spikes")), 1e-4)
    assert_same(*counted(normal, feed, 4), 1e-4)


def test_the_chosen_examples_have_every_kind_of_node():
    found = {type(node).__name__ for case in EXAMPLES for node in case.values[1].graph}
    # Those that stand for neurons, bases of others, and those of own conversions.
    others = {"Coder", "Passing", "Pool", "Rounded", "SmoothRate", "Spiking", "StepMax"}
    others |= {"DigitMax", "Gate", "Known", "Product"}  # those of the encoder below
    kinds = {name for name in nodes.__all__ if isinstance(getattr(nodes, name), type)}
    assert kinds - found <= others


def test_an_encoder_in_which_all_is_spikes():
    feed = sentences(20)
    snn = tfsnn.convert(encoder(depth=1), feed, "few_spikes", timesteps=6)
    kinds = {type(node).__name__ for node in snn.graph}
    assert {"DigitMax", "Gate", "Known", "Product"} <= kinds
    for_both = {name: values[:4] for name, values in feed.items()}
    one, other = both(snn.graph, for_both, 6, ("outputs", "spikes"))
    for key, sent in one.observed.items():
        if key.startswith("spikes"):  # sums that round otherwise may move a digit
            same = np.asarray(sent) == np.asarray(other.observed[key])
            assert np.mean(same) > 0.99
    np.testing.assert_allclose(one.outputs[0], other.outputs[0], rtol=0.1, atol=0.1)
