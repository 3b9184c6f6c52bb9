"""Signatures for one frame after the other give what a stream gives, bit for bit."""

import numpy as np
import pytest
import tensorflow as tf
from asking import serving
from exporting import export, load
from over_time import sequences, shared, spiking
from over_time import smooth as build

import tfsnn
from tfsnn.errors import OptionError
from tfsnn.network.clock import Clock

FRAMES = 4
CASES = {
    "smooth": ("smooth", {}),
    "mean_of_last": ("smooth", {"steps_per_frame": 3, "readout": 2}),
    "pooled": ("maxpool_on_spikes", {"readout": "last"}),
    "outputs": ("outputs", {"steps_per_frame": 2}),
}
NAMES = {
    "network": "int32 (B, 4)",
    "frames": "int32 (B)",
    "first_relu_potential": "float32 (B, 5)",
    "first_relu_unsent": "float32 (B, 5)",
    "smooth_step": "float32 (B)",
    "smooth_means_0_value": "float32 (B, 5)",
    "smooth_means_0_rest": "float32 (B, 5)",
    "smooth_sent": "float32 (B, 5)",
    "second_relu_potential": "float32 (B, 4)",
    "second_relu_unsent": "float32 (B, 4)",
    "last_readout_value": "float32 (B, 3)",
    "last_readout_rest": "float32 (B, 3)",
}


def listed(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


def follow(loaded, x, names):
    """The outputs after each frame, with the state carried as a client does."""
    found, state = [], {}
    for frame in range(x.shape[1]):
        signature = loaded["step" if frame else "start"]
        answer = signature(inputs=tf.constant(x[:, frame]), **state)
        state = {key: v for key, v in answer.items() if key.startswith("state_")}
        found.append([answer[name].numpy() for name in names])
    return found, state


@pytest.fixture(scope="module")
def smooth(tmp_path_factory):
    """A network and its export, with the default readout."""
    snn = shared("smooth")
    return snn, export(snn, tmp_path_factory.mktemp("smooth"), over_time=True)


@pytest.mark.parametrize("case", CASES)
def test_steps_are_those_of_a_stream(case, tmp_path):
    name, options = CASES[case]
    snn = shared(name)
    exported = export(snn, tmp_path, over_time=True, **options)
    loaded = load(exported)
    names = [k for k in exported.signatures["start"]["outputs"] if k[:5] != "state"]
    for batch in (1, 3):
        x = sequences(snn, FRAMES, batch)
        stream = snn.stream(batch, **options)
        found, state = follow(loaded, x, names)
        for frame, outputs in enumerate(found):
            expected = listed(stream.step(x[:, frame]))
            for one, other in zip(outputs, expected, strict=True):
                assert (one == other).all()
        assert (state["state_frames"] == FRAMES).numpy().all()
        assert len(np.unique(found[-1][0])) > 1


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("method", ["data_norm", "sigma_delta"])
def test_methods_are_as_in_a_stream(method, steps, tmp_path):
    model = build()
    x = np.random.default_rng(0).normal(size=(3, FRAMES, 6)).astype(np.float32)
    snn = tfsnn.convert(model, x[:, 0], method)
    options = {"over_time": True, "steps_per_frame": steps}
    found, _ = follow(load(export(snn, tmp_path, **options)), x, ["outputs"])
    stream = snn.stream(3, steps_per_frame=steps)
    for frame, (outputs,) in enumerate(found):
        assert (outputs == stream.step(x[:, frame])).all()


def test_the_state_has_the_names_of_nodes_and_is_the_same_in_and_out(smooth):
    _, exported = smooth
    step, start = (exported.signatures[name] for name in ("step", "start"))
    state = {k: v for k, v in step["outputs"].items() if k.startswith("state_")}
    assert step["inputs"] == {"inputs": "float32 (B, 6)", **state}
    assert start["outputs"] == step["outputs"]
    assert start["inputs"] == {"inputs": "float32 (B, 6)"}
    assert {name: state[f"state_{name}"] for name in NAMES} == NAMES
    assert len(state) == len(NAMES)


def test_rows_move_between_batches(smooth):
    """Rows of a batch are streams of their own; here two clients swap places."""
    snn, exported = smooth
    loaded, x = load(exported), sequences(snn, 3, 2)
    _, state = follow(loaded, x, ["outputs"])
    swapped = {name: values[::-1] for name, values in state.items()}
    frame = tf.constant(x[:, 0])
    straight = loaded["step"](inputs=frame, **state)["outputs"].numpy()
    crossed = loaded["step"](inputs=frame[::-1], **swapped)["outputs"].numpy()
    assert (straight == crossed[::-1]).all() and (straight[0] != straight[1]).any()


def test_the_guide_is_followed_on_a_server(smooth):
    """Its client carries the state through JSON, which loses nothing."""
    snn, exported = smooth
    guide = (exported.path / "README.md").read_text()
    program = guide.split("```python\n")[1].split("```")[0]
    x = sequences(snn, FRAMES, 1)
    with serving(exported.path.parent) as server:
        space = {"frames": x[0].tolist()}
        exec(program.replace("http://localhost:8501", server.url), space)
    stream = snn.stream()
    expected = [stream.step(x[:, frame]) for frame in range(FRAMES)][-1]
    assert (np.float32(space["row"]["outputs"]) == expected[0]).all()
    assert space["row"]["state_frames"] == FRAMES


def test_a_state_of_another_batch_is_refused(smooth):
    snn, exported = smooth
    loaded, x = load(exported), sequences(snn, 1, 3)
    _, state = follow(loaded, x[:1], ["outputs"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="batches of one size"):
        loaded["step"](inputs=tf.constant(x[:, 0]), **state)


def test_a_state_of_another_network_is_refused(smooth, tmp_path):
    """One with other weights, whose state has the same tensors."""
    snn, exported = smooth
    other = spiking("smooth", negative_threshold=0.0, max_coefficient=3.0)
    other.set_weights([2 * weights for weights in other.get_weights()])
    loaded, x = load(exported), sequences(snn, 2, 3)
    _, state = follow(load(export(other, tmp_path, over_time=True)), x, ["outputs"])
    with pytest.raises(tf.errors.InvalidArgumentError, match="of another network"):
        loaded["step"](inputs=tf.constant(x[:, 0]), **state)
    _, own = follow(loaded, x, ["outputs"])
    mixed = {
        name: tf.concat([values[:2], state[name][2:]], 0)
        for name, values in own.items()
    }
    with pytest.raises(tf.errors.InvalidArgumentError, match="of another network"):
        loaded["step"](inputs=tf.constant(x[:, 0]), **mixed)
    state = {**state, "state_network": own["state_network"]}
    loaded["step"](inputs=tf.constant(x[:, 0]), **state)


def test_networks_that_need_the_whole_input_have_no_step(tmp_path):
    snn = spiking("smooth", Clock(lookahead=2))
    with pytest.raises(OptionError, match="cannot run over time: each layer looks 2"):
        export(snn, tmp_path, over_time=True)
    with pytest.raises(OptionError, match="give over_time=True as well"):
        export(shared("smooth"), tmp_path, steps_per_frame=2)
    assert not list(tmp_path.iterdir())
    assert not {"start", "step"} & {*export(shared("smooth"), tmp_path).signatures}
