"""Conversion for chips: integers, spikes at both ends, and methods that are refused."""

import json
from dataclasses import replace

import models
import numpy as np
import pytest
from chips import chain, whole
from command_line import run

import tfsnn
from tfsnn.analysis import for_target
from tfsnn.analysis.for_target import convert_for
from tfsnn.conversion import calibration
from tfsnn.conversion.for_target import settings_for
from tfsnn.network.nodes import Linear, Readout, Spiking


@pytest.fixture(scope="module")
def ann():
    """A chain of what all chips take."""
    return chain()


@pytest.fixture(scope="module")
def samples(ann):
    """Inputs as those of a camera: none is negative."""
    return np.abs(models.samples(ann, 12))


@pytest.fixture(scope="module")
def chip(ann, samples):
    y = ann.predict(samples, verbose=0).argmax(-1)
    return convert_for(ann, samples, "spinnaker2", timesteps=16, data=(samples, y))


def test_everything_is_an_integer_and_a_spike(chip):
    graph = chip.snn.graph
    (first,) = (
        n
        for n in graph.of_kind(Spiking)
        if "spikes" in n.name[-6:]
        and not any(isinstance(m, Linear) for m in before(graph, n))
    )
    assert first.max_coefficient == 1
    for node in graph.of_kind(Linear):
        assert whole(np.asarray(node.kernel)) and np.abs(node.kernel).max() <= 128
        assert any(isinstance(m, Spiking) for m in before(graph, node))
    for node in graph.of_kind(Readout):
        assert any(
            isinstance(m, Spiking)
            for m in [graph[node.inputs[0]], *before(graph, graph[node.inputs[0]])]
        )


def before(graph, node):
    """All nodes that a node depends on."""
    found = []
    for name in node.inputs:
        found += [graph[name], *before(graph, graph[name])]
    return found


def test_the_largest_count_is_the_answer(ann, samples, chip):
    snn = chip.snn
    graph = snn.graph
    (output,) = graph.of_kind(Readout)
    spikes = next(
        n
        for n in [graph[output.inputs[0]], *before(graph, output)]
        if isinstance(n, Spiking)
    )
    observed = snn.run(samples, observe=("spikes",)).observed[f"spikes/{spikes.name}"]
    counts = np.asarray(observed).sum(0)
    outputs = snn.predict(samples, verbose=0)
    best = counts == counts.max(-1, keepdims=True)
    assert best[np.arange(len(best)), outputs.argmax(-1)].all()


def test_the_table_and_the_report(chip):
    assert [step.name for step in chip.steps] == [
        "float weights",
        "integer weights",
        "spiking input",
        "spiking output",
    ]
    assert chip.samples == 12
    scores = [step.outputs[0].figures[-1].score for step in chip.steps]
    assert scores[0] >= 0.75 and all(score is not None for score in scores)
    assert chip.snn.report.target == "spinnaker2"
    assert "for spinnaker2" in str(chip.snn.report)
    assert chip.snn.report.integers.weights == "int8"
    assert "spiking output" in str(chip)


def test_a_network_is_saved_and_loaded_with_its_target(chip, samples, tmp_path):
    chip.snn.save(tmp_path / "chip.keras")
    loaded = tfsnn.load_model(tmp_path / "chip.keras")
    assert loaded.report.target == "spinnaker2"
    np.testing.assert_array_equal(
        loaded.predict(samples, verbose=0), chip.snn.predict(samples, verbose=0)
    )


def test_one_scale_for_a_layer(samples):
    ann = models.randomise(models.mlp())
    x = np.abs(models.samples(ann, 12))
    snn = convert_for(ann, x, "speck2f", timesteps=8).snn
    report = snn.report.integers
    assert (report.scales, report.potential_bits) == ("layer", 16)
    for layer in report.layers:
        assert layer.threshold_min == layer.threshold_max
    assert convert_for(ann, x, "speck2f", timesteps=8).steps == ()


