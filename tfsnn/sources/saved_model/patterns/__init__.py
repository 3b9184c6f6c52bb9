"""Several operations that are one Keras layer: the first that fits is taken.

So the order matters: an activation goes before the arithmetic it is made of, and a
bias belongs to its layer before it is an offset of its own.
"""

# isort: off
from tfsnn.sources.saved_model.patterns import (
    activations,
    normalization,
    embedding,
    pooling,
    upsampling,
    linear,
    affine,
)

__all__ = [
    "activations",
    "affine",
    "embedding",
    "linear",
    "normalization",
    "pooling",
    "upsampling",
]
