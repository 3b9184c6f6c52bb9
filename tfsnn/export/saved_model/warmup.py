"""Warm-up requests, which a server answers by itself before it takes others.

TF Serving reads them from ``assets.extra/tf_serving_warmup_requests``, a TFRecord of
``PredictionLog`` messages, and refuses a model that cannot answer one. The first
request of a shape is slow: that is where TensorFlow optimises and XLA compiles.

The messages are those of tensorflow-serving-api, which is imported on use. A tensor is
written as one value and its shape: a record takes a few bytes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfsnn.export.saved_model.signatures import (
    ANYTIME,
    CLASSIFY,
    DEFAULT,
    OUTPUTS_ONLY,
    XLA,
    Signatures,
    xla_name,
)

FILE = "assets.extra/tf_serving_warmup_requests"
# A server does not read this file unless it is copied over the other.
XLA_FILE = f"{FILE}_xla"


def serving_messages() -> Any:
    """Import the module that defines ``PredictionLog``."""
    from tensorflow_serving.apis import prediction_log_pb2

    return prediction_log_pb2


def warmup_records(
    model: str, signatures: Signatures, names: Collection[str], sizes: Sequence[int]
) -> list[Any]:
    """Make a request of each batch size, and one for each other signature.

    Args:
        model: name under which the network is served.
        signatures: signatures of the network.
        names: names of the signatures that were exported; those of XLA are left out.
        sizes: numbers of samples in a request, rising.
    """
    records = [_predict(model, DEFAULT, signatures, size) for size in sizes]
    for lesser in (OUTPUTS_ONLY, ANYTIME):
        records.append(_predict(model, lesser, signatures, sizes[0]))
    if CLASSIFY in names:
        records.append(_classify(model, signatures))
    return records


def xla_records(
    model: str, signatures: Signatures, names: Collection[str], sizes: Sequence[int]
) -> list[Any]:
    """Make requests for the signatures that XLA compiles, and a few for the others."""
    compiled = [_predict(model, XLA, signatures, size) for size in sizes]
    fixed = [_predict(model, xla_name(size), signatures, size) for size in sizes]
    return warmup_records(model, signatures, names, sizes[:1]) + compiled + fixed


def _predict(model: str, signature: str, signatures: Signatures, size: int) -> Any:
    """Make a request of the Predict API."""
    record = serving_messages().PredictionLog()
    request = record.predict_log.request
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, spec in signatures.specs(size).items():
        value = signatures.fillers[name]
        tensor = tf.make_tensor_proto(value, spec.dtype, spec.shape)
        request.inputs[name].CopyFrom(tensor)
    return record


def _classify(model: str, signatures: Signatures) -> Any:
    """Make a request of the Classify API for one sample."""
    record = serving_messages().PredictionLog()
    request = record.classify_log.request
    request.model_spec.name = model
    request.model_spec.signature_name = CLASSIFY
    example = request.input.example_list.examples.add()
    for name, feature in signatures.features().items():
        values = [signatures.fillers[name]] * math.prod(feature.shape)
        stored = example.features.feature[name]
        if feature.dtype == tf.string:
            stored.bytes_list.value.extend(values)
        elif feature.dtype == tf.int64:
            stored.int64_list.value.extend(map(int, values))
        else:
            stored.float_list.value.extend(values)
    return record


def write_records(path: Path, records: Iterable[Any]) -> None:
    """Write records to a TFRecord file."""
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record.SerializeToString())
