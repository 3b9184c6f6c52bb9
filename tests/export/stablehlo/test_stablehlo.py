"""What is in an exported StableHLO folder, and that its programs are the simulation."""

import hashlib
import json
import re

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from command_line import run
from keras import layers
from stablehlo_networks import BUILDERS, EXACT, T, network

import tfsnn
from tfsnn.errors import ModelError, OptionError, OutputError
from tfsnn.export.stablehlo import writing as stablehlo
from tfsnn.export.stablehlo.program import Programs, lowered
from tfsnn.export.stablehlo.rules import violations
from tfsnn.export.stablehlo.writing import export_stablehlo


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    snn, _ = network("signed")
    folder = tmp_path_factory.mktemp("exported") / "net"
    return export_stablehlo(snn, folder, batch_size=3, platform="tpu")


def called(program, x):
    """Run a program eagerly, its arguments in order."""
    inputs = [tf.constant(values) for values in (x if isinstance(x, list) else [x])]
    weights = [tf.constant(values) for values in program.weights.values()]
    results = program.function.python_function(*weights, *inputs)
    for tensor, described in zip(results, program.results, strict=True):
        assert tuple(tensor.shape) == described.shape
    return [tensor.numpy() for tensor in results]


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDERS)
def test_programs_are_the_simulation_and_legal_for_a_tpu(name):
    snn, x = network(name)
    programs = Programs(snn, 5, 2)
    predict, evaluate = programs.predict(), programs.evaluate()
    result = snn.run(x, T, ("outputs", "counts"))
    close = np.testing.assert_array_equal if name in EXACT else _close
    for y, expected in zip(called(predict, x), result.outputs, strict=True):
        close(y, expected)
    over_time, *counts = called(evaluate, x)
    observed = {key: values.numpy() for key, values in result.observed.items()}
    _close(over_time, observed.pop(f"outputs/{snn.graph.outputs[0]}"))
    assert set(observed) == {f"counts/{name}" for name in programs.fan_outs}
    for of_node, key in zip(*counts, programs.fan_outs, strict=True):
        np.testing.assert_array_equal(of_node, observed[f"counts/{key}"][..., :4])
    text = lowered(evaluate, "CPU", False)
    assert violations(text) == []
    main = re.search(r"@main\((.*?)\) ->", text, re.DOTALL)[1]
    shapes = re.findall(r"tensor<([\dx]*)f32>", main)
    assert [tuple(map(int, s.split("x")[:-1])) for s in shapes] == [
        argument.shape for argument in evaluate.arguments
    ]
    assert "loc" not in re.findall(r"\w+", text)


