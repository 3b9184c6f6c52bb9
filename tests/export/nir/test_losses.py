"""What NIR cannot say is refused, or listed with its effect."""

import models
import numpy as np
import pytest
from nir_networks import NETWORKS, T, assert_same, spiking, written

from tfsnn import SpikingModel
from tfsnn.conversion.plan import Plan
from tfsnn.errors import UnsupportedError
from tfsnn.export.nir.losses import with_bias
from tfsnn.export.nir.writing import export_nir
from tfsnn.network.clock import Clock
from tfsnn.network.nodes import Spiking

pytestmark = pytest.mark.usefixtures("eager")


def test_all_that_cannot_be_said_is_refused_at_once(tmp_path):
    snn, _ = spiking(models.MODELS["maxpool_on_spikes"], negative_threshold=0.0)
    with pytest.raises(UnsupportedError) as error:
        export_nir(snn, tmp_path / "net.nir")
    reasons = {}
    for name, _, reason in error.value.problems:
        reasons.setdefault(name, []).append(reason)
    rates = [node.name for node in snn.graph.of_kind(Spiking)]
    assert all(len(reasons[name]) == 1 for name in rates)
    assert "negative spikes" in reasons[rates[0]][0]
    pools = [name for name in reasons if "pooling" in name]
    assert len(pools) == 2 and "average pooling in the ANN" in reasons[pools[0]][0]
    (joined,) = (name for name in reasons if "concatenate" in name)
    assert "concatenation" in reasons[joined][0]
    assert "cannot be expressed in NIR" in str(error.value)
    assert "--lossy" in str(error.value)
    assert not (tmp_path / "net.nir").exists()
    with pytest.raises(UnsupportedError) as error:  # which --lossy does not help
        export_nir(snn, tmp_path / "net.nir", lossy=True)
    assert [name for name, _, _ in error.value.problems] == [joined]


@pytest.mark.parametrize(
    ("neuron", "said"),
    [
        ({"neuron": "radix", "settings": {"base": 2}}, "radix"),
        (
            {
                "neuron": "differential",
                "negative_threshold": 0.0,
                "max_coefficient": None,
            },
            "differential",
        ),
        ({"neuron": "silenced", "settings": {"leak": 0.5}}, "leaks"),
        ({"negative_threshold": 0.5, "settings": {"leak": 0.5}}, "leaks"),
    ],
)
@pytest.mark.parametrize("lossy", [True, False])
def test_neurons_of_another_kind_are_refused_even_if_lossy(
    neuron, said, lossy, tmp_path
):
    snn, _ = spiking(NETWORKS["mlp"], **neuron)
    with pytest.raises(UnsupportedError, match=said) as error:
        export_nir(snn, tmp_path / "net.nir", lossy=lossy)
    assert len(error.value.problems) == 2
    assert not any("--lossy" in reason for *_, reason in error.value.problems)


def test_steps_that_weigh_differently_are_refused_of_plain_neurons_too(tmp_path):
    snn, _ = spiking(
        NETWORKS["mlp"],
        plan=lambda graph: Plan(
            models.plan_for(graph, initial_potential=0.0), Clock(base=2)
        ),
    )
    with pytest.raises(UnsupportedError, match="do not count alike") as error:
        export_nir(snn, tmp_path / "net.nir", lossy=True)
    assert [name for name, *_ in error.value.problems] == list(snn.graph.outputs)


def test_neurons_without_their_pre_steps_keep_their_reset(tmp_path):
    settings = {"pre_steps": 2, "reset": "zero"}
    snn, _ = spiking(NETWORKS["mlp"], neuron="silenced", settings=settings)
    _, record, found = written(snn, tmp_path, lossy=True)
    assert record["reset"] == "zero"
    assert [loss.what for loss in found.losses] == ["pre-steps"]


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
    rates = tuple(node.name for node in snn.graph.of_kind(Spiking))
    assert loss.what == what and loss.nodes == rates
    assert what in str(found) and "reset to zero" in str(found)
    said = loss.change(snn.graph.map_arrays(lambda *args: np.asarray(args[2])))
    measured = SpikingModel(said, T, snn.report)
    assert_same(measured, graph, record, x)  # what was measured is what is written
    itself, file, _ = found.effects
    tops = [m.simulate(x).outputs[0][-1].argmax(1) for m in (snn, measured)]
    assert itself.figures.agreement == 1.0 and file.samples == len(x)
    assert itself.figures.output_error == 0.0
    assert file.figures.agreement == np.mean(tops[0] == tops[1])


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
    assert found.effects[0].to_dict()["accuracy"] == np.mean(top == y)
    assert "judged as classification" in str(found)
    assert "SumPool2d" in found.nodes


def test_the_effects_on_numbers_are_errors_and_no_agreement(tmp_path):
    snn, x = spiking(NETWORKS["mlp"], max_coefficient=3.0)
    data = (x, np.arange(3.0 * len(x)).reshape(-1, 3))
    found = export_nir(
        snn, tmp_path / "net.nir", lossy=True, data=data, task="regression"
    )
    itself, file, _ = found.effects
    said = found.losses[0].change(snn.graph.map_arrays(lambda *a: np.asarray(a[2])))
    lost = SpikingModel(said, T, snn.report)
    ours, theirs = (np.float64(m.simulate(x).outputs[0][-1]) for m in (lost, snn))
    squares, variance = np.mean((ours - theirs) ** 2, 0), np.var(theirs, 0)
    varies = variance > 0  # a unit that is always the same has no deviation
    error = np.sqrt(np.mean(squares[varies] / variance[varies]))
    assert itself.figures.output_error == 0
    assert file.figures.output_error == pytest.approx(error, rel=1e-4) and error > 0
    dumped = file.to_dict()
    assert dumped["task"] == "regression" and dumped["metric"] == "r2"
    r2 = 1 - np.sum((ours - data[1]) ** 2, 0) / np.sum(
        (data[1] - data[1].mean(0)) ** 2, 0
    )
    assert dumped["score"] == pytest.approx(r2.mean(), rel=1e-4)
    assert not {"agreement", "accuracy", "outputs"} & dumped.keys()
    assert "agreement  " not in str(found) and "judged as regression" in str(found)


def test_a_spread_initial_potential_gives_the_same_count_of_a_constant_current():
    """floor(V(0) + T I) either way, of spikes up to one a step."""
    snn, x = spiking(NETWORKS["mlp"], initial_potential=0.5)
    graph = snn.graph.map_arrays(lambda *args: np.asarray(args[2]))
    name = graph.of_kind(Spiking)[0].name
    spread = with_bias(
        graph.map_arrays(
            lambda node, key, v: v * 0 if key == "initial_potential" else v
        ),
        name,
        np.float32(0.5 / T),
    )
    nodes = [
        node.replace(initial_potential=0.0) if isinstance(node, Spiking) else node
        for node in spread
    ]
    spread = spread.rewrite(nodes, {}, {})
    counts = [
        SpikingModel(g, T, snn.report).simulate(x).spikes[name].sum(0)
        for g in (graph, spread)
    ]
    assert counts[0].sum() > 0
    np.testing.assert_array_equal(*counts)
