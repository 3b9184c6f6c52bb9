"""Inputs of the calls in `keras2_functions`."""

import numpy as np

SHAPES = {"x": (3, 4), "y": (3, 4), "p": (3, 4), "i": (3, 4), "m": (6, 5, 4)}


def samples():
    rng = np.random.default_rng(0)
    x, y = (
        rng.uniform(0.1, 2, (5, 3, 4)) * rng.choice([-1, 1], (5, 3, 4))
        for _ in range(2)
    )
    p, i = rng.uniform(0.05, 0.95, (5, 3, 4)), rng.integers(0, 5, (5, 3, 4))
    m = rng.normal(0, 1, (5, 6, 5, 4))
    return [
        *(each.astype(np.float32) for each in (x, y, p)),
        i.astype(np.int32),
        m.astype(np.float32),
    ]
