"""bfloat16 is taken only where the machine has instructions for it."""

import dataclasses
import logging
import subprocess

import models
import numpy as np
import pytest
import tensorflow as tf

import tfsnn
from tfsnn.analysis.choose import search
from tfsnn.conversion import precision
from tfsnn.hardware import bfloat16, processor
from tfsnn.hardware.bfloat16 import computes_in_bfloat16
from tfsnn.network.nodes import Linear
from tfsnn.simulation import computed_in


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with these devices, compute capability, processor and system."""

    def of(kinds=(), capability=None, cpuinfo=None, system="Linux", apple=None):
        monkeypatch.setattr(
            tf.config, "list_physical_devices", lambda kind: ["it"] * (kind in kinds)
        )
        details = {} if capability is None else {"compute_capability": capability}
        monkeypatch.setattr(
            tf.config.experimental, "get_device_details", lambda gpu: details
        )
        path = tmp_path / "cpuinfo"
        path.unlink(missing_ok=True)
        if cpuinfo is not None:
            path.write_text(f"processor\t: 0\n{cpuinfo}\nmodel name\t: bf16\n")
        monkeypatch.setattr(processor, "CPUINFO", path)
        monkeypatch.setattr(bfloat16, "instructions", processor.instructions)
        monkeypatch.setattr(bfloat16.platform, "system", lambda: system)

        def run(*arguments, **options):
            if apple is None:
                raise FileNotFoundError("sysctl")
            return subprocess.CompletedProcess(arguments, 0, apple, "")

        monkeypatch.setattr(bfloat16.subprocess, "run", run)
        computes_in_bfloat16.cache_clear()
        return computes_in_bfloat16()

    yield of
    computes_in_bfloat16.cache_clear()


def test_machines(machine):
    assert machine(cpuinfo="flags\t\t: fpu avx512f avx512_bf16 amx_int8")
    assert machine(cpuinfo="flags\t\t: fpu amx_bf16")
    assert machine(cpuinfo="Features\t: fp asimd bf16 i8mm")
    assert not machine(cpuinfo="flags\t\t: fpu avx2 avx512f avx512_vnni")
    assert not machine(cpuinfo="Features\t: fp asimd")
    assert not machine(cpuinfo="nothing of the kind")
    assert not machine()  # as on Windows
    assert machine(kinds=("TPU",))
    assert machine(kinds=("GPU",), capability=(8, 0))
    assert machine(kinds=("GPU",), capability=(9, 0))
    assert not machine(kinds=("GPU",), capability=(7, 5))
    assert not machine(kinds=("GPU",), cpuinfo="flags\t\t: amx_bf16")
    assert machine(system="Darwin", apple="1\n")
    assert not machine(system="Darwin", apple="0\n")
    assert not machine(system="Darwin", apple="")
    assert not machine(system="Darwin")


@pytest.fixture(scope="module")
def work():
    model = models.randomise(models.mlp())
    return model, np.abs(models.samples(model, 64))


@pytest.mark.parametrize("has", [True, False])
def test_choose_takes_it_where_the_machine_has_it(work, monkeypatch, has):
    monkeypatch.setattr(search, "computes_in_bfloat16", lambda: has)
    found = tfsnn.choose(*work, methods=["termapping"], timesteps=[2], max_drop=100)
    assert found.best.precision == ("bfloat16" if has else "float32")
    assert any(row.precision == "bfloat16" for row in found.tried) == has


@pytest.mark.parametrize("has", [True, False])
def test_asked_for_it_is_used_with_a_word(work, monkeypatch, caplog, has):
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda: has)
    caplog.set_level(logging.INFO, "tfsnn")
    snn = tfsnn.convert(*work, "termapping", precision="bfloat16", timesteps=2)
    assert snn.report.precision == "bfloat16"
    assert ("runs in float32 here" in caplog.text) == (not has)


@pytest.mark.parametrize("engine", ["tensorflow", "openvino"])
def test_without_instructions_it_runs_in_float32(work, monkeypatch, engine):
    """The outputs are those of the rounded weights in float32, bit by bit."""
    if engine == "openvino":
        pytest.importorskip("openvino")
    instructions = bfloat16.FLAGS & processor.instructions()
    model, x = work
    snn = tfsnn.convert(model, x, "termapping", precision="bfloat16", timesteps=2)
    graph = snn.graph.map_arrays(lambda node, name, values: values.numpy())
    assert {node.precision for node in graph.of_kind(Linear)} == {"float32", "bfloat16"}
    plain = dataclasses.replace(
        graph,
        nodes=tuple(
            node.replace(precision="float32") if isinstance(node, Linear) else node
            for node in graph
        ),
    )
    expected = tfsnn.SpikingModel(plain, 2, snn.report)
    expected.engine = engine
    labels = np.zeros(len(x), int)
    for has in (True, False):
        monkeypatch.setattr(computed_in, "computes_in_bfloat16", lambda has=has: has)
        here = tfsnn.SpikingModel(graph, 2, snn.report)
        here.engine = engine
        same = np.array_equal(
            here.predict(x, verbose=0), expected.predict(x, verbose=0)
        )
        rounds = has and (engine == "tensorflow" or instructions)  # OpenVINO needs them
        assert same == (not rounds)
        assert np.array_equal(here(x), expected(x)) == (not has)
        said = "bfloat16 synapses in float32" in str(tfsnn.evaluate(here, (x, labels)))
        assert said == (not has)
        assert here.ran_by.startswith(engine)
    assert {node.precision for node in here.graph.of_kind(Linear)} == {
        "float32",
        "bfloat16",
    }
