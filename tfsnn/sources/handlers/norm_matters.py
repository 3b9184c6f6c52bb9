"""Handlers of the normalisations of "Norm matters": a gain and offset per channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfsnn.layers.normalization import (
    L1BatchNormalization,
    LInfBatchNormalization,
    TopKBatchNormalization,
)
from tfsnn.sources.handlers.builder import Builder
from tfsnn.sources.handlers.normalization import along
from tfsnn.sources.handlers.registry import handles


@handles(L1BatchNormalization, TopKBatchNormalization, LInfBatchNormalization)
def deviation_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate any of these normalisations, with its moving statistics."""
    gain, offset = layer.gain_and_offset()
    return along(inputs[0], layer.axis, gain, offset, builder)