def test_one_conversion_for_each_row_and_one_sweep_for_each_graph(
    ann, samples, monkeypatch
):
    made, swept = [], []
    whole_story, sweep = for_target.convert, calibration.calibrate
    monkeypatch.setattr(
        for_target, "convert", lambda *a, **k: made.append(1) or whole_story(*a, **k)
    )
    monkeypatch.setattr(
        calibration, "calibrate", lambda *a, **k: swept.append(1) or sweep(*a, **k)
    )
    found = convert_for(ann, samples, "spinnaker2", timesteps=2, data=samples)
    assert len(made) == len(found.steps) == 4
    assert len(swept) == 3  # float and integer weights are of one graph


def test_bits_below_those_of_the_chip(ann, samples):
    snn = convert_for(ann, samples, "mcu", timesteps=4, precision="int4").snn
    assert max(np.abs(n.kernel).max() for n in snn.graph.of_kind(Linear)) <= 8
    for bits, widest in {16: "int8", 6: "int4", 2: "int2"}.items():
        target = replace(tfsnn.targets.target("mcu"), name="own", weight_bits=bits)
        assert settings_for(target, None)["precision"] == widest
    with pytest.raises(tfsnn.OptionError, match="weights of 1 bits"):
        settings_for(replace(target, weight_bits=1), None)
    with pytest.raises(tfsnn.OptionError, match="weights of 8 bits, not float32"):
        convert_for(ann, samples, "mcu", precision="float32")


def test_methods_that_a_chip_cannot_run(ann, samples):
    for method, said in {
        "termapping": "whose spikes are ternary, and its are binary",
        "ttfs": "whose neurons are no plain integrate-and-fire neurons",
        "srp": "no plain integrate-and-fire neurons",
    }.items():
        with pytest.raises(tfsnn.OptionError, match=said) as error:
            convert_for(ann, samples, "spinnaker2", method)
        assert "take one of" in str(error.value) and "paced" in str(error.value)
    with pytest.raises(tfsnn.OptionError, match="steps do not all count alike"):
        convert_for(ann, samples, "spinnaker2", "paced", delay=1)
    with pytest.raises(tfsnn.OptionError, match="files cannot say"):
        convert_for(ann, samples, "mcu", "paced", initial_potential=0.5)
    with pytest.raises(tfsnn.OptionError, match="akida knows no time"):
        convert_for(ann, samples, "akida")


def test_what_does_not_fit_or_cannot_be_spikes(ann, samples):
    with pytest.raises(tfsnn.ModelError, match="does not fit spinnaker2"):
        model = models.randomise(models.concat())
        convert_for(model, np.abs(models.samples(model, 4)), "spinnaker2")
    with pytest.raises(tfsnn.CalibrationError, match="spikes carry nothing negative"):
        convert_for(ann, samples - 1, "spinnaker2")


def test_the_command_line(ann, samples, tmp_path):
    ann.save(tmp_path / "ann.keras")
    x = np.tile(samples, (10, 1, 1, 1))
    np.savez(tmp_path / "x.npz", x=x, y=ann.predict(x, verbose=0).argmax(-1))
    given = ("convert", tmp_path / "ann.keras", "--calibration", tmp_path / "x.npz")
    output = ("--output", tmp_path / "chip.keras")
    done = run(*given, "--target", "spinnaker2", "--timesteps", "4", *output)
    assert done.exit_code == 0, done.stderr
    assert "What each step costs, on 12 samples" in done.stdout
    output = ("--output", tmp_path / "other.keras")
    done = run(*given, "--target", "loihi3", *output)
    assert done.exit_code == 2 and "loihi3" in done.stderr, done.stderr
    done = run(*given, "--target", "mcu", "-o", "scales", "layer", *output)
    assert done.exit_code == 2 and "leave it out" in done.stderr, done.stderr
    report = tmp_path / "report.json"
    more = ("--task", "regression", "--report", report, "--timesteps", "2")
    np.savez(tmp_path / "no_labels.npz", x=x)
    unlabelled = (*given[:3], tmp_path / "no_labels.npz")
    done = run(*unlabelled, "--target", "mcu", *more, *output, "--overwrite")
    assert done.exit_code == 0, done.stderr
    told = json.loads(report.read_text())["check"]["steps"]
    assert {s["outputs"][0]["task"] for s in told} == {"regression"}
    done = run(*given[:2], "--target", "mcu", *output, "--overwrite")
    assert done.exit_code == 2 and "--calibration is missing" in done.stderr
