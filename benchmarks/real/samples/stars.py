"""Light curves of supernovae, made up as astrorapid reads them."""

from __future__ import annotations

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe


@recipe
def light_curves(sources: Sources, count: int, steps: int, bands: int) -> np.ndarray:
    """Make light curves ``(N, steps, bands)``: a rise, a peak and a decay, with noise.

    A step is three days; the days after the last observation are 0, which is masked.
    """
    rng = generator()
    days = 3.0 * np.arange(steps)[None, :, None] - 70
    peak = rng.uniform(0, 20, (count, 1, 1)) + rng.uniform(-3, 5, (count, 1, bands))
    rise = rng.uniform(3, 12, (count, 1, 1))
    decay = rng.uniform(15, 60, (count, 1, bands))
    after = np.exp(-(days - peak) / decay)
    flux = after / (1 + np.exp(-(days - peak) / rise))
    flux *= 10 ** rng.uniform(1.5, 3.5, (count, 1, 1))
    flux += rng.normal(0, 10, flux.shape)
    last = rng.integers(steps // 2, steps + 1, count)
    flux[np.arange(steps)[None] >= last[:, None]] = 0
    return flux.astype(np.float32)
