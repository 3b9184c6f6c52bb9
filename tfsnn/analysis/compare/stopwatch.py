"""Seconds of simulation per sample, on this machine."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tfsnn.data import Data
from tfsnn.simulation.engines import Engine
from tfsnn.simulation.steps import COUNTS, OUTPUTS

REPEATS, LONG_ENOUGH = 3, 1.0  # runs that are timed at most; seconds after which fewer


class Stopwatch:
    """Times the simulation of the first batch of some data, for one network each."""

    def __init__(self, data: Data, batch_size: int) -> None:
        """Take the data, which is not read before it is needed."""
        self.data, self.batch_size = data, batch_size
        self.first_batch: Any = None

    def __call__(self, network: Engine) -> float:
        """Return the seconds of a sample: the best run, after one that compiles.

        What runs is what :func:`tfsnn.evaluate` runs after it: all of the network's
        steps, with spikes and operations counted.
        """
        if self.first_batch is None:
            self.first_batch, _ = next(iter(self.data.batches(self.batch_size)))
        x = self.first_batch
        size = len(next(iter(x.values())) if isinstance(x, dict) else x)
        runs: list[float] = []
        for repeat in range(1 + REPEATS):
            start = time.perf_counter()
            # On a GPU a run has ended when its result is there.
            np.asarray(network.run(x, (OUTPUTS, COUNTS)).outputs[0])
            if repeat:  # the first one traces
                runs.append(time.perf_counter() - start)
            if sum(runs) > LONG_ENOUGH:
                break
        return min(runs) / size
