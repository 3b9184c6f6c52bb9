"""A NIR file computes what the network does, in every form that it can have."""

import json
import resource

import keras
import models
import nir
import numpy as np
import pytest
from command_line import run
from keras import layers
from nir_networks import NETWORKS, T, assert_same, needs_v_reset, spiking, written

from tfsnn import SpikingModel
from tfsnn.conversion.methods import NeuronPlan
from tfsnn.conversion.normalize import normalize, unscaled
from tfsnn.conversion.plan import Plan
from tfsnn.errors import DataError, OptionError, OutputError
from tfsnn.export.nir.losses import in_other_words
from tfsnn.export.nir.writing import export_nir
from tfsnn.network.nodes import Rate
from tfsnn.network.passes import simplify
from tfsnn.simulation.report import ConversionReport
from tfsnn.sources import import_model

pytestmark = pytest.mark.usefixtures("eager")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_computes_what_the_network_does(name, tmp_path):
    snn, x = spiking(NETWORKS[name])
    graph, record, found = written(snn, tmp_path)
    assert found.losses == () and found.to_dict()["losses"] == []
    assert_same(snn, graph, record, x)


def test_neurons_behind_a_flatten_are_in_the_order_of_nir(tmp_path):
    def build():
        x = keras.Input((4, 4, 2))
        a = layers.Flatten()(layers.Conv2D(3, 3)(x))
        a = layers.ReLU(name="in_order_of_nir")(a)
        return keras.Model(x, layers.Dense(3)(a))

    def plan(graph):
        return {node.name: NeuronPlan(np.ones(12)) for node in graph.of_kind(Rate)}

    snn, x = spiking(build, plan=plan)
    graph, record, _ = written(snn, tmp_path)
    assert_same(snn, graph, record, x)


@pytest.mark.parametrize("pooling", ["average", "convolution"])
def test_averages_can_be_written_in_other_ways(pooling, tmp_path):
    snn, x = spiking(NETWORKS["average"])
    graph, record, found = written(snn, tmp_path, pooling=pooling)
    kinds = {"average": "AvgPool2d", "convolution": "Conv2d"}
    assert kinds[pooling] in found.nodes and "SumPool2d" not in found.nodes
    assert_same(snn, graph, record, x)


def test_spikes_of_the_size_of_their_thresholds_go_into_the_next_weights(tmp_path):
    snn, x = spiking(NETWORKS["residual"], scaled=unscaled)
    graph, record, _ = written(snn, tmp_path)
    levels = [n.v_threshold for n in graph.nodes.values() if type(n).__name__ == "IF"]
    assert {float(level) for array in levels for level in array.ravel()} > {1.0}
    assert_same(snn, graph, record, x)


@needs_v_reset
def test_a_reset_to_zero_takes_the_initial_potential_with_it(tmp_path):
    snn, x = spiking(
        NETWORKS["strided"], initial_potential=0.25, settings={"reset": "zero"}
    )
    graph, record, found = written(snn, tmp_path)
    assert found.losses == () and record["reset"] == "zero"
    (neurons, *_) = (n for n in graph.nodes.values() if type(n).__name__ == "IF")
    assert (neurons.v_threshold == 0.75).all() and (neurons.v_reset == -0.25).all()
    assert_same(snn, graph, record, x, reset="zero")


def test_readers_that_know_no_reset_potential_can_read_it(tmp_path):
    import h5py

    snn, _ = spiking(NETWORKS["mlp"])
    written(snn, tmp_path)
    with h5py.File(tmp_path / "net.nir") as file:
        keys = [set(node) for node in file["node/nodes"].values()]
    assert {"r", "v_threshold", "type"} in keys
    assert not any("v_reset" in known for known in keys)


def test_nodes_are_in_order_by_the_alphabet(tmp_path):
    snn, _ = spiking(NETWORKS["residual"])
    graph, _, _ = written(snn, tmp_path)
    places = {name: place for place, name in enumerate(sorted(graph.nodes))}
    assert all(places[a] < places[b] for a, b in graph.edges)
    assert {"input", "output"} < set(graph.nodes)


