"""The results of networks on batches of samples, and their sums over a data set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tfsnn_numpy.results import Energy, Row

# Columns of the counts of a node: spikes, whatever their coefficient; the sum of their
# absolute coefficients; the accumulates of both.
SPIKES, COEFFICIENTS, EVENT_SYNOPS, SYNOPS = range(4)


@dataclass(frozen=True)
class Costs:
    """The costs of a network beside its spikes, for one sample.

    Attributes:
        pre_steps: steps before those that count; their spikes count too.
        ann_macs: multiply-accumulates of the ANN.
        macs: multiply-accumulates of the SNN from the start to the end of each step.
        latencies: after each step, steps until the last layer has finished.
        spiking: nodes whose counts are spikes of their own, and not what a pooling
            passes on.
    """

    pre_steps: int
    ann_macs: int
    macs: Sequence[int]
    latencies: Sequence[int]
    spiking: Collection[str]


class BatchResult(NamedTuple):
    """The results of a batch after each of some numbers of steps.

    Attributes:
        outputs: values of the first output, ``(rows, B, ...)``.
        counts: spikes, coefficients, and the accumulates of both, from the start,
            ``(rows, B, 4)`` float64.
        senders: at the last row, accumulates that the spikes of a node cause in all
            samples, abs(c) for a spike of coefficient c; by node.
    """

    outputs: np.ndarray
    counts: np.ndarray
    senders: dict[str, float]

    @property
    def top(self) -> np.ndarray:
        """The index of the largest output, ``(rows, B)``."""
        return self.outputs.reshape(*self.outputs.shape[:2], -1).argmax(-1)

    @property
    def classes(self) -> int:
        """The number of values of the first output."""
        return int(np.prod(self.outputs.shape[2:]))


def batch_result(
    steps: Sequence[int],
    over_time: np.ndarray,
    counts: Mapping[str, np.ndarray],
    costs: Costs | None,
) -> BatchResult:
    """Return the results of a batch until the end of each of some steps.

    Args:
        steps: time steps, of which 1 is the first.
        over_time: the first output after each step, ``(T, B, ...)``.
        counts: those of each step by node, ``(S, B, 4)``; pre-steps first.
        costs: costs of the network; None if nothing is counted.
    """
    outputs = np.asarray(over_time)[[t - 1 for t in steps]]
    total = np.zeros((len(steps), outputs.shape[1], 4))
    senders: dict[str, float] = {}
    if costs is None:
        return BatchResult(outputs, total, senders)
    ends = [costs.pre_steps + t - 1 for t in steps]
    for node, values in counts.items():
        sums = np.cumsum(np.asarray(values, np.float64), 0)[ends]
        senders[node] = float(sums[-1, :, SYNOPS].sum())
        if node not in costs.spiking:
            sums[..., :EVENT_SYNOPS] = 0
        total += sums
    return BatchResult(outputs, total, senders)


class Sums:
    """Sums over samples: whole numbers in float64, so that order does not matter.

    Attributes:
        steps: time steps of the rows, in order.
        samples: number of samples.
        ann_right: samples whose label is the top class of the ANN.
        right, agreed: samples whose top class is the label, or that of the ANN,
            ``(rows,)``.
        counts: as :class:`BatchResult` has them, ``(rows, 4)``.
    """

    def __init__(self, steps: Sequence[int]) -> None:
        """Start with no samples, for the rows after these steps."""
        self.steps, self.samples, self.ann_right = list(steps), 0, 0
        self.right, self.agreed = np.zeros(len(self.steps)), np.zeros(len(self.steps))
        self.counts = np.zeros((len(self.steps), 4))

    def add(
        self, part: BatchResult, y: np.ndarray | None, ann_top: np.ndarray | None = None
    ) -> None:
        """Add a batch, its labels, and the ANN's top classes, ``(B,)``."""
        top = part.top
        self.samples += top.shape[1]
        self.counts += part.counts.sum(1)
        if y is not None:
            self.right += (top == y).sum(1)
        if ann_top is not None:
            self.agreed += (top == ann_top).sum(1)
            self.ann_right += 0 if y is None else int((ann_top == y).sum())

    def vector(self) -> np.ndarray:
        """Return all sums as float64, as :meth:`set` takes them."""
        of_all = [self.samples, self.ann_right]
        return np.concatenate([of_all, self.right, self.agreed, self.counts.ravel()])

    def set(self, vector: np.ndarray) -> None:
        """Replace all sums by those of a :meth:`vector`."""
        n = len(self.steps)
        of_all, self.right, self.agreed, counts = np.split(
            vector, [2, 2 + n, 2 + 2 * n]
        )
        self.samples, self.ann_right = (int(value) for value in of_all)
        self.counts = counts.reshape(n, 4)

    def rows(
        self, costs: Costs | None, energy: Energy, *, labelled: bool, compared: bool
    ) -> tuple[Row, ...]:
        """Return the rows, of means over samples.

        Args:
            costs: costs of the network; None if nothing was counted.
            energy: the energy of an operation.
            labelled, compared: whether there were labels, and the ANN.
        """
        return tuple(
            self._row(i, costs, energy, labelled, compared)
            for i in range(len(self.steps))
        )

    def _row(
        self,
        i: int,
        costs: Costs | None,
        energy: Energy,
        labelled: bool,
        compared: bool,
    ) -> Row:
        t = self.steps[i]
        accuracy = float(self.right[i] / self.samples) if labelled else None
        agreement = float(self.agreed[i] / self.samples) if compared else None
        if costs is None:
            return Row(t, t, accuracy, agreement)
        spikes, coefficients, events, synops = (self.counts[i] / self.samples).tolist()
        ann = energy.picojoules(costs.ann_macs, 0)
        ratio, ratio_events = (
            energy.picojoules(costs.macs[t - 1], count) / ann if ann else None
            for count in (synops, events)
        )
        return Row(
            timesteps=t,
            latency=costs.latencies[t - 1],
            accuracy=accuracy,
            agreement=agreement,
            spikes=spikes,
            coefficients=coefficients,
            synops=synops,
            synops_events=events,
            energy_ratio=ratio,
            energy_ratio_events=ratio_events,
        )
