"""Handler of RateNorm: neurons with a trained upper bound, whose output is a rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.layers.rate_norm import RateNorm
from tfsnn.sources.handlers.builder import Builder, Unsupported
from tfsnn.sources.handlers.registry import handles


@handles(RateNorm)
def rate_norm(layer: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate RateNorm: min(relu(z), theta) / theta."""
    bound = np.asarray(layer.bound, np.float32)
    if not 0 < bound < np.inf:
        raise Unsupported(
            f"its bound is {bound:g} after training; it must be positive and finite: "
            "train with a smaller learning rate"
        )
    return builder.affine(builder.rate(inputs[0], float(bound)), 1 / bound)
