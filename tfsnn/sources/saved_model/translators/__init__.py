"""Translators of single operations, one file per family."""

from tfsnn.sources.saved_model.translators import (
    convolution,
    diagonal,
    elementwise,
    indexing,
    joining,
    matmul,
    normalization,
    order,
    pooling,
    quantisation,
    resize,
    shape,
    windows,
)

__all__ = [
    "convolution",
    "diagonal",
    "elementwise",
    "indexing",
    "joining",
    "matmul",
    "normalization",
    "order",
    "pooling",
    "quantisation",
    "resize",
    "shape",
    "windows",
]
