"""Warm-up requests, which a server answers by itself before it takes others.

TF Serving reads them from ``assets.extra/tf_serving_warmup_requests``, a TFRecord of
``PredictionLog`` messages, and refuses a model that cannot answer one. The first
request of a shape is slow: that is where TensorFlow optimises and XLA compiles.

The messages are those of tensorflow-serving-api, which is imported on use. A tensor is
written as one value and its shape: a record takes a few bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.export.saved_model.over_time import (
    NETWORK,
    START,
    STEP,
    FrameSignatures,
)
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


@dataclass(frozen=True)
class Exported:
    """The network that was exported, and as what.

    Attributes:
        model: name under which it is served.
        signatures: signatures of the network.
        frames: its signatures for one frame after the other; None if it has none.
        names: names of the signatures that were exported.
        sizes: batch sizes that are warmed up, rising.
    """

    model: str
    signatures: Signatures
    frames: FrameSignatures | None
    names: tuple[str, ...]
    sizes: tuple[int, ...]

    def filled(self, signature: str, size: int) -> dict[str, Any]:
        """Return a batch of what a signature takes, by name, as ``TensorProto``."""
        fillers = dict(self.signatures.fillers)
        specs = self.signatures.specs(size)
        if self.frames is not None and signature == STEP:
            specs = self.frames.specs(size)
            fillers[NETWORK] = np.tile(self.frames.digest, (size, 1))
        return {
            name: tf.make_tensor_proto(fillers.get(name, 0), spec.dtype, spec.shape)
            for name, spec in specs.items()
        }


def warmup_records(exported: Exported, sizes: Sequence[int]) -> list[Any]:
    """Make a request of each batch size, and one for each other signature.

    Args:
        exported: the network; its signatures of XLA are left out.
        sizes: numbers of samples in a request, rising.
    """
    main = [DEFAULT] if DEFAULT in exported.names else [START, STEP]
    records = [_predict(exported, name, size) for size in sizes for name in main]
    for lesser in (OUTPUTS_ONLY, ANYTIME, START, STEP):
        if lesser in exported.names and lesser not in main:
            records.append(_predict(exported, lesser, sizes[0]))
    if CLASSIFY in exported.names:
        records.append(_classify(exported.model, exported.signatures))
    return records


def xla_records(exported: Exported) -> list[Any]:
    """Make requests for the signatures that XLA compiles, and a few for the others."""
    sizes = exported.sizes
    compiled = [_predict(exported, XLA, size) for size in sizes]
    fixed = [_predict(exported, xla_name(size), size) for size in sizes]
    return warmup_records(exported, sizes[:1]) + compiled + fixed


def _predict(exported: Exported, signature: str, size: int) -> Any:
    """Make a request of the Predict API."""
    record = serving_messages().PredictionLog()
    request = record.predict_log.request
    request.model_spec.name = exported.model
    request.model_spec.signature_name = signature
    for name, tensor in exported.filled(signature, size).items():
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
