"""Time simulations, in seconds per sample on this machine."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from tfsnn.data import Data
from tfsnn.simulation.engines import Engine
from tfsnn.simulation.steps import COUNTS, OUTPUTS

REPEATS, LONG_ENOUGH = 3, 1.0  # timed runs, and seconds after which no more start


class Stopwatch:
    """A timer for simulations, each of one network on the first batch of the data."""

    def __init__(self, data: Data, batch_size: int) -> None:
        """Keep the data, which is read when the first network is timed."""
        self.data, self.batch_size = data, batch_size
        self.first_batch: Any = None

    def __call__(self, network: Engine) -> float:
        """Return the seconds per sample of the best run, after one that compiles.

        Each run does what :func:`tfsnn.evaluate` does: all of the network's steps, with
        spikes and operations counted.
        """
        if self.first_batch is None:
            self.first_batch, _ = next(iter(self.data.batches(self.batch_size)))
        x = self.first_batch
        size = len(next(iter(x.values())) if isinstance(x, dict) else x)
        runs: list[float] = []
        for repeat in range(1 + REPEATS):
            start = time.perf_counter()
            # Fetching the result waits for the end of the run on a GPU.
            np.asarray(network.run(x, (OUTPUTS, COUNTS)).outputs[0])
            if repeat:  # the first one traces and compiles
                runs.append(time.perf_counter() - start)
            if sum(runs) > LONG_ENOUGH:
                break
        return min(runs) / size
