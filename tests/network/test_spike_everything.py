"""Everything of an encoder by spikes: the pass, products and maxima, and the whole."""

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from encoders import TOKENS, WIDTH, encoder, sentences
from keras import layers

import tfsnn
from tfsnn.network.clock import Clock
from tfsnn.network.nodes import Coder, DigitMax, Product
from tfsnn.network.operations import count_operations
from tfsnn.network.passes import simplify
from tfsnn.network.passes.silence_padding import silence_padding
from tfsnn.network.passes.spike_everything import spike_everything
from tfsnn.network.passes.spike_functions import spike_functions
from tfsnn.network.signals import Signal, fold
from tfsnn.sources import import_model


@pytest.fixture(scope="module")
def network():
    model = encoder()
    snn = tfsnn.convert(model, sentences(60), "few_spikes", timesteps=12, strict=True)
    return model, snn


def test_the_pass_leaves_outputs_alone(network):
    model, _ = network
    graph = simplify(import_model(model))
    spiking = spike_everything(spike_functions(graph, ["gelu_tail"]))
    feed = sentences(20, 1)
    before, after = (g.forward(feed)[g.outputs[0]] for g in (graph, spiking))
    np.testing.assert_allclose(before, after, rtol=1e-4, atol=1e-5)
    kinds = {kind: len(spiking.of_kind(kind)) for kind in (Product, DigitMax, Coder)}
    # Of each LayerNorm a square and a quotient, of each attention a softmax and two
    # products, of the mean over tokens the mask and the quotient.
    assert kinds[Product] == 5 * 2 + 2 * 3 + 2 and kinds[DigitMax] == 2


def test_all_operations_are_driven_by_spikes(network):
    model, snn = network
    assert "running sum" not in {node.role for node in snn.report.nodes}
    counted = count_operations(snn.graph)
    assert counted.analog_macs == 0
    plain = tfsnn.convert(model, sentences(60), "radix", timesteps=8)
    assert count_operations(plain.graph).analog_macs > 0


def test_it_is_near_to_the_ann(network):
    model, snn = network
    feed = sentences(40, 2)
    expected = model(feed).numpy()
    error = np.abs(snn.predict(feed, verbose=0) - expected).max()
    assert error < 0.02 * np.abs(expected).max()


def test_neurons_of_padding_are_silent(network):
    _, snn = network
    feed = sentences(10, 3)
    spikes = snn.simulate(feed).spikes
    of_tokens = {
        name: np.abs(sent)
        for name, sent in spikes.items()
        if snn.graph[name].shape[0] == TOKENS and not name.endswith("_inverse")
    }
    assert len(of_tokens) > 10
    padding = feed["mask"] == 0
    for sent in of_tokens.values():
        each = sent.sum((0, *range(3, sent.ndim)))  # by sample and token
        assert not each[padding].any() and each[~padding].any()


def test_padding_that_reaches_an_output_is_not_silenced():
    x, mask = keras.Input((TOKENS, WIDTH)), keras.Input((TOKENS,))
    kept = keras.ops.expand_dims(mask, 1)
    y = layers.MultiHeadAttention(2, 4)(x, x, attention_mask=kept)
    model = models.randomise(keras.Model([x, mask], layers.Dense(3)(y + x)))
    graph = spike_everything(simplify(import_model(model)))
    assert silence_padding(graph) is graph


def test_what_padding_holds_does_not_matter(network):
    _, snn = network
    feed = sentences(10, 3)
    noise = 9 * (1 - feed["mask"])[..., None]
    other = {**feed, "x": feed["x"] + noise.astype(np.float32)}
    assert (snn.predict(feed, verbose=0) == snn.predict(other, verbose=0)).all()


def test_saved_and_loaded_it_is_the_same(network, tmp_path):
    _, snn = network
    snn.save(tmp_path / "snn.keras")
    loaded, feed = tfsnn.load_model(tmp_path / "snn.keras"), sentences(4, 4)
    assert (loaded.predict(feed, verbose=0) == snn.predict(feed, verbose=0)).all()


def digits(numbers, steps):
    """Signed digits of integers, the first the most significant: a signal."""
    size, sign = np.abs(numbers), np.sign(numbers)
    places = [sign * (size >> (steps - 1 - t) & 1) for t in range(steps)]
    return Signal(fold([tf.constant(p, tf.float32) for p in places]), steps)


def test_products_of_digits_are_products_of_integers():
    rng, steps = np.random.default_rng(0), 5
    a, b = rng.integers(-31, 32, (3, 4, 6)), rng.integers(-31, 32, (3, 6, 2))
    node = Product("product", ("a", "b"), (4, 2), "matmul")
    reads = [digits(a, steps), digits(b, steps)]
    sent = node.advance(reads, None, Clock(base=2, layer_by_layer=True)).value
    found = sent.numpy().reshape(steps, 3, 4, 2) * 31.0**2
    np.testing.assert_allclose(found, np.broadcast_to(a @ b, found.shape), rtol=1e-5)
    # Each number of a meets the two columns of b; one of b goes into its register.
    met = node.accumulates([(4, 6), (6, 2)])
    assert [int(each) for each in met] == [2, 1]
    assert node.operations([(4, 6), (6, 2)]) == 4 * 6 * 2


@pytest.mark.parametrize("masked", [False, True])
def test_the_largest_number_is_found_by_its_digits(masked):
    rng, steps = np.random.default_rng(1), 4
    numbers = rng.integers(-15, 16, (40, 3, 5))
    numbers[:10] = -np.abs(numbers[:10])  # all negative, or 0
    mask = rng.random((40, 1, 5)) < 0.6
    names = ("x", "mask") if masked else ("x",)
    node = DigitMax("max", names, (3, 1), axes=(1,))
    reads = [digits(numbers, steps)]
    if masked:
        reads.append(Signal(tf.constant(mask, tf.float32), steps, constant=True))
    sent = node.advance(reads, None, Clock(base=2, layer_by_layer=True)).value
    weights = 2 ** np.arange(steps)[::-1]
    found = np.tensordot(weights, sent.numpy().reshape(steps, 40, 3, 1), 1)
    kept = np.where(mask, numbers, -99) if masked else numbers
    expected = kept.max(2, keepdims=True)
    assert (found == np.where(expected == -99, 0, expected)).all()
    apply = node.apply(
        *(tf.constant(values, tf.float32) for values in (numbers, mask)[: len(names)])
    )
    assert (apply.numpy() == found).all()
