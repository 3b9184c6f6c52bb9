"""Handlers of operations whose result depends on no value of their input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.sources.handlers.builder import Builder
from tfsnn.sources.handlers.ops.arithmetic import sample
from tfsnn.sources.handlers.ops.calls import number
from tfsnn.sources.handlers.registry import handles_operation


@handles_operation("ZerosLike", "OnesLike", "FullLike")
def filled(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate zeros_like, ones_like and full_like: a constant current."""
    values = {"ZerosLike": 0.0, "OnesLike": 1.0}
    value: Any = values.get(type(operation).__name__)
    if value is None:
        value = number(builder.argument(1, "fill_value"), "fill_value")
    shape = builder.shape(inputs[0])
    return builder.constant(np.broadcast_to(sample(value, len(shape)), shape))
