"""Patterns of several operations that are one Keras layer; the first that fits wins.

The order of the imports is that of the attempts: an activation comes before the
arithmetic it is made of, and a layer's bias before an offset of its own.
"""

# isort: off
from tfsnn.sources.saved_model.patterns import (
    activations,
    normalization,
    embedding,
    pooling,
    spectra,
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
    "spectra",
    "upsampling",
]
