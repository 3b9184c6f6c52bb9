"""Networks that an older version saved are loaded, and compute what they did.

``data_files/`` was written before graphs had a version: a network of ReLU6, max pooling
and a dense ReLU, converted by four methods with T = 4; in ``expected.npz`` are their
input ``x``, and by method outputs and spikes.
"""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tfsnn
from tfsnn.errors import ModelError
from tfsnn.network.graph import Graph
from tfsnn.network.migration import dropped_arrays, migrated
from tfsnn.network.nodes import Spiking

FILES = Path(__file__).parent / "data_files"
METHODS = ("termapping", "paced", "differential", "ic_snn")


def stored(method):
    """The config of the graph in a file."""
    with zipfile.ZipFile(FILES / f"{method}.keras") as archive:
        return json.loads(archive.read("config.json"))["config"]["graph"]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_network_saved_before_versions_computes_what_it_did(method, tmp_path):
    with np.load(FILES / "expected.npz") as expected:
        x, outputs = expected["x"], expected[f"{method}/outputs"]
        spikes = {
            key.split("/", 2)[2]: expected[key]
            for key in expected.files
            if key.startswith(f"{method}/spikes/")
        }
    snn = tfsnn.load_model(FILES / f"{method}.keras")
    populations = [node.name for node in snn.graph.of_kind(Spiking)]
    assert populations == list(spikes) and len(populations) >= 3
    snn.save(tmp_path / "again.keras")
    for network in (snn, tfsnn.load_model(tmp_path / "again.keras")):
        assert (network.predict(x, verbose=0) == outputs).all()
        trace = network.simulate(x)
        for name, sent in spikes.items():
            assert sent.any() and (trace.spikes[name] == sent).all()


@pytest.mark.parametrize("method", METHODS)
def test_only_populations_change_and_they_lose_their_activations(method):
    before, after = stored(method), migrated(stored(method))
    assert "version" not in before and after["version"] == 2
    assert len(dropped_arrays(before)) == 2  # a bound of each ReLU6, per channel
    assert not dropped_arrays(after)
    for old, new in zip(before["nodes"], after["nodes"], strict=True):
        if old["kind"] not in ("Rate", "SmoothRate"):
            assert new == old
            continue
        gone = {"max_value", "quantized", "op", "options"}
        assert new == {k: v for k, v in old.items() if k not in gone} | {
            "kind": "Spiking"
        }
    assert migrated(after) == after


def test_a_config_of_a_newer_version_is_refused():
    config = {**migrated(stored("paced")), "version": 3}
    with pytest.raises(ModelError, match=r"version 3.*reads versions up to 2.*install"):
        Graph.from_config(config)


def test_a_kind_that_is_not_known_is_named():
    config = migrated(stored("paced"))
    config["nodes"][1]["kind"] = "Quaternion"
    with pytest.raises(ModelError, match=r"Quaternion.*import the module"):
        Graph.from_config(config)
