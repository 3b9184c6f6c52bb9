"""Rounding to levels, bit for bit as TensorFlow's own kernels do."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfsnn.errors import OptionError, UnsupportedError
from tfsnn.layers import FakeQuant, QuantizeDequantize
from tfsnn.network.nodes import Rate
from tfsnn.network.rounding import Rounding
from tfsnn.sources import import_model

CHANNELS = 3


def near_halves(layer, step, rng):
    """Inputs of every size, many of them right at, below and above half a level."""
    x = rng.normal(0, 2, (4000, CHANNELS)).astype(np.float32)
    halves = layer(tf.constant(x[:3000])).numpy() + np.float32(step / 2)
    beside = [np.nextafter(halves[:1000], np.float32(s)) for s in (-9, 9)]
    return np.concatenate([x, halves, *beside])


def agrees(layer, step, rng):
    """The node of a layer gives its very numbers, also in a program."""
    model = keras.Sequential([keras.Input((CHANNELS,)), layer])
    x = near_halves(layer, step, rng)
    graph = import_model(model)
    expected = model(x).numpy()
    (output,) = graph.outputs
    assert (graph.forward(x)[output].numpy() == expected).all()
    program = tf.function(lambda x: graph.forward(x)[output])
    assert (program(tf.constant(x)).numpy() == expected).all()
    return graph, expected


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("form", ["vars", "args", "per channel"])
def test_fake_quantisation_is_tensorflows(form, signed, bits):
    rng = np.random.default_rng(bits)
    size = CHANNELS if form == "per channel" else ()
    low = np.float32(-signed * rng.uniform(0.5, 3, size)).tolist()
    high = np.float32(rng.uniform(0.5, 4, size)).tolist()
    layer = FakeQuant(low, high, bits, signed, constants=form == "args")
    step = (np.max(high) - np.min(low)) / (2**bits - 1 - signed)
    graph, values = agrees(layer, step, rng)
    levels = {node.rounding.most for node in graph.of_kind(Rate)}
    assert len(graph.of_kind(Rate)) == 1 + signed and max(levels) <= 2**bits - 1
    if form != "per channel":
        assert len(np.unique(values)) == 2**bits - signed  # every level is met


@pytest.mark.parametrize("half_up", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("bits", [2, 8])
def test_quantising_and_dequantising_is_tensorflows(bits, signed, half_up):
    rng = np.random.default_rng(bits)
    for low, high in ((-1.0, 1.0), (-2.7, 0.9), (0.0, 3.3)):
        layer = QuantizeDequantize(low, high, bits, signed, half_up=half_up)
        agrees(layer, max(-low, high) / (2 ** (bits - signed) - 1), rng)


def test_channels_without_a_range_are_zero():
    layer = FakeQuant([0.0, 0.0, -1.0], [0.0, 2.0, 1.0], 3)
    _, values = agrees(layer, 2 / 7, np.random.default_rng(0))
    assert not values[:, 0].any() and values[:, 1:].any()


def test_counts_of_every_kind_of_rounding():
    x = tf.constant([-0.5, 0.5, 1.0, 1.5, 2.5, 3.5, 9.0])
    expected = {
        "up": [0, 1, 1, 2, 3, 3, 3],
        "even": [0, 0, 1, 2, 2, 3, 3],
        "down": [0, 0, 1, 1, 2, 3, 3],
    }
    for half, counts in expected.items():
        assert Rounding(3, 1.0, half=half).counts(x).numpy().tolist() == counts
    below = Rounding(3, 1.0, sign=-1)
    assert below.counts(-x).numpy().tolist() == [0, 0, 0, 0, 0, 0, 0]
    assert below.counts(x).numpy().tolist() == [0, 0, 1, 1, 2, 3, 3]


def test_counts_that_overflow_start_anew():
    """As 3-bit integers from -4 to 3, and from 0 to 7."""
    x = tf.constant([-5.0, -4.0, 3.0, 4.0, 7.0, 8.0, 12.0])
    signed = {"period": 8, "lowest": 4}
    above = Rounding(3, 1.0, **signed).counts(x).numpy()
    below = Rounding(4, 1.0, sign=-1, **signed).counts(-x).numpy()
    assert (above - below).tolist() == [3, -4, 3, -4, -1, 0, -4]
    unsigned = Rounding(7, 1.0, period=8, relu=True).counts(x)
    assert unsigned.numpy().tolist() == [0, 0, 3, 4, 7, 0, 4]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FakeQuant(num_bits=1), "num_bits=1 must be an integer from 2 to 16"),
        (lambda: FakeQuant(0.5, 1.0), "must have 0 in it"),
        (lambda: FakeQuant([0.0], 1.0), "give two numbers, or two lists"),
        (lambda: FakeQuant([0.0], [1.0], constants=True), "one number for each bound"),
        (lambda: FakeQuant([0.0], [1.0]).build((None, 3)), "bounds for 1"),
        (lambda: QuantizeDequantize(0.0, -1.0), "must have 0 in it"),
        (lambda: QuantizeDequantize(-1.0, 1.0, 17), "num_bits=17 must be"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(OptionError) as caught:
        make()
    assert message in str(caught.value)


def test_a_range_that_lost_its_zero_is_refused():
    model = keras.Sequential([keras.Input((2,)), FakeQuant(0.0, 1.0, name="q")])
    model.layers[0].high.assign(-0.5)
    with pytest.raises(UnsupportedError, match="has no 0 in it after training"):
        import_model(model)
