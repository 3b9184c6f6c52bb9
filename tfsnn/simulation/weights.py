"""Whether weights have changed, by whatever path: ``assign``, an optimiser, a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import count
from typing import Any

import numpy as np
import tensorflow as tf

SINGLE_READS = 4  # calls, before there is a program to read with


def reader(variables: Iterable[Any]) -> Callable[[], list[Any]]:
    """Return a function that reads variables outside of any trace: their tensors.

    From the fifth call on it is one program: to read a hundred variables one after the
    other takes longer than to simulate a small network, but to trace the program takes
    longer still.
    """
    held = list(variables)
    if not held:
        return list

    def one_by_one() -> list[Any]:
        return list(map(tf.convert_to_tensor, held))

    program = cache(tf.function(one_by_one, autograph=False).get_concrete_function)
    calls = count()

    def tensors() -> list[Any]:
        if next(calls) < SINGLE_READS:
            return one_by_one()
        return list(program()())

    return tensors


class Watch:
    """A watch over variables, which tells whether their values have changed.

    TensorFlow never writes into a tensor that somebody else holds: an assignment, in a
    compiled function or outside, gives the variable another buffer. So it suffices to
    hold what was read and to compare addresses; values are compared only where these
    differ.
    """

    def __init__(self, variables: Sequence[Any]) -> None:
        """Watch these variables, on a CPU; nothing is read yet."""
        self._read = reader(variables)
        self._held: list[np.ndarray] | None = None

    def read(self) -> list[Any]:
        """Return the tensors that the variables hold; none without eager mode."""
        with tf.init_scope():  # the values of now, also while a function is traced
            if not tf.executing_eagerly():
                return []
            return self._read()

    def changed(self, tensors: Sequence[Any]) -> bool:
        """Return whether these tensors, just read, differ from the last call's.

        False at the first call, and for no tensors.
        """
        if not tensors:
            return False
        now = [np.asarray(memoryview(tensor)) for tensor in tensors]
        before, self._held = self._held, now
        return before is not None and not all(map(_same, before, now))


def _same(before: np.ndarray, now: np.ndarray) -> bool:
    return np.may_share_memory(before, now) or np.array_equal(before, now)
