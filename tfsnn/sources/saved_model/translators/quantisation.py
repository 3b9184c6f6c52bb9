"""Translators of fake quantisation: rounding to levels, in float32.

Weights that are rounded so are constants, and read as such.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfsnn.layers.fake_quant import FakeQuant
from tfsnn.layers.quantize_dequantize import QuantizeDequantize
from tfsnn.sources.saved_model.rebuild import Rebuild
from tfsnn.sources.saved_model.registry import translates
from tfsnn.sources.saved_model.shapes import Refused

BY_VARIABLES = "FakeQuantWithMinMaxVars"


@translates("FakeQuantWithMinMaxArgs", BY_VARIABLES, f"{BY_VARIABLES}PerChannel")
def fake_quant(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a fake quantisation whose bounds are constant after training."""
    if operation.type == "FakeQuantWithMinMaxArgs":
        low, high = (
            np.asarray(operation.get_attr(name), np.float32) for name in ("min", "max")
        )
        constants = True
    else:
        low, high = _bounds(operation, rebuild)
        constants = False
    options = {
        "num_bits": operation.get_attr("num_bits"),
        "narrow_range": operation.get_attr("narrow_range"),
        "minimum": low.tolist(),
        "maximum": high.tolist(),
        "constants": constants,
    }
    x = rebuild[operation.inputs[0]]
    if low.ndim:  # the channels are those of the last axis, whatever it is
        return rebuild.layer(FakeQuant, x, **options)
    return rebuild.pointwise(x, lambda y: rebuild.layer(FakeQuant, y, **options))


@translates(
    "QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4"
)
def quantize_and_dequantize(operation: Any, rebuild: Rebuild) -> Any:
    """Translate a rounding to integers and back, over a given range."""
    if not operation.get_attr("range_given"):
        raise Refused(
            "its range is that of the batch at hand, so samples are mixed: give it a "
            "range (range_given=True)"
        )
    low, high = _bounds(operation, rebuild)
    if low.size != 1:
        raise Refused(
            "it has a range for each channel; only one for all is supported: use "
            "tf.quantization.fake_quant_with_min_max_vars_per_channel"
        )
    bits = operation.inputs[3] if operation.type.endswith("V3") else None
    half_up = operation.type != "QuantizeAndDequantizeV3" and (
        operation.get_attr("round_mode") == b"HALF_UP"
    )
    options = {
        "minimum": low.item(),
        "maximum": high.item(),
        "num_bits": (
            operation.get_attr("num_bits")
            if bits is None
            else int(rebuild.network.argument(operation, 3))
        ),
        "signed": operation.get_attr("signed_input"),
        "narrow_range": operation.get_attr("narrow_range"),
        "half_up": half_up,
    }
    x = rebuild[operation.inputs[0]]
    return rebuild.pointwise(
        x, lambda y: rebuild.layer(QuantizeDequantize, y, **options)
    )


def _bounds(operation: Any, rebuild: Rebuild) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of a quantisation, which are its second and third input."""
    low, high = (np.float32(rebuild.network.argument(operation, i)) for i in (1, 2))
    return np.asarray(low), np.asarray(high)
