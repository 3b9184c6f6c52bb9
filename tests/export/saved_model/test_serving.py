"""An exported SavedModel in programs that know nothing of tfsnn."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import keras
import models
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from repository import SUPPORT
from tensorflow.core.protobuf import saved_model_pb2

import tfsnn
from tfsnn.export.saved_model.writing import export_saved_model

pytestmark = [pytest.mark.processes, pytest.mark.slow]

SERVER = shutil.which("tensorflow_model_server")
CLASSES = ("cat", "dog", "eel")
SHAPE = (6, 6, 2)

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc")
needs_server = pytest.mark.skipif(
    SERVER is None, reason="no tensorflow_model_server on the PATH"
)


def network():
    """Convolutions, one of them grouped, and a running sum; no softmax, so exact."""
    x = keras.Input(SHAPE)
    a = layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    b = layers.MaxPooling2D(2)(a)
    b = layers.Conv2D(4, 2, groups=2, activation="relu")(b)
    joined = layers.Concatenate()([layers.Flatten()(a), layers.Flatten()(b)])
    return models.dyadic(keras.Model(x, layers.Dense(3)(joined)))


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """What was exported, inputs, and what the network predicts for them."""
    work = tmp_path_factory.mktemp("served")
    model = network()
    x = models.samples(model, 7)
    snn = tfsnn.convert(model, x, timesteps=4, levels=3, correct="none")
    (work / "names").write_text("\n".join(CLASSES))
    exported = export_saved_model(
        snn,
        work / "models" / "pets",
        batch_sizes=(1, 3),
        xla=True,
        class_names=work / "names",
    )
    trace = snn.simulate(x)
    expected = {
        "outputs": snn.predict(x, verbose=0),
        "anytime": np.swapaxes(trace.outputs[0], 0, 1),
        "steps": np.full(7, 4, np.int32),
        "spikes": sum((s != 0).sum(axis=(0, 2, 3, 4)) for s in trace.spikes.values()),
    }
    return exported, x, expected


@pytest.fixture(scope="module")
def plain(served, tmp_path_factory):
    """What a process without tfsnn made of it: its folder, and found.json."""
    exported, x, _ = served
    work = tmp_path_factory.mktemp("plain")
    for batch in (1, 7):
        np.save(work / f"batch{batch}.npy", x[:batch])
    rows = [{"inputs": sample.ravel().tolist()} for sample in x]
    (work / "examples.json").write_text(json.dumps(rows))
    program = [sys.executable, str(SUPPORT / "plain_tensorflow.py")]
    unset = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [*program, exported.path, work], capture_output=True, text=True, env=unset
    )
    assert done.returncode == 0, done.stderr
    return work, json.loads((work / "found.json").read_text())


@pytest.mark.parametrize("batch", [1, 7])
def test_saved_model_cli_gives_what_predict_gives(served, plain, batch):
    _, _, expected = served
    work, found = plain
    assert found["tfsnn"] == []
    for name in ("outputs", "steps", "spikes"):
        answer = np.load(work / f"default{batch}" / f"{name}.npy")
        assert answer.shape == expected[name][:batch].shape
        assert (answer == expected[name][:batch]).all(), name
    answer = np.load(work / f"anytime{batch}" / "outputs.npy")
    assert (answer == expected["anytime"][:batch]).all()


def test_saved_model_cli_classifies_examples(served, plain):
    work, _ = plain
    outputs = served[2]["outputs"]
    scores = np.load(work / "classify" / "scores.npy")
    assert (scores == np.sort(outputs)[:, ::-1]).all()
    names = np.load(work / "classify" / "classes.npy", allow_pickle=True)
    assert names[:, 0].tolist() == [CLASSES[k].encode() for k in outputs.argmax(-1)]


def test_the_warm_up_requests_are_answered(plain):
    requests = plain[1]["warm_up"]
    default = {"outputs": [3], "steps": [], "spikes": []}

    def answers(signature, batch, rest):
        return [signature, {name: [batch, *shape] for name, shape in rest.items()}]

    others = [
        answers("outputs_only", 1, {"outputs": [3], "steps": []}),
        answers("anytime", 1, {"outputs": [4, 3]}),
        answers("classify", 1, {"classes": [3], "scores": [3]}),
    ]
    for_all = [answers("serving_default", n, default) for n in (1, 3)]
    assert requests["tf_serving_warmup_requests"] == [*for_all, *others]
    compiled = [answers("serving_xla", n, default) for n in (1, 3)]
    compiled += [answers(f"serving_xla_{n}", n, default) for n in (1, 3)]
    assert requests["tf_serving_warmup_requests_xla"] == [
        for_all[0],
        *others,
        *compiled,
    ]


def test_threads_get_their_own_answers(plain):
    """A short run of benchmarks/service/load.py."""
    found = plain[1]["threads"]
    assert found["threads"] == found["distinct"] == 64
    assert found["wrong"] == 0
    assert found["fewest_of_a_caller"] > 0


@needs_gcc
def test_a_c_program_gives_what_predict_gives(served, tmp_path):
    exported, x, expected = served
    library = Path(tf.sysconfig.get_lib())
    program = tmp_path / "program"
    subprocess.run(
        [
            *("gcc", "-Wall", "-Werror", SUPPORT / "c_api_saved_model.c"),
            *("-o", program),
            *("-I", tf.sysconfig.get_include(), f"-Wl,-rpath,{library}"),
            *library.glob("libtensorflow_cc.so.*"),
            *library.glob("libtensorflow_framework.so.*"),
        ],
        check=True,
    )
    stored = (exported.path / "saved_model.pb").read_bytes()
    (meta,) = saved_model_pb2.SavedModel.FromString(stored).meta_graphs
    signature = meta.signature_def["serving_default"]
    names = [signature.outputs[name].name for name in ("outputs", "steps", "spikes")]
    files = []
    for batch in (1, 7):
        files.append(tmp_path / f"batch{batch}")
        files[-1].write_bytes(x[:batch].tobytes())
    arguments = [exported.path, signature.inputs["inputs"].name, "6,6,2"]
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [program, *arguments, ",".join(names), *files],
        capture_output=True,
        text=True,
        env=quiet,
    )
    assert done.returncode == 0, done.stderr
    for batch, file in zip((1, 7), files, strict=True):
        for i, (name, dtype) in enumerate(
            {"outputs": np.float32, "steps": np.int32, "spikes": np.float32}.items()
        ):
            answer = np.frombuffer(Path(f"{file}.{i}").read_bytes(), dtype)
            assert (answer == expected[name][:batch].ravel()).all(), name


@contextmanager
def model_server(exported, *flags):
    """TF Serving on free ports: those of gRPC and REST."""
    ports = []
    for _ in range(2):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
    base = exported.path.parent
    process = subprocess.Popen(
        [
            *(SERVER, f"--port={ports[0]}", f"--rest_api_port={ports[1]}"),
            *(f"--model_name={exported.model}", f"--model_base_path={base}"),
            *flags,
        ]
    )
    try:
        for _ in range(600):
            assert process.poll() is None, "the server ended"
            try:
                status = rest(ports[1], exported.model)
            except (urllib.error.URLError, ConnectionError):
                status = {}
            versions = status.get("model_version_status", [])
            if [version["state"] for version in versions] == ["AVAILABLE"]:
                break
            time.sleep(0.1)
        else:
            pytest.fail("the server does not become available")
        yield ports
    finally:
        process.terminate()
        process.wait()


def rest(port, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    url = f"http://127.0.0.1:{port}/v1/models/{path}"
    with urllib.request.urlopen(url, data) as answer:
        return json.load(answer)


@needs_server
@pytest.mark.parametrize(
    "flags", [(), ("--enable_batching", "--enable_per_model_batching_parameters")]
)
def test_tf_serving_gives_what_predict_gives(served, flags):
    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    exported, x, expected = served
    with model_server(exported, *flags) as (grpc_port, rest_port):
        channel = grpc.insecure_channel(f"127.0.0.1:{grpc_port}")
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for batch in (1, 3) if flags else (1, 7):
            body = {"instances": x[:batch].tolist()}
            rows = rest(rest_port, f"{exported.model}:predict", body)["predictions"]
            request = predict_pb2.PredictRequest()
            request.model_spec.name = exported.model
            request.inputs["inputs"].CopyFrom(tf.make_tensor_proto(x[:batch]))
            answer = stub.Predict(request, timeout=60)
            for name in ("outputs", "steps", "spikes"):
                by_rest = np.float32([row[name] for row in rows])
                assert (by_rest == expected[name][:batch]).all()
                by_grpc = tf.make_ndarray(answer.outputs[name])
                assert (by_grpc == expected[name][:batch]).all()
        body = {
            "signature_name": "classify",
            "examples": [{"inputs": x[0].ravel().tolist()}],
        }
        results = rest(rest_port, f"{exported.model}:classify", body)["results"]
        assert results[0][0][0] == CLASSES[expected["outputs"][0].argmax()]


@needs_server
def test_tf_serving_compiles_where_it_may(served, tmp_path):
    exported, x, expected = served
    version = tmp_path / exported.model / "1"
    shutil.copytree(exported.path, version)
    extra = version / "assets.extra"
    shutil.copy(
        extra / "tf_serving_warmup_requests_xla", extra / "tf_serving_warmup_requests"
    )
    body = {"signature_name": "serving_xla", "instances": x[:3].tolist()}
    copied = type(exported)(version, exported.model, 1, {}, ())
    with model_server(copied, "--xla_cpu_compilation_enabled=true") as (_, port):
        rows = rest(port, f"{exported.model}:predict", body)["predictions"]
    found = np.float32([row["outputs"] for row in rows])
    np.testing.assert_allclose(found, expected["outputs"][:3], 1e-5)
