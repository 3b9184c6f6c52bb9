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
    "Prelu": ("Relu", ("T",)),
    "_FusedBatchNormEx": (
        "FusedBatchNormV3",
        ("T", "U", "epsilon", "data_format", "is_training"),
    ),
}
FUSED = frozenset(BASES)
# How many tensors the first operation reads, if not two.
READS = {"_FusedBatchNormEx": 5, "FusedPadConv2D": 3, "FusedResizeAndPadConv2D": 4}
ACTIVATIONS = ("Relu", "Relu6", "Elu", "Tanh", "Sigmoid", "LeakyRelu")


@dataclass(frozen=True)
class Part:
    """One operation of a fused one.

    Attributes:
        kind: its type.
        reads: what it reads: names of tensors, or -1 for the result of the part
            before, -2 for that of the one before that, and so on.
        set_attributes: function that sets the attributes of its node.
    """

    kind: str
    reads: Sequence[str | int]
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
    count = READS.get(node.op, 2)
    if len(given) < count:
        raise _damaged(node, f"reads {len(given)} tensors")
    if node.op == "Prelu":
        yield from _prelu(node, *given[:2])
        return
    first: list[str | int] = list(given[:count])
    if node.op.endswith("PadConv2D"):
        yield from _padded(node, given[:count])
        first = [-1, given[count - 1]]
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
        needed = {"BiasAdd": 1, "Add": 1, "Prelu": 1, "FusedBatchNorm": 4}.get(name, 0)
        if len(rest) < needed:
            raise _damaged(node, f"fuses {names} and reads too few tensors")
        more, rest = rest[:needed], rest[needed:]
        if name == "BiasAdd":
            yield Part("BiasAdd", [-1, *more], _set(node, "T", "data_format"))
        elif name == "Add":
            yield Part("AddV2", [-1, *more], _set(node, "T"))
        elif name == "FusedBatchNorm":
            yield Part("FusedBatchNormV3", [-1, *more], _set_norm(node))
        elif name == "Prelu":
            yield from _prelu(node, -1, *more)
        elif name in ACTIVATIONS:
            yield Part(name, [-1], _set_activation(node, name))
        else:
            raise ModelError(
                f"{node.name} ({node.op}) fuses {name!r} with others, which is not "
                "known: export the model without optimisation"
            )


def _prelu(node: Any, x: str | int, slope: str) -> Iterator[Part]:
    """Yield relu(x) - slope * relu(-x); only TensorFlow.js has it as one operation."""
    typed = _set(node, "T")
    yield Part("Relu", [x], typed)
    yield Part("Neg", [x if isinstance(x, str) else x - 1], typed)
    yield Part("Relu", [-1], typed)
    yield Part("Mul", [-1, slope], typed)
    yield Part("Sub", [-4, -1], typed)


def _padded(node: Any, first: list[str]) -> Iterator[Part]:
    """Yield the resizing and the padding in front of a convolution."""
    padded: list[str | int] = [first[0], first[-2]]
    if node.op == "FusedResizeAndPadConv2D":

        def resize(written: Any) -> None:
            written.attr["T"].CopyFrom(node.attr["T"])
            corners = node.attr["resize_align_corners"].b
            written.attr["align_corners"].b = corners

        yield Part("ResizeBilinear", first[:2], resize)
        padded = [-1, first[-2]]

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
