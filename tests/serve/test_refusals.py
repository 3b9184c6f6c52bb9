"""What a server of exported networks refuses: requests, folders, ports; how it ends."""

import http.client
import os
import shutil
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from asking import PREDICT, ZEROS, ask, good, serving
from command_line import run

from tfsnn.serve.signature import Signature
from tfsnn_cli import serve as serve_command

LIMIT = 20_000  # bytes of a request


@pytest.fixture(scope="module")
def server(exported_models):
    with serving(exported_models[0], max_request_bytes=LIMIT) as server:
        yield server


RAGGED = [[[[0, 0]] * 6] * 5 + [[[0, 0]] * 5]]


def with_value(value):
    x = np.zeros((1, 6, 6, 2), object)
    x[0, 1, 2, 1] = value
    return {"instances": x.tolist()}


@pytest.mark.parametrize(
    "path, body, status, says",
    [
        (PREDICT, b"{", 400, "JSON Parse error"),
        (PREDICT, b"\xff", 400, "JSON Parse error"),
        (PREDICT, b"[" * 9000, 400, "JSON Parse error"),
        (PREDICT, b"[]", 400, "not an object"),
        (PREDICT, {}, 400, "Missing 'inputs' or 'instances' key"),
        (PREDICT, {"instances": ZEROS, "inputs": ZEROS}, 400, "only one of"),
        (PREDICT, {"instances": []}, 400, "No values in 'instances'"),
        (PREDICT, {"instances": 3}, 400, "to be a list/array"),
        (PREDICT, {"instances": [{"x": 1}]}, 400, "element: 0 of 'instances'"),
        (PREDICT, {"instances": [{"inputs": 1}, 1]}, 400, "all objects or all values"),
        (PREDICT, {"inputs": {"x": 1}}, 400, "Missing named input: inputs"),
        (PREDICT, {"inputs": []}, 400, "got the shape (0,)"),
        (PREDICT, {"instances": ZEROS[0]}, 400, "takes float32 (B, 6, 6, 2)"),
        (PREDICT, {"instances": RAGGED}, 400, "is ragged"),
        (PREDICT, with_value("a"), 400, "expected float32, got text"),
        (PREDICT, with_value(True), 400, "expected float32, got true or false"),
        (PREDICT, with_value(None), 400, "expected float32, got null"),
        (PREDICT, with_value({"b64": ""}), 400, "expected float32, got an object"),
        (PREDICT, with_value(float("nan")), 400, "must be finite"),
        (PREDICT, with_value(float("-inf")), 400, "must be finite"),
        (PREDICT, with_value(1e39), 400, "must be finite"),
        (PREDICT, with_value(10**400), 400, "must be finite"),
        ("/v1/models/pixels:predict", with_value(0.5), 400, "expected uint8"),
        ("/v1/models/pixels:predict", with_value(256), 400, "from 0 to 255"),
        ("/v1/models/pixels:predict", with_value(-1), 400, "from 0 to 255"),
        ("/v1/models/images:predict", {"inputs": [{"b64": "?"}]}, 400, "base64"),
        ("/v1/models/images:predict", {"inputs": [1]}, 400, "expected text"),
        (PREDICT, {"inputs": ZEROS, "signature_name": "x"}, 400, '"x" not found'),
        (PREDICT, {"inputs": ZEROS, "signature_name": 1}, 400, "must be a string"),
        (PREDICT, b" " * (LIMIT + 1), 413, f"larger than {LIMIT} bytes"),
        (PREDICT, None, 400, f"Malformed request: GET {PREDICT}"),
        ("/v1/models/digits", {}, 400, "Malformed request: POST"),
        ("/v1/models/digits:regress", {}, 501, "not served"),
        ("/v1/models/cats:predict", {}, 404, "not found for request: Latest(cats)"),
        ("/v1/models/digits/versions/9:predict", {}, 404, "Specific(digits, 9)"),
        ("/v1/models/cats", None, 404, "any versions of model cats"),
        ("/v1/models/digits/versions/9", None, 404, "version 9 of model digits"),
        ("/v1/models/cats/metadata", None, 404, "Latest(cats)"),
        ("/v1/models/digits/labels/best:predict", {}, 400, "label: best"),
        ("/", None, 404, "Not found: /"),
    ],
)
def test_what_is_refused(server, path, body, status, says):
    found, headers, error = ask(server, path, body)
    assert found == status, error
    assert headers["content-type"] == "application/json"
    assert {*error} == {"error"} and says in error["error"]


