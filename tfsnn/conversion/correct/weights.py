"""Weights for the inputs that spikes stand for, in closed form.

The layer's inputs in the spiking network, x', are not those of the ANN: rounded,
clipped, and late. So its weights and biases are changed by the D that makes good most
of the error r of its mean currents over the calibration samples::

    D = argmin sum |r - D [x'; 1]|^2 + l * mean diagonal of sum x' x'^T * |D|^2

(ridge regression; the bias is free). The strength l is the one of :data:`STRENGTHS`
with the least error on the last quarter of the samples, where no change at all is a
candidate; then all samples are used. Wide layers, which want strong ones, take the
first after which the error grows. The weight calibration of Li et al. (ICML 2021, arXiv
2106.06984) has the same aim by gradient descent, over thousands of iterations.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.network.nodes import Linear
from tfsnn.network.windows import same_pads

STRENGTHS = (1.0, 1e-1, 1e-2, 1e-3)
WIDE = 256  # weights of one output, from which a strength takes long to try
PLACES = 256  # drawn from each sample's map
BY_LAPACK = 2048  # unknowns of a system, from which LAPACK solves it
LARGEST = 4608  # weights of one output; more are not fitted
BATCH = 16  # samples at a time
WORTH_IT = 0.99  # a fit must leave less than this share of the held-out error


def fitted(node: Linear, x: Any, error: Any, *, seed: int = 0) -> Linear:
    """Return the node with weights and bias that make good most of the error.

    Args:
        node: a dense node, or a convolution over one or two axes in one group; others
            are returned as they are.
        x: mean inputs, ``(N, *shape of the input)``.
        error: what is missing from its mean currents, ``(N, *shape)``.
        seed: the seed of the places drawn.
    """
    rows = _Rows.of(node)
    if rows is None or rows.width > LARGEST:
        return node
    moments = [_Moments(rows.width + 1, node.shape[-1]) for _ in range(2)]
    rng = np.random.default_rng(seed)
    count = len(x)
    held = count - count // 4
    for start in range(0, count, BATCH):
        for part, (low, high) in zip(moments, ((0, held), (held, count)), strict=True):
            here = slice(max(start, low), min(start + BATCH, high))
            if here.start < here.stop:
                part.add(*rows.draw(x[here], error[here], rng))
    fit, test = moments
    best, least = STRENGTHS[0], np.inf
    for strength in STRENGTHS:
        error = test.error(fit.solve(strength))
        if error < least:
            best, least = strength, error
        elif rows.width >= WIDE:
            break
    if not least < WORTH_IT * test.squares:  # or nothing was held out
        return node
    change = fit.plus(test).solve(best)
    kernel = np.asarray(node.kernel) + change[:-1].reshape(node.kernel.shape)
    bias = change[-1] if node.bias is None else np.asarray(node.bias) + change[-1]
    return node.replace(kernel=kernel.astype(np.float32), bias=bias.astype(np.float32))


def moments_of(node: Linear, x: Any, *, seed: int = 0) -> np.ndarray | None:
    """Return the second moments of a node's inputs and a constant 1.

    The arguments are those of :func:`fitted`, whose places are drawn.

    Returns:
        A matrix of the weights of one output, and one more; None for nodes of other
        forms, and those of too many weights.
    """
    rows = _Rows.of(node)
    if rows is None or rows.width > LARGEST:
        return None
    moments, rng = _Moments(rows.width + 1, 1), np.random.default_rng(seed)
    shape = (*node.shape[:-1], 1)
    for start in range(0, len(x), BATCH):
        some = x[start : min(start + BATCH, len(x))]
        moments.add(*rows.draw(some, tf.zeros((len(some), *shape)), rng))
    return moments.gram


class _Rows:
    """Draws the inputs of single outputs: the windows of a convolution, flattened."""

    def __init__(self, node: Linear) -> None:
        self.node = node
        self.width = int(np.prod(node.kernel.shape[:-1]))

    @classmethod
    def of(cls, node: Linear) -> _Rows | None:
        flat = node.form == "conv" and node.groups == 1 and len(node.strides) <= 2
        return cls(node) if node.form == "dense" or flat else None

    def draw(
        self, x: Any, error: Any, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return rows ``(n, width)`` and their errors ``(n, out)``."""
        count, errors = len(x), np.asarray(error)
        errors = errors.reshape(count, -1, errors.shape[-1])
        places = np.arange(errors.shape[1])
        if len(places) > PLACES:
            places = rng.choice(len(places), PLACES, replace=False)
            errors = errors[:, places]
        return self._inputs(np.asarray(x), places), errors.reshape(-1, errors.shape[-1])

    def _inputs(self, x: np.ndarray, places: np.ndarray) -> np.ndarray:
        """Return what the outputs at some places read, ``(n, width)``."""
        node = self.node
        if node.form == "dense":
            return x.reshape(len(x), -1, self.width)[:, places].reshape(-1, self.width)
        sizes = node.kernel.shape[:-2], node.strides, node.dilation or ()
        window, strides, dilation = map(tuple, sizes)
        dilation = dilation or (1,) * len(window)
        if node.padding == "same":
            pads = same_pads(x.shape[1:-1], window, strides, dilation)
            x = np.pad(x, [(0, 0), *pads, (0, 0)])
        inner = len(window)
        index: list[Any] = [slice(None)]
        for axis, place in enumerate(np.unravel_index(places, node.shape[:-1])):
            offsets = np.arange(window[axis]) * dilation[axis]
            starts = (place * strides[axis]).reshape(-1, *[1] * inner)
            shape = [-1 if other == axis else 1 for other in range(inner)]
            index.append(starts + offsets.reshape(1, *shape))
        return x[tuple(index)].reshape(-1, self.width)


class _Moments:
    """Sums over rows: all that the fit and its error need."""

    def __init__(self, width: int, out: int) -> None:
        self.gram = np.zeros((width, width))
        self.cross = np.zeros((width, out))
        self.squares = 0.0

    def add(self, rows: np.ndarray, errors: np.ndarray) -> None:
        rows = np.concatenate([rows, np.ones((len(rows), 1), np.float32)], 1)
        self.gram += tf.matmul(rows, rows, transpose_a=True).numpy()
        self.cross += tf.matmul(rows, errors, transpose_a=True).numpy()
        self.squares += float(np.square(errors, dtype=np.float64).sum())

    def plus(self, other: _Moments) -> _Moments:
        total = _Moments(*self.cross.shape)
        total.gram = self.gram + other.gram
        total.cross = self.cross + other.cross
        total.squares = self.squares + other.squares
        return total

    def solve(self, strength: float) -> np.ndarray:
        """Return the change of least penalised square error, ``(width, out)``."""
        diagonal = np.full(len(self.gram), np.trace(self.gram[:-1, :-1]))
        diagonal *= strength / max(len(self.gram) - 1, 1)
        diagonal[-1] = 0.0
        # An input that was never active has no error either: its change is zero.
        regular = self.gram + np.diag(diagonal + 1e-12 * max(self.gram.max(), 1e-30))
        if len(regular) < BY_LAPACK:
            return tf.linalg.solve(regular, self.cross).numpy()
        # LAPACK has several threads, TensorFlow's solver one. Beside other processes
        # they wait for each other, which a small system does not make good.
        return np.linalg.solve(regular, self.cross)

    def error(self, change: np.ndarray) -> float:
        """Return the sum of square errors that a change leaves."""
        explained = 2 * np.sum(change * self.cross)
        return self.squares - explained + np.sum(change * (self.gram @ change))
