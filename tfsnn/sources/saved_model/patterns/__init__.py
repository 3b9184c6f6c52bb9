"""Patterns of several operations that are one Keras layer; the first that fits wins.

The order of the imports is that of the attempts: a loop comes before what it is written
out as, an activation before the arithmetic it is made of, and a layer's bias before an
offset of its own.
"""

# isort: off
from tfsnn.sources.saved_model.patterns import (
    recurrence,
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
    "recurrence",
    "spectra",
    "upsampling",
]
