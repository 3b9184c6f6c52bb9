"""Draw the calibration samples that benchmarks share."""

from __future__ import annotations

import keras
import numpy as np

import tfsnn


def drawn(model: keras.Model, path: str, count: int = 1024) -> tfsnn.Calibration:
    """Calibrate on `count` samples of an npz file, drawn with seed 0."""
    with np.load(path) as arrays:
        x = arrays["x"]
    rng = np.random.default_rng(0)
    return tfsnn.calibration(model, x[np.sort(rng.choice(len(x), count, False))])
