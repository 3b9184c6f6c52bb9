"""``-o engine``: what simulates, for every command that measures a network."""

import json
from subprocess import PIPE

import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import MAIN, run, start, succeed

import tfsnn

pytest.importorskip("openvino")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    model = models.dyadic(models.MODELS["mlp"]())
    x = models.samples(model, 24)
    model.save(folder / "ann.keras")
    tfsnn.convert(model, x, "termapping", timesteps=2).save(folder / "snn.keras")
    labels = np.asarray(model(x)).argmax(1)
    np.savez(folder / "data.npz", x=x, y=labels)
    return folder


def test_evaluate_says_what_simulated(files):
    asked = ("evaluate", files / "snn.keras", "--data", files / "data.npz", "--json")
    plain = json.loads(succeed(*asked))
    found = json.loads(succeed(*asked, "-o", "engine", "openvino"))
    assert "simulated_by" not in plain
    assert found.pop("simulated_by") == "openvino"
    assert found["rows"] == plain["rows"]
    assert "simulated_by" not in json.loads(succeed(*asked, "-o", "engine", "auto"))


def test_predict_writes_the_same(files):
    asked = ("predict", files / "snn.keras", "--data", files / "data.npz", "--output")
    succeed(*asked, files / "one")
    succeed(*asked, files / "other", "-o", "engine", "openvino")
    one, other = (
        np.load(next((files / name).glob("shard-*.npz"))) for name in ("one", "other")
    )
    np.testing.assert_allclose(one["outputs"], other["outputs"], atol=1e-5)
    assert np.array_equal(one["top"], other["top"])


def test_compare_measures_in_the_engine(files):
    asked = ("compare", files / "ann.keras", "--calibration", files / "data.npz")
    asked += ("--data", files / "data.npz", "--methods", "termapping", "--json")
    asked += ("--timesteps", "2", "-o", "engine")
    one, other = (
        json.loads(succeed(*asked, engine))["rows"][0]
        for engine in ("tensorflow", "openvino")
    )
    assert one.pop("seconds") > 0 and other.pop("seconds") > 0
    assert one.pop("output_error") == pytest.approx(other.pop("output_error"), rel=1e-4)
    assert one == other


def test_threads_are_set_before_tensorflow_starts(files):
    asked = ("evaluate", files / "snn.keras", "--data", files / "data.npz")
    tf.constant(0)
    result = run(*asked, "-o", "threads", "3")
    assert result.exit_code == 2
    assert "threads=3: TensorFlow has started already" in result.output


@pytest.mark.slow
@pytest.mark.processes
def test_both_engines_compute_in_the_threads_asked_for(files):
    code = f"""
{MAIN.partition(";")[0]}
import tensorflow as tf
from tfsnn.simulation.engines.openvino.program import compiled_model
from tfsnn_cli.main import cli
cli(standalone_mode=False)
import openvino
from openvino import opset13
x = opset13.parameter([1])
model = compiled_model(openvino.Model([opset13.relu(x)], [x]))
print(tf.config.threading.get_intra_op_parallelism_threads())
print(model.get_property("INFERENCE_NUM_THREADS"))
"""
    asked = ("evaluate", files / "snn.keras", "--data", files / "data.npz")
    unset = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    process = start(*asked, "-o", "threads", 1, code=code, unset=unset, stdout=PIPE)
    out, _ = process.communicate(timeout=120)
    assert out.split()[-2:] == [b"1", b"1"]


def test_an_engine_for_no_spiking_network_is_refused(files):
    asked = ("predict", files / "ann.keras", "--data", files / "data.npz")
    result = run(*asked, "--output", files / "none", "-o", "engine", "openvino")
    assert result.exit_code == 2
    assert "-o engine openvino is for spiking networks" in result.output