def test_the_record(tmp_path):
    snn, _ = spiking(NETWORKS["softmax"], initial_potential=0.5)
    graph, record, found = written(snn, tmp_path, lossy=True)
    assert record["timesteps"] == T and record["method"] == "data_norm"
    assert record["reset"] == "subtract"
    (name,) = record["initial_potential"]
    assert record["initial_potential"][name] == [0.5, 0.5]
    (readout,) = record["readout"]
    assert readout["head"] == "softmax" and readout["last_step"] == T
    (there,) = (key for key, own in record["names"].items() if own == name)
    scales = graph.metadata["scales"][there]
    np.testing.assert_array_equal(scales, np.asarray(snn.graph[name].scale))
    assert record["losses"] == found.to_dict()["losses"] != []


def test_a_drive_is_a_bias(tmp_path):
    """Of a neuron behind weights, behind a sum, and behind neither."""
    settings = {"neuron": "driven", "settings": {"drive": 0.125}}
    for name in ("residual", "doubled"):
        snn, x = spiking(NETWORKS[name], **settings)
        folder = tmp_path / name
        folder.mkdir()
        graph, record, found = written(snn, folder)
        assert found.losses == ()
        assert_same(snn, graph, record, x)


def test_a_coder_is_a_neuron_at_the_input(tmp_path):
    from tfsnn.network.passes.code_inputs import code_inputs

    model = models.dyadic(models.mlp())
    graph = code_inputs(simplify(import_model(model)), "rate_coder")
    coder, *rates = graph.of_kind(Rate)
    plan = Plan({rate.name: NeuronPlan(np.ones(rate.shape[-1])) for rate in rates})
    plan[coder.name] = NeuronPlan(np.ones(1), neuron="rate_coder")
    report = ConversionReport("ic_snn", {}, T, 1, graph.layers, (), (), {})
    snn = SpikingModel(normalize(graph, plan), T, report)
    x = np.abs(models.samples(model, 2))
    file, record, found = written(snn, tmp_path)
    assert found.losses == ()
    assert_same(snn, file, record, x)
    assert in_other_words(snn.graph)[coder.name].neuron == "integrate_fire"


def test_bad_arguments(tmp_path):
    snn, x = spiking(NETWORKS["mlp"])
    with pytest.raises(OptionError, match="pooling='max'"):
        export_nir(snn, tmp_path / "net.nir", pooling="max")
    with pytest.raises(DataError):
        export_nir(snn, tmp_path / "net.nir", data=x[:, :3])
    assert not list(tmp_path.iterdir())
    export_nir(snn, tmp_path / "net.nir")
    with pytest.raises(OutputError, match="exists already"):
        export_nir(snn, tmp_path / "net.nir")


def test_the_command(tmp_path):
    snn, x = spiking(NETWORKS["mlp"], initial_potential=0.5)
    snn.save(tmp_path / "snn.keras")
    np.savez(tmp_path / "test.npz", x=x, y=np.arange(len(x)) % 3)
    call = ["export", "nir", str(tmp_path / "snn.keras")]
    call += ["--output", str(tmp_path / "net.nir")]
    refused = run(*call)
    assert refused.exit_code == 1 and "initial_potential 0" in refused.output
    call += ["--lossy", "--data", str(tmp_path / "test.npz"), "--json"]
    call += ["--task", "classification"]
    found = run(*call)
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["effects"][0]["samples"] == len(x)
    assert document["effects"][0]["task"] == "classification"
    assert document["effects"][0]["agreement"] == 1.0
    assert nir.read(tmp_path / "net.nir").metadata["tfsnn"]


def test_a_full_disk_is_told_of_and_leaves_nothing(tmp_path):
    snn, _ = spiking(NETWORKS["average"])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OutputError, match=r"net\.nir cannot be written"):
            export_nir(snn, tmp_path / "net.nir")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())
