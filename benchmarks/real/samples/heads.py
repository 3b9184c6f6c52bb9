"""Heads as magnetic resonance shows them: made of ellipsoids."""

from __future__ import annotations

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

TISSUES = ((1.0, 0.5), (0.92, 0.05), (0.82, 0.45), (0.78, 0.75), (0.3, 0.15))


@recipe
def heads(sources: Sources, count: int, side: int) -> np.ndarray:
    """Make heads ``(N, side, side, side, 1)``: skin, bone, grey and white matter."""
    rng = generator()
    axes = np.stack(np.meshgrid(*3 * [np.linspace(-1, 1, side)], indexing="ij"))
    found = []
    for _ in np.arange(count):
        middle, radii = rng.normal(0, 0.03, 3), rng.uniform(0.6, 0.85, 3)
        places = (axes - middle[:, None, None, None]) / radii[:, None, None, None]
        ripple = 0.03 * np.sin(12 * places).prod(0)
        radius = np.sqrt((places**2).sum(0)) + ripple
        head = np.zeros_like(radius)
        for outer, value in TISSUES:
            head[radius < outer] = value
        found.append(np.clip(head + rng.normal(0, 0.03, head.shape), 0, 1))
    return np.stack(found)[..., None].astype(np.float32)
