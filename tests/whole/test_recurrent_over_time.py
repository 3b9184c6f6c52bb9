"""A recurrent network over time, from the command line to a server's sessions."""

import json

import models
import numpy as np
import pytest
import tensorflow as tf
from asking import good, serving, write
from command_line import run, succeed
from exporting import export, load
from recurrent_networks import gru, online, prefixes, sequences

import tfsnn
from tfsnn.errors import OptionError
from tfsnn.export import export_nir, export_stablehlo
from tfsnn.export.step.program import step_program

FRAMES = 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model, and 100 sequences with labels."""
    folder = tmp_path_factory.mktemp("online")
    model = models.randomise(gru())
    model.save(folder / "gru.keras")
    x = sequences(100)
    np.savez(folder / "sequences.npz", x=x, y=np.arange(100) % 3)
    return folder


@pytest.fixture(scope="module")
def converted(folder):
    """What the command says of a conversion."""
    return succeed(
        *("convert", folder / "gru.keras", "--calibration", folder / "sequences.npz"),
        *("-o", "over_time", "true", "--output", folder / "snn.keras"),
    )


def test_the_command_tries_whole_sequences(folder, converted):
    assert "540 calibration samples" in converted  # of 90 sequences
    assert "On 10 samples held back from calibration:" in converted
    assert "the model's decision in" in converted


def test_rows_are_prefixes(folder, converted):
    printed = succeed(
        *("evaluate", folder / "snn.keras", "--data", folder / "sequences.npz"),
        *("--ann", folder / "gru.keras", "--over-time", "--limit", 9, "--json"),
    )
    found = json.loads(printed)
    snn, model = (
        tfsnn.load_model(folder / name) for name in ("snn.keras", "gru.keras")
    )
    x, y = sequences(100)[:9], np.arange(9) % 3
    trace = snn.simulate(x, over_time=True)
    expected = prefixes(model, x)
    operations = snn.operations_per_sample()
    assert len(found["rows"]) == FRAMES and found["over_time"]
    for frame, row in enumerate(found["rows"]):
        top, own = expected[frame].argmax(-1), trace.outputs[0][frame].argmax(-1)
        assert row["agreement"] == (top == own).mean()
        assert row["accuracy"] == (own == y).mean()
        spikes = sum((s[: frame + 1] != 0).sum() for s in trace.spikes.values()) / 9
        assert row["spikes"] == pytest.approx(spikes)
        assert row["latency"] == (frame + 1) * 64 * 2  # two populations, one by one
        energy = 4.6 * operations.macs(1) * (frame + 1) + 0.9 * row["synops_events"]
        ratio = energy / (4.6 * operations.ann_macs * (frame + 1))
        assert row["energy_ratio_events"] == pytest.approx(ratio, rel=1e-6)
    assert found["ann_accuracy"] == (expected[-1].argmax(-1) == y).mean()


def test_still_samples_are_refused_with_the_way_out(folder, converted):
    data = ("--data", folder / "sequences.npz")
    refused = run("evaluate", folder / "snn.keras", *data)
    assert refused.exit_code == 2 and "--over-time" in refused.stderr


@pytest.mark.slow
def test_signatures_step_as_the_stream(tmp_path):
    for method in ("ttfs", "sigma_delta"):
        _, snn = online(method)
        exported = export(snn, tmp_path / method, over_time=True)
        assert set(exported.signatures) == {"start", "step"}
        loaded, stream, state = load(exported), snn.stream(2), {}
        x = sequences(2)
        for frame in range(FRAMES):
            name = "step" if frame else "start"
            state = loaded[name](inputs=x[:, frame], **state)
            assert (state.pop("outputs").numpy() == stream.step(x[:, frame])).all()


def test_a_server_keeps_the_states(tmp_path):
    _, snn = online()
    write(snn, tmp_path / "online", over_time=True)
    x, stream = sequences(2), snn.stream(2)
    with serving(tmp_path) as server:
        for frame in range(3):
            body = {"session": "a", "instances": x[:, frame].tolist()}
            body |= {} if frame else {"session_start": True}
            rows = good(server, "/v1/models/online:predict", body)["predictions"]
            assert (np.float32(rows) == stream.step(x[:, frame])).all()
        request = (tmp_path / "online/1/assets.extra/request.json").read_text()
        good(server, "/v1/models/online:predict", json.loads(request))


def test_a_step_of_changes_is_an_element():
    """The program of a small runtime, run by TensorFlow."""
    _, snn = online("sigma_delta")
    program = step_program(snn, 2)
    stream, state, x = snn.stream(2), dict(program.state), sequences(2, 3)
    names = [f"{name}:0" for name in program.results]
    for frame in range(3):
        with tf.compat.v1.Session(graph=tf.Graph()) as session:
            tf.import_graph_def(program.graph_def, name="")
            given = {"inputs": x[:, frame], **state}
            feed = {f"{name}:0": values for name, values in given.items()}
            values = session.run(names, feed)
        found = dict(zip(program.results, values, strict=True))
        expected = stream.step(x[:, frame])
        np.testing.assert_allclose(found["outputs"], expected, rtol=1e-5, atol=1e-6)
        state = {name: found[f"next_{name}"] for name in state}
    with pytest.raises(OptionError, match="convert it with sigma_delta"):
        step_program(online()[1], 2)


def test_other_forms_name_the_saved_model(tmp_path):
    _, snn = online()
    for write_it, name in ((export_nir, "net.nir"), (export_stablehlo, "program")):
        with pytest.raises(OptionError, match="export saved_model --over-time"):
            write_it(snn, tmp_path / name)
    with pytest.raises(OptionError, match="takes sequences, one element"):
        export(snn, tmp_path)
    with pytest.raises(OptionError, match="xla: online_snn is recurrent"):
        export(snn, tmp_path, over_time=True, xla=True)
    assert not list(tmp_path.iterdir())
