"""A readout over time: it adds up what reaches it, and reads the mean.

Populations whose means are observed are read the same way.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

from tfsnn.network.clock import Clock


class ReadoutState(NamedTuple):
    """The state of a readout: steps so far, sums of those read and left out."""

    step: Any
    total: Any  # (B, *shape of what is read)
    skipped: Any


def read(
    clock: Clock, timesteps: int, current: Any, state: ReadoutState
) -> ReadoutState:
    """Return the state after one more step, whose current is ``(B, *shape)``."""
    total = (clock.base * state.total if clock.base > 1 else state.total) + current
    skip = clock.skipped(timesteps)
    if not skip:
        return ReadoutState(state.step, total, state.skipped)
    step = state.step + 1
    return ReadoutState(step, total, tf.where(step == skip, total, state.skipped))


def mean(clock: Clock, timesteps: int, state: ReadoutState) -> Any:
    """Return the mean of what was read in the steps that count, ``(B, *shape)``."""
    counted = timesteps - clock.start(timesteps)
    total = state.total - state.skipped if clock.base == 1 else state.total
    return total / clock.weight(counted)


def outputs_over_time(clock: Clock, timesteps: int, node: Any, sums: Any) -> Any:
    """Return the head of the mean current after each step, ``(T, B, *shape)``.

    `sums` are the totals of the states after all steps, ``(S, B, *shape)``.
    """
    pre = clock.pre_steps
    steps = range(1, timesteps + 1)
    starts = [clock.start(t) for t in steps]
    if pre or clock.delay:
        before = tf.concat([tf.zeros_like(sums[:1]), sums], 0)
        sums = sums[pre:] - tf.gather(before, [pre + start for start in starts])
    weights = [clock.weight(t - i) for t, i in zip(steps, starts, strict=True)]
    shape = (-1,) + (1,) * (len(sums.shape) - 1)
    means = sums / tf.reshape(tf.constant(weights, tf.float32), shape)
    flat = tf.reshape(means, (-1, *sums.shape[2:]))
    return tf.reshape(node.apply(flat), (*tf.unstack(tf.shape(sums)[:2]), *node.shape))
