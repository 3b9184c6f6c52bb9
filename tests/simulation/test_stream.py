"""Streams: exactly what a sequence gives, with a state that lasts and can be moved."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from over_time import sequences, shared, silu, spiking

import tfsnn
from tfsnn.errors import DataError, OptionError
from tfsnn.network.running_mean import no_mean, with_value


def leaves(state):
    """All arrays of a plain state; fails for anything that is not plain."""
    if isinstance(state, dict):
        return [leaf for key in state for leaf in leaves(state[key])]
    if isinstance(state, list):
        return [leaf for part in state for leaf in leaves(part)]
    assert type(state) is np.ndarray
    return [state]


@pytest.mark.parametrize("name", ["smooth", "cnn", "maxpool_on_spikes", "outputs"])
@pytest.mark.parametrize("options", [{}, {"steps_per_frame": 3, "readout": 2}])
def test_a_step_gives_exactly_what_the_sequence_has_there(name, options):
    snn = shared(name)
    x = sequences(snn, 5)
    found = snn.simulate(x, over_time=True, **options)
    stream = snn.stream(3, **options)
    for frame in range(5):
        outputs = stream.step(x[:, frame])
        listed = outputs if isinstance(outputs, list) else [outputs]
        for one, other in zip(listed, found.outputs, strict=True):
            assert (one == other[frame]).all()
    assert (stream.frames == 5).all() and len(np.unique(found.outputs[0])) > 5


def test_rows_are_streams_of_their_own():
    snn = shared("smooth")
    x = sequences(snn, 4)
    together = snn.simulate(x, over_time=True).outputs[0]
    stream = snn.stream()
    alone = [stream.step(x[1:2, frame])[0] for frame in range(4)]
    np.testing.assert_allclose(alone, together[:, 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("readout", ["mean", 3])
def test_rows_that_begin_anew_are_as_new_and_the_others_go_on(readout):
    snn = shared("smooth")
    x = sequences(snn, 8)
    stream = snn.stream(3, readout=readout)
    for frame in range(4):
        stream.step(x[:, frame])
    stream.reset([0, 2])
    assert stream.frames.tolist() == [0, 4, 0]
    after = [stream.step(x[:, frame]) for frame in range(4, 8)]
    options = {"over_time": True, "readout": readout}
    new = snn.simulate(x[:, 4:], **options).outputs[0]
    old = snn.simulate(x, **options).outputs[0][4:]
    assert (np.array(after)[:, [0, 2]] == new[:, [0, 2]]).all()
    assert (np.array(after)[:, 1] == old[:, 1]).all()
    stream.reset(np.array([True, True, False]))
    assert stream.frames.tolist() == [0, 0, 4]
    stream.reset(2)
    assert stream.frames.tolist() == [0, 0, 0]
    assert (stream.step(x[:, 4]) == new[0]).all()
    stream.reset()
    assert (stream.step(x[:, 4]) == new[0]).all()
    for rows in (3, [-1], [0.5], [[0]], [True, False]):
        with pytest.raises(OptionError, match="the stream has 3, numbered from 0"):
            stream.reset(rows)


def test_the_state_is_plain_and_another_stream_continues_from_it():
    snn = shared("smooth")
    x = sequences(snn, 6)
    expected = snn.simulate(x, over_time=True).outputs[0]
    first = snn.stream(3)
    for frame in range(3):
        first.step(x[:, frame])
    state = first.state
    assert {"network", "frames", "nodes", "outputs"} == set(state)
    rows = [
        len(leaf) for key in set(state) - {"network"} for leaf in leaves(state[key])
    ]
    assert set(rows) == {3} and len(rows) > 8
    first.step(x[:, 3])  # does not change what was saved
    second = snn.stream(3)
    second.state = pickle.loads(pickle.dumps(state))
    for frame in range(3, 6):
        assert (second.step(x[:, frame]) == expected[frame]).all()


CONTINUE = """
import pickle, sys
import keras, tfsnn
snn = keras.saving.load_model(sys.argv[1])
stream = snn.stream(3)
with open(sys.argv[2], "rb") as file:
    state, frame = pickle.load(file)
stream.state = state
with open(sys.argv[2], "wb") as file:
    pickle.dump(stream.step(frame), file)
