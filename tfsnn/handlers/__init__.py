"""Keras layers to nodes: a file for each family, a function for each layer."""

from tfsnn.handlers import (
    activation,
    linear,
    merge,
    normalization,
    pooling,
    structure,
)
from tfsnn.handlers.registry import Builder, Unsupported, handles, registered

__all__ = [
    "Builder",
    "Unsupported",
    "activation",
    "handles",
    "linear",
    "merge",
    "normalization",
    "pooling",
    "registered",
    "structure",
]
