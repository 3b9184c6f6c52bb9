"""A server takes up new versions while it runs; what is asked meanwhile is answered."""

import logging
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import asking
import exporting
import numpy as np
import pytest
from asking import PREDICT, ask, column, good, serving, states
from google.protobuf import json_format

from tfsnn.errors import OptionError
from tfsnn.serve.server import ServerOptions
from tfsnn.serve.signature import Signature

WARNINGS = "tfsnn.serve.models"


@pytest.fixture(scope="module")
def two(exported_models, tmp_path_factory):
    """Versions of two networks that answer differently, samples, and both answers."""
    folder, snn, x = exported_models
    other, _ = exporting.converted(lambda: asking.network(2, 3, filters=3))
    exported = asking.write(other, tmp_path_factory.mktemp("other") / "digits")
    answers = [net.predict(x[:2], verbose=0) for net in (snn, other)]
    assert not np.array_equal(*answers)
    return (folder / "digits" / "1", exported.path), x[:2], answers


def appear(source, target):
    """As an export does it: under another name first."""
    part = target.with_name(f".{target.name}.part")
    shutil.copytree(source, part)
    part.rename(target)


@pytest.fixture
def digits(two, tmp_path):
    """A model's folder with the first network as version 1."""
    folder = tmp_path / "digits"
    folder.mkdir()
    appear(two[0][0], folder / "1")
    return folder


@pytest.fixture
def which(two):
    """Asks a server for both samples; 0 or 1, the network that answered."""
    _, x, answers = two
    body = {"instances": x.tolist()}

    def asked(server, path=PREDICT):
        outputs = column(good(server, path, body)["predictions"], "outputs")
        (found,) = (i for i, own in enumerate(answers) if np.array_equal(outputs, own))
        return found

    return asked


def version(number, verb=":predict"):
    return f"/v1/models/digits/versions/{number}{verb}"


@pytest.mark.slow
def test_a_new_version_takes_the_place_of_the_older(two, digits, which):
    with serving(digits) as server:
        assert states(server) == {"1": "AVAILABLE"}
        assert which(server) == which(server, version(1)) == 0
        appear(two[0][1], digits / "7")
        assert which(server) == 0
        server.models.refresh()
        assert states(server) == {"7": "AVAILABLE", "1": "END"}
        assert which(server) == which(server, version(7)) == 1
        status, _, error = ask(server, version(1), {"instances": []})
        assert status == 404
        assert error["error"] == ("Servable not found for request: Specific(digits, 1)")
        assert states(server, "digits/versions/1") == {"1": "END"}
        assert server.models.names == {"digits": [7]}
        metadata = good(server, "/v1/models/digits/metadata")
        assert metadata["model_spec"]["version"] == "7"


@pytest.mark.slow
def test_the_newest_versions_are_loaded_and_an_older_one_where_they_go(
    two, digits, which
):
    appear(two[0][1], digits / "2")
    with serving(digits, num_versions=2) as server:
        assert states(server) == {"2": "AVAILABLE", "1": "AVAILABLE"}
        assert (which(server), which(server, version(1))) == (1, 0)
        appear(two[0][0], digits / "3")
        server.models.refresh()
        assert server.models.names == {"digits": [2, 3]}
        assert (which(server), which(server, version(2))) == (0, 1)
        shutil.rmtree(digits / "3")
        server.models.refresh()
        expected = {"3": "END", "2": "AVAILABLE", "1": "AVAILABLE"}
        assert states(server) == expected
        assert (which(server), which(server, version(1))) == (1, 0)


@pytest.mark.slow
def test_only_the_newest_version_is_loaded_if_nothing_is_said(exported_models):
    with serving(exported_models[0]) as server:
        assert server.models.names == {"digits": [2], "images": [1], "pixels": [1]}
        assert states(server) == {"2": "AVAILABLE"}
        status, _, error = ask(server, "/v1/models/digits/versions/1")
        assert status == 404 and "version 1 of model digits" in error["error"]


def test_a_request_to_the_older_version_is_answered_by_it(
    two, digits, which, monkeypatch
):
    run, entered, go_on = Signature.__call__, threading.Event(), threading.Event()
    with serving(digits) as server, ThreadPoolExecutor(1) as pool:
        older = server.models.version("digits", None).signature(None)

        def held(signature, inputs):
            if signature is older:
                entered.set()
                assert go_on.wait(30)
            return run(signature, inputs)

        monkeypatch.setattr(Signature, "__call__", held)
        first = pool.submit(which, server)
        assert entered.wait(30)
        appear(two[0][1], digits / "2")
        server.models.refresh()
        server.models.refresh()
        assert states(server) == {"2": "AVAILABLE", "1": "UNLOADING"}
        assert ask(server, version(1), {"instances": []})[0] == 404
        go_on.set()
        assert first.result() == 0
        server.models.refresh()
        assert states(server) == {"2": "AVAILABLE", "1": "END"}
        assert which(server) == 1


