"""The results of running a network, the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Results(NamedTuple):
    """The results of one batch: NumPy arrays, or tensors.

    Attributes:
        outputs: each output of the model, ``(B, ...)``.
        over_time: outputs after each step, ``(T, B, ...)`` each: all of the model, or
            the first ones; empty if they were not observed.
        counts: spikes, coefficients, and the accumulates of both, by node, in each
            step, pre-steps first, ``(S, B, 4)``; empty if they were not observed.
        steps: the steps that each sample took, ``(B,)`` int32: T, or fewer by early
            exit; empty where there is no time.
    """

    outputs: list[Any]
    over_time: Sequence[Any] = ()
    counts: Mapping[str, Any] = {}
    steps: Any = ()