def _close(y, expected):
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_the_folder(exported):
    snn, _ = network("signed")
    files = {path.name: path.read_bytes() for path in exported.path.iterdir()}
    assert set(files) == {
        *("manifest.json", "weights.npz", "predict.stablehlo", "evaluate.stablehlo")
    }
    manifest = json.loads(files.pop("manifest.json"))
    assert exported.manifest == manifest
    assert manifest["sha256"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    for name in ("predict", "evaluate"):
        data = files[f"{name}.stablehlo"]
        assert data.startswith(b"ML\xefR\rStableHLO_v1.8.0\0")
        assert b".py" not in data and b"tensorflow" not in data
    assert (manifest["timesteps"], manifest["batch_size"]) == (T, 3)
    assert manifest["inputs"] == [
        {"name": next(iter(snn.inputs_by_name)), "shape": [4, 4, 2], "whole": False}
    ]
    with np.load(exported.path / "weights.npz") as weights:
        for program in manifest["programs"].values():
            for argument in program["arguments"][:-1]:
                assert list(weights[argument["name"]].shape) == argument["shape"]
            assert program["arguments"][-1]["shape"] == [3, 4, 4, 2]
        last = snn.graph[snn.graph[snn.graph.outputs[0]].inputs[0]]
        stored = weights[f"{last.name}.kernel"]
        np.testing.assert_array_equal(stored, last.kernel.numpy())
    assert "checked: static shapes" in str(exported)
    assert manifest["checked"] and manifest["platform"] == "tpu"
    assert exported.to_dict()["path"] == str(exported.path)


def test_every_platform_gets_the_same_program(exported, tmp_path):
    """TensorFlow lowers what is used here alike, whatever the device."""
    snn, _ = network("signed")
    export_stablehlo(snn, tmp_path / "net", batch_size=3, platform="cuda")
    for name in ("predict.stablehlo", "evaluate.stablehlo"):
        code = (tmp_path / "net" / name).read_bytes()
        assert code == (exported.path / name).read_bytes()


def test_products_are_in_full_precision_unless_asked(exported):
    snn, _ = network("signed")
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    program = Programs(snn, 1, 1).predict()
    for fast, precision in ((False, "HIGHEST"), (True, "DEFAULT")):
        text = lowered(program, "CPU", fast)
        found = set(re.findall(r"precision = \[(\w+), (\w+)\]", text))
        assert found == {(precision, precision)}
    assert tf.config.experimental.tensor_float_32_execution_enabled() == before


def converted(*stack, shape=(6,)):
    model = models.randomise(keras.Sequential([keras.Input(shape), *stack]))
    return tfsnn.convert(model, models.samples(model), timesteps=2)


def test_a_network_in_which_nothing_spikes(tmp_path):
    snn = converted(layers.Dense(3))
    manifest = export_stablehlo(snn, tmp_path / "net").manifest
    roles = [r["role"] for r in manifest["programs"]["evaluate"]["results"]]
    assert roles == ["outputs over time"]
    assert manifest["evaluation"]["counted"] == []


def test_what_xla_has_no_kernel_for_is_refused(tmp_path):
    stack = [layers.UpSampling2D(interpolation="bicubic"), layers.Flatten()]
    snn = converted(*stack, layers.Dense(3), shape=(4, 4, 2))
    reason = r"XLA has no ResizeBicubic\. Export it as a SavedModel"
    with pytest.raises(ModelError, match=reason):
        export_stablehlo(snn, tmp_path / "net", platform="cuda")
    assert list(tmp_path.iterdir()) == []


def test_what_some_devices_do_not_run_is_refused(tmp_path, monkeypatch):
    text = "module {\n  %1 = stablehlo.custom_call @TopK(%0) : tensor<4xf32>\n}\n"
    monkeypatch.setattr(stablehlo, "lowered", lambda *_: text)
    reason = r"there are\n  stablehlo\.custom_call @TopK in line 2 \(only the device"
    with pytest.raises(ModelError, match=reason):
        export_stablehlo(network("signed")[0], tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_impossible_options_are_refused(tmp_path):
    snn, _ = network("signed")
    with pytest.raises(OptionError, match="batch_size=0 must be a positive integer"):
        export_stablehlo(snn, tmp_path / "net", batch_size=0)
    with pytest.raises(OptionError, match="expected one of cpu, cuda, tpu"):
        export_stablehlo(snn, tmp_path / "net", platform="rocm")
    with pytest.raises(OutputError, match="there is no folder"):
        export_stablehlo(snn, tmp_path / "a" / "net")


def test_nothing_is_overwritten(tmp_path):
    snn, _ = network("signed")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("mine")
    for name in ("empty", "file"):
        with pytest.raises(OutputError, match="exists already, and is not overwritten"):
            export_stablehlo(snn, tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "empty").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError(28, "No space left"), OutputError),
        (KeyboardInterrupt(), KeyboardInterrupt),
    ],
)
def test_a_failure_leaves_nothing(error, raised, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(stablehlo.np, "savez", fail)
    with pytest.raises(raised):
        export_stablehlo(converted(layers.Dense(3)), tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_command_line(tmp_path):
    converted(layers.Dense(4, "relu"), layers.Dense(2)).save(tmp_path / "snn.keras")
    given = ["export", "stablehlo", str(tmp_path / "snn.keras")]
    given += ["--output", str(tmp_path / "net"), "--batch-size", "2", "--json"]
    result = run(*given, "--platform", "tpu")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert (printed["batch_size"], printed["platform"]) == (2, "tpu")
    again = run(*given)
    assert again.exit_code == 1 and "exists already" in again.stderr