@pytest.mark.slow
def test_callers_meet_no_error_and_change_over_once(two, digits, which):
    """While the server itself looks into the folder, and requests come all the time."""
    callers = 4
    together = threading.Barrier(callers + 1)

    def call(server):
        answers = []
        end = time.monotonic() + 60
        while answers[-5:] != [1] * 5 and time.monotonic() < end:
            answers.append(which(server))
            if len(answers) == 5:
                together.wait(30)
        return answers

    def publish():
        together.wait(30)  # every caller has had answers of the older one
        appear(two[0][1], digits / "2")

    with (
        serving(digits, file_system_poll_wait_seconds=0.02) as server,
        ThreadPoolExecutor(callers + 1) as pool,
    ):
        calls = [pool.submit(call, server) for _ in range(callers)]
        pool.submit(publish).result()
        found = [each.result() for each in calls]
        assert states(server)["2"] == "AVAILABLE"
    for answers in found:
        changes = np.diff(answers)
        assert answers[0] == 0 and answers[-1] == 1
        assert changes.min() == 0 and changes.sum() == 1


def test_a_broken_version_changes_nothing_until_it_is_mended(
    two, digits, which, caplog
):
    from tensorflow_serving.apis import get_model_status_pb2

    broken = digits / "2"
    broken.mkdir()
    with serving(digits) as server, caplog.at_level(logging.WARNING, WARNINGS):
        server.models.refresh()  # no SavedModel yet, so none that is broken
        assert states(server) == {"1": "AVAILABLE"}
        (broken / "saved_model.pb").write_bytes(b"no protobuf")
        for _ in range(3):
            server.models.refresh()
        assert which(server) == 0
        found = good(server, "/v1/models/digits")
        latest, older = found["model_version_status"]
        assert (latest["version"], latest["state"]) == ("2", "END")
        assert latest["status"]["error_code"] == "UNKNOWN"
        assert f"{broken} cannot be loaded" in latest["status"]["error_message"]
        fine = {"error_code": "OK", "error_message": ""}
        assert older == {"version": "1", "state": "AVAILABLE", "status": fine}
        response = get_model_status_pb2.GetModelStatusResponse()
        json_format.ParseDict(found, response)  # TF Serving's own names
        assert response.model_version_status[0].state == 50
        (told,) = (record.getMessage() for record in caplog.records)
        assert told.startswith("digits: version 2 does not answer, version 1 goes on: ")
        assert latest["status"]["error_message"] in told

        shutil.rmtree(broken)
        appear(two[0][1], broken)
        server.models.refresh()
        assert which(server) == 1 and len(caplog.records) == 1
        assert states(server) == {"2": "AVAILABLE", "1": "END"}
        latest, _ = good(server, "/v1/models/digits")["model_version_status"]
        assert latest["status"] == fine


@pytest.mark.slow
def test_a_folder_that_is_gone_changes_nothing(two, digits, which, caplog):
    away = digits.with_name("away")
    with serving(digits) as server, caplog.at_level(logging.WARNING, WARNINGS):
        digits.rename(away)
        for _ in range(2):
            server.models.refresh()
        assert which(server) == 0
        (told,) = (record.getMessage() for record in caplog.records)
        assert told.startswith(f"{digits} is not a folder")
        away.rename(digits)
        appear(two[0][1], digits / "2")
        server.models.refresh()
        assert which(server) == 1


@pytest.mark.slow
def test_a_fault_of_ours_is_told_once_and_does_not_end_the_watch(
    two, digits, which, caplog, monkeypatch
):
    looks = threading.Semaphore(0)

    def fail(folder):
        looks.release()
        raise ZeroDivisionError("of ours")

    with (
        caplog.at_level(logging.WARNING, WARNINGS),
        serving(digits, file_system_poll_wait_seconds=0.02) as server,
    ):
        with monkeypatch.context() as patch:
            patch.setattr("tfsnn.serve.models.find_models", fail)
            assert all(looks.acquire(timeout=30) for _ in range(3))
        (told,) = caplog.records
        assert told.getMessage() == "ZeroDivisionError: of ours" and told.exc_info
        appear(two[0][1], digits / "2")
        end = time.monotonic() + 30
        while which(server) != 1:
            assert time.monotonic() < end


def test_a_model_that_appears_is_served(two, digits, which):
    with serving(digits.parent) as server:
        assert server.models.names == {"digits": [1]}
        more = digits.with_name("more")
        more.mkdir()
        appear(two[0][1], more / "1")
        server.models.refresh()
        assert server.models.names == {"digits": [1], "more": [1]}
        assert which(server, "/v1/models/more:predict") == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [("num_versions", 0), ("file_system_poll_wait_seconds", float("nan"))],
)
def test_impossible_options_are_refused(option, value):
    with pytest.raises(OptionError, match=f"{option}={value} must be at least"):
        ServerOptions(**{option: value})
