"""Leaky neurons in NIR, LIF and CubaLIF, by its equations in steps of dt."""

import itertools
import json

import keras
import nir
import nir_reference
import numpy as np
import pytest
from keras import layers
from nir_networks import first, needs_v_reset

import tfsnn
from tfsnn.errors import OptionError, UnsupportedError
from tfsnn.export.nir.reading import import_nir
from tfsnn.export.nir.writing import export_nir
from tfsnn.layers import (
    ConstantCurrent,
    IntegrateFire,
    LeakyIntegrateFire,
    MeanOverTime,
    OverTime,
)

pytestmark = pytest.mark.usefixtures("eager")

T, DT = 12, 2.0**-13
NEURONS = {
    "LIF": {"decay": 0.75},
    "LIF, zero": {"decay": 0.5, "reset": "zero"},
    "CubaLIF": {"decay": 0.75, "synapse": 0.5},
    "CubaLIF, zero": {"decay": 0.5, "synapse": 0.25, "reset": "zero"},
}


def network(seed=0, **neurons):
    keras.utils.set_random_seed(seed)
    return tfsnn.from_layers(
        keras.Sequential(
            [
                keras.Input((5, 5, 2)),
                ConstantCurrent(T),
                OverTime(layers.Conv2D(4, 3, kernel_initializer="he_normal")),
                LeakyIntegrateFire(**neurons, name="first"),
                OverTime(layers.Flatten()),
                layers.Dense(7, kernel_initializer="he_normal"),
                LeakyIntegrateFire(**neurons, threshold=0.5, name="second"),
                layers.Dense(3),
                MeanOverTime(),
            ]
        )
    )


def samples(seed=1):
    return np.random.default_rng(seed).uniform(0, 1.5, (3, 5, 5, 2)).astype("f4")


@pytest.mark.parametrize("name", NEURONS)
def test_its_equations_send_the_spikes_and_it_comes_back(name, tmp_path):
    snn, x = network(**NEURONS[name]), samples()
    export_nir(snn, tmp_path / "net.nir", dt=DT)
    graph = nir.read(tmp_path / "net.nir")
    record = json.loads(graph.metadata["tfsnn"])
    kinds = {type(node).__name__ for node in graph.nodes.values()}
    assert name.split(",")[0] in kinds and "IF" not in kinds
    assert record["dt"] == DT
    assert record["reset"] == ("zero" if "zero" in name else "subtract")
    trace, there = snn.simulate(x), {v: k for k, v in record["names"].items()}
    for i, sample in enumerate(x):
        sent = nir_reference.run(graph, first(sample), T, record["reset"], dt=DT)
        for population, spikes in trace.spikes.items():
            assert 0.02 < spikes.mean() < 0.9
            ours = np.moveaxis(spikes[:, i], -1, 1)
            np.testing.assert_array_equal(sent[there[population]], ours)
    back = import_nir(tmp_path / "net.nir")
    for population, spikes in trace.spikes.items():
        assert back.graph[population].population == snn.graph[population].population
        np.testing.assert_array_equal(back.simulate(x).spikes[population], spikes)
    np.testing.assert_array_equal(back(x), snn(x))


def test_shares_come_back_as_they_were_and_without_the_record_to_float32(tmp_path):
    layer = LeakyIntegrateFire(0.3, synapse=0.9, train_decay=True, per_channel=True)
    stack = [keras.Input((4,)), ConstantCurrent(T), layers.Dense(3), layer]
    model = keras.Sequential([*stack, layers.Dense(2), MeanOverTime()])
    layer.raw_decay.assign([-1.0, 0.3, 2.0])
    snn = tfsnn.from_layers(model)
    export_nir(snn, tmp_path / "net.nir")
    settings = import_nir(tmp_path / "net.nir").graph[layer.name].settings
    assert settings == snn.graph[layer.name].settings
    np.testing.assert_allclose(
        settings["decay"], 1 / (1 + np.exp([1.0, -0.3, -2.0])), rtol=1e-6
    )
    graph = nir.read(tmp_path / "net.nir")
    graph.metadata.clear()
    nir.write(tmp_path / "bare.nir", graph)
    bare = import_nir(tmp_path / "bare.nir", timesteps=T, reset="subtract")
    (neurons,) = (node for node in bare.graph if node.spikes)
    for name, values in settings.items():
        np.testing.assert_allclose(neurons.settings[name], values, rtol=1e-6)
    assert not [n for n in bare.graph if n.name.endswith("drive")]


