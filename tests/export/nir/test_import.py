"""A feed-forward NIR graph comes back as a spiking network."""

import itertools
import json

import models
import nir
import nir_reference
import numpy as np
import pytest
from command_line import run
from nir_networks import NETWORKS, T, first, needs_v_reset, spiking

import tfsnn
from tfsnn.errors import ModelError, OptionError, UnsupportedError
from tfsnn.export.nir.read_spatial import convolution
from tfsnn.export.nir.reader import Reader, ReadSignal
from tfsnn.export.nir.reading import import_nir
from tfsnn.export.nir.writing import export_nir
from tfsnn.network.nodes import Spiking

pytestmark = pytest.mark.usefixtures("eager")


# There and back.


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_there_and_back_the_spikes_are_equal(name, tmp_path):
    snn, x = spiking(NETWORKS[name])
    export_nir(snn, tmp_path / "net.nir")
    back = import_nir(tmp_path / "net.nir")
    assert back.timesteps == T and back.populations == snn.populations
    expected, found = snn.simulate(x), back.simulate(x)
    for population, spikes in expected.spikes.items():
        assert spikes.sum() > 0 or spikes.size < 20
        np.testing.assert_array_equal(found.spikes[population], spikes)
        scales = [np.asarray(s.graph[population].scale) for s in (snn, back)]
        np.testing.assert_array_equal(*scales)
    for a, b in zip(expected.outputs, found.outputs, strict=True):
        np.testing.assert_array_equal(a, b)


def test_there_and_back_twice(tmp_path):
    """What was read can be written again."""
    snn, x = spiking(NETWORKS["strided"])
    export_nir(snn, tmp_path / "net.nir")
    back = import_nir(tmp_path / "net.nir")
    export_nir(back, tmp_path / "again.nir")
    again = import_nir(tmp_path / "again.nir")
    expected, found = snn.simulate(x), again.simulate(x)
    for population, spikes in expected.spikes.items():
        np.testing.assert_array_equal(found.spikes[population], spikes)


@needs_v_reset
def test_a_reset_to_zero_comes_back(tmp_path):
    snn, x = spiking(
        NETWORKS["mlp"], initial_potential=0.25, settings={"reset": "zero"}
    )
    export_nir(snn, tmp_path / "net.nir")
    back = import_nir(tmp_path / "net.nir")
    for population, spikes in snn.simulate(x).spikes.items():
        np.testing.assert_array_equal(back.simulate(x).spikes[population], spikes)
        (start,) = {
            float(v) for v in np.ravel(back.graph[population].initial_potential)
        }
        assert start == 0.25
    with pytest.raises(UnsupportedError, match=r"other than 0.*reset='zero'"):
        import_nir(tmp_path / "net.nir", reset="subtract")


# Files of others.


def written(path, nodes, edges=None):
    """A graph of these nodes, in a chain if nothing is said."""
    names = list(nodes)
    edges = list(itertools.pairwise(names)) if edges is None else edges
    nir.write(path, nir.NIRGraph(nodes=nodes, edges=edges))
    return path


def neurons(shape, rng, **fields):
    level = 2.0 ** rng.integers(-1, 2, shape)
    return nir.IF(r=2.0 ** rng.integers(-1, 2, shape), v_threshold=level, **fields)


def dyadic(rng, *shape):
    return (rng.integers(-8, 9, shape) / 8).astype(np.float32)


def foreign(rng, **fields):
    """A network that we would not write: own thresholds and resistances, Scale."""
    sizes = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
    pool = {"kernel_size": np.array([2, 1]), "stride": np.array([1, 1])}
    return {
        "input": nir.Input(input_type={"input": np.array([2, 6, 5])}),
        "0": nir.Conv2d(None, dyadic(rng, 4, 1, 3, 3), bias=dyadic(rng, 4), **sizes),
        "1": neurons((4, 3, 5), rng, **fields),
        "2": nir.SumPool2d(padding=np.array([1, 0]), **pool),
        "3": nir.Scale(scale=dyadic(rng, 4, 4, 5)),
        "4": nir.Flatten({"input": np.array([4, 4, 5])}, 0, -1),
        "5": neurons((80,), rng, **fields),
        "6": nir.Linear(weight=dyadic(rng, 6, 80)),
        "7": neurons((6,), rng),
        "output": nir.Output(output_type={"output": np.array([6])}),
    }


def test_convolutions_of_a_channel_each(tmp_path, rng):
    fields = {"stride": 2, "padding": (0, 1), "dilation": 1, "groups": 2}
    x = dyadic(rng, 2, 5, 6, 2)
    node = nir.Conv2d(None, dyadic(rng, 6, 1, 2, 3), bias=dyadic(rng, 6), **fields)
    reader = Reader("zero", True, {}, {}, {})
    read = convolution(reader, "conv", node, ReadSignal("x", (5, 6, 2)))
    (pad, linear) = reader.nodes
    assert (linear.form, read.shape) == ("depthwise", (2, 3, 6))
    outputs = linear.apply(pad.apply(x)).numpy()
    for sample in range(2):
        expected = nir_reference.STATELESS["Conv2d"](node, first(x[sample]))
        np.testing.assert_array_equal(first(outputs[sample]), expected)


