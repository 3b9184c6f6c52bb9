"""Recurrent networks in streams: one element for each frame, states that last."""

import pickle

import keras
import models
import numpy as np
import pytest
from keras import layers
from recurrent_networks import gru, online, prefixes, sequences

import tfsnn
from tfsnn.errors import DataError, ModelError, OptionError
from tfsnn.network.graph import Graph

EXACT = {
    "ttfs": {"ticks": None},
    "sigma_delta": {"error": 0.0, "input_error": 0.0},
}
# The largest error of a softmax, after 6 elements.
NEAR = {
    "ttfs": ({}, 0.01),
    "few_spikes": ({}, 0.02),
    "radix": ({"timesteps": 8}, 0.01),
    "paced": ({"timesteps": 4, "levels": 15}, 0.03),
    "augmapping": ({"timesteps": 16, "levels": 15}, 0.02),
    "data_norm": ({"timesteps": 128}, 0.05),
}


@pytest.mark.parametrize("method", EXACT)
def test_after_each_frame_it_is_the_model_on_all_so_far(method):
    model, snn = online(method, **EXACT[method])
    x = sequences(4, seed=2)
    found = snn.simulate(x, over_time=True).outputs[0]
    np.testing.assert_allclose(found, prefixes(model, x), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", NEAR)
def test_every_kind_of_spikes_comes_near(method):
    options, most = NEAR[method]
    model, snn = online(method, **options)
    x = sequences(8, seed=2)
    found = snn.simulate(x, over_time=True).outputs[0]
    expected = np.array(prefixes(model, x))
    assert 0 < np.abs(found - expected).max() < most < np.ptp(expected) / 5


def test_errors_are_smaller_where_they_come_round_again():
    def thetas(**options):
        graph = online("sigma_delta", **options)[1].graph
        return [node.settings["theta"] for node in graph if node.spikes]

    assert thetas() == thetas(error=0.05, input_error=0.02)


def test_gates_spike_where_the_method_has_neurons_for_them():
    assert {"gru", "gru_tanh", "lstm"} < set(online("few_spikes")[1].populations)


@pytest.mark.parametrize("method", ["ttfs", "sigma_delta"])
def test_a_stream_steps_as_the_sequence_and_continues_from_its_state(method):
    _, snn = online(method)
    x = sequences(3, 5, seed=3)
    expected = snn.simulate(x, over_time=True).outputs[0]
    stream = snn.stream(3)
    for frame in range(3):
        assert (stream.step(x[:, frame]) == expected[frame]).all()
    other = snn.stream(3)
    other.state = pickle.loads(pickle.dumps(stream.state))
    assert stream.state["states"].keys() == set(snn.graph.states)
    stream.reset([1])
    for frame in (3, 4):
        new = stream.step(x[:, frame])
        assert (other.step(x[:, frame]) == expected[frame]).all()
        assert (new[[0, 2]] == expected[frame][[0, 2]]).all()
        assert (new[1] != expected[frame][1]).any()
    begun = snn.simulate(x[:, 3:], over_time=True).outputs[0][-1]
    assert (new[1] == begun[1]).all()


def test_the_state_is_what_the_recurrent_layers_hold():
    model, snn = online("ttfs", ticks=None)
    x = sequences(2, 4, seed=4)
    inside = keras.Model(model.inputs[0], model.get_layer("gru").output)
    stream = snn.stream(2)
    for frame in range(4):
        stream.step(x[:, frame])
        held = stream.state["states"]["gru_state"]
        expected = np.asarray(inside(x[:, : frame + 1]))[:, -1]
        np.testing.assert_allclose(held, expected, rtol=1e-5, atol=1e-6)


def test_readouts_and_steps_of_a_frame_can_be_chosen():
    _, snn = online("data_norm", timesteps=4)
    x = sequences(2, 4)
    last = snn.simulate(x, over_time=True, readout="last").outputs[0]
    usual = snn.simulate(x, over_time=True).outputs[0]
    assert (last == usual).all()
    steps = snn.simulate(x, over_time=True, steps_per_frame=4).outputs[0]
    fewer = snn.simulate(x, over_time=True, steps_per_frame=2)
    assert (steps == usual).all() and (fewer.outputs[0] != usual).any()
    assert fewer.spikes["middle_relu"].shape == (8, 2, 6)
    mean = snn.simulate(x, over_time=True, readout="mean").outputs[0]
    assert (mean[0] == last[0]).all() and (mean[1] != last[1]).any()


def test_a_network_that_was_saved_is_the_same(tmp_path):
    _, snn = online()
    snn.save(tmp_path / "snn.keras")
    loaded = tfsnn.load_model(tmp_path / "snn.keras")
    x = sequences(2)
    one, other = (each.simulate(x, over_time=True).outputs[0] for each in (snn, loaded))
    assert (one == other).all()
    state = snn.stream(2).state
    loaded.stream(2).state = state
    with pytest.raises(DataError, match="of another network"):
        online("radix", timesteps=8)[1].stream(2).state = state


def test_several_outputs_and_integers():
    x = keras.Input((None,), dtype="int32")
    y = layers.GRU(4, return_sequences=True)(layers.Embedding(7, 3)(x))
    each = layers.Dense(2, activation="relu", name="each")(y)
    last = layers.Dense(3, name="last")(layers.LSTM(3)(y))
    model = models.randomise(keras.Model(x, {"each": each, "last": last}))
    tokens = np.random.default_rng(0).integers(0, 7, (20, 5))
    snn = tfsnn.convert(model, tokens, "ttfs", ticks=None, over_time=True)
    stream = snn.stream(20)
    for frame in range(5):
        found, expected = stream.step(tokens[:, frame]), model(tokens[:, : frame + 1])
        np.testing.assert_allclose(found["last"], expected["last"], atol=1e-5)
        np.testing.assert_allclose(found["each"], expected["each"][:, -1], atol=1e-5)


def test_samples_without_time_are_refused():
    model, snn = online()
    x = sequences()
    for wrong in (
        lambda: snn.predict(x[:, 0]),
        lambda: snn.simulate(x[:, 0]),
        lambda: snn(x[:, 0]),
        lambda: tfsnn.evaluate(snn, x[:, 0]),
        lambda: tfsnn.verify(model, snn, x),
    ):
        with pytest.raises(OptionError, match="takes sequences, one element for each"):
            wrong()
    with pytest.raises(DataError, match=r"over time it is \(B, F, 3\)"):
        snn.simulate(x[..., :2], over_time=True)
    with pytest.raises(DataError, match=r"frame 0 of row 1 .* holds NaN"):
        snn.stream(2).step(np.array([[1, 2, 3], [4, np.nan, 6]]))


def test_data_of_other_sizes_is_refused():
    with pytest.raises(DataError, match="over time"):
        tfsnn.convert(gru(), sequences()[..., :2], over_time=True)


@pytest.mark.parametrize(
    "states", [["none"], ["gru_state"], ["gru_state"] * 3, ["input_layer"]]
)
def test_a_file_with_states_that_do_not_fit_is_refused(states):
    config = online()[1].get_config()
    graph = {**config["graph"], "states": states}
    assert Graph.from_config(config["graph"]).states
    with pytest.raises(ModelError, match=r"convert (again|the network again)"):
        tfsnn.SpikingModel.from_config({**config, "graph": graph})
