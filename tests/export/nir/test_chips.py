"""Files for chips: integers as importers read them, spikes at both ends, refusals."""

import json
from dataclasses import replace

import models
import nir
import numpy as np
import pytest
from chips import chain, whole
from command_line import run

import tfsnn
from tfsnn.analysis.for_target import convert_for
from tfsnn.export import export_nir
from tfsnn.network.nodes import Rounded, Spiking


@pytest.fixture(scope="module")
def ann():
    return chain()


@pytest.fixture(scope="module")
def samples(ann):
    return np.abs(models.samples(ann, 12))


@pytest.fixture(scope="module")
def chip(ann, samples):
    return convert_for(ann, samples, "spinnaker2", timesteps=16)


def test_nir_has_the_integers_of_the_chip(chip, tmp_path):
    export_nir(chip.snn, tmp_path / "chip.nir")
    found = nir.read(tmp_path / "chip.nir").nodes.values()
    weights = [node.weight for node in found if isinstance(node, nir.Conv2d)]
    assert len(weights) == 2 and weights[0].shape[:2] == (6, 2)  # no coder before it
    for values in weights:
        assert whole(values) and 64 <= np.abs(values).max() <= 128
    file = nir.read(tmp_path / "chip.nir")
    (last,) = [source for source, end in file.edges if end == "output"]
    assert isinstance(file.nodes[last], nir.IF)  # its importer takes neurons alone
    record = json.loads(file.metadata["tfsnn"])
    assert "binary spikes" in record["input"]
    (scale,) = record["input_scale"].values()
    assert scale[0] == scale[-1] > 0
    with pytest.raises(tfsnn.OptionError, match="what a chip gets"):
        export_nir(chip.snn, tmp_path / "other.nir", data=np.zeros((1, 8, 8, 2)))
    assert all(whole(node.v_threshold) for node in found if isinstance(node, nir.IF))


def test_nir_computes_what_the_chip_does(chip, samples, tmp_path):
    """The file, read again and fed with the spikes of the coders, step by step."""
    export_nir(chip.snn, tmp_path / "chip.nir")
    again = tfsnn.import_nir(tmp_path / "chip.nir", reset="subtract")
    found = chip.snn.run(samples, observe=("spikes",))
    sent = next(
        v for name, v in found.observed.items() if name.endswith("input_spikes")
    )
    frames = np.moveaxis(np.asarray(sent, np.float32), 0, 1)
    got = again.simulate(frames, over_time=True).outputs[0][-1]
    np.testing.assert_allclose(got, found.outputs[0], atol=1e-5)


def test_inputs_are_spikes_by_what_the_network_is_not_by_a_name(
    ann, samples, tmp_path, chip
):
    """Also of a chip that is not registered here, and of no chip at all."""
    same = tfsnn.SpikingModel(
        chip.snn.graph, chip.snn.timesteps, replace(chip.snn.report, target="unknown")
    )
    plain = {"timesteps": 4, "lookahead": 0, "initial_potential": 0.0}
    none = tfsnn.convert(ann, samples, "paced", spiking_input=True, **plain)
    for number, snn in enumerate((same, none)):
        export_nir(snn, tmp_path / f"{number}.nir")
        found = nir.read(tmp_path / f"{number}.nir")
        assert "binary spikes" in json.loads(found.metadata["tfsnn"])["input"]
        kinds = [type(node).__name__ for node in found.nodes.values()]
        assert kinds.count("IF") == len(snn.graph.of_kind(Spiking)) - 1


@pytest.fixture(scope="module")
def small(ann, samples):
    return convert_for(ann, samples, "mcu", timesteps=8).snn


def test_a_microcontroller_resets_to_zero_and_reads_signed_bytes(small):
    graph = small.graph
    for node in graph.of_kind(Spiking):
        assert node.settings["reset"] == "zero"
    (image,) = graph.of_kind(Rounded)
    assert (image.low, image.high) == (0, 127)
    assert small.report.integers.potential_bits == 20
    told = tfsnn.targets.target("mcu").to_dict()
    assert (told["fires_above"], told["saturates"], told["input_bits"]) == (1, 0, 8)
    assert "fire above the threshold" in str(tfsnn.targets.target("mcu"))


def test_the_file_of_a_microcontroller_has_integers_as_snn_mlir_reads_them(
    small, samples, tmp_path
):
    """Its weights, thresholds one lower, fired at above; simulated here in int64."""
    export_nir(small, tmp_path / "mcu.nir")
    file = nir.read(tmp_path / "mcu.nir")
    record = json.loads(file.metadata["tfsnn"])
    assert record["fires_above"] and "v > v_threshold" in record["neurons"]
    ((scale, _),) = record["input_scale"].values()
    pixels = np.clip(np.rint(samples / np.float32(scale)), 0, 127)
    weights = [n for n in file.nodes.values() if hasattr(n, "weight")]
    assert len(weights) == 3
    for node in weights:
        assert whole(node.weight) and 32 <= np.abs(node.weight).max() <= 128
    thresholds = [n.v_threshold for n in file.nodes.values() if isinstance(n, nir.IF)]
    ours = small.graph.of_kind(Spiking)
    for there, node in zip(thresholds, ours, strict=True):
        assert np.array_equal(np.unique(there), np.unique(node.threshold) - 1)
    again = tfsnn.import_nir(tmp_path / "mcu.nir")
    assert again.graph.of_kind(Spiking)[0].settings["reset"] == "zero"
    found = again.predict(pixels.astype(np.float32), verbose=0)
    np.testing.assert_allclose(found, small.predict(samples, verbose=0), atol=1e-4)


def test_a_network_for_another_chip(ann, chip, samples, tmp_path):
    with pytest.raises(tfsnn.OptionError) as error:
        export_nir(chip.snn, tmp_path / "no.nir", target="speck2f")
    for said in ("converted for spinnaker2", "for speck2f", "--target speck2f"):
        assert said in str(error.value)
    plain = tfsnn.convert(ann, samples, "data_norm", timesteps=4)
    with pytest.raises(tfsnn.OptionError, match="converted for no chip"):
        export_nir(plain, tmp_path / "no.nir", target="speck2f")
    with pytest.raises(tfsnn.OptionError, match="is not known"):
        export_nir(plain, tmp_path / "no.nir", target="loihi3")
    export_nir(chip.snn, tmp_path / "yes.nir", target="spinnaker2")
    with pytest.raises(tfsnn.ModelError, match=r"for spinnaker2, and .* for mcu"):
        convert_for(chip.snn, samples, "mcu")
    chip.snn.save(tmp_path / "chip.keras")
    done = run("inspect", tmp_path / "chip.keras", "--target", "speck2f")
    assert done.exit_code == 1 and "converted for spinnaker2" in done.stderr
    export = ("export", "nir", tmp_path / "chip.keras", "--output", tmp_path / "a.nir")
    done = run(*export, "--target", "mcu")
    assert done.exit_code == 2 and "converted for spinnaker2" in done.stderr
