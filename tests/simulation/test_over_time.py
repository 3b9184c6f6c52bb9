"""Inputs that change: what a network makes of a frame after the other."""

import keras
import models
import numpy as np
import pytest
from keras import layers
from neuron_reference import reference
from over_time import sequences, shared, silu, spiking

import tfsnn
from tfsnn.errors import DataError, OptionError
from tfsnn.network.clock import Clock


@pytest.mark.parametrize(("steps", "signed"), [(1, True), (3, False)])
def test_spikes_and_outputs_are_those_of_an_independent_simulation(steps, signed):
    neuron = {"negative_threshold": 0.0} if signed else {}
    snn = spiking("mlp", max_coefficient=3.0, **neuron)
    x = sequences(snn, 5)
    found = snn.simulate(x, over_time=True, steps_per_frame=steps, readout="last")
    signal = np.repeat(x, steps, 1).swapaxes(0, 1)  # (T, B, 6)
    for node in snn.graph:
        if type(node).__name__ == "Linear":
            signal = signal @ np.asarray(node.kernel) + np.asarray(node.bias)
        elif node.spikes:
            n = 0.0 if signed else None
            signal, _ = reference(signal, v0=0.5, most=3, n=n)
            assert (found.spikes[node.name] == signal).all() and signal.any()
    assert len(found.spikes) == 2
    means = signal.reshape(5, steps, *signal.shape[1:]).mean(1)
    np.testing.assert_allclose(found.outputs[0], means, rtol=1e-6)


@pytest.mark.parametrize("name", ["smooth", "maxpool_on_spikes", "residual"])
@pytest.mark.parametrize("steps", [1, 3])
def test_frames_that_stay_the_same_are_a_still_input(name, steps):
    snn = shared(name)
    x = sequences(snn, 1)
    still = snn.simulate(x[:, 0], 4 * steps)
    found = snn.simulate(
        np.repeat(x, 4, 1), over_time=True, steps_per_frame=steps, readout="mean"
    )
    for node, spikes in still.spikes.items():
        # A mean of 1/3 and the like rounds in another way: a spike may be a step late.
        sums = np.abs((found.spikes[node] - spikes).cumsum(0))
        assert sums.max() <= (name != "residual") and spikes.any()
    after = still.outputs[0][steps - 1 :: steps]
    tolerance = 1e-5 if name == "residual" else 0.2
    np.testing.assert_allclose(found.outputs[0], after, rtol=0, atol=tolerance)


def test_a_running_sum_stands_for_the_mean_of_what_it_received():
    snn = shared("smooth")
    x = sequences(snn, 7)
    found = snn.simulate(x, over_time=True, record=("spikes", "values"))
    first, second = (node for node in snn.graph if node.spikes)
    gain = np.asarray(first.scale)
    function = silu(snn)
    assert function.inputs != (first.name,)  # a gain brings it to the ANN's units
    steps = np.arange(1.0, 8)[:, None, None]
    mean = (found.values[first.name] * gain).cumsum(0) / steps
    sent = steps * mean / (1 + np.exp(-mean))
    readers = [n for n in snn.graph if function.name in n.inputs]
    kernel, bias = (np.asarray(readers[0].kernel), np.asarray(readers[0].bias))
    currents = np.diff(sent, axis=0, prepend=0) @ kernel + bias
    expected, _ = reference(currents, v0=0.5, most=3, n=0.0)
    assert (found.spikes[second.name] == expected).all() and expected.any()


def test_what_only_the_input_reaches_is_computed_for_each_frame():
    snn = shared("smooth")
    x = sequences(snn, 4)
    found = snn.simulate(x, over_time=True, steps_per_frame=2, record=("spikes",))
    linear = next(node for node in snn.graph if hasattr(node, "kernel"))
    neurons = next(node for node in snn.graph if node.spikes)
    currents = np.tanh(x) @ np.asarray(linear.kernel) + np.asarray(linear.bias)
    currents = np.repeat(currents, 2, 1).swapaxes(0, 1)
    expected, _ = reference(currents, v0=0.5, most=3, n=0.0)
    assert (found.spikes[neurons.name] == expected).all()


