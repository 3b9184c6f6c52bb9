"""Streaming statistics against NumPy on all the activations at once."""

import gc
import tracemalloc

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.conversion.statistics import BINS, calibrate
from tfsnn.errors import CalibrationError
from tfsnn.network.graph import Graph
from tfsnn.network.nodes import Rate, Readout, Source
from tfsnn.sources import import_model


def network(name="cnn", count=20):
    """A graph with dyadic weights, inputs, and the activations by node."""
    model = models.dyadic(models.MODELS[name]())
    graph, x = import_model(model), models.samples(model, count)
    values = graph.forward(x)
    rates = graph.of_kind(Rate)
    activations = {
        r.name: values[r.name].numpy().reshape(-1, r.shape[-1]) for r in rates
    }
    return graph, x, activations


def batches(x, size):
    return [x[i : i + size] for i in range(0, len(x), size)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mlp", "cnn", "depthwise"])
@pytest.mark.parametrize("size", [1, 7, 20])
def test_moments_are_exact_whatever_the_batch_size(name, size):
    graph, x, activations = network(name)
    statistics = calibrate(graph, batches(x, size))
    assert statistics.keys() == activations.keys()
    for node, a in activations.items():
        a = a.astype(np.float64)
        assert statistics[node].count == len(a)
        assert (statistics[node].maximum == a.max(0)).all()
        np.testing.assert_allclose(statistics[node].mean, a.mean(0), rtol=1e-6)
        np.testing.assert_allclose(
            statistics[node].variance, a.var(0), rtol=1e-5, atol=1e-9
        )


def test_percentiles_are_within_a_bin():
    graph, x, activations = network()  # at most 36 places, so all are drawn
    for node, statistics in calibrate(graph, batches(x, 6)).items():
        a = np.sort(activations[node], 0)
        assert (statistics.histogram.sum(1) == len(a)).all()
        for q in (1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0):
            rank = int(np.ceil(q / 100 * len(a))) - 1
            found = statistics.percentile(q)
            assert (np.abs(found - a[rank]) <= statistics.width * (1 + 1e-6)).all()
            assert (found <= statistics.maximum).all()


def test_the_histogram_is_that_of_numpy():
    graph, x, activations = network()
    for node, statistics in calibrate(graph, batches(x, 20)).items():
        for channel, a in enumerate(activations[node].T):
            histogram, width = statistics.histogram[channel], statistics.width[channel]
            if width > 0:
                expected, _ = np.histogram(a, np.arange(BINS + 1) * width)
                assert (histogram == expected).all()
            else:
                assert not a.any() and histogram[0] == histogram.sum() == len(a)
        centres = (np.arange(BINS) + 0.5) * statistics.width[:, None]
        assert (statistics.values == centres).all()


def neurons(count):
    """So many neurons, each of which reads an input as it is."""
    shape = (count,)
    nodes = (
        Source("x", (), shape),
        Rate("relu", ("x",), shape),
        Readout("out", ("relu",), shape),
    )
    return Graph(nodes, ("out",))


def test_bins_widen_when_later_values_are_larger():
    rng = np.random.default_rng(0)
    small = (rng.random((500, 3)) * [1, 1, 0]).astype(np.float32)
    large = (rng.random((500, 3)) * [0.5, 1000, 20]).astype(np.float32)
    first = calibrate(neurons(3), [small])["relu"]
    both = calibrate(neurons(3), [small, large])["relu"]
    a = np.concatenate([small, large])
    assert first.width[2] == 0 and both.width[0] == first.width[0]
    # Doubled as often as needed, and no more.
    doublings = np.log2(both.width[1] / first.width[1])
    assert doublings == np.round(doublings) and doublings >= 8
    assert (both.maximum < both.width * BINS).all()
    assert (both.maximum >= both.width * BINS / 4).all()
    for channel in range(3):
        width = both.width[channel]
        expected, _ = np.histogram(a[:, channel], np.arange(BINS + 1) * width)
        assert (both.histogram[channel] == expected).all()
        for q in (25, 50, 99):
            exact = np.percentile(a[:, channel], q, method="inverted_cdf")
            assert abs(both.percentile(q)[channel] - exact) <= width


@pytest.mark.slow
def test_memory_does_not_grow_with_the_batches():
    traced = {}

    def batches():
        for number in range(1, 30):
            if number in (6, 29):
                gc.collect()
                traced[number] = tracemalloc.get_traced_memory()[0]
            yield np.full((20_000, 2), float(number), np.float32)

    tracemalloc.start()
    try:
        calibrate(neurons(2), batches())
    finally:
        tracemalloc.stop()
    # The first batch traces the sweep. Were batches kept, of 160,000 bytes each, this
    # would be all of the 23; a little comes and goes with TensorFlow's own objects.
    assert traced[29] - traced[6] < 23 * 160_000 / 4


@pytest.mark.parametrize("name", ["mlp", "cnn", "depthwise"])
@pytest.mark.parametrize("size", [7, 20])
def test_currents_and_peaks_are_those_of_numpy(name, size):
    graph, x, _ = network(name)
    statistics, values = calibrate(graph, batches(x, size)), graph.forward(x)
    for node in graph.of_kind(Rate):
        s = statistics[node.name]
        assert s.peak.shape == node.shape
        assert (s.peak == values[node.name].numpy().max(0)).all()
        assert (s.maximum == s.peak.reshape(-1, node.shape[-1]).max(0)).all()
        currents = np.float64(values[node.inputs[0]]).reshape(-1, node.shape[-1])
        assert (currents < 0).any()
        np.testing.assert_allclose(s.current_mean, currents.mean(0), 1e-5, 1e-6)
        np.testing.assert_allclose(s.current_variance, currents.var(0), 1e-5, 1e-6)
        pooled = s.layer()
        np.testing.assert_allclose(pooled.current_mean, [currents.mean()], 1e-5, 1e-6)
        np.testing.assert_allclose(
            pooled.current_variance, [currents.var()], rtol=1e-5, atol=1e-6
        )


def wide():
    """24 x 24 places, of which 64 are drawn."""
    model = keras.Sequential([keras.Input((24, 24, 1)), layers.Conv2D(2, 1)])
    model.add(layers.ReLU())
    return models.dyadic(model)


def test_places_are_drawn_where_there_are_many_and_moments_see_all():
    model = wide()
    graph, x = import_model(model), models.samples(model, 8)
    ((_, statistics),) = calibrate(graph, batches(x, 3)).items()
    a = np.asarray(model(x)).reshape(-1, 2)
    assert statistics.count == 8 * 24 * 24
    assert (statistics.histogram.sum(1) == 8 * 64).all()
    assert (statistics.maximum == a.max(0)).all()
    np.testing.assert_allclose(statistics.mean, a.mean(0), rtol=1e-6)
    # 512 of 4608 values: the median lies within five standard errors of ranks.
    low, high = np.percentile(a, [50 - 11, 50 + 11], axis=0)
    median = statistics.percentile(50)
    assert (low - statistics.width <= median).all()
    assert (median <= high + statistics.width).all()


def test_the_same_seed_draws_the_same_places():
    model = wide()
    graph, x = import_model(model), models.samples(model, 4)
    one, same, other = (
        next(iter(calibrate(graph, batches(x, 2), seed=seed).values()))
        for seed in (1, 1, 2)
    )
    assert (one.histogram == same.histogram).all()
    assert (one.histogram != other.histogram).any()
    assert (one.maximum == other.maximum).all()


def test_a_layer_as_one():
    graph, x, activations = network()
    for node, statistics in calibrate(graph, batches(x, 8)).items():
        a, pooled = activations[node].ravel().astype(np.float64), statistics.layer()
        assert pooled.count == len(a)
        assert pooled.maximum == a.max()
        np.testing.assert_allclose(pooled.mean, [a.mean()], rtol=1e-6)
        np.testing.assert_allclose(pooled.variance, [a.var()], rtol=1e-5)
        assert pooled.histogram.shape == (1, BINS)
        assert pooled.histogram.sum() == len(a)
        for q in (50, 90, 99):
            exact = np.percentile(a, q, method="inverted_cdf")
            # Half a bin of the channel's, then one of the layer's.
            assert abs(pooled.percentile(q)[0] - exact) <= 1.5 * pooled.width[0]
        assert pooled.percentile(100) == a.max()


def test_a_dead_channel_is_told_and_a_dead_layer_is_refused():
    model = models.randomise(models.mlp())
    graph, x = import_model(model), models.samples(model, 10)
    first, second, _ = model.layers
    kernel, bias = first.get_weights()
    first.set_weights([kernel, np.where(np.arange(8) == 3, -100, bias)])
    graph = import_model(model)
    statistics = calibrate(graph, [x])
    dead = statistics[graph.of_kind(Rate)[0].name].dead
    assert dead.tolist() == (np.arange(8) == 3).tolist()
    second.set_weights([second.get_weights()[0], np.full(5, -100.0)])
    with pytest.raises(CalibrationError, match=f"no neuron of {second.name} was ever"):
        calibrate(import_model(model), [x])


def test_no_data_is_refused():
    graph, *_ = network()
    with pytest.raises(CalibrationError, match="empty"):
        calibrate(graph, [])


def test_half_of_an_absolute_value_may_never_be_active():
    given = keras.Input((6,))
    x = keras.layers.Dense(8, activation="relu")(given)
    model = keras.Model(given, keras.layers.Dense(3)(keras.ops.absolute(x)))
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    snn = tfsnn.convert(model, x, timesteps=4, levels=255)
    wanted = model(x).numpy()
    assert np.abs(snn(x) - wanted).max() < 0.02 * np.abs(wanted).max()
