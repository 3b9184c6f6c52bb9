"""Weights of quantised Keras layers (``model.quantize``), as the numbers they are."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfsnn.sources.handlers.builder import Builder, Unsupported

GROUPED = ("gptq", "awq")
UNROUNDED = "without the rounding of its inputs, sample by sample"


def mode_of(layer: Any) -> str | None:
    """Return how the weights of a layer are quantised; None if they are not.

    Raises:
        Unsupported: for 8-bit floating point, whose inputs are rounded as well.
    """
    mode = getattr(layer, "quantization_mode", None)
    if mode == "float8":
        raise Unsupported(
            "quantised to float8, whose levels are not evenly spaced, so that no count "
            "of spikes stands for them: convert the model before that, or quantise it "
            "to int8"
        )
    return mode


def refuse_quantised(layer: Any) -> None:
    """Refuse a quantised layer whose weights are read in another way.

    Raises:
        Unsupported: if the layer is quantised; the message says what to do.
    """
    if getattr(layer, "quantization_mode", None):
        raise Unsupported("quantised weights: convert the model before quantisation")


def kernel_of(layer: Any, builder: Builder) -> np.ndarray:
    """Return the kernel of a dense layer, quantised or not, in float32.

    That of an EinsumDense in 8 bits is without its scale (:func:`scale_of`).
    """
    mode = mode_of(layer)
    kernel = _array(layer.kernel)
    if mode in GROUPED:
        return _grouped(layer, kernel, mode)
    if mode == "int4":
        kernel = _by_columns(layer, kernel)
    elif mode == "int8" and not _is_einsum(layer):
        kernel = kernel / _array(layer.kernel_scale)
    if mode is not None and getattr(layer, "inputs_quantizer", None):
        builder.tell(UNROUNDED)
    return kernel


def scale_of(layer: Any) -> np.ndarray | None:
    """Return what the products of an EinsumDense are multiplied by; None for nothing.

    It broadcasts to a batch of outputs.
    """
    if mode_of(layer) != "int8" or not _is_einsum(layer):
        return None
    return 1 / _array(layer.kernel_scale)


def table_of(layer: Any) -> np.ndarray:
    """Return the rows of an embedding, quantised or not, in float32."""
    mode = mode_of(layer)
    table = _array(layer.embeddings)
    if mode is None:
        return table
    scale = _array(layer.embeddings_scale)
    if scale.ndim == 1:
        return table / scale[:, None]
    groups = _array(layer.g_idx).astype(int)
    zero = _array(layer.embeddings_zero)
    return (table - zero[:, groups]) * scale[:, groups]


def _is_einsum(layer: Any) -> bool:
    return isinstance(layer, keras.layers.EinsumDense)


def _by_columns(layer: Any, kernel: np.ndarray) -> np.ndarray:
    """Return a kernel of 4 bits, which has a scale for each column of a matrix."""
    scale = _array(layer.kernel_scale)
    matrix = kernel.reshape(-1, scale.shape[-1])
    if scale.ndim == 1:
        return (matrix / scale).reshape(kernel.shape)
    groups = _array(layer.g_idx).astype(int)
    zero = _array(layer.kernel_zero)
    return ((matrix - zero[groups]) * scale[groups]).reshape(kernel.shape)


def _grouped(layer: Any, kernel: np.ndarray, mode: str) -> np.ndarray:
    """Return a kernel by GPTQ or AWQ, with a scale for each group of its rows."""
    if not getattr(layer, f"is_{mode}_calibrated"):
        return kernel
    groups = _array(layer.g_idx).astype(int)
    scale, zero = (
        _array(v)[:, groups] for v in (layer.kernel_scale, layer.kernel_zero)
    )
    matrix = ((kernel - zero) * scale).T
    if mode == "awq":
        matrix = matrix / _array(layer.awq_scales)[:, None]
    return matrix.reshape(getattr(layer, "original_kernel_shape", matrix.shape))


def _array(values: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(values), np.float32)
