"""A NIR file computes what the network does, or the exporter says what is lost."""

import json

import keras
import models
import nir
import nir_reference
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from keras import layers

from tfsnn import SpikingModel
from tfsnn.errors import DataError, OptionError, OutputError, UnsupportedError
from tfsnn.export.nir import export_nir
from tfsnn.export.nir_losses import in_other_words, with_bias
from tfsnn.export.nir_windows import explicit, same_pads
from tfsnn.methods import NeuronPlan
from tfsnn.nodes import Rate
from tfsnn.normalize import normalize, unscaled
from tfsnn.passes import simplify
from tfsnn.plan import Plan
from tfsnn.report import ConversionReport
from tfsnn.sources import import_model
from tfsnn_cli.main import cli

T = 4
needs_v_reset = pytest.mark.skipif(
    not hasattr(nir, "CubaLI"), reason="this version of nir knows no v_reset"
)


@pytest.fixture(autouse=True)
def _eager():
    """Of small networks a few steps run sooner than they are traced."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def first(values):
    """One sample, channels first."""
    return np.moveaxis(values, -1, 0) if values.ndim > 1 else values


def strided():
    """Uneven padding: strides, even windows, and a padding of one's own."""
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3, strides=2, padding="same", activation="relu"),
            layers.ZeroPadding2D(((0, 1), (1, 0))),
            layers.Conv2D(4, 2, padding="same", activation="relu"),
            layers.ZeroPadding2D(1),
            layers.Conv2D(2, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def doubled():
    """A signal that is added to itself, and sums of flattened images."""
    x = keras.Input((4, 4, 2))
    a = layers.Conv2D(3, 3, activation="relu")(x)
    b = layers.ReLU()(layers.Add()([a, a]))
    b = layers.Flatten()(b)
    a = layers.Flatten()(a)
    c = layers.ReLU()(layers.Add()([a, b]))
    d = layers.Dense(12, activation="relu")(c)
    return keras.Model(x, layers.Dense(3)(layers.Add()([d, c])))


def sequence():
    """One axis: Conv1d, and a dense layer at each place."""
    return keras.Sequential(
        [
            keras.Input((8, 2)),
            layers.Conv1D(4, 3, strides=2, padding="same", activation="relu"),
            layers.AveragePooling1D(2),
            layers.Dense(3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def softmax():
    """A head, and an average over all places."""
    return keras.Sequential(
        [
            keras.Input((4, 4, 2)),
            layers.Conv2D(4, 3, padding="same", dilation_rate=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


OWN = {f.__name__: f for f in (strided, doubled, sequence, softmax)}
SHARED = ("mlp", "residual", "average", "depthwise", "grouped", "outputs")
NETWORKS = OWN | {name: models.MODELS[name] for name in SHARED}


def spiking(build, method="data_norm", plan=None, scaled=normalize, **neuron):
    """A network with dyadic weights, plain neurons if nothing is said, and inputs."""
    model = models.dyadic(build())
    graph = simplify(import_model(model))
    neuron = {"initial_potential": 0.0, **neuron}
    plan = models.plan_for(graph, **neuron) if plan is None else plan(graph)
    report = ConversionReport(method, {}, T, 1, graph.layers, (), (), {})
    several = len(graph.outputs) > 1
    snn = SpikingModel(scaled(graph, plan), T, report, several)
    return snn, models.samples(model, 2)


def written(snn, folder, **options):
    """The file, read with all checks of nir, and what was said of it."""
    path = folder / "net.nir"
    found = export_nir(snn, path, **options)
    graph = nir.read(path)
    return graph, json.loads(graph.metadata["tfsnn"]), found


def assert_same(snn, graph, record, x, **reading):
    """Our spikes are those of a NumPy reading of the file, unit by unit."""
    trace = snn.simulate(x)
    assert sum(spikes.sum() for spikes in trace.spikes.values()) > 0
    names = {own: name for name, own in record["names"].items()}
    for sample in range(len(x)):
        found = nir_reference.run(graph, first(x[sample]), T, **reading)
        for own, spikes in trace.spikes.items():
            steps = [first(step) for step in spikes[:, sample]]
            if own == "in_order_of_nir":  # (2, 2, 3), flattened there
                places = first(np.arange(12).reshape(2, 2, 3)).ravel()
                steps = [step[places] for step in steps]
            np.testing.assert_array_equal(found[names[own]], np.stack(steps))
        for readout, outputs in zip(record["readout"], trace.outputs, strict=True):
            mean = found[readout["node"]].mean(0)
            if readout["head"] == "softmax":
                mean = np.exp(mean) / np.exp(mean).sum()
            np.testing.assert_allclose(mean, outputs[-1, sample], 1e-5, 1e-6)


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


# Windows.


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("window", [(1, 1), (3, 3), (2, 2), (4, 4), (1, 3), (5, 2)])
@pytest.mark.parametrize("pads", [((0, 0), (0, 0)), ((0, 1), (1, 2)), ((3, 0), (1, 1))])
@pytest.mark.parametrize("dilation", [1, 2])
def test_windows_with_equal_padding(stride, window, pads, dilation, rng):
    x = rng.integers(-4, 5, (1, 9, 8)).astype(np.float32)
    kernel = rng.integers(1, 5, (*window, 1, 1)).astype(np.float32)
    pairs = ((stride,) * 2, (dilation,) * 2)
    found = explicit(kernel, (9, 8), *pairs, pads)
    if found is None:
        assert stride == 1  # an even and an odd side, and no place to spare
        return
    assert len(set(found.kernel.shape[:2])) == 1

    def convolved(x, kernel, padding, dilation):
        weight = np.moveaxis(kernel, (-1, -2), (0, 1))
        node = nir.Conv2d(
            None, weight, pairs[0], padding, dilation, 1, np.zeros(1, np.float32)
        )
        return nir_reference.STATELESS["Conv2d"](node, x)

    padded = np.pad(x, [(0, 0), *pads])
    expected = convolved(padded, kernel, (0, 0), pairs[1])
    np.testing.assert_array_equal(
        convolved(x, found.kernel, found.padding, found.dilation), expected
    )


def test_padding_of_keras():
    assert same_pads((32, 7), (3, 3), (2, 2), (1, 1)) == ((0, 1), (1, 1))
    assert same_pads((8, 8), (2, 1), (1, 4), (1, 1)) == ((0, 1), (0, 0))
    assert same_pads((8,), (3,), (1,), (3,)) == ((3, 3),)


# What NIR cannot say.


def test_all_that_cannot_be_said_is_refused_at_once(tmp_path):
    snn, _ = spiking(models.MODELS["maxpool_on_spikes"], negative_threshold=0.0)
    with pytest.raises(UnsupportedError) as error:
        export_nir(snn, tmp_path / "net.nir")
    reasons = {}
    for name, _, reason in error.value.problems:
        reasons.setdefault(name, []).append(reason)
    rates = [node.name for node in snn.graph.of_kind(Rate)]
    assert all(len(reasons[name]) == 1 for name in rates)
    assert "negative spikes" in reasons[rates[0]][0]
    pools = [name for name in reasons if "pooling" in name]
    assert len(pools) == 2 and "average pooling in the ANN" in reasons[pools[0]][0]
    (joined,) = (name for name in reasons if "concatenate" in name)
    assert "concatenation" in reasons[joined][0]
    assert "cannot be said in NIR" in str(error.value)
    assert "--lossy" in str(error.value)
    assert not (tmp_path / "net.nir").exists()
    with pytest.raises(UnsupportedError) as error:  # which --lossy does not help
        export_nir(snn, tmp_path / "net.nir", lossy=True)
    assert [name for name, _, _ in error.value.problems] == [joined]


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        ({"neuron": "radix", "settings": {"base": 2}}, "radix"),
        ({"settings": {"leak": 0.5}}, "leaks"),
    ],
)
def test_neurons_of_another_kind_are_refused_even_if_lossy(neuron, said, tmp_path):
    snn, _ = spiking(NETWORKS["mlp"], **neuron)
    with pytest.raises(UnsupportedError, match=said) as error:
        export_nir(snn, tmp_path / "net.nir", lossy=True)
    assert len(error.value.problems) == 2


LOSSY = {
    "initial potential": {"initial_potential": 0.5},
    "negative spikes": {"negative_threshold": 0.0},
    "graded spikes": {"max_coefficient": 3.0},
    "look-ahead": {"neuron": "paced", "settings": {"lookahead": 1}},
    "pre-steps": {"neuron": "silenced", "settings": {"pre_steps": 2}},
}


@pytest.mark.parametrize("what", LOSSY)
def test_each_loss_is_listed_and_measured(what, tmp_path):
    snn, x = spiking(NETWORKS["mlp"], **LOSSY[what])
    with pytest.raises(UnsupportedError, match=what):
        export_nir(snn, tmp_path / "net.nir")
    graph, record, found = written(snn, tmp_path, lossy=True, data=x)
    (loss,) = found.losses
    rates = tuple(node.name for node in snn.graph.of_kind(Rate))
    assert loss.what == what and loss.nodes == rates
    assert what in str(found) and "reset to zero" in str(found)
    said = loss.change(snn.graph.map_arrays(lambda *args: np.asarray(args[2])))
    measured = SpikingModel(said, T, snn.report)
    assert_same(measured, graph, record, x)  # what was measured is what is written
    itself, file, _ = found.effects
    tops = [m.simulate(x).outputs[0][-1].argmax(1) for m in (snn, measured)]
    assert itself.agreement == 1.0 and file.samples == len(x)
    assert file.agreement == np.mean(tops[0] == tops[1])


def test_several_losses_are_measured_one_by_one(tmp_path):
    snn, x = spiking(
        models.MODELS["cnn"], initial_potential=0.5, negative_threshold=0.0
    )
    y = np.arange(len(x)) % 3
    found = export_nir(snn, tmp_path / "net.nir", lossy=True, data=(x, y))
    lost = ["negative spikes", "initial potential", "max pooling"]
    assert [loss.what for loss in found.losses] == lost
    assert [effect.of for effect in found.effects] == [
        "the network itself",
        *(f"{what} lost" for what in lost),
        "the file, reset by subtraction",
        "the file, reset to zero",
    ]
    top = snn.predict(x, verbose=0).argmax(1)
    assert found.effects[0].accuracy == np.mean(top == y)
    assert "SumPool2d" in found.nodes


def test_a_spread_initial_potential_gives_the_same_count_of_a_constant_current():
    """floor(V(0) + T I) either way, of spikes up to one a step."""
    snn, x = spiking(NETWORKS["mlp"], initial_potential=0.5)
    graph = snn.graph.map_arrays(lambda *args: np.asarray(args[2]))
    name = graph.of_kind(Rate)[0].name
    spread = with_bias(
        graph.map_arrays(
            lambda node, key, v: v * 0 if key == "initial_potential" else v
        ),
        name,
        np.float32(0.5 / T),
    )
    nodes = [
        node.replace(initial_potential=0.0) if isinstance(node, Rate) else node
        for node in spread
    ]
    spread = spread.rewrite(nodes, {}, {})
    counts = [
        SpikingModel(g, T, snn.report).simulate(x).spikes[name].sum(0)
        for g in (graph, spread)
    ]
    assert counts[0].sum() > 0
    np.testing.assert_array_equal(*counts)


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
    from tfsnn.passes.code_inputs import code_inputs

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
    call = ["export", str(tmp_path / "snn.keras"), "--format", "nir"]
    call += ["--output", str(tmp_path / "net.nir")]
    refused = CliRunner().invoke(cli, call)
    assert refused.exit_code == 1 and "initial_potential 0" in refused.output
    call += ["--lossy", "--data", str(tmp_path / "test.npz"), "--json"]
    found = CliRunner().invoke(cli, call)
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert document["effects"][0]["samples"] == len(x)
    assert nir.read(tmp_path / "net.nir").metadata["tfsnn"]
