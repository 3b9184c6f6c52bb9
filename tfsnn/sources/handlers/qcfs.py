"""Handler of QCFS: neurons with a trained upper bound and a number of levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.layers.qcfs import QCFS
from tfsnn.network.rounding import Rounding, plain
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles


@handles(QCFS)
def qcfs(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate QCFS with one threshold, or one per channel."""
    bound = np.asarray(layer.threshold, np.float32)
    if not (np.isfinite(bound).all() and (bound > 0).all()):
        raise Unsupported(
            f"its threshold is {bound.min():g} after training; it must be positive: "
            "train with a smaller learning rate, or a larger initial threshold"
        )
    rounding = Rounding(
        levels=layer.levels,
        step=plain(bound / np.float32(layer.levels)),
        gain=layer.levels,
        divisor=bound.tolist(),
        shares=True,
    )
    return builder.rate(inputs[0], rounding=rounding)
