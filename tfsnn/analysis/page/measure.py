"""Measure each sample for the page, in one sweep over the data.

:func:`tfsnn.evaluate` gives means over samples; confidence intervals need their spread,
and the page shows the samples on which the two networks disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.analysis.intervals import Interval, mean, wilson
from tfsnn.data import Batch
from tfsnn.errors import OptionError
from tfsnn.simulation.engines import as_engine
from tfsnn.simulation.results import Results
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.simulation.sweep import sweep
from tfsnn_numpy.defaults import BATCH_SIZE
from tfsnn_numpy.samples import Data

SHOWN = 12  # disagreements whose inputs are kept


@dataclass(frozen=True)
class Measured:
    """The results of every sample after each of some numbers of steps.

    Attributes:
        steps: time steps of the rows, in order.
        labels: class numbers ``(N,)``, or None.
        ann: the ANN's top classes, ``(N,)``.
        top: the SNN's, ``(rows, N)``.
        counts: spikes, coefficients, and the accumulates of both, from the start,
            ``(rows, N, 4)``.
        senders: at the last row, accumulates for each sample that the spikes of a node
            cause, |c| for a spike of coefficient c; by node.
        inputs: the samples asked for, and the first with disagreement, by index.
    """

    steps: tuple[int, ...]
    labels: np.ndarray | None
    ann: np.ndarray
    top: np.ndarray
    counts: np.ndarray
    senders: dict[str, float]
    inputs: dict[int, Any]

    @property
    def samples(self) -> int:
        """The number of samples N."""
        return len(self.ann)

    @property
    def ann_accuracy(self) -> Interval | None:
        """The accuracy of the original network; None without labels."""
        return None if self.labels is None else _share(self.ann == self.labels)

    def accuracy(self, row: int) -> Interval | None:
        """Return the share of samples whose label is the top class."""
        return None if self.labels is None else _share(self.top[row] == self.labels)

    def agreement(self, row: int) -> Interval:
        """Return the share of samples with the ANN's top class."""
        return _share(self.top[row] == self.ann)

    def count(self, row: int, column: int) -> Interval:
        """Return the mean over samples of one of the counts."""
        return mean(self.counts[row, :, column])

    @property
    def disagreements(self) -> list[int]:
        """The samples on which the networks disagree after the last step."""
        return np.flatnonzero(self.top[-1] != self.ann).tolist()


def _share(right: np.ndarray) -> Interval:
    return wilson(int(right.sum()), len(right))


def measure(
    model: keras.Model,
    network: Any,
    data: Data,
    steps: Sequence[int],
    *,
    wanted: Collection[int] = (),
    batches: Iterable[Batch] | None = None,
) -> Measured:
    """Run both networks on all samples.

    Args:
        model: the ANN.
        network: the converted network or its engine; its first output is evaluated.
        data: samples opened for it.
        steps: time steps of the rows, in order.
        wanted: samples whose inputs are to be kept, counted from 0.
        batches: the samples of `data` in batches, perhaps with a progress bar; by
            default of the usual size, without one.

    Raises:
        DataError: for labels that the network has no class for.
        OptionError: if there is no such sample as one wanted.
    """
    engine = as_engine(network).until(steps[-1])
    networks: dict[str, Callable[[Any], Results]] = {
        "network": partial(engine.run, observe=(OUTPUTS, COUNTS)),
        "ann": as_engine(model).run,
    }
    labels: list[np.ndarray] = []
    tops, anns, counts = [], [], []
    senders: dict[str, float] = {}
    inputs: dict[int, Any] = {}
    done = shown = 0
    batches = data.batches(BATCH_SIZE) if batches is None else batches
    for x, y, seen, _ in sweep(networks, batches, steps=steps, costs=engine.costs()):
        top, ann = seen["network"].top, seen["ann"].top[-1]
        if y is not None:
            labels.append(y)
        counts.append(seen["network"].counts)
        for name, operations in seen["network"].senders.items():
            senders[name] = senders.get(name, 0.0) + operations
        tops.append(top)
        anns.append(ann)
        for i in range(len(ann)):
            disagrees = top[-1, i] != ann[i] and shown < SHOWN
            if done + i in wanted or disagrees:
                inputs[done + i] = tf.nest.map_structure(
                    lambda values, i=i: values[i : i + 1], x
                )
            shown += bool(disagrees)
        done += len(ann)
    if missing := sorted(set(wanted) - set(range(done))):
        raise OptionError(
            f"there is no sample {', '.join(map(str, missing))}: {data.name} has "
            f"{done}, counted from 0"
        )
    return Measured(
        steps=tuple(steps),
        labels=np.concatenate(labels) if labels else None,
        ann=np.concatenate(anns),
        top=np.concatenate(tops, 1),
        counts=np.concatenate(counts, 1),
        senders={name: total / done for name, total in senders.items()},
        inputs=inputs,
    )
