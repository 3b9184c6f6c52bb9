"""The check that a rebuilt model computes what the signature computes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.errors import ModelError
from tfsnn.sources.saved_model.channels_last import without_channels_first
from tfsnn.sources.saved_model.folding import on_cpu
from tfsnn.sources.saved_model.freeze import Frozen
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.shapes import BATCHES
from tfsnn.sources.saved_model.signature import Signature

TOLERANCE = 1e-5
# TensorFlow's optimizers round otherwise, so what the optimized graph gives may differ.
OPTIMIZED = 1e-3
# Inputs are drawn with these spreads, sample by sample (the larger one is that of an
# image with values up to 255), until every output is finite and not all zero.
SPREADS = ((1.0, 100.0), (1.0,), (0.1,), (0.01,))
LARGEST_ID = 10
NO_KERNEL = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


class RebuildMismatch(ModelError):
    """The rebuilt model computes something else than the signature."""


def compare(
    signature: Signature, frozen: Frozen, network: Network, model: keras.Model
) -> dict[str, float]:
    """Compare the rebuilt model with the signature; return the error of each output.

    The error is the largest difference within a sample over the sample's largest
    value, for the sample where that is largest.

    Raises:
        RebuildMismatch: if an error is above 1e-5.
        ModelError: if no input gives finite outputs.
    """
    samples = network.fixed or BATCHES[0]
    for spreads in SPREADS:
        rng = np.random.default_rng(0)
        fed = {
            name: _draw(network, name, spec, np.resize(spreads, samples), rng)
            for name, spec in signature.inputs.items()
        }
        ran = _run_signature(signature, fed)
        wanted = _run_graph(frozen, fed) or ran
        if not wanted:
            raise ModelError(
                f"the signature {signature.name!r} cannot be run on this CPU, so the "
                "rebuilt model cannot be compared with it: load it where it runs"
            )
        finite = all(np.isfinite(array).all() for array in wanted.values())
        if finite and (all(map(np.any, wanted.values())) or spreads is SPREADS[-1]):
            got = _run_model(model, signature, fed)
            for name, array in ran.items():
                _error(name, array, got[name], samples, OPTIMIZED)
            return {
                name: _error(name, array, got[name], samples, TOLERANCE)
                for name, array in wanted.items()
            }
    raise ModelError(
        f"the signature {signature.name!r} gives outputs that are not finite for every "
        "random input tried, so the rebuilt model cannot be compared with it: check "
        "the model's weights"
    )


def _error(
    name: str, wanted: np.ndarray, got: np.ndarray, samples: int, most: float
) -> float:
    # Rows that the graph merges with the batch have an axis of their own in Keras.
    a, b = (array.astype(np.float64).reshape(samples, -1) for array in (wanted, got))
    largest = np.abs(a).max(axis=1, initial=1e-30)
    error = float((np.abs(a - b).max(axis=1, initial=0.0) / largest).max())
    if not error <= most:
        raise RebuildMismatch(
            f"the rebuilt model's output {name!r} differs from the SavedModel's by "
            f"{error:.2g} of its largest value (at most {most:g} is accepted): "
            "this is an error in tfsnn; load the model from a .keras file instead"
        )
    return error


def _draw(
    network: Network,
    name: str,
    spec: tf.TensorSpec,
    spreads: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    shape = (len(spreads), *spec.shape.as_list()[1:])
    dtype = spec.dtype.as_numpy_dtype
    if spec.dtype.is_floating:
        scale = spreads.reshape((-1, *[1] * (len(shape) - 1)))
        return (scale * rng.normal(size=shape)).astype(dtype)
    if spec.dtype.is_bool:
        return rng.integers(0, 2, shape).astype(dtype)
    if spec.dtype.is_integer:
        most = 256 if spec.dtype in (tf.uint8, tf.int8) else LARGEST_ID
        most = min(most, _table_size(network, network.inputs[name], most))
        return rng.integers(0, most, shape).astype(dtype)
    raise ModelError(
        f"the input {name!r} is of type {spec.dtype.name}, not numbers: choose or "
        "export a signature that takes numbers"
    )


def _table_size(network: Network, tensor: Any, most: int) -> int:
    """Return the size of the smallest table that this input, or its result, indexes."""
    reached = {tensor.name}
    for operation in network.operations:
        read = [t.name in reached for t in operation.inputs]
        if not any(read):
            continue
        if operation.type in ("GatherV2", "Gather", "ResourceGather") and read[1]:
            most = min(most, operation.inputs[0].shape.as_list()[0])
        elif operation.type == "OneHot":
            continue
        elif all(t.dtype.is_integer or t.dtype.is_bool for t in operation.outputs):
            reached |= {t.name for t in operation.outputs}
    return most


def _run_graph(frozen: Frozen, fed: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Run the frozen graph without TensorFlow's optimizers, which round otherwise.

    Not every CPU has kernels for channels-first operations; where the graph cannot
    run, it is run again with channels-last ones between transpositions. The result is
    empty where only XLA can run it, as grouped convolutions in three dimensions.
    """
    for graph_def in (frozen.graph_def, without_channels_first(frozen.graph_def)):
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(graph_def, name="")
        with tf.compat.v1.Session(graph=graph, config=on_cpu()) as session:
            feeds = {frozen.inputs[name]: array for name, array in fed.items()}
            try:
                values = session.run(frozen.outputs, feeds)
            except NO_KERNEL:
                continue
        return {name: np.asarray(value) for name, value in values.items()}
    return {}


def _run_signature(
    signature: Signature, fed: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Run the signature as it is; the result is empty where a CPU cannot run it."""
    with tf.device("CPU"):
        given = {name: tf.constant(array) for name, array in fed.items()}
        try:
            return {k: v.numpy() for k, v in signature.function(**given).items()}
        except NO_KERNEL:
            return {}


def _run_model(
    model: keras.Model, signature: Signature, fed: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    given = list(fed.values())
    outputs = model(given[0] if len(given) == 1 else fed, training=False)
    if not isinstance(outputs, dict):
        outputs = {signature.outputs[0]: outputs}
    return {k: keras.ops.convert_to_numpy(v) for k, v in outputs.items()}
