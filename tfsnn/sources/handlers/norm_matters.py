"""Handlers of the normalisations of "Norm matters": a gain and offset per channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfsnn.layers.normalization import (
    L1BatchNormalization,
    LInfBatchNormalization,
    TopKBatchNormalization,
)
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles


@handles(L1BatchNormalization, TopKBatchNormalization, LInfBatchNormalization)
def deviation_normalization(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate any of these normalisations, with its moving statistics."""
    if layer.axis not in (-1, len(builder.shape(inputs[0]))):
        raise Unsupported(
            f"it normalises axis {layer.axis}; only the last axis (channels) is "
            "supported: move the channels last"
        )
    return builder.affine(inputs[0], *layer.gain_and_offset())
