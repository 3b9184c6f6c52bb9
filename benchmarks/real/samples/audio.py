"""Sound: a minute of music that librosa 0.7 ships, calls of birds that are made up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.real.samples.sources import Sources, generator, recipe

MUSIC = "*/librosa/util/example_data/*.ogg"


@recipe
def music(sources: Sources, count: int, length: int, rate: int) -> np.ndarray:
    """Cut pieces of music ``(N, length, 1)`` at `rate` samples a second, -1..1."""
    signal = _music(sources, rate)
    starts = generator().integers(0, len(signal) - length, count)
    return np.stack([signal[s : s + length] for s in starts])[..., None]


@recipe
def tempo_windows(
    sources: Sources, count: int, frames: int, standard: bool = True
) -> np.ndarray:
    """Make mel spectra of music ``(N, 40, frames, 1)`` as tempo-cnn reads them.

    Music is played at 0.5 to 2 times its tempo. Each spectrum has a mean of 0 and a
    variance of 1 if `standard`, else a maximum of 1.
    """
    signal, rng = _music(sources, 11025), generator()
    found = []
    for _ in np.arange(count):
        speed = 2 ** rng.uniform(-1, 1)
        long = int(512 * (frames + 4) * speed)
        start = rng.integers(0, len(signal) - long)
        piece = signal[start : start + long]
        piece = np.interp(np.arange(0, long - 1, speed), np.arange(long), piece)
        power = spectrum(piece, 1024, 512)[:frames]
        mel = power @ triangles(40, 1024, 11025, (20, 5000), slaney)
        found.append((mel - mel.mean()) / mel.std() if standard else mel / mel.max())
    return np.stack(found).transpose(0, 2, 1)[..., None].astype(np.float32)


@recipe
def speech_windows(sources: Sources, count: int, bands: int) -> np.ndarray:
    """Make log mel spectra of music ``(N, 68, bands)`` as inaSpeechSegmenter does.

    Every second one is played at another pitch, with noise.
    """
    signal, rng = _music(sources, 16000), generator()
    found = []
    for i in np.arange(count):
        start = rng.integers(0, len(signal) - 50_000)
        piece = signal[start : start + 50_000]
        if i % 2:
            speed = 2 ** rng.uniform(-1, 1)
            places = np.arange(0, 25_000, speed)
            piece = np.interp(places, np.arange(50_000), piece)
            piece = piece + rng.normal(0, 10 ** rng.uniform(-4, -1), len(piece))
        piece = np.append(piece[0], piece[1:] - 0.97 * piece[:-1])
        power = spectrum(32768 * piece, 512, 160, 400)[:68] ** 2
        mel = np.log(power @ triangles(24, 512, 16000, (100, 8000), htk) + 1e-9)
        patch = mel[:, :bands]
        found.append((patch - patch.mean()) / patch.std())
    return np.stack(found).astype(np.float32)


@recipe
def bird_calls(sources: Sources, count: int) -> np.ndarray:
    """Make spectra ``(N, 120, 104, 1)`` of short falling tones in noise.

    Energies of mel bands, normalised by channel (V. Lostanlen et al., "Robust sound
    event detection in bioacoustic sensor networks", PLoS ONE 2019) and then as
    birdvoxdetect scales them.
    """
    rate, hop, rng = 22050, 32, generator()
    time = np.arange(rate // 4) / rate
    found = []
    for _ in np.arange(count):
        start, fall = rng.uniform(3000, 9000), rng.uniform(-20_000, 20_000)
        middle, width = rng.uniform(0.05, 0.2), rng.uniform(0.01, 0.05)
        tone = np.sin(2 * np.pi * (start * time + fall * (time - middle) ** 2 / 2))
        call = tone * np.exp(-(((time - middle) / width) ** 2)) * rng.uniform(0, 0.5)
        noise = rng.normal(0, 0.02, len(time) + 1024)
        noise[512:-512] += call
        power = (2.0**31 * spectrum(noise, 1024, hop, 256)) ** 2
        mel = (power @ triangles(128, 1024, rate, (2000, 11025), htk))[:, :120]
        smooth = np.repeat(mel.mean(0, keepdims=True), len(mel), 0)
        normal = (mel / (1e-6 + smooth) ** 0.8 + 10) ** 0.25 - 10**0.25
        found.append(np.log1p(0.5 * normal[:104].T) - 0.8)
    return np.stack(found)[..., None].astype(np.float32)


def _music(sources: Sources, rate: int) -> np.ndarray:
    """Read the music ``(samples,)`` float32 with one channel, at `rate` a second."""
    import soundfile

    signal, own = soundfile.read(sources.find(MUSIC))
    signal = signal.mean(1)
    width = max(1, round(own / rate))  # a moving average against aliases
    signal = np.convolve(signal, np.ones(width) / width, "same")
    places = np.arange(0, len(signal) - 1, own / rate)
    return np.interp(places, np.arange(len(signal)), signal).astype(np.float32)


def spectrum(
    signal: np.ndarray, size: int, hop: int, window: int | None = None
) -> np.ndarray:
    """Return magnitudes ``(frames, size // 2 + 1)`` of overlapping Hann windows."""
    window = window or size
    starts = np.arange(0, len(signal) - window + 1, hop)
    frames = signal[starts[:, None] + np.arange(window)] * np.hanning(window)
    return np.abs(np.fft.rfft(frames, size))


def triangles(
    bands: int,
    size: int,
    rate: int,
    limits: tuple[float, float],
    scale: tuple[Callable, Callable],
) -> np.ndarray:
    """Return the weights ``(size // 2 + 1, bands)`` of triangular mel bands."""
    to_mel, to_hertz = scale
    low, high = (to_mel(np.array(each)) for each in limits)
    corners = to_hertz(np.linspace(low, high, bands + 2))
    hertz = np.arange(size // 2 + 1)[:, None] * rate / size
    rising = (hertz - corners[:-2]) / np.diff(corners)[:-1]
    falling = (corners[2:] - hertz) / np.diff(corners)[1:]
    weights = np.maximum(0, np.minimum(rising, falling))
    return weights * (2 / (corners[2:] - corners[:-2]) if scale is slaney else 1)


def _slaney(hertz: np.ndarray) -> np.ndarray:
    high = 15 + 27 * np.log(np.maximum(hertz, 1) / 1000) / np.log(6.4)
    return np.where(hertz < 1000, 3 * hertz / 200, high)


# From hertz to mel and back; Slaney's mel is linear up to 1 kHz.
htk = (
    lambda hertz: 2595 * np.log10(1 + hertz / 700),
    lambda mel: 700 * (10 ** (mel / 2595) - 1),
)
slaney = (
    _slaney,
    lambda mel: np.where(mel < 15, 200 * mel / 3, 1000 * 6.4 ** ((mel - 15) / 27)),
)
