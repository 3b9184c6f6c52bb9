"""Warm-up: the requests of its own that a version answers before any other.

Those of a SavedModel are in ``assets.extra/tf_serving_warmup_requests``
(:mod:`tfsnn.export.saved_model.warmup` writes it), a TFRecord of ``PredictionLog``
messages. As with TF Serving, there are 1000 at most, and a version that cannot answer
one of them is not served. Requests for services that are not offered here (Regress,
MultiInference) are left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from tfsnn.errors import ModelError
from tfsnn.export.saved_model.warmup import FILE, serving_messages
from tfsnn.serve.errors import RequestError
from tfsnn.serve.signature import Arrays, Signature
from tfsnn.serve.version import Version
from tfsnn_numpy.files import check_regular

MAX_RECORDS = 1000


def warm_up(
    version: Version, folder: Path, stopped: Callable[[], bool] = lambda: False
) -> int:
    """Let a version answer its own warm-up requests.

    Args:
        version: loaded version.
        folder: folder that it was loaded from.
        stopped: function that is called before each request; True ends the warm-up.

    Returns:
        The number of requests that were answered; 0 if the version has none.

    Raises:
        ModelError: if a request cannot be read or answered, or there are too many.
    """
    read = answered = 0
    for signature, inputs in version.own_requests():
        if stopped():
            break
        signature(inputs)
        answered += 1
    path = folder / FILE
    if not path.exists():
        return answered
    message = serving_messages().PredictionLog
    try:
        check_regular(path)
        records = tf.data.TFRecordDataset(os.fsencode(path))
        for data in records.as_numpy_iterator():
            if stopped():
                break
            if read == MAX_RECORDS:
                raise RequestError(f"there are more than {MAX_RECORDS} of them")
            answered += _answered(version, message.FromString(data))
            read += 1
    except (
        RequestError,
        DecodeError,
        OSError,
        TypeError,
        ValueError,
        tf.errors.OpError,
    ) as error:
        raise ModelError(
            f"{path}: the version cannot answer its own request {read}, counted from "
            f"0: {error}; export it again, or take this file away"
        ) from error
    return answered


def _answered(version: Version, record: Any) -> bool:
    """Answer a request if its service is offered here, and say whether it was."""
    kind = record.WhichOneof("log_type")
    if kind not in ("predict_log", "classify_log"):
        return False
    request = getattr(record, kind).request
    signature = version.signature(request.model_spec.signature_name)
    if kind == "predict_log":
        inputs = {name: tf.make_ndarray(x) for name, x in request.inputs.items()}
    else:
        serialised = np.array(_examples(request.input), dtype=object)
        inputs = {name: serialised for name in signature.inputs}
    _check(signature, inputs)
    signature(inputs)
    return True


def _examples(given: Any) -> list[bytes]:
    """Return the examples of an ``Input``, each with the features common to all."""
    if given.WhichOneof("kind") == "example_list":
        return [example.SerializeToString() for example in given.example_list.examples]
    listed, merged = given.example_list_with_context, []
    for example in listed.examples:
        whole = tf.train.Example()
        whole.CopyFrom(listed.context)
        for name, feature in example.features.feature.items():
            whole.features.feature[name].CopyFrom(feature)
        merged.append(whole.SerializeToString())
    return merged


def _check(signature: Signature, inputs: Arrays) -> None:
    if {*inputs} != {*signature.inputs}:
        raise RequestError(
            f'the signature "{signature.name}" takes {", ".join(signature.inputs)}, '
            f"not {', '.join(inputs) or 'nothing'}"
        )
    for name, values in inputs.items():
        spec, dtype = signature.inputs[name], tf.as_dtype(values.dtype)
        if dtype != spec.dtype or not spec.takes(values.shape):
            raise RequestError(
                f'input "{name}": got {dtype.name} {values.shape}, the signature takes '
                f"{spec}"
            )
