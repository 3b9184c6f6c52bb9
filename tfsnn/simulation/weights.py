"""Whether weights have changed, by whatever path: ``assign``, an optimiser, a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


class Watch:
    """Tells whether variables hold other values than when it was last asked.

    TensorFlow never writes into a tensor that somebody else holds: an assignment, in a
    compiled function or outside, gives the variable another buffer. So it suffices to
    hold what was read and to compare addresses; values are compared only where these
    differ. For a network of 70 variables that takes less than half a millisecond.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        """Watch these variables, on a CPU; nothing is read yet."""
        self._variables = variables
        self._held: list[np.ndarray] | None = None
        self._reading: Callable[[], list[Any]] | None = None

    def changed(self) -> bool:
        """Whether values are others than at the last call; False at the first."""
        with tf.init_scope():  # the values of now, also while a function is traced
            if not tf.executing_eagerly():
                return False
            now = [np.asarray(memoryview(tensor)) for tensor in self._read()]
        before, self._held = self._held, now
        return before is not None and not all(map(_same, before, now))

    def _read(self) -> list[Any]:
        """The tensors that the variables hold, without copies."""
        if any(hasattr(variable.value, "values") for variable in self._variables):
            return list(map(tf.convert_to_tensor, self._variables))  # on many devices
        if self._reading is None:  # one call of a function is faster than many reads
            read = tf.function(lambda: [v.value.read_value() for v in self._variables])
            self._reading = read.get_concrete_function()
        return self._reading()


def _same(before: np.ndarray, now: np.ndarray) -> bool:
    return np.may_share_memory(before, now) or np.array_equal(before, now)