@pytest.mark.parametrize("reading", [("zero", True), ("subtract", False)])
def test_a_graph_of_others_has_the_spikes_of_numpy(reading, tmp_path, rng):
    reset, strict = reading
    nodes = foreign(rng)
    path = tmp_path / "net.nir"
    nodes["0"].input_shape = (6, 5)
    names = list(nodes)
    edges = list(itertools.pairwise(names))
    graph = nir.NIRGraph.__new__(nir.NIRGraph)  # whose check knows no groups
    vars(graph).update(nodes=nodes, edges=edges, metadata={})
    vars(graph).update(input_type={}, output_type={})
    nir.write(path, graph)
    snn = import_nir(path, timesteps=T, reset=None if strict else reset)
    x = dyadic(rng, 3, 6, 5, 2)
    trace = snn.simulate(x)
    assert all(0 < spikes.mean() < 1 for spikes in trace.spikes.values())
    for sample in range(3):
        found = nir_reference.run(graph, first(x[sample]), T, reset, strict)
        flat = np.arange(80).reshape(4, 5, 4)  # ours, channels last
        order = np.moveaxis(flat, -1, 0).ravel()
        for name in ("1", "5", "7"):
            spikes = trace.spikes[name][:, sample]
            if name == "5":
                spikes = spikes[:, order]
            there = [first(step) for step in spikes]
            np.testing.assert_array_equal(found[name], np.stack(there))
        mean = found["output"].mean(0)
        np.testing.assert_allclose(trace.outputs[0][-1, sample], mean, 1e-6)


def test_a_spike_needs_more_than_the_threshold_unless_reset_by_subtraction(tmp_path):
    shape = np.array([1])
    one = np.ones(1)
    nodes = {
        "input": nir.Input(input_type={"input": shape}),
        "neuron": nir.IF(r=one, v_threshold=one),
        "output": nir.Output(output_type={"output": shape}),
    }
    path = written(tmp_path / "net.nir", nodes)
    x = np.array([[0.5], [1.0], [1.5]], np.float32)
    strict = import_nir(path, timesteps=4).simulate(x).spikes["neuron"]
    assert strict[..., 0].T.tolist() == [[0, 0, 1, 0], [0, 1, 0, 1], [1, 1, 1, 1]]
    equal = import_nir(path, timesteps=4, reset="subtract").simulate(x)
    assert equal.spikes["neuron"][..., 0].T.tolist() == [
        [0, 1, 0, 1],
        [1, 1, 1, 1],
        [1, 1, 1, 1],
    ]


@needs_v_reset
def test_a_reset_potential_is_where_potentials_go(tmp_path, rng):
    nodes = {
        "input": nir.Input(input_type={"input": np.array([5])}),
        "neurons": neurons((5,), rng, v_reset=-(dyadic(rng, 5) ** 2)),
        "output": nir.Output(output_type={"output": np.array([5])}),
    }
    path = written(tmp_path / "net.nir", nodes)
    x = np.abs(dyadic(rng, 4, 5))
    spikes = import_nir(path, timesteps=8).simulate(x).spikes["neurons"]
    graph = nir.read(path)
    for sample in range(4):
        found = nir_reference.run(graph, x[sample], 8, "zero", strict=True)
        np.testing.assert_array_equal(found["neurons"], spikes[:, sample])


def test_sums_of_vectors_in_different_orders(tmp_path, rng):
    image = np.array([2, 2, 3])
    nodes = {
        "input": nir.Input(input_type={"input": image}),
        "flat": nir.Flatten({"input": image}, 0, -1),
        "dense": nir.Affine(weight=dyadic(rng, 12, 12), bias=dyadic(rng, 12)),
        "neurons": neurons((12,), rng),
        "output": nir.Output(output_type={"output": np.array([12])}),
    }
    edges = [("input", "flat"), ("flat", "dense"), ("dense", "neurons")]
    edges += [("flat", "neurons"), ("neurons", "output"), ("flat", "output")]
    path = written(tmp_path / "net.nir", nodes, edges)
    x = dyadic(rng, 2, 2, 3, 2)
    outputs = import_nir(path, timesteps=T).simulate(x).outputs[0][-1]
    for sample in range(2):
        found = nir_reference.run(nir.read(path), first(x[sample]), T, "zero", True)
        np.testing.assert_allclose(outputs[sample], found["output"].mean(0), 1e-6)


