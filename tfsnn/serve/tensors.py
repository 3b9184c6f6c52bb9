"""Conversion of JSON values to tensors and back, checked before a network runs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.serve.errors import RequestError
from tfsnn.serve.signature import TensorSpec

BASE64 = "b64"
JSON_TYPES = {
    str: "text",
    bool: "true or false",
    dict: "an object",
    type(None): "null",
    float: "a decimal number",
    int: "a whole number",
}
BYTES_SUFFIX = "_bytes"  # outputs of such a name are bytes, others are text


def is_base64(value: Any) -> bool:
    """Whether a value is ``{"b64": "..."}``, which stands for bytes."""
    return (
        isinstance(value, dict)
        and value.keys() == {BASE64}
        and isinstance(value[BASE64], str)
    )


def encoded(text: str, where: str) -> bytes:
    r"""Return text as UTF-8.

    Raises:
        RequestError: if it holds half a character, as ``"\ud800"`` of JSON is.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise RequestError(
            f"{where}: the text holds half a character at {error.start}, which UTF-8 "
            'cannot write; send bytes as {"b64": BASE64}'
        ) from error


def decoded(value: Any, where: str) -> bytes:
    """Return the bytes of text, or of ``{"b64": "..."}``.

    Raises:
        RequestError: if the value is neither.
    """
    if isinstance(value, str):
        return encoded(value, where)
    if not is_base64(value):
        raise RequestError(f'{where}: expected text or {{"b64": BASE64}}')
    text = value[BASE64]
    try:  # TF Serving takes base64 with or without padding
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestError(f"{where}: cannot decode base64 ({error})") from error


def tensor(name: str, value: Any, spec: TensorSpec) -> np.ndarray:
    """Make an input tensor ``(B, ...)`` from the nested lists of JSON.

    Raises:
        RequestError: if shape or type do not fit, lists are ragged, or a number is
            not finite.
    """
    where = f'input "{name}"'
    try:
        found = np.array(value, dtype=object)  # ragged lists stay lists in it
    except ValueError as error:
        raise RequestError(f"{where}: not a tensor ({error})") from error
    flat = found.ravel()
    kinds = {*map(type, flat)}
    if list in kinds:
        raise RequestError(
            f"{where}: is ragged; lists side by side must have the same length, all "
            "the way down"
        )
    if not spec.takes(found.shape):
        raise RequestError(
            f"{where}: got the shape {found.shape}, the signature takes {spec}"
        )
    if not flat.size:
        raise RequestError(f"{where}: is empty, {found.shape}; it takes {spec}")
    if spec.dtype == tf.string:
        values = [decoded(v, where) for v in flat]
        return np.array(values, dtype=object).reshape(found.shape)
    return _numbers(found, kinds, spec.dtype.as_numpy_dtype, f"{where}: ")


def _numbers(found: np.ndarray, kinds: set[type], dtype: Any, where: str) -> np.ndarray:
    name = np.dtype(dtype).name
    floating, whole = (np.issubdtype(dtype, k) for k in (np.floating, np.integer))
    takes: set[type] = {int, float} if floating else {int} if whole else {bool}
    if wrong := kinds - takes:
        raise RequestError(f"{where}expected {name}, got {_json_types(wrong)}")
    if whole:
        bounds = np.iinfo(dtype)
        if found.min() < bounds.min or found.max() > bounds.max:
            raise RequestError(f"{where}{name} is from {bounds.min} to {bounds.max}")
    try:
        with np.errstate(over="ignore"):  # checked below
            values = found.astype(dtype)
        finite = not floating or np.isfinite(values).all()
    except OverflowError:  # a whole number that no float64 holds
        finite = False
    if not finite:
        raise RequestError(
            f"{where}NaN, infinity, or a number too large for {name}; all must be "
            "finite"
        )
    return values


def _json_types(kinds: Iterable[type]) -> str:
    return " and ".join(sorted(JSON_TYPES[kind] for kind in kinds))


def plain(name: str, values: np.ndarray) -> Any:
    """Turn an output tensor into the nested lists of JSON.

    A float32 gets the fewest digits that read back as the same float32.
    """
    if values.dtype == object:
        as_text = [_text(name, value) for value in values.ravel()]
        return np.array(as_text, dtype=object).reshape(values.shape).tolist()
    if np.issubdtype(values.dtype, np.floating) and values.dtype != np.float64:
        return values.astype(str).astype(np.float64).tolist()
    return values.tolist()


def _text(name: str, value: bytes) -> Any:
    if name.endswith(BYTES_SUFFIX):
        return {BASE64: base64.b64encode(value).decode()}
    return value.decode(errors="replace")
