"""How OpenVINO is run: chunks, early exit, streams, counts, and what it leaves."""

import os

import models
import numpy as np
import pytest
from in_openvino import assert_same, both
from neuron_examples import spiking as network_of

import tfsnn
from tfsnn.conversion.normalize import normalize
from tfsnn.network.connections import connections
from tfsnn.network.operations import count_operations
from tfsnn.simulation import choice_of_engine
from tfsnn.simulation.compiled import RunKey
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.engines.openvino import kinds, simulation
from tfsnn.simulation.engines.openvino.program import (
    Program,
    compiled_model,
    lowered_function,
    trim,
)

pytest.importorskip("openvino")
OBSERVED = ("outputs", "spikes", "potentials", "means")


@pytest.fixture(scope="module")
def model():
    return models.dyadic(models.MODELS["cnn"]())


@pytest.fixture(scope="module")
def snn(model):
    return tfsnn.convert(model, models.samples(model), "termapping", timesteps=4)


@pytest.fixture
def openvino(snn):
    snn.engine = "openvino"
    yield snn
    snn.engine = "tensorflow"


@pytest.fixture(scope="module")
def x(model):
    return models.samples(model)


def arrays(snn):
    return snn.graph.map_arrays(lambda node, field, values: values.numpy())


@pytest.mark.parametrize(("timesteps", "chunk"), [(4, 2), (19, 4)])
def test_everything_observed_is_the_same(timesteps, chunk):
    """One program, and a loop over programs of 8 steps with 3 left; all sums exact."""
    graph, chosen, x = network_of("cnn", "integrate_fire")
    graph = normalize(graph, chosen)
    one, other = both(graph, x, timesteps, OBSERVED, chunk=chunk)
    assert_same(one, other)
    for key in (k for k in one.observed if k.startswith(("potentials", "means"))):
        np.testing.assert_allclose(one.observed[key], other.observed[key], atol=1e-5)
    assert {key.split("/")[0] for key in one.observed} == set(OBSERVED)
    columns = connections(graph, count_operations(graph)).columns
    seen = ("outputs", "counts")
    assert_same(*both(graph, x, timesteps, seen, chunk=chunk, fan_outs=columns))


def test_a_loop_runs_some_samples_after_the_others(monkeypatch):
    graph, chosen, x = network_of("cnn", "integrate_fire")
    graph, rows = normalize(graph, chosen), []
    call = Program.__call__

    def noted(program, leaves):
        rows.append(max(len(leaf) for leaf in leaves if leaf.ndim))
        return call(program, leaves)

    monkeypatch.setattr(Program, "__call__", noted)
    monkeypatch.setattr(simulation, "SAMPLES_OF_LOOP", 4)
    assert_same(*both(graph, x[:5], 16, OBSERVED))
    # Two halves of the steps of 4 samples, and of 1: filled up, then by a program of
    # its own.
    assert rows == [4, 4, 4, 1]


@pytest.mark.parametrize("timesteps", [4, 19])
def test_layers_of_many_weights_take_all_steps_together(timesteps, monkeypatch):
    monkeypatch.setattr(simulation, "MANY_WEIGHTS", 0)
    graph, chosen, x = network_of("cnn", "integrate_fire")
    graph, few = normalize(graph, chosen), x[: simulation.FEW_SAMPLES]
    made = simulation.LoweredSimulation(graph, RunKey(8, frozenset(), None, None), {})
    assert [made.chunk(n, 8) for n in (len(few), len(few) + 1)] == [8, 1]
    one, other = both(graph, few, timesteps, ("outputs", "spikes", "potentials"))
    assert_same(one, other)


def test_samples_leave_at_the_same_steps(snn, x):
    rule = tfsnn.ExitRule("margin", 0.3)
    one, other = both(arrays(snn), x, 8, (), early_exit=rule)
    assert_same(one, other)
    assert len(set(one.steps.numpy())) > 1


def test_a_stream_says_the_same(openvino, x):
    openvino.engine = "tensorflow"
    expected = [openvino.stream(2).step(x[i : i + 2]) for i in (0, 1)]
    openvino.engine = "openvino"
    stream = openvino.stream(2)
    first = stream.step(x[:2])
    assert openvino.ran_by == "openvino"
    np.testing.assert_allclose(first, expected[0], atol=1e-6)
    stream.reset()
    np.testing.assert_allclose(stream.step(x[1:3]), expected[1], atol=1e-6)


def test_fewer_rows_are_filled_up(openvino, x):
    whole = openvino.predict(x, verbose=0)
    np.testing.assert_allclose(openvino.predict(x[:2], verbose=0), whole[:2], atol=1e-6)


def test_weights_that_change_are_compiled_anew(openvino, x):
    before = openvino.predict(x, verbose=0)
    kernel = next(v for v in openvino.weights if v.path.endswith("kernel"))
    old = kernel.numpy()
    kernel.assign(old * 0)
    after = openvino.predict(x, verbose=0)
    kernel.assign(old)
    assert np.abs(after - before).max() > 0.01
    assert np.array_equal(openvino.predict(x, verbose=0), before)


