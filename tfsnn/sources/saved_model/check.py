"""The check that a rebuilt model computes what the signature computes.

Both are given the same random input. Deep networks amplify differences of rounding, so
each rebuilt layer is given the values that the signature has there, and is compared
with what the signature makes of them: an error is found in the layer where it is made,
and rounding does not add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.original import Original
from tfsnn.sources.saved_model.rebuild import Rebuild, Step
from tfsnn.sources.saved_model.shapes import BATCHES

# Of the largest value of a sample in one layer's output.
TOLERANCE = 5e-5
# Inputs are drawn with these spreads, sample by sample (the larger one is that of an
# image with values up to 255), until every output is finite and not all zero; the last
# are of positive values, for networks of counts, masses or probabilities.
SPREADS = ((1.0, 100.0), (1.0,), (0.1,), (0.01,))
POSITIVE = ((1.0, 100.0), (1.0,), (0.01,))
DRAWS = (*((spreads, False) for spreads in SPREADS), *((s, True) for s in POSITIVE))
LARGEST_ID = 10
NO_TABLE = 2**31
# Values that are held at once; of what is larger, the graph is run once for each part.
MOST_HELD = 2**26
Values = dict[str, np.ndarray]


class RebuildMismatch(ModelError):
    """The rebuilt model computes something else than the signature."""


def compare(rebuild: Rebuild) -> float:
    """Compare each rebuilt layer with the operations that it replaces.

    Returns:
        The largest error of a layer: the largest difference within a sample over the
        sample's largest value.

    Raises:
        RebuildMismatch: if a layer's error is above 5e-5; it names the layer.
        ModelError: if no input gives finite outputs.
    """
    network = rebuild.network
    samples = network.fixed or BATCHES[0]
    original = Original(network)
    chosen: Values | None = None
    for spreads, positive in DRAWS:
        rng = np.random.default_rng(0)
        given = np.resize(spreads, samples)
        fed = {
            tensor.name: _draw(network, name, tensor, given, rng, positive)
            for name, tensor in network.inputs.items()
        }
        outputs = original.run(fed, list(network.outputs.values()))
        finite = all(np.isfinite(array).all() for array in outputs)
        if finite:
            chosen = fed
            if all(map(np.any, outputs)):
                break
    if chosen is not None:
        return max(_errors(rebuild, original, chosen), default=0.0)
    raise ModelError(
        "the signature gives outputs that are not finite for every random input tried, "
        "so the rebuilt model cannot be compared with it: check the model's weights"
    )


def _errors(rebuild: Rebuild, original: Original, fed: Values) -> Iterator[float]:
    """Yield the error of each rebuilt layer, in order."""
    steps = rebuild.steps
    last = {t.name: i for i, step in enumerate(steps) for t in step.reads}
    held = dict(fed)
    for begin, end in _parts(rebuild):
        tensors = [t for step in steps[begin:end] for t in rebuild.results(step)]
        names = (tensor.name for tensor in tensors)
        held |= dict(zip(names, original.run(fed, tensors), strict=True))
        for step in steps[begin:end]:
            yield _error(rebuild, step, held)
        held = {
            name: value
            for name, value in held.items()
            if name in fed or last.get(name, 0) >= end
        }


def _parts(rebuild: Rebuild) -> Iterator[tuple[int, int]]:
    """Divide the steps so that the results of each part are held at once."""
    begin = size = 0
    for i, step in enumerate(rebuild.steps):
        size += sum(t.shape.num_elements() for t in rebuild.results(step))
        if size > MOST_HELD or i + 1 == len(rebuild.steps):
            yield begin, i + 1
            begin, size = i + 1, 0


def _error(rebuild: Rebuild, step: Step, held: Values) -> float:
    """Give a rebuilt layer the signature's own values; return its largest error.

    Raises:
        RebuildMismatch: if that is too large.
    """
    network = rebuild.network
    given = {}
    for tensor in (*network.inputs.values(), *step.reads):
        if network.is_live(tensor):
            value = network.layout(tensor).of_samples(held[tensor.name])
            for x, order in rebuild.forms(tensor):
                given[id(x)] = x, np.transpose(value, order).astype(x.dtype)
    tensors = rebuild.results(step)
    forms = [rebuild.forms(tensor)[0][0] for tensor in tensors]
    function = keras.Function([x for x, _ in given.values()], forms)
    results = function([value for _, value in given.values()])
    largest = 0.0
    for tensor, result in zip(tensors, results, strict=True):
        wanted = network.layout(tensor).of_samples(held[tensor.name])
        error = _difference(wanted, keras.ops.convert_to_numpy(result))
        if not error <= TOLERANCE:
            raise RebuildMismatch(
                f"the layer that was rebuilt for {step.operation.name} "
                f"({step.operation.type}) differs from the original by {error:.2g} "
                f"of its largest value (at most {TOLERANCE:g} is accepted): this is an "
                "error in tfsnn; load the model from a .keras file instead"
            )
        largest = max(largest, error)
    return largest


def _difference(wanted: np.ndarray, got: np.ndarray) -> float:
    """Return the largest difference of a sample over the sample's largest value."""
    samples = len(wanted)
    a, b = (array.reshape(samples, -1).astype(np.float64) for array in (wanted, got))
    finite = np.isfinite(a)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return np.inf
    a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
    largest = np.abs(a).max(axis=1, initial=1e-30)
    return float((np.abs(a - b).max(axis=1, initial=0.0) / largest).max(initial=0.0))


def _draw(
    network: Network,
    name: str,
    tensor: tf.Tensor,
    spreads: np.ndarray,
    rng: np.random.Generator,
    positive: bool = False,
) -> np.ndarray:
    shape = (len(spreads), *tensor.shape.as_list()[1:])
    dtype = tensor.dtype.as_numpy_dtype
    if tensor.dtype.is_floating:
        rows = _table_size(network, tensor, NO_TABLE)
        if rows < NO_TABLE:  # numbers that are cast to places in a table
            return rng.integers(0, rows, shape).astype(dtype)
        scale = spreads.reshape((-1, *[1] * (len(shape) - 1)))
        values = scale * rng.normal(size=shape)
        return (np.abs(values) if positive else values).astype(dtype)
    if tensor.dtype.is_bool:
        return rng.integers(0, 2, shape).astype(dtype)
    if tensor.dtype.is_integer:
        most = 256 if tensor.dtype in (tf.uint8, tf.int8) else LARGEST_ID
        most = min(most, _table_size(network, tensor, most))
        return rng.integers(0, most, shape).astype(dtype)
    raise ModelError(
        f"the input {name!r} is of type {tensor.dtype.name}, not numbers: choose or "
        "export a signature that takes numbers"
    )


def _table_size(network: Network, tensor: Any, most: int) -> int:
    """Return the size of the smallest table that this input, or its result, indexes."""
    reached = {tensor.name}
    for operation in network.operations:
        read = [t.name in reached for t in operation.inputs]
        if not any(read):
            continue
        if operation.type in ("GatherV2", "Gather") and read[1]:
            most = min(most, operation.inputs[0].shape.as_list()[0])
        elif operation.type == "OneHot":
            continue
        elif all(t.dtype.is_integer or t.dtype.is_bool for t in operation.outputs):
            reached |= {t.name for t in operation.outputs}
    return most
