"""Refusals of operations that cannot be rebuilt, all found before any work."""

from __future__ import annotations

from typing import Any

from tfsnn.errors import ModelError, UnsupportedError
from tfsnn.sources.saved_model.frozen_graph import TRANSPARENT, Network
from tfsnn.sources.saved_model.registry import known

CONTROL_FLOW = frozenset(
    (
        "If",
        "StatelessIf",
        "While",
        "StatelessWhile",
        "Case",
        "StatelessCase",
        "For",
        "Switch",
        "Merge",
        "Enter",
        "Exit",
        "NextIteration",
        "LoopCond",
        "RefSwitch",
        "RefMerge",
    )
)
INPUTS = ("Placeholder",)
HALF = {"float16", "bfloat16"}
LOOP = (
    "control flow depends on values, which layers cannot express: export the model "
    "with loops unrolled (for recurrent layers, unroll=True) and without conditions"
)
TEXT = "works on text or encoded data: cut the graph behind it and feed its result"
STATE = (
    "is random or keeps state: export the model for inference, without dropout or "
    "tables"
)
OTHER = (
    "no translation of this operation: export the model without it, or load the model "
    "from a .keras file"
)


def check_types(network: Network) -> None:
    """Refuse a graph with operations that no translator is known for.

    Raises:
        UnsupportedError: if such operations lead to an output; it names them all.
        ModelError: if the graph computes in half precision.
    """
    fed = {tensor.op.name for tensor in network.inputs.values()}
    problems = []
    for operation in network.operations:
        if operation.name in fed:
            continue
        reason = _reason(operation, operation.name in network.live)
        if reason:
            problems.append((operation.name, operation.type, reason))
    if problems:
        raise UnsupportedError(problems)
    for operation in network.operations:
        kinds = {tensor.dtype.base_dtype.name for tensor in operation.outputs}
        if operation.name in network.live and (found := kinds & HALF):
            raise ModelError(
                f"{operation.name} computes in {found.pop()}, which rounds too "
                "coarsely to tell whether a rebuilt model is right: set the dtype "
                "policy to float32 and export the model again"
            )


def _reason(operation: Any, live: bool) -> str:
    if operation.type in CONTROL_FLOW:
        return LOOP
    tensors = (*operation.inputs, *operation.outputs)
    kinds = {tensor.dtype.base_dtype.name for tensor in tensors}
    if "variant" in kinds:  # lists of tensors, which loops fill
        return LOOP
    if "string" in kinds:
        return TEXT
    if operation.op_def.is_stateful and operation.type not in INPUTS:
        return STATE
    if operation.type in INPUTS:
        return "is an input that the signature does not name: export the model again"
    if live and not known(operation.type) and operation.type not in TRANSPARENT:
        return OTHER
    return ""
