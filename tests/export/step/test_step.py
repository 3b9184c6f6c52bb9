"""One time step in LiteRT and ONNX: run T times it gives what the network gives."""

import json
import subprocess
import sys

import keras
import models
import numpy as np
import pytest
from command_line import run

import tfsnn
from tfsnn.export import export_step
from tfsnn.export.step.runtimes import RUNTIMES

BATCH, STEPS = 3, 5
METHODS = {
    "data_norm": {},  # binary
    "termapping": {},  # of either sign
    "augmapping": {},  # graded
    "burst": {},
    "snm": {},
}


@pytest.fixture(scope="module")
def ann():
    return models.dyadic(models.cnn())


@pytest.fixture(scope="module")
def samples(ann):
    return models.samples(ann, BATCH)


def rounded(snn):
    """The network with weights of 10 binary places: sums are exact in any order."""
    snn.set_weights([np.round(w * 1024) / 1024 for w in snn.get_weights()])
    return snn


def driver(folder):
    """The function `run` of a folder's README."""
    text = (folder / "README.md").read_text()
    code = text.split("```python\n")[1].split("```")[0]
    return code.rpartition("print(")[0]


def ran(folder, monkeypatch, x):
    """Outputs and spikes by the driver, run in the folder."""
    monkeypatch.chdir(folder)
    scope = {}
    exec(driver(folder), scope)  # ours: the folder was written by this test
    manifest = json.loads((folder / "manifest.json").read_text())
    return scope["run"]({manifest["inputs"][0]["name"]: x.astype(np.float32)})


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("method", METHODS)
def test_all_steps_give_what_the_network_gives(
    ann, samples, method, runtime, tmp_path, monkeypatch
):
    snn = rounded(tfsnn.convert(ann, samples, method, timesteps=STEPS))
    exported = export_step(snn, tmp_path / "step", runtime=runtime, batch_size=BATCH)
    outputs, spikes = ran(exported.path, monkeypatch, samples)
    found = snn.run(samples, observe=("spikes",))
    sent = sum(
        np.count_nonzero(c, axis=(0, *range(2, np.ndim(c))))
        for c in map(np.asarray, found.observed.values())
    )
    np.testing.assert_array_equal(spikes, sent)
    assert spikes.min() > 0
    np.testing.assert_allclose(outputs["outputs"], found.outputs[0], atol=1e-6)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_residual_network_with_a_batch_of_one(runtime, tmp_path, monkeypatch):
    ann = models.randomise(models.residual())
    x = models.samples(ann, 4)
    snn = rounded(tfsnn.convert(ann, x, "data_norm", timesteps=STEPS))
    exported = export_step(snn, tmp_path / "step", runtime=runtime)
    outputs, _ = ran(exported.path, monkeypatch, x[:1])
    np.testing.assert_allclose(
        outputs["outputs"], snn.predict(x[:1], verbose=0), atol=1e-6
    )


def test_initial_potentials_are_in_the_state(ann, samples, tmp_path):
    snn = tfsnn.convert(ann, samples, "data_norm", initial_potential=0.5, timesteps=2)
    exported = export_step(snn, tmp_path / "step", runtime="litert")
    state = np.load(exported.path / "state.npz")
    potentials = [state[name] for name in state if name.endswith("potential")]
    assert potentials and all((each == 0.5).all() for each in potentials)
    assert {s["argument"] for s in exported.manifest["state"]} == set(state)


def test_frames_give_what_a_stream_gives(ann, samples, tmp_path, monkeypatch):
    snn = rounded(tfsnn.convert(ann, samples, "data_norm", timesteps=STEPS))
    exported = export_step(snn, tmp_path / "step", runtime="onnx")
    monkeypatch.chdir(exported.path)
    scope = {}
    exec(driver(exported.path), scope)
    session, names = scope["session"], scope["names"]
    (given,) = exported.manifest["inputs"]
    state = dict(np.load("state.npz"))
    stream = snn.stream(batch_size=1)
    for i in range(BATCH):
        frame = samples[i : i + 1].astype(np.float32)
        found = dict(
            zip(names, session.run(names, {given["name"]: frame, **state}), strict=True)
        )
        state = {s["argument"]: found[s["result"]] for s in exported.manifest["state"]}
        np.testing.assert_allclose(found["outputs"], stream.step(frame), atol=1e-6)


def test_the_readme_runs_as_it_is(ann, samples, tmp_path):
    """In a process of its own, into which neither tfsnn nor TensorFlow comes."""
    snn = tfsnn.convert(ann, samples, "data_norm", timesteps=STEPS)
    folder = export_step(snn, tmp_path / "step", runtime="litert").path
    code = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    code += (
        "\nimport sys\nassert not {'tfsnn', 'tensorflow', 'keras'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "'outputs': array" in done.stdout


def test_what_cannot_be_a_step(ann, samples, tmp_path):
    snn = tfsnn.convert(ann, samples, "ttfs")
    with pytest.raises(tfsnn.OptionError, match="ttfs"):
        export_step(snn, tmp_path / "step", runtime="onnx")
    snn = tfsnn.convert(ann, samples, "data_norm", timesteps=2)
    with pytest.raises(tfsnn.OptionError, match="take one of litert, onnx"):
        export_step(snn, tmp_path / "step", runtime="tflite")
    (tmp_path / "there").mkdir()
    with pytest.raises(tfsnn.OutputError, match="exists already"):
        export_step(snn, tmp_path / "there", runtime="litert")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_operations_that_litert_lacks_are_named(tmp_path):
    x = keras.Input((8,))
    y = keras.layers.Dense(6, activation="relu")(x)
    y = keras.ops.erfinv(keras.layers.Dense(2, activation="tanh")(y) * 0.5)
    ann = models.randomise(keras.Model(x, y))
    snn = tfsnn.convert(ann, models.samples(ann, 4), "data_norm", timesteps=2)
    with pytest.raises(tfsnn.ModelError, match="has no Erfinv"):
        export_step(snn, tmp_path / "step", runtime="litert")
    assert not list(tmp_path.iterdir())


def test_the_command_line(ann, samples, tmp_path):
    snn = tfsnn.convert(ann, samples, "data_norm", timesteps=2)
    snn.save(tmp_path / "snn.keras")
    output = tmp_path / "pocket"
    done = run(
        "export",
        "step",
        tmp_path / "snn.keras",
        "--runtime",
        "litert",
        "--output",
        output,
    )
    assert done.exit_code == 0 and "to be run 2 times" in done.stdout
    assert {path.name for path in output.iterdir()} == {
        "step.tflite",
        "state.npz",
        "manifest.json",
        "README.md",
    }
