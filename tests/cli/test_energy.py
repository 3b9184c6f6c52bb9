"""Energy models and NeuroBench's measures on the command line."""

import json

import models
import pytest
from command_line import fill, run, succeed

import tfsnn
from tfsnn_numpy.defaults import ENERGY_MODELS


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with a model, its SNN, and data with labels."""
    return fill(tmp_path_factory.mktemp("work"), models.mlp, 30, "paced", timesteps=4)


def evaluated(work, *more):
    return ("evaluate", work / "snn.keras", "--data", work / "data.npz", *more)


@pytest.mark.parametrize(
    "command", ["evaluate", "convert", "compare", "choose", "report", "demo"]
)
def test_the_help_lists_the_models(command):
    text = succeed(command, "--help").replace("\n", "").replace(" ", "")
    assert ",".join(ENERGY_MODELS) in text


def test_every_model_is_printed_and_one_is_in_the_columns(work):
    more = ("--json", "--timesteps", 4, "-o", "energy", "bit-matched")
    found = json.loads(succeed(*evaluated(work, *more)))
    assert found["energy"]["weight_picojoules"] == 20.0
    ratios = {each["name"]: each["ratio"] for each in found["energies"]}
    assert list(ratios) == list(ENERGY_MODELS)
    assert found["rows"][0]["energy_ratio"] == ratios["bit-matched"]
    text = succeed(*evaluated(work, "--timesteps", 4))
    lost = [name for name, ratio in ratios.items() if ratio >= 1]
    assert (
        lost and f"the SNN takes more energy than the ANN by {', '.join(lost)}" in text
    )
    assert f"lemaire {ratios['lemaire']:.3f}" in text


def test_measures_of_neurobench_are_written(work, tmp_path):
    file = tmp_path / "measures.json"
    more = ("--timesteps", "2,4", "--neurobench", file)
    succeed(*evaluated(work, *more))
    snn = tfsnn.load_model(work / "snn.keras")
    found = json.loads(file.read_text())
    expected = tfsnn.neurobench(snn, str(work / "data.npz")).to_dict()
    assert found == json.loads(json.dumps(expected))
    assert found.keys() == {
        *("samples", "timesteps", "footprint", "parameter_count"),
        *("connection_sparsity", "activation_sparsity", "synaptic_operations"),
        *("membrane_updates", "classification_accuracy"),
    }
    assert found["timesteps"] == 4 and found["synaptic_operations"].keys() == {
        *("Effective_MACs", "Effective_ACs", "Dense")
    }
    refused = run(*evaluated(work, "--neurobench", file))
    assert refused.exit_code == 1 and "measures.json" in refused.stderr  # is there
    succeed(*evaluated(work, "--neurobench", file, "--overwrite"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--neurobench", "measures.txt"), "'measures.txt' does not end in .json"),
        (("--neurobench", "m.json", "--timesteps", 2), "is for all 4 steps"),
        (
            ("--neurobench", "m.json", "-o", "strategy", "mirrored"),
            "leave out -o strategy",
        ),
    ],
)
def test_what_neurobench_cannot_measure_is_refused(work, more, message):
    result = run(*evaluated(work, *more))
    assert result.exit_code == 2 and message in result.stderr
