"""Handlers of Fourier transforms of real signals: linear maps, of cosine and sine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfsnn.network.nodes import Linear
from tfsnn.sources.handlers.builder import Builder, Signal, Unsupported
from tfsnn.sources.handlers.ops.along import weighted
from tfsnn.sources.handlers.registry import handles_operation
from tfsnn.sources.handlers.structure import pad


def _waves(length: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices of the real and the imaginary part, ``(length, count)``."""
    turns = np.outer(np.arange(length), np.arange(count)) % length
    angles = 2 * np.pi * turns / length
    return np.cos(angles), -np.sin(angles)


@handles_operation("RFFT")
def rfft(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate rfft: its real and its imaginary part, two dense nodes."""
    x: str = inputs[0]
    axis = len(builder.shape(x)) - 1
    length = builder.shape(x)[axis]
    wanted = operation.fft_length or length
    known = min(length, wanted)
    x = builder.slice(x, axis, 0, known, "_part") if known < length else x
    return [
        weighted(x, axis, matrix[:known], builder)
        for matrix in _waves(wanted, wanted // 2 + 1)
    ]


def _pair(builder: Builder) -> tuple[str, str]:
    real, imaginary = builder.argument(0, "x")
    if not (isinstance(real, Signal) and isinstance(imaginary, Signal)):
        raise Unsupported("one of its parts is a constant: make both signals")
    return real, imaginary


@handles_operation("FFT")
def fft(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate fft of a real and an imaginary part, along the last axis."""
    real, imaginary = _pair(builder)
    axis = len(builder.shape(real)) - 1
    length = builder.shape(real)[axis]
    cosine, sine = _waves(length, length)
    parts = [
        [(real, cosine), (imaginary, -sine)],
        [(real, sine), (imaginary, cosine)],
    ]
    return [
        builder.total(
            [weighted(x, axis, matrix, builder) for x, matrix in part], suffix="_sum"
        )
        for part in parts
    ]


@handles_operation("IRFFT")
def irfft(operation: Any, inputs: Sequence[str], builder: Builder) -> str:
    """Translate irfft of a real and an imaginary part, along the last axis."""
    real, imaginary = _pair(builder)
    axis = len(builder.shape(real)) - 1
    bins = builder.shape(real)[axis]
    length = operation.fft_length or 2 * (bins - 1)
    known = min(bins, length // 2 + 1)
    cosine, sine = (matrix.T / length for matrix in _waves(length, known))
    twice = np.full((known, 1), 2.0)
    twice[0] = 1
    if length % 2 == 0 and known == length // 2 + 1:
        twice[-1] = 1
    parts = []
    for x, matrix in ((real, cosine), (imaginary, sine)):
        part = builder.slice(x, axis, 0, known, "_part") if known < bins else x
        parts.append(weighted(part, axis, matrix * twice, builder))
    return builder.total(parts, suffix="_sum")


@handles_operation("STFT")
def stft(operation: Any, inputs: Sequence[str], builder: Builder) -> list[str]:
    """Translate stft: convolutions with the waves of each frequency, windowed."""
    x: str = inputs[0]
    *outer, length = builder.shape(x)
    size = operation.fft_length
    if operation.center:
        half = size // 2
        x = pad(x, builder, (*[(0, 0)] * len(outer), (half, half)), "reflect")
        length += 2 * half
    frames = 1 + (length - size) // operation.sequence_stride
    if outer:
        raise Unsupported(
            f"it transforms {(*outer, length)} values along the last axis: reshape the "
            "signal to one axis, or transform it before the model (--from LAYER)"
        )
    y = builder.reshape(x, (length, 1))
    window = _window(operation)
    return [
        builder.add(
            Linear,
            (y,),
            (frames, size // 2 + 1),
            "conv",
            kernel=(window[:, None] * wave).reshape(size, 1, -1).astype(np.float32),
            strides=(operation.sequence_stride,),
            dilation=(1,),
            suffix=suffix,
        )
        for wave, suffix in zip(
            _waves(size, size // 2 + 1), ("_real", "_imaginary"), strict=True
        )
    ]


def _window(operation: Any) -> np.ndarray:
    """Return the window of a transform, with zeros on either side; ones for none."""
    size, count = operation.fft_length, operation.sequence_length
    if operation.window is None:
        return np.ones(size)
    window = np.asarray(operation.window)
    if isinstance(operation.window, str):
        share = {"hann": 0.5, "hamming": 0.54}[operation.window]
        turns = 2 * np.pi * np.arange(count) / count
        window = share - (1 - share) * np.cos(turns)
    before = (size - count) // 2
    return np.pad(window, (before, size - count - before))
