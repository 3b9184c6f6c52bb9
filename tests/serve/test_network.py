"""A server of ``.keras`` files, simulated by an engine; over HTTP."""

import shutil

import numpy as np
import pytest
from asking import PREDICT, ask, column, good, network, serving, states
from command_line import run

import tfsnn
from tfsnn.errors import ModelError
from tfsnn.serve.models import Models
from tfsnn.serve.network import Loader, sizes_up_to
from tfsnn.serve.server import ServerOptions

ROWS = 3
SIGNATURES = ("serving_default", "outputs_only", "anytime")


@pytest.fixture(scope="module")
def folder(exported_models, tmp_path_factory):
    """Version 1 is a SavedModel, and version 2 the file of the same network."""
    folder = tmp_path_factory.mktemp("networks") / "digits"
    shutil.copytree(exported_models[0] / "digits" / "1", folder / "1")
    (folder / "2").mkdir()
    exported_models[1].save(folder / "2" / "snn.keras")
    return folder


@pytest.fixture(scope="module")
def server(folder):
    pytest.importorskip("openvino")
    options = {"engine": "openvino", "max_batch_size": 4}
    with serving(folder, num_versions=2, **options) as server:
        yield server


def test_an_engine_answers_as_the_saved_model_does(server, exported_models):
    """Spikes are the same, whatever the size of a batch; outputs but for rounding."""
    x = exported_models[2]
    for name in SIGNATURES:
        for rows in (1, ROWS, len(x)):
            body = {"signature_name": name, "inputs": x[:rows].tolist()}
            expected, found = (
                good(server, f"/v1/models/digits/versions/{number}:predict", body)
                for number in (1, 2)
            )
            expected, found = (each["outputs"] for each in (expected, found))
            if name != "anytime":
                counted = [key for key in expected if key != "outputs"]
                assert found.keys() == expected.keys()
                assert all(found[key] == expected[key] for key in counted)
                expected, found = expected["outputs"], found["outputs"]
            np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_answers_are_those_of_the_engine(server, exported_models):
    _, snn, x = exported_models
    rows = good(server, PREDICT, {"instances": x[:ROWS].tolist()})["predictions"]
    expected = snn.run(x[:ROWS], engine="openvino").outputs[0]
    np.testing.assert_array_equal(column(rows, "outputs"), expected)


def test_it_answers_what_evaluate_counts(server, exported_models):
    _, snn, x = exported_models
    rows = good(server, PREDICT, {"instances": x.tolist()})["predictions"]
    labels = column(rows, "outputs").argmax(-1)
    snn.engine = "openvino"
    found = tfsnn.evaluate(snn, (x, labels))
    snn.engine = "tensorflow"
    assert found.simulated_by == "openvino" and found.rows[-1].accuracy == 1
    spikes = column(rows, "spikes").astype(np.float64)
    assert spikes.mean() == pytest.approx(found.rows[-1].spikes, rel=1e-9)


def test_what_simulates_is_known(server):
    assert states(server) == {"2": "AVAILABLE", "1": "AVAILABLE"}
    assert server.models.version("digits", 2).ran_by == "openvino"
    said = server.models.version("digits", 1).ran_by
    assert said.startswith("tensorflow (openvino: a SavedModel is run by TensorFlow")


def test_metadata_is_that_of_the_saved_model(server):
    one, two = (
        good(server, f"/v1/models/digits/versions/{number}/metadata")
        for number in (1, 2)
    )
    one, two = (
        each["metadata"]["signature_def"]["signature_def"] for each in (one, two)
    )
    assert {*two} == {*SIGNATURES}
    for name, signature in two.items():
        for kind in ("inputs", "outputs"):
            assert signature[kind].keys() == one[name][kind].keys()
            for key, info in signature[kind].items():
                assert info["dtype"] == one[name][kind][key]["dtype"]
        (inputs,) = signature["inputs"].values()
        sizes = [size["size"] for size in inputs["tensor_shape"]["dim"]]
        assert sizes == ["-1", "6", "6", "2"]
    (outputs,) = two["anytime"]["outputs"].values()
    sizes = [size["size"] for size in outputs["tensor_shape"]["dim"]]
    assert sizes == ["-1", "5", "3"]


def test_requests_are_checked_as_those_of_saved_models(server):
    status, _, found = ask(server, PREDICT, {"instances": [[1, 2]]})
    assert status == 400 and "takes float32 (B, 6, 6, 2)" in found["error"]
    body = {"session": "one", "instances": [[1, 2]]}
    status, _, found = ask(server, PREDICT, body)
    assert status == 400 and "keeps no state" in found["error"]


def test_a_file_by_itself_is_version_1(folder, exported_models):
    _, snn, x = exported_models
    with serving(folder / "2" / "snn.keras") as server:
        assert server.models.names == {"snn": [1]}
        body = {"signature_name": "outputs_only", "inputs": x[:ROWS].tolist()}
        found = good(server, "/v1/models/snn:predict", body)["outputs"]
    predicted = snn.predict(x[:ROWS], verbose=0)
    np.testing.assert_array_equal(np.float32(found["outputs"]), predicted)


def test_what_openvino_lacks_is_run_by_tensorflow(exported_models, tmp_path):
    pytest.importorskip("openvino")
    path = tmp_path / "late.keras"
    options = {"timesteps": 2, "jitter": 0.5}
    tfsnn.convert(network(2, 3), exported_models[2], "ttfs", **options).save(path)
    version = Loader("openvino", 1)(path)
    for signature, inputs in version.own_requests():
        assert len(signature(inputs)["outputs"]) == 1
    assert version.ran_by.startswith("tensorflow (openvino: OpenVINO lacks Bitcast")


def test_what_is_no_version_is_refused(folder, exported_models, tmp_path):
    version = tmp_path / "two" / "1"
    version.mkdir(parents=True)
    for name in "ab":
        shutil.copy(folder / "2" / "snn.keras", version / f"{name}.keras")
    with pytest.raises(ModelError, match=r"holds the networks a\.keras, b\.keras"):
        Models(tmp_path / "two", load=Loader("tensorflow", 1))
    network(2, 3).save(tmp_path / "ann.keras")
    result = run("serve", tmp_path / "ann.keras", "--port", "0")
    assert result.exit_code == 1 and "not a spiking network" in result.output
    with pytest.raises(tfsnn.OptionError, match="expected one of auto, tensorflow"):
        ServerOptions(engine="onnx")


def test_batches_are_filled_up_to_few_sizes():
    assert sizes_up_to(32) == [1, 4, 16, 32]
    assert sizes_up_to(1) == [1]
