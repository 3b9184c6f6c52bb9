"""One sweep over data: what of each sample the page needs.

:func:`tfsnn.evaluate` gives means over samples; intervals need their spread, and
pictures of what the two networks disagree on need to know which they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfsnn.analysis.intervals import Interval, mean, wilson
from tfsnn.data import Progress
from tfsnn.errors import OptionError
from tfsnn.simulation.model import SpikingModel
from tfsnn.simulation.steps import COUNTS, OUTPUTS
from tfsnn.sources.keras_model.forward import first_output
from tfsnn_numpy.results import check_labels, top_class
from tfsnn_numpy.samples import Data

SHOWN = 12  # disagreements whose inputs are kept
SPIKES, COEFFICIENTS, EVENT_SYNOPS, SYNOPS = range(4)  # columns of the counts


@dataclass(frozen=True)
class Measured:
    """Every sample, after each of some numbers of steps.

    Attributes:
        steps: of the rows, in order.
        labels: ``(N,)``, or None.
        ann: the ANN's top classes, ``(N,)``.
        top: the SNN's, ``(rows, N)``.
        counts: spikes, coefficients, and the accumulates of both, from the start,
            ``(rows, N, 4)``.
        senders: at the last row, accumulates for each sample that the spikes of a node
            cause, |c| for a spike of coefficient c; by node.
        inputs: of samples asked for, and of the first that disagree, by index.
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
        """N."""
        return len(self.ann)

    @property
    def ann_accuracy(self) -> Interval | None:
        """Of the original network."""
        return None if self.labels is None else _share(self.ann == self.labels)

    def accuracy(self, row: int) -> Interval | None:
        """The share of samples whose label is the top class."""
        return None if self.labels is None else _share(self.top[row] == self.labels)

    def agreement(self, row: int) -> Interval:
        """The share of samples with the ANN's top class."""
        return _share(self.top[row] == self.ann)

    def count(self, row: int, column: int) -> Interval:
        """The mean over samples of one of the counts."""
        return mean(self.counts[row, :, column])

    @property
    def disagreements(self) -> list[int]:
        """The samples that get different classes from both networks, in the end."""
        return np.flatnonzero(self.top[-1] != self.ann).tolist()


def _share(right: np.ndarray) -> Interval:
    return wilson(int(right.sum()), len(right))


def measure(
    model: keras.Model,
    snn: SpikingModel,
    data: Data,
    steps: Sequence[int],
    *,
    wanted: Collection[int] = (),
    batch_size: int = 50,
    progress: Progress | None = None,
) -> Measured:
    """Run both networks on all samples.

    Args:
        model: the ANN.
        snn: converted from it; its first output is evaluated.
        data: opened for it.
        steps: of the rows, in order.
        wanted: samples whose inputs are to be kept, counted from 0.
        batch_size: samples simulated at a time.
        progress: wraps the batches.

    Raises:
        DataError: for labels that the network has no class for.
        OptionError: if there is no such sample as one wanted.
    """
    forward = first_output(model)
    key = f"{OUTPUTS}/{snn.graph.outputs[0]}"
    ends = [snn.graph.clock.pre_steps + step - 1 for step in steps]
    labels: list[np.ndarray] = []
    tops, anns, counts = [], [], []
    senders: dict[str, float] = {}
    inputs: dict[int, Any] = {}
    done = shown = 0
    for x, y in data.batches(batch_size, progress, "evaluating"):
        observed = snn.run(x, steps[-1], (OUTPUTS, COUNTS)).observed
        outputs = observed[key].numpy()[[step - 1 for step in steps]]
        top = np.stack([top_class(of_row) for of_row in outputs])
        ann = top_class(forward(x))
        if y is not None:
            check_labels(y, int(np.prod(outputs.shape[2:])))
            labels.append(y)
        counts.append(_counts(observed, ends, snn.populations, senders))
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


def _counts(
    observed: Mapping[str, Any],
    ends: list[int],
    populations: Collection[str],
    senders: dict[str, float],
) -> np.ndarray:
    """The counts of a batch, ``(rows, B, 4)``; those of senders are added up."""
    total: Any = 0.0
    for key, values in observed.items():
        kind, name = key.split("/", 1)
        if kind == COUNTS:
            sums = np.cumsum(values.numpy().astype(np.float64), 0)[ends]
            senders[name] = senders.get(name, 0.0) + float(sums[-1, :, SYNOPS].sum())
            if name not in populations:  # what a pooling passes on
                sums[:, :, :EVENT_SYNOPS] = 0
            total = total + sums
    if isinstance(total, float):  # nothing spikes
        batch = next(iter(observed.values())).shape[1]
        total = np.zeros((len(ends), batch, 4))
    return total
