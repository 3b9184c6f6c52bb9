"""The JSON of TF Serving's REST API, as tensors of requests and of answers.

Source: https://www.tensorflow.org/tfx/serving/api_rest, and TF Serving's
``json_tensor.cc`` for what that page leaves open.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.export.saved_model.over_time import START
from tfsnn.serve.errors import RequestError
from tfsnn.serve.sessions import Turn
from tfsnn.serve.signature import Arrays, Signature
from tfsnn.serve.tensors import decoded, encoded, is_base64, plain, tensor
from tfsnn.serve.version import Version

ROWS, COLUMNS, EXAMPLES = ("instances", "inputs", "examples")
SESSION, SESSION_START, SESSION_END = ("session", "session_start", "session_end")
LONGEST_NAME = 200  # characters of the name of a session


@dataclass(frozen=True)
class ParsedRequest:
    """A request whose JSON was read and checked.

    Attributes:
        signature: signature that answers the request.
        inputs: input tensors by name, which fit the signature.
        form: ROWS, COLUMNS or EXAMPLES, which the answer follows.
        turn: session of which the inputs are a frame; None for no session.
    """

    signature: Signature
    inputs: Arrays
    form: str
    turn: Turn | None = None


def predict_request(body: bytes, version: Version) -> ParsedRequest:
    """Read the body of a ``:predict`` request.

    Raises:
        RequestError: if the body is not what the signature takes.
    """
    document = _document(body)
    turn = _turn(document)
    signature = _signature(document, version, turn)
    forms = [form for form in (ROWS, COLUMNS) if form in document]
    if not forms:
        raise RequestError("Missing 'inputs' or 'instances' key")
    if len(forms) > 1:
        raise RequestError("Expecting only one of 'inputs' or 'instances', not both")
    (form,) = forms
    given = document[form]
    by_name = _rows(given, signature) if form == ROWS else _columns(given, signature)
    inputs = {
        name: tensor(name, by_name[name], spec)
        for name, spec in signature.inputs.items()
    }
    sizes = {name: len(values) for name, values in inputs.items() if values.ndim}
    if len({*sizes.values()}) > 1 and signature.joinable:
        raise RequestError(
            f"the inputs are not batches of one size: {sizes}; give each equally many "
            "samples"
        )
    return ParsedRequest(signature, inputs, form, turn)


def classify_request(body: bytes, version: Version) -> ParsedRequest:
    """Read the body of a ``:classify`` request.

    Raises:
        RequestError: if the body is not what the signature takes.
    """
    document = _document(body)
    if _turn(document) is not None:
        raise RequestError("sessions are for :predict; leave 'session' out")
    signature = version.signature(_signature_name(document))
    if not signature.classifies:
        raise RequestError(
            f'signature "{signature.name}" does not classify; give "signature_name" '
            "that of one with classes and scores, classify if it was exported with "
            "--class-names"
        )
    examples = document.get(EXAMPLES)
    if not isinstance(examples, list) or not examples:
        raise RequestError(f"'{EXAMPLES}' is expected, a list that is not empty")
    context = _feature_map(document.get("context", {}), "context")
    serialised = [
        _example({**context, **_feature_map(given, f"example {i}")})
        for i, given in enumerate(examples)
    ]
    (name,) = signature.inputs
    return ParsedRequest(
        signature, {name: np.array(serialised, dtype=object)}, EXAMPLES
    )


def answer(request: ParsedRequest, outputs: Arrays) -> bytes:
    """Write the outputs as the body of the answer."""
    listed = {name: plain(name, values) for name, values in outputs.items()}
    if request.form == EXAMPLES:
        found: Any = {"results": _classifications(listed)}
    elif request.form == COLUMNS:
        found = {"outputs": listed if len(listed) > 1 else next(iter(listed.values()))}
    else:
        found = {"predictions": _by_row(listed, outputs)}
    return json.dumps(found).encode()


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except RecursionError as error:
        raise RequestError("JSON Parse error: nested too deeply") from error
    except ValueError as error:
        raise RequestError(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise RequestError("JSON Value: is not an object")
    return document


def _signature_name(document: dict[str, Any]) -> str | None:
    name = document.get("signature_name")
    if "signature_name" in document and not isinstance(name, str):
        raise RequestError("'signature_name' key must be a string value.")
    return name


def _signature(
    document: dict[str, Any], version: Version, turn: Turn | None
) -> Signature:
    """Return the signature that is asked; of a session, that of its first frame."""
    name = _signature_name(document)
    if turn is None:
        return version.signature(name)
    if name is not None:
        raise RequestError(
            "'signature_name' and 'session' are given; a session has signatures of its "
            "own: leave 'signature_name' out"
        )
    if not version.streams:
        raise RequestError(
            f"version {version.number} keeps no state, so it has no sessions: export "
            "it with --over-time, or leave 'session' out"
        )
    return version.signature(START)


def _turn(document: dict[str, Any]) -> Turn | None:
    """Read what a request says of its session."""
    name = document.get(SESSION)
    flags = {key: document.get(key, False) for key in (SESSION_START, SESSION_END)}
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise RequestError(f"'{key}' must be true or false")
        if flag and SESSION not in document:
            raise RequestError(f"'{key}' is given without 'session', a name for it")
    if SESSION not in document:
        return None
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
        raise RequestError(
            f"'session' must be text of 1 to {LONGEST_NAME} characters, the same for "
            "all frames of a session"
        )
    return Turn(name, *flags.values())


def _rows(rows: Any, signature: Signature) -> dict[str, list[Any]]:
    """Read the row form: a list with a value, or an object of values, per sample."""
    if not isinstance(rows, list):
        raise RequestError("Expecting 'instances' to be a list/array")
    if not rows:
        raise RequestError("No values in 'instances' array")
    names = [*signature.inputs]
    objects = [isinstance(row, dict) and not is_base64(row) for row in rows]
    if objects[0] != all(objects) or objects[0] != any(objects):
        raise RequestError(
            "'instances' must be all objects or all values, not some of each"
        )
    if not objects[0]:
        if len(names) != 1:
            raise RequestError(
                "'instances' is a plain list, but expecting a list of objects with "
                f"the keys {', '.join(sorted(names))}"
            )
        return {names[0]: rows}
    for i, row in enumerate(rows):
        if {*row} != {*names}:
            raise RequestError(
                f"Failed to process element: {i} of 'instances' list: it has the keys "
                f"{', '.join(sorted(row))}; they must be {', '.join(sorted(names))}"
            )
    return {name: [row[name] for row in rows] for name in names}


def _columns(columns: Any, signature: Signature) -> Mapping[str, Any]:
    """Read the column form: the only input's batch, or an object of batches by name."""
    if not isinstance(columns, dict) or is_base64(columns):
        if len(signature.inputs) != 1:
            raise RequestError(
                "'inputs' is a plain value/list, but expecting an object with the "
                f"keys {', '.join(sorted(signature.inputs))}"
            )
        return {next(iter(signature.inputs)): columns}
    for name in signature.inputs:
        if name not in columns:
            raise RequestError(f"Missing named input: {name} in 'inputs' object.")
    return columns


