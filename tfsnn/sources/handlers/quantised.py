"""Handlers of quantised activations: neurons with a number of levels.

What every handler of the kind adds is in :func:`levels`: a population for x above 0,
and one for x below it where there can be such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tfsnn.layers.fake_quant import FakeQuant
from tfsnn.layers.quantize_dequantize import QuantizeDequantize
from tfsnn.network.nodes import Average, Max, Merge, Rate, SmoothRate
from tfsnn.network.nodes.movement import Movement
from tfsnn.network.rounding import Rounding, plain
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles


def levels(x: str, builder: Builder, above: Rounding, below: Any = 0) -> str:
    """Add a quantised activation of either sign, and return the name of its node.

    Args:
        x: the node to round.
        builder: the graph in the making.
        above: the rounding of what lies above 0.
        below: the number of levels below 0, in the same steps.
    """
    positive = never_negative(x, builder)
    if above.period is not None:  # what overflows may be of the other sign
        above = replace(above, relu=positive)
    elif positive:
        below = 0
    if not np.any(below):
        return builder.rate(x, rounding=above)
    upper = builder.rate(x, rounding=above) if above.most else None
    negated = builder.affine(x, -1.0, suffix="_negated")
    rounding = replace(above, levels=below, sign=-1)
    negative = builder.affine(
        builder.rate(negated, rounding=rounding), -1.0, suffix="_sign"
    )
    if upper is None:
        return negative
    return builder.total([upper, negative], suffix="_sum")


def never_negative(x: str, builder: Builder) -> bool:
    """Whether no value of a node can be below 0, as far as its making tells."""
    node = builder.nodes[x]
    if isinstance(node, Rate):
        return not isinstance(node, SmoothRate)
    joins = isinstance(node, Merge | Average | Max | Movement)
    if joins and not getattr(node, "minima", ()):
        return all(never_negative(name, builder) for name in node.inputs)
    return False


@handles(FakeQuant)
def fake_quant(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate FakeQuant, with one range or one for each channel."""
    given = layer.constants
    bounds = (layer.minimum, layer.maximum) if given else (layer.low, layer.high)
    low, high = (np.asarray(bound, np.float32) for bound in bounds)
    if not ((low <= 0) & (high >= 0) & np.isfinite(high - low)).all():
        raise Unsupported(
            f"its range, from {low.min():g} to {high.max():g}, has no 0 in it after "
            "training: train with a smaller learning rate"
        )
    least = int(layer.narrow_range)
    most = 2**layer.num_bits - 1
    empty = low == high  # TensorFlow then returns 0
    if empty.all():
        return builder.affine(inputs[0], 0.0)
    step, gain, zero = nudged(
        np.where(empty, 0, low), np.where(empty, 1, high), least, most
    )
    above = np.where(empty, 0, most - least - zero)
    below = np.where(empty, 0, zero)
    shifted = bool(below.any())
    rounding = Rounding(
        levels=plain(above.astype(int)),
        step=plain(step),
        gain=plain(gain) if layer.constants or low.ndim else None,
        low=plain(-zero * step) if shifted else None,
        zero=plain(zero) if shifted else None,
    )
    return levels(inputs[0], builder, rounding, plain(below.astype(int)))


@handles(QuantizeDequantize)
def quantize_dequantize(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QuantizeDequantize, whose range the largest integer fits into."""
    above = 2 ** (layer.num_bits - layer.signed) - 1
    below = above + (not layer.narrow_range) if layer.signed else 0
    low, high = np.float32(layer.minimum), np.float32(layer.maximum)
    gain, step = np.float32(above) / high, high / np.float32(above)
    if below and low < 0 and np.float32(-below) / low < gain:
        gain, step = np.float32(-below) / low, low / np.float32(-below)
    half = "up" if layer.half_up else "even"
    rounding = Rounding(above, float(step), gain=float(gain), half=half)
    return levels(inputs[0], builder, rounding, below)


def nudged(
    low: np.ndarray, high: np.ndarray, least: int, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return step, 1 / step and the number of levels below 0, as TensorFlow does.

    All is float32: its kernels compute so (core/kernels/fake_quant_ops_functor.h).

    Args:
        low, high: the range.
        least, most: the lowest and the highest integer that stand for its ends.
    """
    first, last = np.float32(least), np.float32(most)
    step = np.asarray((high - low) / (last - first), np.float32)
    gain = np.asarray((last - first) / (high - low), np.float32)
    exact = np.asarray(first - low / step, np.float32)
    # Rounded half away from 0; it is not negative.
    point = np.clip(np.floor(exact.astype(np.float64) + 0.5), least, most)
    return step, gain, (point - least).astype(np.float32)