"""


@pytest.mark.slow
@pytest.mark.processes
def test_another_process_continues(tmp_path):
    snn = spiking("smooth", negative_threshold=0.0)
    snn.save(tmp_path / "snn.keras")
    x = sequences(snn, 4)
    stream = snn.stream(3)
    for frame in range(3):
        stream.step(x[:, frame])
    moved = tmp_path / "state"
    moved.write_bytes(pickle.dumps((stream.state, x[:, 3])))
    command = [sys.executable, "-c", CONTINUE, tmp_path / "snn.keras", moved]
    subprocess.run(command, check=True, capture_output=True)
    assert (pickle.loads(moved.read_bytes()) == stream.step(x[:, 3])).all()


def test_states_of_others_are_refused_and_change_nothing():
    snn = shared("mlp")
    stream = snn.stream(3)
    x = sequences(snn, 2)
    stream.step(x[:, 0])
    before = stream.state
    other = tfsnn.SpikingModel.from_config(snn.get_config())  # with weights of 0
    cut = {**before, "nodes": dict(list(before["nodes"].items())[:1])}
    broken = {**before, "frames": before["frames"] + np.nan}
    refused = {
        "batch of 2, the stream of mlp_snn of 3": snn.stream(2).state,
        r"state\['nodes'\] holds .*, that of mlp_snn": shared("cnn").stream(3).state,
        "is of another network .* than mlp_snn .*other weights": other.stream(3).state,
        r"state\['outputs'\].* another readout": snn.stream(3, readout=2).state,
        r"state\['nodes'\] holds ": cut,
        r"state\['frames'\] holds float64": broken,
        "the state for mlp_snn is None": None,
        "the state for mlp_snn is {}": {},
    }
    for message, state in refused.items():
        with pytest.raises(DataError, match=message):
            stream.state = state
    for one, other in zip(leaves(before), leaves(stream.state), strict=True):
        assert (one == other).all()


def test_wrong_frames_are_refused_by_their_number_and_change_nothing():
    snn = shared("mlp")
    x = sequences(snn, 3)
    stream = snn.stream(3)
    stream.step(x[:, 0])
    with pytest.raises(DataError, match=r"has shape \(3, 5\); expected \(B, 6\)"):
        stream.step(x[:, 1, :5])
    with pytest.raises(DataError, match="has 2 rows, the stream of mlp_snn 3"):
        stream.step(x[:2, 1])
    broken = x[:, 1].copy()
    broken[2, 4] = np.inf
    with pytest.raises(DataError, match=r"frame 1 of row 2 \(both counted from 0\)"):
        stream.step(broken)
    expected = snn.simulate(x, over_time=True).outputs[0]
    assert (stream.step(x[:, 1]) == expected[1]).all()


def test_a_mean_of_ten_thousand_values_is_that_of_float64():
    rng = np.random.default_rng(0)
    x = (1000 + rng.normal(size=(10_000, 2, 3))).astype(np.float32)

    @tf.function
    def folded(x):
        def body(i, mean):
            return i + 1, with_value(mean, x[i], tf.fill([2], i + 1))

        _, mean = tf.while_loop(lambda i, _: i < 10_000, body, (0, no_mean((2, 3))))
        return mean.value

    found, exact = folded(x).numpy(), x.mean(0, dtype=np.float64)
    np.testing.assert_allclose(found, exact, rtol=6e-8)  # half a unit in the last place
    plain = np.cumsum(x, 0, dtype=np.float32)[-1] / np.float32(10_000)
    assert np.abs(plain / exact - 1).max() > 1e-6  # what a growing sum loses


@pytest.mark.slow
def test_ten_thousand_steps_take_no_more_memory_and_lose_no_digits():
    """The running sum behind neurons, and the mean at the output, in float64."""
    snn = spiking("smooth", negative_threshold=0.0, max_coefficient=3.0)
    steps, frames = 4, 2500
    x = sequences(snn, frames, 1)
    record = ("values",)
    stream = snn.stream(steps_per_frame=steps, observe=record)
    sizes, values = set(), {name: [] for name in snn.populations}
    for frame in range(frames):
        result = stream.advance(x[:, frame])
        for name, sent in values.items():
            sent.append(result.observed[f"values/{name}"].numpy())
        if frame % 500 == 499:
            sizes.add(sum(leaf.nbytes for leaf in leaves(stream.state)))
    assert len(sizes) == 1
    sent = {n: np.concatenate(v).astype(np.float64) for n, v in values.items()}
    first, second = (sent[name] for name in snn.populations)
    graph = snn.graph
    scale = np.asarray(graph[next(iter(sent))].scale)
    state = stream.state["nodes"]
    function = silu(snn).name
    mean = (first * scale).mean(0)
    found = state[function]
    np.testing.assert_allclose(found["means"][0]["value"], mean, rtol=1e-6, atol=1e-9)
    exact = mean / (1 + np.exp(-mean))
    np.testing.assert_allclose(found["sent"], exact, rtol=1e-6, atol=1e-9)
    # What the next neurons received in all is what they sent, and have left.
    linear = next(node for node in graph if function in node.inputs)
    received = 10_000 * (exact @ np.asarray(linear.kernel) + np.asarray(linear.bias))
    left = state[list(sent)[1]]["potential"] - 0.5
    kept = second.sum(0) + left
    np.testing.assert_allclose(kept, received, rtol=0, atol=0.02)  # thresholds
    head = [node for node in graph if hasattr(node, "kernel")][-1]
    output = second.mean(0) @ np.asarray(head.kernel) + np.asarray(head.bias)
    np.testing.assert_allclose(result.outputs[0], output, rtol=1e-6, atol=1e-7)


def test_a_stream_takes_weights_that_changed():
    snn = spiking("mlp", negative_threshold=0.0)
    x = sequences(snn, 1)
    stream = snn.stream(3)
    before = stream.step(x[:, 0])
    snn.weights[-1].assign_add(np.ones_like(snn.weights[-1]))
    stream.reset()
    assert np.allclose(stream.step(x[:, 0]), before + 1)