def test_readouts_read_the_frames_that_they_say():
    snn = shared("cnn")  # with a softmax
    x = sequences(snn, 6)
    outputs = {
        readout: snn.simulate(x, over_time=True, readout=readout).outputs[0]
        for readout in (None, "mean", "last", 1, 3)
    }
    assert outputs["last"].shape == (6, 3, 3)
    assert (outputs["mean"] == outputs[None]).all()
    assert (outputs["last"] == outputs[1]).all()
    # Values before the softmax, up to a number for each sample.
    values = np.log(outputs["last"].astype(np.float64))
    for readout, most in (("mean", 6), (3, 3)):
        found = np.log(outputs[readout].astype(np.float64))
        for frame in range(6):
            mean = values[max(0, frame + 1 - most) : frame + 1].mean(0)
            mean, own = (v - v.mean(-1, keepdims=True) for v in (mean, found[frame]))
            np.testing.assert_allclose(own, mean, rtol=1e-4, atol=1e-5)
    assert np.abs(outputs["mean"] - outputs["last"]).max() > 0.01


def test_several_inputs_come_by_name_or_in_order():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    h = layers.Dense(4, activation="relu")(layers.Add()([a, b]))
    model = models.randomise(keras.Model([a, b], layers.Dense(2)(h)))
    x = [np.random.default_rng(i).normal(size=(4, 5, 3)) for i in range(2)]
    snn = tfsnn.convert(model, [v[:, 0] for v in x], "data_norm")
    one = snn.simulate(x, over_time=True).outputs[0]
    other = snn.simulate(dict(zip("ab", x, strict=True)), over_time=True).outputs[0]
    assert one.shape == (5, 4, 2) and (one == other).all()
    with pytest.raises(DataError, match=r"\{'a': \(4, 5\), 'b': \(4, 3\)\}"):
        snn.simulate([x[0], x[1][:, :3]], over_time=True)
    with pytest.raises(DataError, match="the inputs are not a, b"):
        snn.simulate(x[0], over_time=True)


REFUSED = {
    "pre-steps": (Clock(pre_steps=3), "3 pre-steps set up its neurons"),
    "digits": (Clock(base=2, layer_by_layer=True), "digits of one still input"),
    "lookahead": (Clock(lookahead=2), "each layer looks 2 steps ahead"),
    "delay": (Clock(delay=3), "leave out the first 3 steps"),
    "layers": (Clock(layer_by_layer=True), "layer by layer"),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_clocks_of_still_inputs_are_refused(reason):
    clock, message = REFUSED[reason]
    snn = spiking("mlp", clock)
    with pytest.raises(OptionError, match=rf"mlp_snn \(made\) cannot run .*{message}"):
        snn.stream()
    with pytest.raises(OptionError, match="Convert with a method that answers step by"):
        snn.simulate(sequences(snn), over_time=True)


@pytest.mark.parametrize(
    ("neuron", "message"),
    [("paced", "layer by layer"), ("rate_coder", "_relu codes an input that is the")],
)
def test_neurons_of_still_inputs_are_refused(neuron, message):
    snn = spiking("mlp", neuron=neuron, initial_potential=0.0)
    with pytest.raises(OptionError, match=message):
        snn.stream()


def test_bad_requests_are_refused():
    snn = shared("mlp")
    x = sequences(snn, 4)
    bad = {
        "timesteps=3: over time": {"timesteps": 3},
        "readout='newest'; expected mean, last, or a number": {"readout": "newest"},
        "readout=0; expected": {"readout": 0},
        "steps_per_frame=0 must be": {"steps_per_frame": 0},
        "cannot record": {"record": ("currents",)},
    }
    for message, options in bad.items():
        with pytest.raises(OptionError, match=message):
            snn.simulate(x, over_time=True, **options)
    with pytest.raises(OptionError, match="give over_time=True as well"):
        snn.simulate(x[:, 0], steps_per_frame=2)
    for wrong in (x[:, 0], x[..., :5], x[:, :0]):
        with pytest.raises(DataError, match=r"\(B, F, 6\)|at least one"):
            snn.simulate(wrong, over_time=True)
    x[1, 2, 0] = np.nan
    with pytest.raises(DataError, match=r"frame 2 of row 1 .* holds NaN or Inf in "):
        snn.simulate(x, over_time=True)
