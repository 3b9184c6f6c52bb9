"""Translators of single operations, one file per family."""

from tfsnn.sources.saved_model.translators import (
    convolution,
    elementwise,
    indexing,
    joining,
    matmul,
    normalization,
    pooling,
    resize,
    shape,
)

__all__ = [
    "convolution",
    "elementwise",
    "indexing",
    "joining",
    "matmul",
    "normalization",
    "pooling",
    "resize",
    "shape",
]
