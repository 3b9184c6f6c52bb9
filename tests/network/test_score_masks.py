"""Masks that attention written by hand adds to scores, or puts in their place."""

import keras
import models
import numpy as np
import pytest
from keras import layers, ops

import tfsnn
from tfsnn.network.nodes import Function, Known, Product
from tfsnn.network.passes import simplify
from tfsnn.network.passes.score_masks import score_masks
from tfsnn.network.passes.spike_everything import spike_everything
from tfsnn.sources import import_model

TOKENS, WIDTH = 5, 8
CAUSAL = np.tril(np.ones((TOKENS, TOKENS), bool))
BIAS = np.random.default_rng(1).normal(size=CAUSAL.shape).astype("float32")


def above(tokens):
    """Tokens that count, of each sample others, and of some samples none."""
    return (tokens > 4)[:, None, :]


# From tokens and scores to what softmax takes.
MASKS = {
    "sum_array": lambda i, s: s + np.where(CAUSAL, BIAS, -1e9).astype("float32"),
    "sum_signal": lambda i, s: s + (1 - ops.cast(above(i), "float32")) * -1e9,
    "chosen_array": lambda i, s: ops.where(CAUSAL[None], s, -1e9),
    "chosen_otherwise": lambda i, s: ops.where(~CAUSAL, -1e4, s),
    "chosen_signal": lambda i, s: ops.where(above(i), s, -1e9),
    "chosen_signal_otherwise": lambda i, s: ops.where(~above(i), -1e9, s),
}
NONE = {"no_mask": lambda i, s: s, "bias": lambda i, s: s + BIAS}


def attention(masked, normed=True):
    tokens = keras.Input((TOKENS,), dtype="int32")
    x = layers.Embedding(8, WIDTH)(tokens)
    x = layers.LayerNormalization()(x) if normed else x
    q, k, v = (layers.Dense(WIDTH)(x) for _ in range(3))
    scores = ops.matmul(q, ops.transpose(k, (0, 2, 1))) / np.sqrt(WIDTH)
    y = x + ops.matmul(ops.softmax(masked(tokens, scores)), v)
    return models.randomise(keras.Model(tokens, layers.Dense(3)(y)))


def samples(count, seed=0):
    return np.random.default_rng(seed).integers(0, 8, (count, TOKENS)).astype("int32")


def softmaxes(graph):
    return [each for each in graph.of_kind(Function) if "softmax" in each.op]


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_becomes_one_of_its_own(name):
    graph = simplify(import_model(attention(MASKS[name])))
    changed, feed = score_masks(graph), samples(60)
    before, after = graph.forward(feed), changed.forward(feed)
    output = graph.outputs[0]
    np.testing.assert_allclose(after[output], before[output], rtol=1e-5, atol=1e-5)
    (softmax,) = softmaxes(changed)
    scores, mask = (np.asarray(after[each]) for each in softmax.inputs)
    assert (
        np.abs(scores).max() < 100 < np.abs(before[softmaxes(graph)[0].inputs[0]]).max()
    )
    expected = (feed > 4)[:, None, :] if "signal" in name else CAUSAL[None]
    expected = expected | ~expected.any(-1, keepdims=True)
    assert (np.broadcast_to(mask > 0.5, scores.shape) == expected).all()
    assert "where" not in {each.op for each in changed.of_kind(Function)} or (
        name == "sum_signal"
    )


@pytest.mark.parametrize("name", NONE)
def test_what_hides_nothing_stays(name):
    graph = simplify(import_model(attention(NONE[name])))
    changed = score_masks(graph)
    assert [each.name for each in changed] == [each.name for each in graph]
    assert [each.op for each in softmaxes(changed)] == ["softmax"]


def test_scores_of_inputs_alone_are_products_of_spikes():
    """Without a normalisation in front nothing spikes before the first attention."""
    graph = simplify(import_model(attention(MASKS["chosen_signal"], normed=False)))
    spiking = spike_everything(score_masks(graph))
    assert len(spiking.of_kind(Product)) == 3  # scores, softmax, values
    known = {each.op for each in spiking.of_kind(Known)}
    assert known <= {"greater", "kept", "amax", "logical_not", "logical_or"}
    feed = samples(20)
    before, after = (each.forward(feed)[graph.outputs[0]] for each in (graph, spiking))
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sum_signal", "chosen_signal"])
def test_converted_it_is_near_to_the_ann(name):
    model = attention(MASKS[name])
    snn = tfsnn.convert(model, samples(60), "few_spikes", timesteps=12, strict=True)
    feed = samples(60, seed=2)
    empty = (feed <= 4).all(1)  # no token counts: all have the same share
    assert empty.any()
    if name == "sum_signal":  # what is left of -1e9 + x in float32 is chance
        feed = feed[~empty]
    expected = model(feed).numpy()
    error = np.abs(snn.predict(feed, verbose=0) - expected).max()
    assert error < 0.01 * np.abs(expected).max()


@pytest.mark.slow
def test_places_of_padding_have_the_outputs_of_the_ann():
    """Queries of padding see no key, so each of the keys has the same share."""
    tokens = keras.Input((TOKENS,), dtype="int32")
    x = layers.Embedding(8, WIDTH, mask_zero=True)(tokens)
    x = layers.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)
    model = models.randomise(keras.Model(tokens, layers.Dense(3)(x)))
    feed = samples(40)
    feed[:, 3:] = 0
    snn = tfsnn.convert(model, feed, "few_spikes", timesteps=12, strict=True)
    expected = model(feed).numpy()
    error = np.abs(snn.predict(feed, verbose=0) - expected).max()
    assert error < 0.01 * np.abs(expected).max()
