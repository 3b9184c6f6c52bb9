"""Exported programs in JAX: what the TensorFlow program computes, to the last bit.

Skipped where JAX is not installed (extra `stablehlo`); the last test where libtpu,
which compiles for TPUs on any machine, is not.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from command_line import succeed
from repository import ROOT
from stablehlo_networks import BUILDERS, COUNT, EXACT, T, network

import tfsnn
import tfsnn_stablehlo
from tfsnn.export.stablehlo.writing import export_stablehlo
from tfsnn_stablehlo import DataError, OptionError, ProgramError

if find_spec("jax") is None:
    pytest.skip(
        "JAX is not installed: pip install 'tfsnn[stablehlo]'", allow_module_level=True
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Each network, exported for batches of three."""
    place, found = tmp_path_factory.mktemp("exported"), {}

    def of(name):
        if name not in found:
            export_stablehlo(network(name)[0], place / name, batch_size=3)
            found[name] = place / name
        return found[name]

    return of


@pytest.mark.parametrize("name", BUILDERS)
def test_outputs_and_counts_are_those_of_tensorflow(name, folders):
    """Five samples in batches of three: the last is filled up, which is not seen."""
    snn, x = network(name)
    program = tfsnn_stablehlo.load(folders(name), "cpu")
    result = snn.run(x, T, ("outputs", "counts"))
    for y, expected in zip(program.predict(x), result.outputs, strict=True):
        if name in EXACT:
            np.testing.assert_array_equal(y, expected)
        np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    first = [v[:2] for v in x] if isinstance(x, list) else x[:2]
    over_time, *counts = program.run("evaluate", first)
    seen = {key: v.numpy()[:, :2] for key, v in result.observed.items()}
    expected = seen.pop(f"outputs/{snn.graph.outputs[0]}")
    np.testing.assert_allclose(over_time, expected, rtol=1e-5, atol=1e-6)
    nodes = program.manifest["evaluation"]["counted"]
    assert bool(nodes) == bool(counts) == (name != "running_sums")
    for node, of_node in zip(nodes, next(iter(counts), []), strict=True):
        np.testing.assert_array_equal(of_node, seen[f"counts/{node['node']}"])


@pytest.mark.parametrize("name", EXACT)
def test_the_command_prints_what_evaluate_prints(name, folders, tmp_path):
    snn, x = network(name)
    snn.save(tmp_path / "snn.keras")
    values = x if isinstance(x, list) else [x]
    inputs = dict(zip(snn.inputs_by_name, values, strict=True))
    np.savez(tmp_path / "data.npz", y=np.arange(COUNT) % 3, **inputs)
    data = ["--data", str(tmp_path / "data.npz")]
    for more in ([], ["--json", "--limit", "4"]):
        texts = []
        for command in (
            ["evaluate", str(tmp_path / "snn.keras")],
            ["run-stablehlo", str(folders(name)), "--device", "cpu"],
        ):
            texts.append(succeed(*command, *data, *more))
        assert texts[0] == texts[1]
    assert json.loads(texts[0])["samples"] == 4


@pytest.mark.slow
@pytest.mark.processes
def test_it_runs_without_tensorflow(folders, tmp_path):
    _, x = network("signed")
    np.savez(tmp_path / "data.npz", x=x, y=np.arange(COUNT) % 3)
    code = """
import sys
sys.path.insert(0, sys.argv.pop(1))
sys.modules.update(dict.fromkeys(["tensorflow", "keras", "tfsnn"]))  # cannot be had
from tfsnn_cli.main import main
main()
"""
    given = [folders("signed"), "--data", tmp_path / "data.npz", "--timesteps", "1,4"]
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT, "run-stablehlo", *given],
        capture_output=True,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()[2:4]] == ["1", "4"]


def test_a_shipped_network(tmp_path):
    """Convolutions of other libraries round otherwise, and few spikes with them."""
    shipped = ROOT / "saved_models" / "fashion_mnist_cnn"
    model = tfsnn.load_model(shipped / "model.keras")
    snn = tfsnn.convert(model, shipped / "calibration.npz", timesteps=T, limit=64)
    export_stablehlo(snn, tmp_path / "net", batch_size=20)
    program = tfsnn_stablehlo.load(tmp_path / "net", "cpu")
    found = tfsnn_stablehlo.evaluate(program, shipped / "test.npz", limit=50)
    expected = tfsnn.evaluate(snn, shipped / "test.npz", limit=50)
    assert found.samples == expected.samples == 50
    for row, other in zip(found.rows, expected.rows, strict=True):
        assert row.accuracy == pytest.approx(other.accuracy, abs=0.021)
        assert row.synops == pytest.approx(other.synops, rel=1e-4)
        assert row.energy_ratio == pytest.approx(other.energy_ratio, rel=1e-4)
    assert found.rows[-1].accuracy > 0.85
    with np.load(shipped / "test.npz") as test:
        x = np.float32(test["x"][:50].reshape(50, 28, 28, 1)) * np.float32(1 / 255)
    (outputs,), reference = program.predict(x), snn.predict(x, verbose=0)
    assert np.median(np.abs(outputs - reference)) < 1e-6


