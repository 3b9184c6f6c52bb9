"""Sigma-delta coding: changes of activations, in streams."""

import re

import keras
import models
import numpy as np
import pytest
from keras import layers

import tfsnn
from tfsnn.conversion import methods
from tfsnn.conversion.methods.sigma_delta import sizes
from tfsnn.network.nodes import Coder
from tfsnn.network.passes.code_changes import code_changes


def mixed():
    """Smooth activations, a maximum, a normalisation and inputs of either sign."""
    x = keras.Input((6, 6, 2))
    a = layers.Conv2D(4, 3, padding="same", activation="silu")(x)
    b = layers.MaxPooling2D(2)(a)
    b = layers.LayerNormalization()(b)
    b = layers.Conv2D(4, 2, activation="relu6")(b)
    b = layers.MaxPooling2D(2)(b)
    c = layers.GlobalAveragePooling2D()(a)
    joined = layers.Concatenate()([layers.Flatten()(b), c])
    return keras.Model(x, layers.Dense(3, activation="softmax")(joined))


NETWORKS = {"mixed": mixed, **models.MODELS}


def video(model, frames=6, batch=3):
    """Sequences in which a part of each frame stays, and the ANN's outputs."""
    x = models.samples(model, batch * frames)
    x = x.reshape(batch, frames, *model.input_shape[1:])
    x[:, 1::2, ..., :1] = x[:, ::2, ..., :1]
    outputs = np.stack([np.asarray(model(x[:, f])) for f in range(frames)])
    return x, outputs


def flat(x):
    return x.reshape(-1, *x.shape[2:])