def test_a_large_body_of_unknown_length_is_refused(server):
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("POST", PREDICT, iter([b" " * 7000] * 200))
    answer = connection.getresponse()
    assert answer.status == 413 and b"larger than" in answer.read()
    connection.close()


def test_the_queue_is_bounded_and_what_is_in_it_is_answered(
    exported_models, monkeypatch
):
    folder, x = exported_models[0] / "digits", exported_models[2]
    run, entered, go_on = Signature.__call__, threading.Event(), threading.Event()

    def held(signature, inputs):
        entered.set()
        assert go_on.wait(30)
        return run(signature, inputs)

    body = {"instances": x[:1].tolist()}
    with serving(folder, queue_size=2) as server, ThreadPoolExecutor(2) as pool:
        monkeypatch.setattr(Signature, "__call__", held)
        first = pool.submit(ask, server, PREDICT, body)
        assert entered.wait(30)
        second = pool.submit(ask, server, PREDICT, body)
        deadline = time.monotonic() + 30
        while server.api.in_flight < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        status, headers, error = ask(server, PREDICT, body)
        assert status == 503 and headers["retry-after"] == "1"
        assert "queue is full: 2" in error["error"]
        assert good(server, "/v1/models/digits")  # still tells its status
        server.stop()  # what is inside is answered all the same
        go_on.set()
        assert first.result()[0] == second.result()[0] == 200
    assert server.api.in_flight == 0


def test_what_fails_inside_is_an_error_500(exported_models, monkeypatch):
    def broken(signature, inputs):
        raise RuntimeError("broken")

    with serving(exported_models[0] / "digits") as server:
        monkeypatch.setattr(Signature, "__call__", broken)
        body = {"instances": ZEROS}
        assert ask(server, PREDICT, body)[::2] == (
            500,
            {"error": "RuntimeError: broken"},
        )


def test_folders_that_cannot_be_served(exported_models, tmp_path):
    folder = exported_models[0]
    for path, says in (
        (tmp_path / "none", "is not a folder"),
        (tmp_path, "has no version of a model in it"),
        (folder / "digits" / "1", f"give {folder / 'digits'}"),
    ):
        refused = run("serve", path, "--port", 0)
        assert refused.exit_code == 1 and says in refused.stderr
    broken = tmp_path / "broken" / "3"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no protobuf")
    refused = run("serve", broken.parent, "--port", 0)
    assert refused.exit_code == 1 and f"{broken} cannot be loaded" in refused.stderr


def test_folders_of_other_names_are_no_versions(exported_models, tmp_path):
    """TF Serving's numbers have 64 bits, and digits are those of ASCII."""
    source, largest = exported_models[0] / "digits" / "1", 2**63 - 1
    for name in ("7", "09", f"{largest}", f"{largest + 1}", "9" * 200, "٣", "²", "1.0"):
        shutil.copytree(source, tmp_path / "digits" / name)
    with serving(tmp_path, num_versions=9) as server:
        assert server.models.names == {"digits": [7, 9, largest]}
        path = f"/v1/models/digits/versions/{largest}:predict"
        assert good(server, path, {"instances": ZEROS})


def test_a_port_in_use(exported_models):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run("serve", exported_models[0], "--port", port)
    assert refused.exit_code == 1 and len(refused.stderr.splitlines()) == 1
    assert f"cannot listen at 127.0.0.1, port {port}: Address" in refused.stderr


def test_ctrl_c_ends_the_command_once_what_came_is_answered(
    exported_models, monkeypatch
):
    given, entered, go_on = Signature.__call__, threading.Event(), threading.Event()
    started = []

    def held(signature, inputs):
        entered.set()
        assert go_on.wait(30)
        return given(signature, inputs)

    def client():
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, started[0], PREDICT, {"instances": ZEROS})
            assert entered.wait(30)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
            go_on.set()
            return answer.result()

    with ThreadPoolExecutor(1) as pool:
        answers = []

        def announce(server):
            shown(server)
            monkeypatch.setattr(Signature, "__call__", held)
            started.append(server)
            answers.append(pool.submit(client))

        shown = serve_command._announce
        monkeypatch.setattr(serve_command, "_announce", announce)
        ended = run("serve", exported_models[0] / "digits", "--port", 0)
    assert ended.exit_code == 0, ended.output
    assert answers[0].result()[0] == 200
    url = started[0].url
    assert url.startswith("http://127.0.0.1:") and ended.stdout == ""
    assert ended.stderr.splitlines() == [
        f"digits (version 2): {url}/v1/models/digits:predict",
        "Ctrl-C to stop",
    ]
    with pytest.raises(ConnectionRefusedError):
        ask(started[0], "/v1/models/digits")
