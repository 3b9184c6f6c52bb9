"""Handlers translate Keras layers and operations to nodes: one file per family."""

from tfsnn.sources.handlers import (
    activation,
    attention,
    linear,
    masks,
    merge,
    norm_matters,
    normalization,
    pooling,
    qcfs,
    recurrent,
    refused,
    structure,
    wrappers,
)
from tfsnn.sources.handlers import ops as operations
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.registry import (
    handles,
    handles_operation,
    operation_refusals,
    refusals,
    registered,
    registered_operations,
)

__all__ = [
    "Builder",
    "Signal",
    "Unsupported",
    "activation",
    "attention",
    "handles",
    "handles_operation",
    "linear",
    "masks",
    "merge",
    "norm_matters",
    "normalization",
    "operation_refusals",
    "operations",
    "pooling",
    "qcfs",
    "recurrent",
    "refusals",
    "refused",
    "registered",
    "registered_operations",
    "structure",
    "wrappers",
]
