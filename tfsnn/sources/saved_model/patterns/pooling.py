"""The pattern of pooling in one dimension, which TensorFlow does in two."""

from __future__ import annotations

from typing import Any

from tfsnn.sources.saved_model.convolution import data_order
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.patterns.matching import Const, Op, X, match
from tfsnn.sources.saved_model.registry import Composition, recognises
from tfsnn.sources.saved_model.translators.pooling import emit_pooling, mirrored

# Below this nothing is ever the maximum.
LOWEST = -1e30


@recognises("Squeeze", "Reshape")
def pooling1d(operation: Any, network: Network) -> Composition | None:
    """Recognise ExpandDims, pooling over a window of 1 in that axis, Squeeze."""
    pool = network.source(operation.inputs[0])
    if not network.is_live(pool) or pool.op.type not in ("AvgPool", "MaxPool"):
        return None
    grown = network.source(pool.op.inputs[0])
    if not network.is_live(grown) or grown.op.type not in ("ExpandDims", "Reshape"):
        return None
    first, axes = data_order(pool.op)
    x = network.source(grown.op.inputs[0])
    sizes, window = grown.shape.as_list(), pool.op.get_attr("ksize")
    for unused, kept in (axes, axes[::-1]):
        if (
            not first
            and sizes[unused] == window[unused] == 1
            and pool.op.get_attr("strides")[unused] in (1, window[kept])
            and _without(grown, unused) == x.shape.as_list()
            and _without(pool, unused) == operation.outputs[0].shape.as_list()
        ):
            rows = network.layout(x).rows
            return Composition(
                [x],
                lambda rebuild, y, kept=kept, rows=rows: emit_pooling(
                    rebuild, pool.op, y, [kept], rows
                ),
                pool.op.name,
            )
    return None


def _without(tensor: Any, axis: int) -> list[int]:
    sizes = tensor.shape.as_list()
    return sizes[:axis] + sizes[axis + 1 :]


@recognises("MaxPool")
def padded_maximum(operation: Any, network: Network) -> Composition | None:
    """Recognise the maximum over windows of images padded with very low values."""
    pattern = Op("PadV2", X, Const("pads"), Const("value"))
    found = match(pattern, operation.inputs[0], network)
    if found is None or operation.get_attr("padding") != b"VALID":
        return None
    first, axes = data_order(operation)
    pads = found["pads"].tolist()
    others = [pair for axis, pair in enumerate(pads) if axis not in axes]
    if found["value"].item() > LOWEST or any(map(any, others)):
        return None

    def emit(rebuild: Any, x: Any) -> Any:
        x = rebuild.channels_last(x) if first else x
        x = mirrored(rebuild, operation, x, [tuple(pads[axis]) for axis in axes])
        y = emit_pooling(rebuild, operation, x, axes, 1)
        return rebuild.channels_first(y) if first else y

    return Composition([found["x"]], emit)