def test_what_does_not_fit_is_refused(folders):
    program = tfsnn_stablehlo.load(folders("two_inputs"), "cpu")
    x = [np.zeros((4, 6)), np.zeros((4, 4))]
    for given, message in (
        (x, "4 samples given, the program takes 3"),
        (x[0], "the program takes x, a: give a list"),
        ([x[0], x[0]], r"the input a has shape \(4, 6\); expected \(N, 4\)"),
        ([x[0], x[1][:2]], "differ in their number of samples"),
        ({"x": x[0], "b": x[1]}, "or a dict by name"),
    ):
        with pytest.raises(DataError, match=message):
            program.run("predict", given)
    with pytest.raises(OptionError, match="must be from 1 to 4"):
        tfsnn_stablehlo.evaluate(program, "data.npz", timesteps=[1, 5])
    for device in ("quantum", "cpu:99", "cpu:one"):
        with pytest.raises(OptionError, match=r"JAX sees cpu:0.*; take one"):
            tfsnn_stablehlo.load(folders("two_inputs"), device)


def test_a_device_that_fails_is_an_error(folders, monkeypatch):
    def fail(*_):
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory\nmore")

    program = tfsnn_stablehlo.load(folders("signed"), "cpu")
    monkeypatch.setattr(program, "start", fail)
    reason = r"\(RESOURCE_EXHAUSTED: Out of memory\); where memory does not suffice"
    with pytest.raises(ProgramError, match=reason):
        program.predict(network("signed")[1])


COMPILING = """
import os, sys
import jax
import numpy as np
from jax.experimental import topologies
from jax.interpreters import mlir
from jaxlib import xla_client
from jaxlib.mlir.dialects import stablehlo

(device, *_) = topologies.get_topology_desc(
    platform="tpu", topology_name="v4:2x2x1"
).devices
options = xla_client.CompileOptions()
where = np.array([[device.id]])
options.device_assignment = xla_client.DeviceAssignment.create(where)
for path in sys.argv[1:]:
    code = open(path, "rb").read()
    module = stablehlo.deserialize_portable_artifact(mlir.make_ir_context(), code)
    devices = xla_client.DeviceList((device,))
    device.client.compile(module, devices, options)
    print(path)
"""


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.skipif(
    find_spec("libtpu") is None, reason="libtpu is not installed: pip install libtpu"
)
@pytest.mark.parametrize("name", BUILDERS)
def test_the_compiler_for_tpus_takes_it(name, folders):
    """A TPU v4 that is not there: it compiles, and nothing runs."""
    files = [str(folders(name) / f"{p}.stablehlo") for p in ("predict", "evaluate")]
    alone = {"TPU_WORKER_HOSTNAMES": "localhost", "TPU_ACCELERATOR_TYPE": "v4-8"}
    done = subprocess.run(
        [sys.executable, "-c", COMPILING, *files],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            **alone,
            "JAX_PLATFORMS": "cpu",
            "TPU_SKIP_MDS_QUERY": "1",
        },
    )
    assert done.stdout.splitlines() == files, done.stderr[-2000:]


def test_tfsnn_runs_a_program_as_an_engine(folders, tmp_path):
    snn, x = network("max_pooling")
    program = tfsnn_stablehlo.load(folders("max_pooling"), "cpu")
    y = np.arange(len(x)) % 3
    found = tfsnn.evaluate(program, (x, y), batch_size=4)
    assert found.rows == tfsnn.evaluate(snn, (x, y), timesteps=[1, 2, T]).rows
    np.savez(tmp_path / "data.npz", x=x)
    tfsnn.predict_files(program, tmp_path / "data.npz", tmp_path / "out")
    with np.load(tmp_path / "out" / "shard-00000-of-00001.npz") as shard:
        np.testing.assert_array_equal(shard["outputs"], snn.run(x, T).outputs[0])
        assert (shard["steps"] == T).all()
