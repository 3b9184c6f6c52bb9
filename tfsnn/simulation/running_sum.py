"""What a running-sum node does in a step: it sends the change of t * f(mean so far).

So what it has sent by step t *is* t * f(U / t), with U what it has received: exact
for the mean of its inputs, whatever the order in which they came.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.nodes import RunningSum


class SumState(NamedTuple):
    """What a running-sum node has received and sent so far."""

    step: Any  # steps so far, a float
    sums: list[Any]  # of each input that changes over time, (B, *its shape)
    sent: Any  # (B, *shape)


def send_change(
    node: RunningSum, inputs: list[Any], state: SumState, k: int
) -> tuple[Any, SumState]:
    """What is sent in each of k steps, ``(k * B, *shape)``, and the state behind them.

    An input is a list of its currents in each step, or one tensor if it is constant.
    """
    steps = [state.step + float(i + 1) for i in range(k)]
    totals = iter(state.sums)
    reads, sums = [], []
    for read in inputs:
        if isinstance(read, list):
            running = _running(next(totals), read)
            sums.append(running[-1])
            if not node.homogeneous:
                running = [total / t for total, t in zip(running, steps, strict=True)]
        else:
            running = [read * t if node.homogeneous else read for t in steps]
        reads.append(fold(running))
    results = node.apply(*reads)
    tracked = [results] if k == 1 else tf.split(results, k, 0)
    if not node.homogeneous:
        tracked = [y * t for y, t in zip(tracked, steps, strict=True)]
    sent, changes = state.sent, []
    for y in tracked:
        if node.partial:  # log(0) and the like: wait until it is a number again
            y = tf.where(tf.math.is_finite(y), y, sent)
        changes.append(y - sent)
        sent = y
    return fold(changes), SumState(steps[-1], sums, sent)


def send_value(node: RunningSum, means: list[Any], k: int) -> Any:
    """f of what its inputs stand for, known as a whole, in each of k steps."""
    y = node.apply(*means)
    if node.partial:
        y = tf.where(tf.math.is_finite(y), y, 0.0)
    return fold([y] * k)


def _running(total: Any, currents: list[Any]) -> list[Any]:
    """The sums after each step."""
    sums = []
    for current in currents:
        total = total + current
        sums.append(total)
    return sums


def fold(steps: list[Any]) -> Any:
    """k tensors ``(B, ...)`` as one, ``(k * B, ...)``."""
    return steps[0] if len(steps) == 1 else tf.concat(steps, 0)