def test_a_leak_of_integrate_and_fire_neurons_is_a_lif(tmp_path):
    stack = [keras.Input((4,)), ConstantCurrent(T), layers.Dense(3)]
    neurons = IntegrateFire(leak=0.25, name="leaks")
    snn = tfsnn.from_layers(keras.Sequential([*stack, neurons, layers.Dense(2)]))
    assert export_nir(snn, tmp_path / "net.nir").nodes["LIF"] == 1
    back = import_nir(tmp_path / "net.nir").graph["leaks"]
    assert (back.neuron, back.settings) == ("leaky", {"decay": 0.75})


def foreign(path, node, size=3):
    """Write a file of a tool: an affine node and neurons."""
    rng = np.random.default_rng(5)
    weight = rng.uniform(-1, 2, (size, 4)).astype("f4")
    nodes = {
        "input": nir.Input({"input": np.array([4])}),
        "weights": nir.Affine(weight=weight, bias=rng.uniform(0, 1, size)),
        "neurons": node,
        "output": nir.Output({"output": np.array([size])}),
    }
    names = list(nodes)
    graph = nir.NIRGraph(nodes=nodes, edges=list(itertools.pairwise(names)))
    nir.write(path, graph)
    return graph


def values(*numbers):
    return np.array(numbers, np.float32)


@needs_v_reset
def test_files_of_other_tools_are_read_by_their_equations(tmp_path):
    lif = nir.LIF(
        tau=values(0.01, 0.02, 0.004),
        r=values(8, 5, 3),
        v_leak=values(0.5, -0.25, 0.0),
        v_threshold=values(1.0, 0.75, 2.0),
        v_reset=values(0.25, -0.5, 0.0),
    )
    cuba = nir.CubaLIF(
        tau_syn=values(0.004, 0.008, 0.002),
        tau_mem=values(0.02, 0.01, 0.004),
        r=values(4, 3, 2),
        v_leak=values(0.25, 0.0, -0.5),
        v_threshold=values(1.0, 0.75, 0.5),
        v_reset=values(0.25, 0.0, -0.5),
        w_in=values(1, 2, 4),
    )
    x = np.random.default_rng(6).uniform(0, 1, (5, 4)).astype("f4")
    for node in (lif, cuba):
        graph = foreign(tmp_path / "net.nir", node)
        snn = import_nir(tmp_path / "net.nir", timesteps=60, dt=0.001)
        found = snn.simulate(x).spikes["neurons"]
        for i, sample in enumerate(x):
            sent = nir_reference.run(graph, sample, 60, "zero", strict=True, dt=0.001)
            assert 0 < sent["neurons"].mean() < 0.9
            np.testing.assert_array_equal(found[:, i], sent["neurons"])


def test_what_does_not_fit_is_refused_by_name(tmp_path):
    waiting = network(refractory=2)
    with pytest.raises(UnsupportedError, match="waits 2 refractory steps"):
        export_nir(waiting, tmp_path / "net.nir", lossy=True)
    one = values(1.0)
    lif = nir.LIF(tau=one * 5e-5, r=one, v_leak=one * 0, v_threshold=one)
    li = nir.LI(tau=one, r=one, v_leak=one * 0)
    cuba = nir.CubaLIF(one, one, one, v_leak=one, v_threshold=one * 2)
    for node, said in (
        (lif, "shorter step"),
        (li, "no spikes|without spikes"),
        (cuba, "make v_leak equal to v_reset"),
    ):
        foreign(tmp_path / "net.nir", node, 1)
        with pytest.raises(UnsupportedError, match=said):
            import_nir(tmp_path / "net.nir", timesteps=3)
    for call in (export_nir, import_nir):
        with pytest.raises(OptionError, match="length of a step in seconds"):
            source = tmp_path / "net.nir" if call is import_nir else waiting
            more = {} if call is import_nir else {"path": tmp_path / "n.nir"}
            call(source, dt=0.0, **({"timesteps": 3} if call is import_nir else more))
