"""Handlers of HGQ2, whose layers round inputs, weights and outputs to trained bits.

C. Sun et al., "Gradient-based automatic mixed precision quantization for neural
networks on-chip", arXiv 2405.00645. The package is not imported: its classes are known
by their names. Each number may have bits of its own; one without any is always 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import layers

from tfsnn.network.rounding import Rounding, plain
from tfsnn.sources.handlers.activation import activate
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.quantised import levels
from tfsnn.sources.handlers.registry import handles_named, translate_as

PACKAGE = "hgq"
HALVES = {"RND": "up", "RND_CONV": "even", "TRN": "down"}
WEIGHTED: dict[str, type] = {
    "QDense": layers.Dense,
    "QBatchNormDense": layers.Dense,
    "QConv1D": layers.Conv1D,
    "QConv2D": layers.Conv2D,
    "QConv3D": layers.Conv3D,
    "QEinsumDense": layers.EinsumDense,
    "QEinsumDenseBatchnorm": layers.EinsumDense,
}
POOLS: dict[str, type] = {
    f"Q{name}": getattr(layers, name)
    for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")
    for name in (f"{kind}Pooling{n}D" for n in (1, 2, 3))
}


@handles_named(PACKAGE, "Quantizer")
def quantizer(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate Quantizer: rounding to fixed point, of either sign."""
    return _rounded(layer, inputs[0], builder)


@handles_named(PACKAGE, *WEIGHTED)
def dense(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate dense layers and convolutions, with all that they round."""
    x = _input(layer, inputs[0], builder)
    bias = None if layer.bias is None else _array(layer.qbias)
    changed = {"bias": bias, "use_bias": bias is not None, "activation": None}
    kind, kernel = WEIGHTED[type(layer).__name__], _array(layer.qkernel)
    y = translate_as(kind, layer, [x], builder, kernel=kernel, **changed)
    return _output(layer, activate(layer.activation, y, builder), builder)


@handles_named(PACKAGE, "QBatchNormalization")
def normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QBatchNormalization: a rounded gain and a rounded offset."""
    x = _input(layer, inputs[0], builder)
    if layer.axis not in (-1, len(builder.shape(x))):
        raise Unsupported(
            f"it normalises axis {layer.axis}; only the last axis (channels) is "
            "supported: move the channels last"
        )
    gain, offset = map(_array, layer.qscaler_and_qoffset)
    y = builder.affine(x, gain.ravel(), offset.ravel())
    return _output(layer, y, builder)


@handles_named(PACKAGE, *POOLS)
def pooling(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate the pooling layers, which round their inputs."""
    x = _input(layer, inputs[0], builder)
    kind = POOLS[type(layer).__name__]
    return _output(layer, translate_as(kind, layer, [x], builder), builder)


@handles_named(PACKAGE, "QAdd")
def add(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QAdd: the sum of rounded inputs."""
    if layer.enable_iq:
        pairs = zip(layer.iq, inputs, strict=True)
        inputs = [_rounded(each, x, builder) for each, x in pairs]
    return _output(layer, builder.total(list(inputs), suffix="_sum"), builder)


def _input(layer: Any, x: str, builder: Builder) -> str:
    return _rounded(layer.iq, x, builder) if layer.enable_iq else x


def _output(layer: Any, y: str, builder: Builder) -> str:
    return _rounded(layer.oq, y, builder) if layer.enable_oq else y


def _rounded(outer: Any, x: str, builder: Builder) -> str:
    """Add the rounding of a node by a quantiser."""
    inner = outer.quantizer
    kind = type(inner).__name__
    if kind == "DummyQuantizer":
        return x
    half = HALVES.get(getattr(inner, "round_mode", "").removeprefix("S_"))
    plainly = outer.scaler is None and outer.affine is None
    if not kind.startswith("FixedPoint") or half is None or not plainly:
        raise Unsupported(
            f"the quantiser {outer!r} is not supported: use fixed point (q_type kif or "
            f"kbi) that rounds by {', '.join(HALVES)}, without scaler and affine"
        )
    if inner.overflow_mode == "WRAP_SM":
        raise Unsupported("overflow_mode WRAP_SM is not supported: use SAT or WRAP")
    shape = builder.shape(x)
    k, i, f = (_whole(inner, values, shape) for values in inner.kif)
    i = np.maximum(i, -f)
    counted = k + i + f > 0  # others have no bits
    most = np.where(counted, 2.0 ** (i + f) - 1, 0)
    below = np.where(counted, k * (most + (not inner.overflow_mode.endswith("SYM"))), 0)
    if not (most.any() or below.any()):
        return builder.affine(x, 0.0)
    step = 2.0**-f
    above = Rounding(_short(most), plain(step), gain=plain(1 / step), half=half)
    if inner.overflow_mode == "WRAP":
        period, lowest = _short(most + below + 1), _short(below)
        above = replace(above, period=period, lowest=lowest)
    return levels(x, builder, above, _short(below))


def _whole(inner: Any, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return bits for each channel, or for each value where they differ in one."""
    full = inner.bw_mapper.bw_to_x(values, (1, *shape))
    full = np.broadcast_to(_array(full), (1, *shape))[0]
    rows = full.reshape(-1, full.shape[-1]) if full.ndim else full
    return rows[0] if full.ndim and (rows == rows[0]).all() else full


def _short(values: np.ndarray) -> Any:
    return plain(values.astype(np.int64))


def _array(values: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(values), np.float32)
