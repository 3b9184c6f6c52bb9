"""Operations that TensorFlow's optimisers make of several, written as these again.

Frozen graphs, and graphs of TensorFlow.js, are often optimised: a convolution, its bias
and its activation are one operation there, which TensorFlow cannot run everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfsnn.errors import ModelError

CONVOLUTION = ("T", "strides", "padding", "data_format", "dilations")
# By fused operation, the one that it begins with and the attributes of that.
BASES: dict[str, tuple[str, tuple[str, ...]]] = {
    "_FusedConv2D": ("Conv2D", (*CONVOLUTION, "explicit_paddings")),
    "_FusedConv3D": ("Conv3D", CONVOLUTION),
    "_FusedDepthwiseConv2dNative": ("DepthwiseConv2dNative", CONVOLUTION),
    "FusedDepthwiseConv2dNative": ("DepthwiseConv2dNative", CONVOLUTION),
    "_FusedMatMul": ("MatMul", ("T", "transpose_a", "transpose_b")),
    "FusedPadConv2D": ("Conv2D", ("T", "strides", "padding")),
    "FusedResizeAndPadConv2D": ("Conv2D", ("T", "strides", "padding")),
    "_FusedBatchNormEx": (
        "FusedBatchNormV3",
        ("T", "U", "epsilon", "data_format", "is_training"),
    ),
}
FUSED = frozenset(BASES)
ACTIVATIONS = ("Relu", "Relu6", "Elu", "Tanh", "Sigmoid", "LeakyRelu")


@dataclass(frozen=True)
class Part:
    """One operation of a fused one.

    Attributes:
        kind: its type.
        reads: what it reads: tensors, or None for the result of the part before.
        set_attributes: function that sets the attributes of its node.
    """

    kind: str
    reads: Sequence[str | None]
    set_attributes: Callable[[Any], None]


def parts(node: Any, reads: Sequence[str]) -> Iterator[Part]:
    """Yield the operations that a fused one stands for, each reading that before it.

    Args:
        node: the fused operation.
        reads: names of the tensors that it reads.

    Raises:
        ModelError: if it fuses something else, or reads too few tensors.
    """
    base, attributes = BASES[node.op]
    given = list(reads)
    counts = {"_FusedBatchNormEx": 5, "FusedPadConv2D": 3, "FusedResizeAndPadConv2D": 4}
    count = counts.get(node.op, 2)
    if len(given) < count:
        raise _damaged(node, f"reads {len(given)} tensors")
    first: list[str | None] = list(given[:count])
    if node.op.endswith("PadConv2D"):
        yield from _padded(node, given[:count])
        first = [None, given[count - 1]]
    yield Part(base, first, _set(node, *attributes))
    yield from _behind(node, given[count:])


def _behind(node: Any, rest: list[str]) -> Iterator[Part]:
    """Yield the bias, normalisation and activation of a fused operation."""
    names = [text.decode() for text in node.attr["fused_ops"].list.s]
    if node.op == "_FusedBatchNormEx":
        names = ["Add"] * len(rest)
        mode = node.attr["activation_mode"].s.decode() or "Identity"
        names += [] if mode == "Identity" else [mode]
    for name in names:
        needed = {"BiasAdd": 1, "Add": 1, "FusedBatchNorm": 4}.get(name, 0)
        if len(rest) < needed:
            raise _damaged(node, f"fuses {names} and reads too few tensors")
        more, rest = rest[:needed], rest[needed:]
        if name == "BiasAdd":
            yield Part("BiasAdd", [None, *more], _set(node, "T", "data_format"))
        elif name == "Add":
            yield Part("AddV2", [None, *more], _set(node, "T"))
        elif name == "FusedBatchNorm":
            yield Part("FusedBatchNormV3", [None, *more], _set_norm(node))
        elif name in ACTIVATIONS:
            yield Part(name, [None], _set_activation(node, name))
        else:
            raise ModelError(
                f"{node.name} ({node.op}) fuses {name!r} with others, which is not "
                "known: export the model without optimisation"
            )


def _padded(node: Any, first: list[str]) -> Iterator[Part]:
    """Yield the resizing and the padding in front of a convolution."""
    padded: list[str | None] = [first[0], first[-2]]
    if node.op == "FusedResizeAndPadConv2D":

        def resize(written: Any) -> None:
            written.attr["T"].CopyFrom(node.attr["T"])
            corners = node.attr["resize_align_corners"].b
            written.attr["align_corners"].b = corners

        yield Part("ResizeBilinear", first[:2], resize)
        padded = [None, first[-2]]

    def pad(written: Any) -> None:
        written.attr["T"].CopyFrom(node.attr["T"])
        written.attr["mode"].CopyFrom(node.attr["mode"])
        written.attr["Tpaddings"].type = tf.int32.as_datatype_enum

    yield Part("MirrorPad", padded, pad)


def _set(node: Any, *names: str) -> Callable[[Any], None]:
    def copy(written: Any) -> None:
        for name in names:
            if name in node.attr:
                written.attr[name].CopyFrom(node.attr[name])

    return copy


def _set_norm(node: Any) -> Callable[[Any], None]:
    def copy(written: Any) -> None:
        _set(node, "T", "data_format", "epsilon")(written)
        written.attr["U"].CopyFrom(node.attr["T"])
        written.attr["is_training"].b = False

    return copy


def _set_activation(node: Any, name: str) -> Callable[[Any], None]:
    def copy(written: Any) -> None:
        _set(node, "T")(written)
        if name == "LeakyRelu" and "leakyrelu_alpha" in node.attr:
            written.attr["alpha"].CopyFrom(node.attr["leakyrelu_alpha"])

    return copy


def _damaged(node: Any, what: str) -> ModelError:
    return ModelError(
        f"{node.name} ({node.op}) {what}, which does not fit: the file is damaged, "
        "export it again"
    )