def test_what_openvino_lacks_runs_in_tensorflow(model, x, caplog):
    snn = tfsnn.convert(model, x, "ttfs", timesteps=2, jitter=0.5)
    expected = snn.predict(x, verbose=0)
    snn.engine = "openvino"
    assert np.array_equal(snn.predict(x, verbose=0), expected)
    lacking = "Bitcast, StatelessRandomGetKeyCounter, StatelessRandomNormalV2"
    assert snn.ran_by == f"tensorflow (openvino: OpenVINO lacks {lacking})"
    assert "TensorFlow runs it instead" in caplog.text
    found = tfsnn.evaluate(snn, (x, np.zeros(len(x), int)))
    assert f"simulated by {snn.ran_by}" in str(found)


def test_auto_takes_openvino_for_large_frames(snn, x, monkeypatch):
    snn.engine = "auto"
    try:
        for large, ran_by in ((10**9, "tensorflow"), (1, "openvino")):
            monkeypatch.setattr(choice_of_engine, "LARGE", large)
            snn.stream(2).step(x[:2])
            assert snn.ran_by == ran_by
    finally:
        snn.engine = "tensorflow"


def test_auto_measures_both_engines(snn, x, monkeypatch):
    seen = []
    monkeypatch.setattr(choice_of_engine, "LARGE", 1)

    def search(first, run, engines, chunks):
        expected = run(first).outputs[0]
        for engine in engines:
            np.testing.assert_allclose(
                run(first._replace(engine=engine)).outputs[0], expected, atol=1e-5
            )
            seen.append(snn.ran_by)
        return first._replace(engine=engine, samples=3)

    monkeypatch.setattr(choice_of_engine, "fastest_of", search)
    snn.run(x, engine="auto")
    assert seen == ["openvino"]
    assert snn.ran_by == "openvino (3 samples at a time)"


def test_an_engine_is_chosen_by_its_name(snn, x):
    with pytest.raises(tfsnn.OptionError, match="expected one of auto, tensorflow, op"):
        snn.engine = "onnx"
    for kind, name in (("openvino", "openvino"), ("auto", "tensorflow")):
        engine = as_engine(snn, 2, kind).with_all_steps()
        engine.run(x)
        assert engine.ran_by.startswith(name)
    engine = as_engine(snn, 2, "openvino")
    expected = as_engine(snn, 2, "tensorflow").run(x, ("outputs", "counts"))
    for beside, ran_by in ((), "openvino"), (("spikes",), "TensorFlow counts them"):
        found = engine.run(x, ("outputs", "counts", *beside))
        assert ran_by in engine.ran_by
        for name, counts in expected.counts.items():
            assert np.array_equal(found.counts[name], counts)


@pytest.mark.parametrize("method", ["termapping", "data_norm"])
def test_integers_are_multiplied_in_8_bits(method):
    """Signed spikes, whose zeros of a padding stay zeros, and unsigned ones."""
    model = models.MODELS["residual"]()
    x = models.samples(model)
    snn = tfsnn.convert(model, x, method, timesteps=4, precision="int8")
    graph = arrays(snn)
    held = kinds._held(graph)
    bits = kinds.SIGNED if method == "termapping" else kinds.UNSIGNED
    assert len(held) >= 2 and set(held.values()) == {bits}
    one, other = both(graph, x, 4)
    assert_same(one, other)
    for a, b in zip(one.outputs, other.outputs, strict=True):
        assert np.array_equal(a, b)


def test_bfloat16_gives_the_same_spikes(model, x):
    options = {"timesteps": 4, "precision": "bfloat16"}
    snn = tfsnn.convert(model, x, "termapping", **options)
    assert_same(*both(arrays(snn), x, 4), 1e-2)


def test_the_oldest_programs_leave_the_disk(tmp_path):
    for number in range(4):
        path = tmp_path / f"{number}.blob"
        path.write_bytes(bytes(10))
        os.utime(path, (number, number))
    trim(tmp_path, 25)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.blob", "3.blob"]


def test_programs_compute_in_the_threads_of_tensorflow(monkeypatch):
    x = np.ones(3, np.float32)
    made = lowered_function(lambda x: x * 2, x, [x]).model.model
    for said, expected in (("1", 1), ("2", 2)):
        monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", said)
        compiled = compiled_model(made)
        assert compiled.get_property("INFERENCE_NUM_THREADS") == expected


def test_programs_are_kept_on_disk(snn, x, tmp_path, monkeypatch):
    monkeypatch.setenv("TFSNN_CACHE", str(tmp_path))
    both(arrays(snn), x, 2)
    assert list((tmp_path / "openvino").glob("*.blob"))