def _feature_map(given: Any, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise RequestError(f"{where}: must be an object of features")
    for name in given:
        encoded(name, f"{where}, name of a feature")
    return {name: _feature(value, f"{where}, {name}") for name, value in given.items()}


def _example(features: dict[str, Any]) -> bytes:
    built = tf.train.Example(features=tf.train.Features(feature=features))
    return built.SerializeToString()


def _feature(value: Any, where: str) -> tf.train.Feature:
    values = value if isinstance(value, list) else [value]
    kinds = {type(v) for v in values}
    try:
        if kinds <= {bool, int}:
            whole = tf.train.Int64List(value=[int(v) for v in values])
            return tf.train.Feature(int64_list=whole)
        if kinds == {float}:
            with np.errstate(over="ignore"):  # checked here
                finite = np.isfinite(np.array(values, np.float32)).all()
            if not finite:
                raise RequestError(f"{where}: all numbers must be finite float32")
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
    except (ValueError, OverflowError) as error:
        raise RequestError(f"{where}: {error}") from error
    if not kinds <= {str, dict}:
        raise RequestError(
            f"{where}: must be whole numbers, decimal numbers (1.0, not 1) or text, "
            "all of one kind, in a flat list"
        )
    texts = [decoded(v, where) for v in values]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=texts))


def _by_row(listed: dict[str, Any], outputs: Arrays) -> list[Any]:
    sizes = {len(values) if values.ndim else None for values in outputs.values()}
    if len(sizes) != 1 or None in sizes:
        raise RequestError(
            "the outputs have no batch in common: ask in the column form, 'inputs'"
        )
    if len(listed) == 1:
        return next(iter(listed.values()))
    return [
        dict(zip(listed, row, strict=True))
        for row in zip(*listed.values(), strict=True)
    ]


def _classifications(listed: dict[str, Any]) -> list[Any]:
    """Arrange [label, score] pairs per sample; empty labels or zeros where missing."""
    size = len(next(iter(listed.values())))
    classes = listed.get("classes") or [[""] * len(s) for s in listed["scores"]]
    scores = listed.get("scores") or [[0.0] * len(c) for c in listed["classes"]]
    return [
        [list(pair) for pair in zip(classes[i], scores[i], strict=True)]
        for i in range(size)
    ]
