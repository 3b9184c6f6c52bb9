"""Nights of a sleeper: intervals between heartbeats made up, and their features."""

from __future__ import annotations

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

EPOCH, BEFORE, BEHIND = 30, 240, 270  # seconds: sleepecg's epochs, and what they see
BANDS = ((0.0033, 0.04), (0.04, 0.15), (0.15, 0.4))  # Hz: very low, low, high


@recipe
def nights(sources: Sources, count: int, length: int) -> np.ndarray:
    """Make features ``(N, length, 36)`` of nights: variability, spectrum, and who.

    The features are those of sleepecg's ``extract_features``, in its order; hearts beat
    faster and less evenly where their owners are awake.
    """
    rng = generator()
    return np.stack([_night(rng, length) for _ in np.arange(count)])


def _night(rng: np.random.Generator, length: int) -> np.ndarray:
    seconds = np.arange(0, (length + 20) * EPOCH)
    turns = np.cumsum(rng.exponential(1200, len(seconds) // 300))
    awake = np.searchsorted(turns, seconds) % 2
    breath = rng.uniform(0.2, 0.3)
    mean = rng.uniform(0.85, 1.1) - 0.2 * awake
    depth = np.where(awake, 0.02, 0.06)
    intervals, time = [], 0.0
    while time < seconds[-1]:
        now = int(time)
        waves = depth[now] * np.sin(2 * np.pi * breath * time)
        waves += (0.08 - depth[now]) * np.sin(2 * np.pi * 0.09 * time)
        intervals.append(mean[now] + waves + rng.normal(0, 0.01))
        time += intervals[-1]
    beats = np.cumsum(intervals)
    who = rng.uniform(75_000, 85_000), rng.uniform(45, 80), float(rng.random() < 0.5)
    rows = []
    for start in BEFORE + EPOCH * np.arange(length):
        inside = (beats > start - BEFORE) & (beats < start + BEHIND)
        seen = np.array(intervals)[inside]
        rows.append([*_in_time(1000 * seen), *_spectrum(beats[inside], seen), *who])
    return np.array(rows, np.float32)


def _in_time(nn: np.ndarray) -> list[float]:
    """Return 26 features of intervals in milliseconds."""
    steps, rates = np.diff(nn), 60_000 / nn
    spread, step = nn.std(ddof=1), np.sqrt(np.mean(steps**2))
    over = [np.sum(np.abs(steps) > limit) for limit in (50, 20)]
    one, two = step / np.sqrt(2), np.sqrt(max(0, 2 * spread**2 - step**2 / 2))
    quarters = np.percentile(nn, (75, 25))
    return [
        *(nn.mean(), nn.max(), nn.min(), np.ptp(nn), spread, step, steps.std(ddof=1)),
        *(*over, *(100 * n / len(nn) for n in over), np.median(nn)),
        *(np.median(np.abs(nn - np.median(nn))), quarters[0] - quarters[1]),
        *(spread / nn.mean(), step / nn.mean()),
        *(rates.mean(), rates.max(), rates.min(), rates.std(ddof=1)),
        *(one, two, np.pi * one * two, one / two, two / one, np.log10(16 * one * two)),
    ]


def _spectrum(beats: np.ndarray, intervals: np.ndarray) -> list[float]:
    """Return 7 features: the power of bands, and their relations."""
    times = np.arange(beats[0], beats[-1], 0.25)
    even = np.interp(times, beats, 1000 * intervals)
    power = np.abs(np.fft.rfft(even - even.mean())) ** 2 / (2 * len(even))
    hertz = np.fft.rfftfreq(len(even), 0.25)
    step = hertz[1]
    very, low, high = (step * power[(hertz >= a) & (hertz < b)].sum() for a, b in BANDS)
    share = 100 / (low + high)
    return [very + low + high, very, low, low * share, high, high * share, low / high]
