"""A version answers its own requests before those of others, or it is not served."""

import logging
import shutil

import asking
import numpy as np
import pytest
import tensorflow as tf
from asking import good, serving, states
from tensorflow_serving.apis import prediction_log_pb2

from tfsnn.errors import ModelError
from tfsnn.serve import warmup
from tfsnn.serve.models import Models
from tfsnn.serve.signature import Signature
from tfsnn.serve.warmup import MAX_RECORDS, warm_up

FILE = "assets.extra/tf_serving_warmup_requests"


@pytest.fixture
def digits(exported_models, tmp_path):
    """A model's folder, with one version."""
    folder = tmp_path / "digits"
    shutil.copytree(exported_models[0] / "digits" / "1", folder / "1")
    return folder


def newer(exported_models, digits):
    """Version 2 but for its network: where that lies, and where it has to."""
    shutil.copytree(exported_models[0] / "digits" / "2", digits / "2")
    network = digits / "2" / "saved_model.pb"
    return network.rename(digits / "network"), network


def predict(name="serving_default", shape=(1, 6, 6, 2), dtype=np.float32, **inputs):
    """A record of the Predict API."""
    record = prediction_log_pb2.PredictionLog()
    request = record.predict_log.request
    request.model_spec.signature_name = name
    inputs = inputs or {"inputs": np.zeros(shape, dtype)}
    for key, values in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(values))
    return record


def write(version, *records):
    with tf.io.TFRecordWriter(str(version / FILE)) as writer:
        for record in records:
            writer.write(record.SerializeToString())


@pytest.fixture
def asked(monkeypatch):
    """What signatures are asked: name, and samples."""
    run, found = Signature.__call__, []

    def noted(signature, inputs):
        found.append((signature.name, len(next(iter(inputs.values())))))
        return run(signature, inputs)

    monkeypatch.setattr(Signature, "__call__", noted)
    return found


def test_all_records_are_answered_before_the_version_is_available(
    exported_models, digits, monkeypatch
):
    part, network = newer(exported_models, digits)
    run, seen = Signature.__call__, []
    with serving(digits) as server:

        def noted(signature, inputs):
            size = len(next(iter(inputs.values())))
            seen.append((signature.name, size, states(server)))
            return run(signature, inputs)

        monkeypatch.setattr(Signature, "__call__", noted)
        part.rename(network)
        server.models.refresh()
        assert states(server) == {"2": "AVAILABLE", "1": "END"}
    meanwhile = {"2": "LOADING", "1": "AVAILABLE"}
    assert seen == [
        ("serving_default", 1, meanwhile),
        ("serving_default", 2, meanwhile),
        ("outputs_only", 1, meanwhile),
        ("anytime", 1, meanwhile),
        ("classify", 1, meanwhile),
    ]


def test_the_first_version_is_warm_as_well(exported_models, asked):
    with serving(exported_models[0] / "images"):
        assert asked == [
            ("serving_default", 1),
            ("serving_default", 2),
            ("outputs_only", 1),
            ("anytime", 1),
        ]


def test_a_record_may_have_features_that_all_its_examples_share(
    exported_models, digits, asked
):
    record = prediction_log_pb2.PredictionLog()
    request = record.classify_log.request
    request.model_spec.signature_name = "classify"
    listed = request.input.example_list_with_context
    values = np.zeros(72, np.float32)
    listed.context.features.feature["inputs"].float_list.value.extend(values)
    for _ in range(3):
        listed.examples.add()
    version = digits / "2"
    shutil.copytree(exported_models[0] / "digits" / "2", version)
    write(version, record)
    Models(digits)
    assert asked == [("classify", 3)]


def test_services_that_are_not_offered_are_left_out(exported_models, digits, asked):
    record = prediction_log_pb2.PredictionLog()
    record.regress_log.request.model_spec.signature_name = "regress"
    write(digits / "1", predict(), record, predict())
    served = Models(digits).version("digits", None)
    assert asked == [("serving_default", 1)] * 2
    assert warm_up(served, digits / "1") == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("records", "code", "says"),
    [
        ([predict(), predict("nope")], "INVALID_ARGUMENT", '1, .*: .*"nope" not found'),
        ([predict(shape=(1, 6, 6, 3))], "INVALID_ARGUMENT", r"float32 \(1, 6, 6, 3\)"),
        ([predict(dtype=np.float64)], "INVALID_ARGUMENT", "got float64"),
        ([predict(x=np.zeros(1))], "INVALID_ARGUMENT", "takes inputs, not x"),
        ([predict()] * 4, "INVALID_ARGUMENT", "more than 3 of them"),
        (b"no records, and long enough to say so", "DATA_LOSS", "corrupted"),
    ],
)
def test_a_version_that_cannot_answer_its_own_is_not_served(
    records, code, says, exported_models, digits, monkeypatch, caplog
):
    assert MAX_RECORDS == 1000
    monkeypatch.setattr(warmup, "MAX_RECORDS", 3)
    part, network = newer(exported_models, digits)
    if isinstance(records, bytes):
        (digits / "2" / FILE).write_bytes(records)
    else:
        write(digits / "2", *records)
    write(digits / "1", *[predict()] * 3)
    with (
        serving(digits) as server,
        caplog.at_level(logging.WARNING, "tfsnn.serve.models"),
    ):
        part.rename(network)
        for _ in range(2):
            server.models.refresh()
        assert states(server) == {"2": "END", "1": "AVAILABLE"}
        latest, _ = good(server, "/v1/models/digits")["model_version_status"]
        assert latest["status"]["error_code"] == code
        assert f"{digits / '2' / FILE}: " in latest["status"]["error_message"]
        ours = [r for r in caplog.records if r.name.startswith("tfsnn")]
        assert len(ours) == 1
        assert good(server, asking.PREDICT, {"instances": asking.ZEROS})
    with pytest.raises(ModelError, match=says):
        Models(digits)


def test_a_version_without_records_is_served(digits):
    (digits / "1" / FILE).unlink()
    served = Models(digits).version("digits", None)
    assert warm_up(served, digits / "1") == 0


def test_a_server_that_ends_does_not_wait_for_the_rest(digits):
    write(digits / "1", *[predict()] * 5)
    served = Models(digits).version("digits", None)
    answers = iter([False, False, True])
    assert warm_up(served, digits / "1", lambda: next(answers)) == 2
