"""Handlers translate Keras layers and operations to nodes: one file per family."""

from tfsnn.sources.handlers import (
    activation,
    attention,
    attention_variants,
    linear,
    locally_connected,
    merge,
    norm_matters,
    normalization,
    pooling,
    preprocessing,
    qcfs,
    refused,
    structure,
    tied_embedding,
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
    "attention_variants",
    "handles",
    "handles_operation",
    "linear",
    "locally_connected",
    "merge",
    "norm_matters",
    "normalization",
    "operation_refusals",
    "operations",
    "pooling",
    "preprocessing",
    "qcfs",
    "refusals",
    "refused",
    "registered",
    "registered_operations",
    "structure",
    "tied_embedding",
    "wrappers",
]
