"""A differentiable loop of a step function over time."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

# So many steps are written out: a loop's gradient takes several times as long, and XLA
# fuses what is written out.
UNROLLED = 16


def scan(step: Any, state: Any, inputs: Any, axis: int = 0) -> tuple[Any, Any]:
    """Fold ``step(x_t, state) -> (y_t, state)`` over an axis of `inputs`, 0 or 1.

    It serves layers on a user's own sequences. `inputs` is a tensor or a nest of
    tensors. Returns the outputs, stacked along the same axis, and the last state.
    """
    first = tf.nest.flatten(inputs)[0]
    length = first.shape[axis]
    if length is not None and length <= UNROLLED:
        split = [tf.unstack(x, length, axis) for x in tf.nest.flatten(inputs)]
        outputs = []
        for x in zip(*split, strict=True):
            y, state = step(tf.nest.pack_sequence_as(inputs, x), state)
            outputs.append(y)
        return tf.stack(outputs, axis), state
    if axis == 1:
        inputs = tf.nest.map_structure(_swap, inputs)
        outputs, state = scan(step, state, inputs)
        return _swap(outputs), state
    count = length if length is not None else tf.shape(first)[0]
    array = tf.TensorArray(first.dtype, size=count)
    # Not x[t], whose gradient is as large as all of x, for each t.
    steps = tf.nest.map_structure(
        lambda x: tf.TensorArray(x.dtype, count).unstack(x), inputs
    )

    def body(t: Any, array: Any, state: Any) -> tuple[Any, Any, Any]:
        x = tf.nest.map_structure(lambda each: each.read(t), steps)
        y, after = step(x, state)
        return t + 1, array.write(t, y), after

    _, array, state = tf.while_loop(
        lambda t, *_: t < count, body, (0, array, state), maximum_iterations=count
    )
    return array.stack(), state


def _swap(x: Any) -> Any:
    """Exchange the first two axes."""
    return tf.transpose(x, (1, 0, *range(2, len(x.shape))))