@pytest.mark.parametrize("name", ["mixed", "mlp", "residual", "maxpool_on_spikes"])
def test_without_an_error_it_is_the_ann_frame_by_frame(name):
    model = models.randomise(NETWORKS[name]())
    x, expected = video(model)
    options = {"error": 0, "input_error": 0}
    snn = tfsnn.convert(model, flat(x), "sigma_delta", **options)
    found = snn.simulate(x, over_time=True).outputs[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(snn(x[:, 0]), expected[0], rtol=1e-5, atol=2e-6)


def test_a_quantised_activation_is_its_own_levels():
    x = keras.Input((6,))
    a = layers.Dense(8)(x)
    model = models.randomise(
        keras.Model(x, layers.Dense(3)(tfsnn.layers.QCFS(4, 1.5)(a)))
    )
    x, expected = video(model)
    options = {"error": 0, "input_error": 0}
    snn = tfsnn.convert(model, flat(x), "sigma_delta", **options)
    found = snn.simulate(x, over_time=True).outputs[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_what_is_received_is_off_by_less_than_the_stated_error():
    model = models.randomise(models.mlp())
    x, _ = video(model, 30)
    snn = tfsnn.convert(model, flat(x), "sigma_delta", error=0.4, input_error=0.1)
    record = ("spikes", "values", "potentials")
    found = snn.simulate(x, over_time=True, record=record)
    signal = x.swapaxes(0, 1)
    for node in snn.graph:
        if hasattr(node, "kernel"):
            signal = signal @ np.asarray(node.kernel) + np.asarray(node.bias)
        if not node.spikes:
            continue
        theta = np.float32(node.settings["theta"])
        rectified = node.settings.get("rectified", True)
        r = np.zeros_like(signal[0])
        for frame, current in enumerate(signal):  # an independent simulation
            a = np.maximum(current, 0) if rectified else current
            sends = np.abs(a - r) >= theta
            assert (found.spikes[node.name][frame] == sends * np.sign(a - r)).all()
            r = np.where(sends, a, r)
            values = found.values[node.name][frame]
            np.testing.assert_allclose(values, r, rtol=1e-5, atol=1e-6)
            assert (np.abs(found.potentials[node.name][frame]) < theta).all()
            r, signal[frame] = values, values
        assert 0.1 < (found.spikes[node.name] != 0).mean() < 0.9


def test_the_least_change_is_the_stated_share_of_the_size():
    model = models.randomise(models.mlp())
    x = models.samples(model, 90)
    snn = tfsnn.convert(model, x, "sigma_delta", error=0.4, input_error=0.1)
    graph = code_changes(tfsnn.calibration(model, x).graph, "sigma_delta")
    values = graph.forward(x)
    neurons = [node for node in snn.graph if node.spikes]
    for node, error in zip(neurons, (0.1, 0.4, 0.4), strict=True):
        theta = np.array(node.settings["theta"])
        rms = np.sqrt((np.float64(values[node.name]) ** 2).mean(0))
        alive = rms > 0
        np.testing.assert_allclose(theta[alive], error * rms[alive], rtol=1e-5)
        np.testing.assert_allclose(theta[~alive], error * np.median(rms[alive]), 1e-5)


def test_operations_are_those_of_what_changed():
    model = models.randomise(models.cnn())
    x, _ = video(model)
    x[:, 1:, :, 3:] = x[:, :1, :, 3:]  # the right half stands still
    x[:, 4:] = x[:, 3:4]  # and in the end all does
    snn = tfsnn.convert(model, flat(x), "sigma_delta", error=0, input_error=0)
    trace = snn.simulate(x, over_time=True)
    fan_outs = snn.operations_per_sample().fan_outs
    each = sum(
        (spikes != 0).reshape(*spikes.shape[:2], -1) @ fan_outs[name]
        for name, spikes in trace.spikes.items()
    ).mean(1)
    found = tfsnn.evaluate(snn, x, over_time=True)
    synops = np.array([row.synops for row in found.rows])
    np.testing.assert_allclose(np.diff(synops, prepend=0), each, rtol=1e-6)
    assert (each[1:4] < 0.8 * each[0]).all() and (each[4:] == 0).all()
    operations = snn.operations_per_sample()
    assert operations.constant_macs == operations.analog_macs == 0
    # A change of any size is multiplied by its weights.
    ratio = synops / (operations.ann_macs * np.arange(1, 7))
    ratios = [row.energy_ratio for row in found.rows]
    np.testing.assert_allclose(ratios, ratio, rtol=1e-6)
    first = (x[:, 0] != 0).reshape(3, -1) @ fan_outs[next(iter(trace.spikes))]
    assert synops[0] > first.mean() > 0


def test_values_that_weights_read_are_coded_and_others_not():
    model = models.randomise(mixed())
    graph = tfsnn.calibration(model, models.samples(model, 4)).graph
    coded = code_changes(graph, "sigma_delta")
    sources = [graph[node.inputs[0]] for node in coded.of_kind(Coder)]
    kinds = [getattr(node, "op", type(node).__name__) for node in sources]
    assert kinds == ["Source", "silu", "layer_norm"]
    x = models.samples(model, 4)
    name = graph.outputs[0]
    one, other = (g.forward(x)[name].numpy() for g in (graph, coded))
    assert (one == other).all()


def test_channels_that_were_silent_take_the_median(calibrated):
    _, statistics = calibrated["cnn"]
    name = next(iter(statistics))
    known = statistics[name]
    maximum = known.maximum.copy()
    maximum[1] = 0
    known = type(known)(**{**vars(known), "maximum": maximum})
    found = sizes(known)
    assert found[1] == np.median(np.delete(sizes(statistics[name]), 1))


def test_a_stream_of_it_reads_the_last_frame_unless_asked():
    model = models.randomise(models.mlp())
    x, expected = video(model)
    options = {"error": 0, "input_error": 0}
    snn = tfsnn.convert(model, flat(x), "sigma_delta", **options)
    stream = snn.stream(3)
    for frame in range(6):
        np.testing.assert_allclose(
            stream.step(x[:, frame]), expected[frame], 1e-5, 1e-6
        )
    mean = snn.simulate(x, over_time=True, readout="mean").outputs[0][-1]
    np.testing.assert_allclose(mean, expected.mean(0), 1e-5, 1e-6)


def test_more_steps_send_nothing_more_for_a_still_image():
    model = models.randomise(models.cnn())
    x = models.samples(model, 20)
    snn = tfsnn.convert(model, x, "sigma_delta")
    trace = snn.simulate(x, 3)
    for spikes in trace.spikes.values():
        assert spikes[0].any() and not spikes[1:].any()
    for later in trace.outputs[0][1:]:
        np.testing.assert_allclose(later, trace.outputs[0][0], rtol=1e-6, atol=1e-7)


def test_impossible_errors_are_refused():
    with pytest.raises(tfsnn.OptionError, match=r"error=-0.1 is not a number from 0"):
        methods.make("sigma_delta", {"error": -0.1})


@pytest.mark.slow
def test_the_page_prices_changes_as_multiplications():
    model = models.randomise(models.mlp())
    x = models.samples(model, 20)
    snn = tfsnn.convert(model, x, "sigma_delta")
    page = tfsnn.report_page(model, snn, x)
    kinds = re.findall(r"<td>(AC|MAC)</td>", page)
    assert kinds == ["MAC"] * 3
    (row,) = tfsnn.evaluate(snn, x).rows
    assert row.energy_ratio == row.synops / snn.operations_per_sample().ann_macs
    assert f"{row.energy_ratio:.2f}" in page
