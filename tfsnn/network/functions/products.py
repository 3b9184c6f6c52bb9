"""Products of signals: matrices, and Einstein's sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tfsnn.network.functions.table import Shape, formula


def _matmul_cost(inputs: Sequence[Shape], output: Shape, options: Any) -> int:
    return math.prod(output) * inputs[0][-1]


@formula(cost=_matmul_cost)
def matmul(x: Any, y: Any) -> Any:
    """Multiply matrices ``(N, ..., a, b)`` by ``(N, ..., b, c)``."""
    return tf.matmul(x, y)


def _einsum_cost(inputs: Sequence[Shape], output: Shape, options: Any) -> int:
    lengths: dict[str, int] = {}
    for letters, shape in zip(
        options["equation"].split("->")[0].split(","), inputs, strict=True
    ):
        lengths |= dict(zip(letters[1:], shape, strict=True))  # without the samples
    return math.prod(lengths.values())


@formula(cost=_einsum_cost)
def einsum(*xs: Any, equation: str) -> Any:
    """Compute Einstein's sum; the first letter of each term stands for the samples."""
    return tf.einsum(equation, *xs)
