"""Running sums: a node that sends, in each step, the change of t * f(mean so far).

So what it has sent by step t *is* t * f(U / t), with U what it has received: exact
for the mean of its inputs, whatever the order in which they came.

In a stream, sums would grow without an end. There the node keeps the mean m(t) of what
it has received, and sends the same change as::

    e(t) = f(m(t));  e(t) + (t - 1) (e(t) - e(t - 1))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import tensorflow as tf

from tfsnn.network.clock import Clock
from tfsnn.network.running_mean import Mean, for_rows, no_mean, with_value
from tfsnn.network.signals import Advanced, Signal, fold


class Summed(Protocol):
    """The part of a node that its running sum needs (:mod:`tfsnn.network.node`)."""

    @property
    def homogeneous(self) -> bool:
        """Whether t * f(x / t) = f(x), so that sums need not be divided by t."""
        ...

    @property
    def partial(self) -> bool:
        """Whether f may be infinite or NaN where its inputs are finite."""
        ...

    def apply(self, *inputs: Any) -> Any:
        """Compute f."""
        ...


class SumState(NamedTuple):
    """The state of a running-sum node: what it has received and sent so far."""

    step: Any  # steps so far, a float
    sums: list[Any]  # of each input that changes over time, (B, *its shape)
    sent: Any  # (B, *shape)


def initial_state(
    shape: tuple[int, ...], batch: Any, shapes: Sequence[tuple[int, ...] | None]
) -> SumState:
    """Return the state before the first step: nothing received, nothing sent.

    Args:
        shape: the shape of what is sent, for one sample.
        batch: B, a number or a scalar tensor.
        shapes: the inputs' shapes for one sample; None for one that is constant.
    """
    sums = [tf.zeros((batch, *read)) for read in shapes if read is not None]
    return SumState(tf.constant(0.0), sums, tf.zeros((batch, *shape)))


class MeanState(NamedTuple):
    """The state of a running-sum node in a stream."""

    step: Any  # steps so far, (B,) floats
    means: list[Mean]  # of each input, (B, *its shape)
    sent: Any  # the mean of what was sent, (B, *shape)


def stream_state(state: SumState) -> MeanState:
    """Return the state before the first step of a stream.

    Args:
        state: the state before the first step, in which every input changes.
    """
    means = [no_mean(tf.shape(total)) for total in state.sums]
    return MeanState(tf.zeros(tf.shape(state.sent)[:1]), means, state.sent)


def advance(
    node: Summed, reads: Sequence[Signal], state: Any, clock: Clock
) -> Advanced:
    """Advance a node by the k steps of its inputs, as the clock counts them.

    Under a clock of another base than 1 it sends, in every step, f of what its inputs
    stand for as a whole; under one that tracks values, f of the step alone. Pre-steps
    and the steps that count each start anew.
    """
    k = reads[0].k
    if clock.tracks:
        return Advanced(node.apply(*(x.folded() for x in reads)), state)
    if clock.changing:
        return Advanced(*send_mean_change(node, reads, state))
    inputs = [x.tensor if x.constant else x.steps() for x in reads]
    if clock.base > 1:  # known when the input has ended: sent in every step
        means = [clock.mean(x) if isinstance(x, list) else x for x in inputs]
        return Advanced(send_value(node, means, k), state)
    if not clock.pre_steps:
        return Advanced(*send_change(node, inputs, state, k))
    changes, after = [], state
    for phase in clock.phases(k):
        parts = [x[phase] if isinstance(x, list) else x for x in inputs]
        sent, after = send_change(node, parts, state, len(range(k)[phase]))
        changes.append(sent)
    return Advanced(tf.concat(changes, 0), after)


def send_change(
    node: Summed, inputs: list[Any], state: SumState, k: int
) -> tuple[Any, SumState]:
    """Return what is sent in each of k steps, ``(k * B, *shape)``, and the next state.

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


def send_mean_change(
    node: Summed, reads: Sequence[Signal], state: MeanState
) -> tuple[Any, MeanState]:
    """Return what is sent in each of k steps of a stream, and the next state."""
    k, step, means = reads[0].k, state.step, state.means
    steps, each = [], []
    for now in zip(*(x.steps() for x in reads), strict=True):
        step = step + 1.0
        means = [with_value(m, x, step) for m, x in zip(means, now, strict=True)]
        steps.append(step)
        each.append([mean.value for mean in means])
    results = node.apply(*map(fold, map(list, zip(*each, strict=True))))
    before, changes = state.sent, []
    for t, y in zip(steps, tf.split(results, k, 0), strict=True):
        known = tf.math.is_finite(y) if node.partial else None
        if known is not None:  # nothing is sent: the mean of it falls
            y = tf.where(known, y, before * for_rows((t - 1.0) / t, y))
        change = y + for_rows(t - 1.0, y) * (y - before)
        changes.append(change if known is None else tf.where(known, change, 0.0))
        before = y
    return fold(changes), MeanState(step, means, before)


def send_value(node: Summed, means: list[Any], k: int) -> Any:
    """Return f of the inputs' means over all steps, for each of k steps."""
    y = node.apply(*means)
    if node.partial:
        y = tf.where(tf.math.is_finite(y), y, 0.0)
    return fold([y] * k)


def _running(total: Any, currents: list[Any]) -> list[Any]:
    """Return the sums after each step."""
    sums = []
    for current in currents:
        total = total + current
        sums.append(total)
    return sums