def test_a_graph_within_a_graph(tmp_path, rng):
    def ends(name):
        node = nir.Input if name == "input" else nir.Output
        return node({name: np.array([4])})

    inner = nir.NIRGraph(
        nodes={
            "input": ends("input"),
            "neurons": neurons((4,), rng),
            "output": ends("output"),
        },
        edges=[("input", "neurons"), ("neurons", "output")],
    )
    nodes = {
        "input": ends("input"),
        "dense": nir.Affine(weight=dyadic(rng, 4, 4), bias=dyadic(rng, 4)),
        "block": inner,
        "output": ends("output"),
    }
    edges = [("input", "dense"), ("dense", "block"), ("block", "output")]
    path = written(tmp_path / "net.nir", nodes, edges)
    flat = dict(nodes, block=inner.nodes["neurons"])
    plain = written(tmp_path / "plain.nir", flat, edges)
    x = dyadic(rng, 3, 4)
    one, other = (import_nir(p, timesteps=T).simulate(x) for p in (path, plain))
    assert list(one.spikes) == ["block.neurons"]
    np.testing.assert_array_equal(one.spikes["block.neurons"], other.spikes["block"])
    np.testing.assert_array_equal(one.outputs[0], other.outputs[0])


# Errors.


def test_all_nodes_that_cannot_be_read_are_named(tmp_path):
    one = np.ones(3)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([3])}),
        "leaky": nir.LI(tau=one, r=one, v_leak=one * 0),
        "other": nir.Threshold(threshold=one),
        "low": nir.IF(r=one, v_threshold=one * 0),
        "output": nir.Output(output_type={"output": np.array([3])}),
    }
    edges = [("input", "leaky"), ("input", "low"), ("input", "other")]
    edges += [("leaky", "output"), ("low", "output"), ("other", "output")]
    path = written(tmp_path / "net.nir", nodes, edges)
    with pytest.raises(UnsupportedError) as error:
        import_nir(path, timesteps=4)
    found = {name: reason for name, _, reason in error.value.problems}
    assert set(found) == {"leaky", "low", "other"}
    assert "CubaLIF" in found["other"] and "above its reset" in found["low"]
    assert "integrates without spikes" in found["leaky"]


def test_cycles_are_refused(tmp_path):
    one = np.ones(3)
    nodes = {
        "input": nir.Input(input_type={"input": np.array([3])}),
        "if": nir.IF(r=one, v_threshold=one),
        "back": nir.Linear(weight=np.eye(3)),
        "output": nir.Output(output_type={"output": np.array([3])}),
    }
    edges = [("input", "if"), ("if", "back"), ("back", "if"), ("if", "output")]
    path = written(tmp_path / "net.nir", nodes, edges)
    with pytest.raises(UnsupportedError, match="cycle") as error:
        import_nir(path, timesteps=4)
    assert {name for name, _, _ in error.value.problems} == {"if", "back", "output"}


def test_bad_arguments(tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        import_nir(tmp_path / "none.nir")
    (tmp_path / "text.nir").write_text("text")
    with pytest.raises(ModelError, match=r"not a NIR file.*nir\.write"):
        import_nir(tmp_path / "text.nir")
    with pytest.raises(OptionError, match="reset='hard'"):
        import_nir(tmp_path / "text.nir", reset="hard")
    shape = np.array([2])
    nodes = {
        "input": nir.Input(input_type={"input": shape}),
        "output": nir.Output(output_type={"output": shape}),
    }
    path = written(tmp_path / "net.nir", nodes)
    with pytest.raises(OptionError, match="--timesteps T"):
        import_nir(path)


def test_the_command(tmp_path):
    snn, x = spiking(NETWORKS["mlp"])
    export_nir(snn, tmp_path / "net.nir")
    call = ["import-nir", str(tmp_path / "net.nir"), "--json"]
    call += ["--output", str(tmp_path / "net.keras")]
    found = run(*call)
    assert found.exit_code == 0, found.output
    report = json.loads(found.stdout)
    assert report["method"] == "import_nir" and report["timesteps"] == T
    assert report["options"]["converted_by"] == "data_norm"
    back = tfsnn.load_model(tmp_path / "net.keras")
    for population, spikes in snn.simulate(x).spikes.items():
        np.testing.assert_array_equal(back.simulate(x).spikes[population], spikes)
    again = run(*call)
    assert again.exit_code == 1 and "exists already" in again.output


def test_it_is_evaluated_and_counted_like_a_converted_network(tmp_path):
    snn, x = spiking(models.MODELS["residual"])
    export_nir(snn, tmp_path / "net.nir")
    back = import_nir(tmp_path / "net.nir")
    y = np.arange(len(x)) % 3
    rows = [tfsnn.evaluate(s, (x, y), timesteps=[1, T]).rows for s in (snn, back)]
    for one, other in zip(*rows, strict=True):
        assert one.accuracy == other.accuracy and one.spikes == other.spikes
    assert len(back.report.populations) == len(back.graph.of_kind(Spiking))
    assert "residual" not in str(back.report) and "import_nir" in str(back.report)
