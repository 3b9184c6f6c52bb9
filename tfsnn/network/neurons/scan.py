"""A differentiable loop of a step function over time."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def scan(step: Any, state: Any, inputs: Any) -> tuple[Any, Any]:
    """Fold ``step(x_t, state) -> (y_t, state)`` over axis 0 of `inputs`.

    It serves layers on a user's own sequences. Returns the outputs, stacked, and the
    last state.
    """
    length = inputs.shape[0]
    if length is not None and length <= 4:
        outputs = []
        for t in range(length):
            y, state = step(inputs[t], state)
            outputs.append(y)
        return tf.stack(outputs), state
    count = length if length is not None else tf.shape(inputs)[0]
    array = tf.TensorArray(inputs.dtype, size=count)

    def body(t: Any, array: Any, state: Any) -> tuple[Any, Any, Any]:
        y, after = step(inputs[t], state)
        return t + 1, array.write(t, y), after

    _, array, state = tf.while_loop(
        lambda t, *_: t < count, body, (0, array, state), maximum_iterations=count
    )
    return array.stack(), state
