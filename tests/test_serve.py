"""A server of exported networks, asked over HTTP as TF Serving would be."""

import base64
import http.client
import io
import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import exporting
import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from keras import layers
from PIL import Image

from tfsnn.export.saved_model import export_saved_model
from tfsnn.serve.server import Server
from tfsnn.serve.signature import Signature
from tfsnn_cli import serve as serve_command
from tfsnn_cli.main import cli

PREDICT = "/v1/models/digits:predict"
LIMIT = 20_000  # bytes of a request


def network(channels, classes):
    """Without a softmax: its sums are exact, in batches of any size."""
    inputs = keras.Input((6, 6, channels))
    x = layers.Conv2D(4, 3, activation="relu")(inputs)
    return keras.Model(inputs, layers.Dense(classes)(layers.Flatten()(x)))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A folder of three models, a spiking network, and samples of it.

    digits has two versions, of which the second has class names; pixels takes 8-bit
    numbers; images takes JPEG.
    """
    folder = tmp_path_factory.mktemp("exported") / "models"
    snn, x = exporting.converted(lambda: network(2, 3))
    (folder.parent / "names").write_text("cat\ndog\neel\n")
    for names in (None, folder.parent / "names"):
        export_saved_model(snn, folder / "digits", class_names=names)
    export_saved_model(snn, folder / "pixels", input_type="uint8", raw=True)
    coloured, _ = exporting.converted(lambda: network(3, 2))
    export_saved_model(coloured, folder / "images", input_type="jpeg")
    (folder / "not a model").mkdir()
    return folder, snn, x


@contextmanager
def serving(folder, **options):
    server = Server(folder, port=0, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def server(exported):
    with serving(exported[0], max_request_bytes=LIMIT) as server:
        yield server


def ask(server, path, body=None, method=None):
    """Status, headers and JSON of the answer."""
    host, port = server.url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    connection.request(method or ("GET" if body is None else "POST"), path, raw)
    answer = connection.getresponse()
    found = answer.status, dict(answer.getheaders()), json.loads(answer.read())
    connection.close()
    return found


def good(server, path, body=None):
    status, headers, found = ask(server, path, body)
    assert status == 200, found
    assert headers["content-type"] == "application/json"
    return found


def column(rows, name):
    return np.float32([row[name] for row in rows])


def test_rows_and_columns_are_what_the_network_predicts(server, exported):
    _, snn, x = exported
    expected = snn.predict(x[:3], verbose=0)
    rows = good(server, PREDICT, {"instances": x[:3].tolist()})["predictions"]
    assert {*rows[0]} == {"outputs", "steps", "spikes"} and len(rows) == 3
    np.testing.assert_array_equal(column(rows, "outputs"), expected)
    assert [row["steps"] for row in rows] == [5, 5, 5]
    named = [{"inputs": sample.tolist()} for sample in x[:3]]
    assert good(server, PREDICT, {"instances": named})["predictions"] == rows

    columns = good(server, PREDICT, {"inputs": x[:3].tolist()})["outputs"]
    for name in rows[0]:
        assert columns[name] == [row[name] for row in rows]
    body = {"inputs": {"inputs": x[:3].tolist()}, "signature_name": "serving_default"}
    assert good(server, PREDICT, body)["outputs"] == columns


def test_one_output_has_no_name(server, exported):
    _, snn, x = exported
    body = {"signature_name": "anytime"}
    rows = good(server, PREDICT, {**body, "instances": x[:2].tolist()})["predictions"]
    over_time = np.swapaxes(snn.simulate(x[:2]).outputs[0], 0, 1)
    np.testing.assert_array_equal(np.float32(rows), over_time)
    columns = good(server, PREDICT, {**body, "inputs": x[:2].tolist()})["outputs"]
    assert columns == rows


def test_8_bit_numbers(server, exported):
    _, snn, _ = exported
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 2))
    found = good(server, "/v1/models/pixels:predict", {"instances": pixels.tolist()})
    expected = snn.predict(pixels.astype(np.float32), verbose=0)
    np.testing.assert_array_equal(column(found["predictions"], "outputs"), expected)


def encoded(values):
    stored = io.BytesIO()
    Image.fromarray(values).save(stored, "PNG")
    return stored.getvalue()


def test_images_in_base64_and_one_that_is_none_fails_alone(exported):
    """Joined into one batch, for they wait for each other: only the bad one is 400."""
    folder = exported[0] / "images"
    images = np.random.default_rng(0).integers(0, 256, (3, 6, 6, 3)).astype(np.uint8)
    stored = [encoded(image) for image in images]
    served = tf.saved_model.load(str(folder / "1")).signatures["serving_default"]
    expected = served(inputs=tf.constant(stored))["outputs"].numpy()
    texts = [*map(base64.b64encode, stored), base64.b64encode(b"no image")]
    bodies = [{"instances": [{"b64": text.decode()}]} for text in texts]
    options = {"max_batch_size": 4, "batch_timeout_micros": 20_000_000}
    with serving(folder, **options) as server, ThreadPoolExecutor(4) as pool:
        path = "/v1/models/images:predict"
        *found, bad = pool.map(lambda body: ask(server, path, body), bodies)
    for i, (status, _, answer) in enumerate(found):
        assert status == 200
        outputs = column(answer["predictions"], "outputs")
        np.testing.assert_array_equal(outputs, expected[i : i + 1])
    assert bad[0] == 400 and {*bad[2]} == {"error"}


def test_classes_and_scores(server, exported):
    _, snn, x = exported
    examples = [{"inputs": sample.ravel().tolist()} for sample in x[:2]]
    body = {"signature_name": "classify", "examples": examples}
    found = good(server, "/v1/models/digits:classify", body)["results"]
    for pairs, scores in zip(found, snn.predict(x[:2], verbose=0), strict=True):
        order = np.argsort(-scores, kind="stable")
        names = np.array(["cat", "dog", "eel"])[order]
        assert [name for name, _ in pairs] == names.tolist()
        assert (
            np.float32([score for _, score in pairs]).tolist() == scores[order].tolist()
        )
    body = {"signature_name": "classify", "context": examples[0], "examples": [{}]}
    assert good(server, "/v1/models/digits:classify", body)["results"] == found[:1]
    status, _, error = ask(server, "/v1/models/digits:classify", {"examples": examples})
    assert status == 400 and "does not classify" in error["error"]


def test_versions_and_status(server, exported):
    def of(*numbers):
        status = {"error_code": "OK", "error_message": ""}
        return {
            "model_version_status": [
                {"version": n, "state": "AVAILABLE", "status": status} for n in numbers
            ]
        }

    assert good(server, "/v1/models/digits") == of("2", "1")
    assert good(server, "/v1/models/digits/versions/1") == of("1")
    assert server.models.names == {"digits": [1, 2], "images": [1], "pixels": [1]}
    body = {"instances": exported[2][:1].tolist()}
    path = "/v1/models/digits/versions/1:predict"
    assert good(server, path, body) == good(server, PREDICT, body)
    assert "classify" not in signatures(server, "digits/versions/1")
    assert "classify" in signatures(server, "digits")


def signatures(server, model):
    found = good(server, f"/v1/models/{model}/metadata")
    return found["metadata"]["signature_def"]["signature_def"]


def test_metadata(server):
    found = good(server, "/v1/models/pixels/metadata")
    spec = {"name": "pixels", "signature_name": "", "version": "1"}
    assert found["model_spec"] == spec
    default = signatures(server, "pixels")["serving_default"]
    assert default["method_name"] == "tensorflow/serving/predict"
    (inputs,) = default["inputs"].values()
    sizes = [{"size": size, "name": ""} for size in ("-1", "6", "6", "2")]
    assert inputs["dtype"] == "DT_UINT8"
    assert inputs["tensor_shape"] == {"dim": sizes, "unknown_rank": False}
    assert default["outputs"]["steps"]["dtype"] == "DT_INT32"


ZEROS = np.zeros((1, 6, 6, 2)).tolist()
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


def test_callers_at_once_each_get_their_own_answer(exported, monkeypatch):
    """Of other inputs and batch sizes, also beyond a batch; joined into fewer runs."""
    folder, snn, _ = exported
    rng = np.random.default_rng(0)
    sizes = [1 + i % 11 for i in range(32)]
    x = [rng.integers(0, 17, (n, 6, 6, 2)).astype(np.float32) / 16 for n in sizes]
    expected = np.split(snn.predict(np.concatenate(x), verbose=0), np.cumsum(sizes))
    run, called = Signature.__call__, []

    def counted(signature, inputs):
        called.append(len(inputs["inputs"]))
        return run(signature, inputs)

    monkeypatch.setattr(Signature, "__call__", counted)
    options = {"max_batch_size": 8, "batch_timeout_micros": 50_000}
    together = threading.Barrier(32)

    def call(server, i):
        together.wait()
        form = ("instances", "inputs")[i % 2]
        found = []
        for _ in range(3):
            answer = good(server, PREDICT, {form: x[i].tolist()})
            columns = form == "inputs"
            found.append(
                np.float32(answer["outputs"]["outputs"])
                if columns
                else column(answer["predictions"], "outputs")
            )
        return found

    with (
        serving(folder / "digits", **options) as server,
        ThreadPoolExecutor(32) as pool,
    ):
        answers = list(pool.map(lambda i: call(server, i), range(32)))
    for own, found in zip(expected, answers, strict=False):
        for answer in found:
            np.testing.assert_array_equal(answer, own)
    assert sum(called) == 3 * sum(sizes) and max(called) == 8
    # Alone, the requests would take a run each, and those of 9 and more two.
    assert len(called) < 3 * sum(1 + (n > 8) for n in sizes)


def test_the_queue_is_bounded_and_what_is_in_it_is_answered(exported, monkeypatch):
    folder, x = exported[0] / "digits", exported[2]
    run, entered, go_on = Signature.__call__, threading.Event(), threading.Event()

    def held(signature, inputs):
        entered.set()
        assert go_on.wait(30)
        return run(signature, inputs)

    monkeypatch.setattr(Signature, "__call__", held)
    body = {"instances": x[:1].tolist()}
    with serving(folder, queue_size=2) as server, ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, server, PREDICT, body)
        assert entered.wait(30)
        second = pool.submit(ask, server, PREDICT, body)
        deadline = time.monotonic() + 30
        while server.api.inside < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        status, headers, error = ask(server, PREDICT, body)
        assert status == 503 and headers["retry-after"] == "1"
        assert "queue is full: 2" in error["error"]
        assert good(server, "/v1/models/digits")  # still tells its status
        server.stop()  # what is inside is answered all the same
        go_on.set()
        assert first.result()[0] == second.result()[0] == 200
    assert server.api.inside == 0


def test_what_fails_inside_is_an_error_500(exported, monkeypatch):
    def broken(signature, inputs):
        raise RuntimeError("broken")

    monkeypatch.setattr(Signature, "__call__", broken)
    with serving(exported[0] / "digits") as server:
        body = {"instances": ZEROS}
        assert ask(server, PREDICT, body)[::2] == (
            500,
            {"error": "RuntimeError: broken"},
        )


def run_cli(*arguments):
    return CliRunner().invoke(cli, ["serve", *map(str, arguments)])


def test_folders_that_cannot_be_served(exported, tmp_path):
    folder = exported[0]
    for path, says in (
        (tmp_path / "none", "is not a folder"),
        (tmp_path, "has no version of a model in it"),
        (folder / "digits" / "1", f"give {folder / 'digits'}"),
    ):
        refused = run_cli(path, "--port", 0)
        assert refused.exit_code == 1 and says in refused.stderr
    broken = tmp_path / "broken" / "3"
    broken.mkdir(parents=True)
    (broken / "saved_model.pb").write_bytes(b"no protobuf")
    refused = run_cli(broken.parent, "--port", 0)
    assert refused.exit_code == 1 and f"{broken} cannot be loaded" in refused.stderr


def test_a_port_in_use(exported):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run_cli(exported[0], "--port", port)
    assert refused.exit_code == 1 and len(refused.stderr.splitlines()) == 1
    assert f"cannot listen at 127.0.0.1, port {port}: Address" in refused.stderr


def test_ctrl_c_ends_the_command_once_what_came_is_answered(exported, monkeypatch):
    run, entered, go_on = Signature.__call__, threading.Event(), threading.Event()
    started = []

    def held(signature, inputs):
        entered.set()
        assert go_on.wait(30)
        return run(signature, inputs)

    def client():
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, started[0], PREDICT, {"instances": ZEROS})
            assert entered.wait(30)
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.2)
            go_on.set()
            return answer.result()

    monkeypatch.setattr(Signature, "__call__", held)
    with ThreadPoolExecutor(1) as pool:
        answers = []

        def announce(server):
            shown(server)
            started.append(server)
            answers.append(pool.submit(client))

        shown = serve_command._announce
        monkeypatch.setattr(serve_command, "_announce", announce)
        ended = run_cli(exported[0] / "digits", "--port", 0)
    assert ended.exit_code == 0, ended.output
    assert answers[0].result()[0] == 200
    url = started[0].url
    assert url.startswith("http://127.0.0.1:") and ended.stdout == ""
    assert ended.stderr.splitlines() == [
        f"digits (version 1, 2): {url}/v1/models/digits:predict",
        "Ctrl-C to stop",
    ]
    with pytest.raises(ConnectionRefusedError):
        ask(started[0], "/v1/models/digits")
