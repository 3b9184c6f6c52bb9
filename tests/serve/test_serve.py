"""A server of exported networks answers over HTTP as TF Serving would."""

import base64
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from asking import PREDICT, ask, column, good, serving
from PIL import Image

from tfsnn.serve.signature import Signature


@pytest.fixture(scope="module")
def server(exported_models):
    with serving(exported_models[0]) as server:
        yield server


def test_rows_and_columns_are_what_the_network_predicts(server, exported_models):
    _, snn, x = exported_models
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


def test_one_output_has_no_name(server, exported_models):
    _, snn, x = exported_models
    body = {"signature_name": "anytime"}
    rows = good(server, PREDICT, {**body, "instances": x[:2].tolist()})["predictions"]
    over_time = np.swapaxes(snn.simulate(x[:2]).outputs[0], 0, 1)
    np.testing.assert_array_equal(np.float32(rows), over_time)
    columns = good(server, PREDICT, {**body, "inputs": x[:2].tolist()})["outputs"]
    assert columns == rows


def test_8_bit_numbers(server, exported_models):
    _, snn, _ = exported_models
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 2))
    found = good(server, "/v1/models/pixels:predict", {"instances": pixels.tolist()})
    expected = snn.predict(pixels.astype(np.float32), verbose=0)
    np.testing.assert_array_equal(column(found["predictions"], "outputs"), expected)


def encoded(values):
    stored = io.BytesIO()
    Image.fromarray(values).save(stored, "PNG")
    return stored.getvalue()


def test_images_in_base64_and_one_that_is_none_fails_alone(exported_models):
    """Joined into one batch, for they wait for each other: only the bad one is 400."""
    folder = exported_models[0] / "images"
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


def test_classes_and_scores(server, exported_models):
    _, snn, x = exported_models
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


@pytest.mark.slow
def test_callers_at_once_each_get_their_own_answer(exported_models, monkeypatch):
    """Of other inputs and batch sizes, also beyond a batch; joined into fewer runs."""
    folder, snn, _ = exported_models
    rng = np.random.default_rng(0)
    sizes = [1 + i % 11 for i in range(32)]
    x = [rng.integers(0, 17, (n, 6, 6, 2)).astype(np.float32) / 16 for n in sizes]
    expected = np.split(snn.predict(np.concatenate(x), verbose=0), np.cumsum(sizes))
    run, called = Signature.__call__, []

    def counted(signature, inputs):
        called.append(len(inputs["inputs"]))
        return run(signature, inputs)

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
        monkeypatch.setattr(Signature, "__call__", counted)  # not while it warms up
        answers = list(pool.map(lambda i: call(server, i), range(32)))
    for own, found in zip(expected, answers, strict=False):
        for answer in found:
            np.testing.assert_array_equal(answer, own)
    assert sum(called) == 3 * sum(sizes) and max(called) == 8
    # Alone, the requests would take a run each, and those of 9 and more two.
    assert len(called) < 3 * sum(1 + (n > 8) for n in sizes)
