"""The programs of one way to run a network, by what they do and by their rows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from tfsnn.simulation.engines.openvino.program import Program, lowered_function

KEPT = 16  # programs that are kept in memory
GROWTH = 4  # between the sizes of batches from which samples leave


class Programs:
    """Programs of fixed numbers of rows, which run any number of these.

    A number of rows that comes for the first time is filled up to that of a program,
    where there is one with more; when it comes again, it gets a program of its own.
    """

    def __init__(self, leaving: bool) -> None:
        """Start without a program.

        Args:
            leaving: whether samples leave between two runs: rows are then filled up to
                one of few numbers, each `GROWTH` times the one before.
        """
        self._leaving, self._most = leaving, 0
        self._seen: set[tuple[str, int]] = set()
        self._kept: OrderedDict[tuple[str, int], Program] = OrderedDict()

    def run(
        self,
        name: str,
        function: Callable[[Any], Any],
        given: Any,
        taken: Callable[[Any, int], Any],
    ) -> Any:
        """Run a function of tensors, compiled.

        Args:
            name: what the function does, its key.
            function: takes and returns nests of tensors.
            given: its argument; the first axis of what has axes are the rows.
            taken: takes the first rows of its result, by their number.
        """
        leaves = list(map(_array, tf.nest.flatten(given)))
        rows = max((len(x) for x in leaves if x.ndim), default=0)
        size = self._size(name, rows)
        if size != rows:
            leaves = [_filled(x, size) if x.ndim else x for x in leaves]
        program = self._program((name, size), function, given, leaves)
        result = tf.nest.pack_sequence_as(program.form, program(leaves))
        return result if size == rows else taken(result, rows)

    def _program(
        self, key: tuple[str, int], function: Any, given: Any, leaves: list[np.ndarray]
    ) -> Program:
        if key not in self._kept:
            self._kept[key] = Program(lowered_function(function, given, leaves))
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _size(self, name: str, rows: int) -> int:
        """Return the rows of the program that runs so many."""
        if self._leaving:
            self._most, size = max(self._most, rows), 1
            while size < rows:
                size *= GROWTH
            return min(size, self._most)
        larger = [n for other, n in self._kept if other == name and n > rows]
        again = (name, rows) in self._seen or (name, rows) in self._kept
        self._seen.add((name, rows))
        return rows if again or not larger else min(larger)


def _array(tensor: Any) -> np.ndarray:
    """Return a tensor's values; those of one with axes where they are."""
    array = np.asarray(memoryview(tensor))
    return array if array.ndim else array.copy()  # OpenVINO takes no other scalars


def _filled(x: np.ndarray, rows: int) -> np.ndarray:
    """Return an array with rows of zeros behind its own."""
    return np.concatenate([x, np.zeros((rows - len(x), *x.shape[1:]), x.dtype)])
