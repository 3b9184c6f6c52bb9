"""Patterns of the spectrum of a real signal, which is a product with a matrix.

Layers have no complex numbers. But the real part, the imaginary part and the magnitude
of a Fourier transform are real, and the first two of them are linear.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from tfsnn.sources.saved_model.families import family_of
from tfsnn.sources.saved_model.frozen_graph import Network
from tfsnn.sources.saved_model.patterns.matching import Const, Op, X, match
from tfsnn.sources.saved_model.registry import Composition, recognises, translates
from tfsnn.sources.saved_model.shapes import Refused, check_matrix

REAL = ("ComplexAbs", "Real", "Imag")
SPECTRUM = Op(REAL, Op("RFFT", X, Const("length")))


@recognises(*REAL)
def spectrum(operation: Any, network: Network) -> Composition | None:
    """Recognise the magnitude or a part of the spectrum of a real signal."""
    found = match(SPECTRUM, operation.outputs[0], network)
    if found is None or found["length"].size != 1:
        return None
    x = found["x"]
    network.layout(x).keras_axis(-1)  # refuses a transform over the batch
    samples, length = x.shape.as_list()[-1], int(found["length"].item())

    def emit(rebuild: Any, given: Any) -> Any:
        check_matrix(samples, length)
        parts = _parts(samples, length)

        def dense(matrix: np.ndarray) -> Any:
            kernel = matrix.astype(x.dtype.as_numpy_dtype)
            return rebuild.weighted(
                layers.Dense,
                given,
                [kernel],
                units=kernel.shape[1],
                use_bias=False,
                kernel_initializer="zeros",
            )

        if operation.type != "ComplexAbs":
            return dense(parts[REAL.index(operation.type) - 1])
        a, b = (rebuild.raw(ops.square, dense(part)) for part in parts)
        return rebuild.raw(ops.sqrt, rebuild.layer(layers.Add, [a, b]))

    return Composition([x], emit)


def _parts(samples: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return real and imaginary part of the transform, ``(samples, frequencies)``.

    Samples beyond the length of the transform have no part in it.
    """
    times, frequencies = np.arange(samples), np.arange(length // 2 + 1)
    angles = 2 * np.pi * (np.outer(times, frequencies) % length) / length
    used = (times < length)[:, None]
    return np.cos(angles) * used, -np.sin(angles) * used


@translates("RFFT", *REAL)
def complex_numbers(operation: Any, rebuild: Any) -> Any:
    """Translate the spectrum of a real signal; other complex numbers are refused."""
    family = family_of(operation.type)
    assert family is not None
    raise Refused(family.reason)
