"""The results of networks on batches of samples, and their sums over a data set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tfsnn_numpy.counts import Counts, LayerCounts, Structure
from tfsnn_numpy.energy import EnergyModel
from tfsnn_numpy.judging import Judged, Judging
from tfsnn_numpy.results import Row
from tfsnn_numpy.tasks import Figures, Tally

# Columns of the counts of a node: spikes, whatever their coefficient; the sum of their
# absolute coefficients; the accumulates of both. More columns are those that the layers
# of a network need (:class:`tfsnn_numpy.counts.Edge`).
SPIKES, COEFFICIENTS, EVENT_SYNOPS, SYNOPS = range(4)
TOTALS = 4


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
        repeated: whether the steps of rows are frames, for each of which the ANN would
            compute anew.
        multiplies: whether a spike is multiplied by the weights that it reaches, as one
            that carries any number is: it then costs a MAC for each.
        structure: the layers, for energy models that read them; None where only totals
            are counted.
    """

    pre_steps: int
    ann_macs: int
    macs: Sequence[int]
    latencies: Sequence[int]
    spiking: Collection[str]
    repeated: bool = False
    multiplies: bool = False
    structure: Structure | None = None

    def counts(
        self,
        step: int,
        synops: float,
        senders: Mapping[str, np.ndarray],
        events: bool = False,
    ) -> Counts:
        """Return all work of a sample until the end of a step.

        Args:
            step: the step, of which 1 is the first.
            synops: the operations that spikes caused until then.
            senders: the counted columns, by node.
            events: whether a spike counts as one, whatever it carries.
        """
        passes = step if self.repeated else 1
        layers: tuple[LayerCounts, ...] = ()
        levels = float("inf")
        if self.structure is not None:
            layers = self.structure.counted(step, senders, passes, events)
            levels = self.structure.levels[step - 1]
        return Counts(
            self.ann_macs * passes,
            self.macs[step - 1],
            synops,
            passes,
            levels,
            self.multiplies,
            layers,
        )


class BatchResult(NamedTuple):
    """The results of a batch after each of some numbers of steps.

    Attributes:
        outputs: values of each output, ``(rows, B, ...)``.
        counts: spikes, coefficients, and the accumulates of both, from the start,
            ``(rows, B, 4)`` float64.
        senders: all counted columns of each node's spikes, summed over the samples,
            ``(rows, columns)`` float64 by node.
    """

    outputs: list[np.ndarray]
    counts: np.ndarray
    senders: dict[str, np.ndarray]

    @property
    def last(self) -> list[np.ndarray]:
        """The outputs at the last row, ``(B, ...)`` each."""
        return [values[-1] for values in self.outputs]


def batch_result(
    steps: Sequence[int],
    over_time: Sequence[np.ndarray],
    counts: Mapping[str, np.ndarray],
    costs: Costs | None,
) -> BatchResult:
    """Return the results of a batch until the end of each of some steps.

    Args:
        steps: time steps, of which 1 is the first.
        over_time: each output after each step, ``(T, B, ...)``.
        counts: those of each step by node, ``(S, B, columns)``; pre-steps first. There
            are four columns, or more.
        costs: costs of the network; None if nothing is counted.
    """
    outputs = [np.asarray(values)[[t - 1 for t in steps]] for values in over_time]
    total = np.zeros((len(steps), outputs[0].shape[1], TOTALS))
    senders: dict[str, np.ndarray] = {}
    if costs is None:
        return BatchResult(outputs, total, senders)
    ends = [costs.pre_steps + t - 1 for t in steps]
    for node, values in counts.items():
        sums = np.cumsum(np.asarray(values, np.float64), 0)[ends]
        senders[node] = sums.sum(1)
        if node not in costs.spiking:
            sums[..., :EVENT_SYNOPS] = 0
        total += sums[..., :TOTALS]
    return BatchResult(outputs, total, senders)


class Sums:
    """Sums over samples, in float64: counts, and what each output's task needs.

    Whole numbers add up to the same in any order, others up to rounding.

    Attributes:
        steps: time steps of the rows, in order.
        samples: number of samples.
        counts: as :class:`BatchResult` has them, ``(rows, 4)``.
        senders: as :class:`BatchResult` has them.
    """

    def __init__(
        self, steps: Sequence[int], judging: Judging, *, compared: bool = False
    ) -> None:
        """Start with no samples.

        Args:
            steps: time steps of the rows.
            judging: the tasks of the outputs, and whether they have labels.
            compared: whether there are the ANN's outputs.
        """
        self.steps, self.samples, self.judging = list(steps), 0, judging
        self.counts = np.zeros((len(self.steps), TOTALS))
        self.senders: dict[str, np.ndarray] = {}
        given = list(zip(judging.tasks, judging.labelled, strict=True))
        self._rows = [
            [
                Tally(task, labelled=labelled, compared=compared)
                for task, labelled in given
            ]
            for _ in self.steps
        ]
        self._ann = [
            Tally(task, labelled=labelled, compared=False)
            for task, labelled in given
            if compared
        ]

    def add(
        self,
        part: BatchResult,
        labels: Sequence[np.ndarray | None],
        reference: Sequence[np.ndarray] | None = None,
    ) -> None:
        """Add a batch.

        Args:
            part: the results.
            labels: the labels of each output, as read.
            reference: each output of the ANN, ``(rows, B, ...)``, or ``(1, B, ...)``
                for all rows.
        """
        self.samples += part.counts.shape[1]
        self.counts += part.counts.sum(1)
        for node, sums in part.senders.items():
            self.senders[node] = self.senders.get(node, 0) + sums
        for i, (outputs, y) in enumerate(zip(part.outputs, labels, strict=True)):
            ann = None if reference is None else reference[i]
            for row, tallies in enumerate(self._rows):
                theirs = None if ann is None else ann[min(row, len(ann) - 1)]
                tallies[i].add(outputs[row], y, theirs)
            if ann is not None:
                self._ann[i].add(ann[-1], y)

    def expect(self, costs: Costs | None) -> None:
        """Make room for what is counted, for processes that may see no samples."""
        if costs is not None and costs.structure is not None:
            for node, columns in costs.structure.columns.items():
                self.senders.setdefault(node, np.zeros((len(self.steps), columns)))

    @property
    def _tallies(self) -> list[Tally]:
        return [tally for row in (*self._rows, self._ann) for tally in row]

    def vector(self) -> np.ndarray:
        """Return all sums as float64, as :meth:`set` takes them."""
        parts = [sums.ravel() for sums in self.senders.values()]
        parts += [tally.vector() for tally in self._tallies]
        return np.concatenate([[self.samples], self.counts.ravel(), *parts])

    def set(self, vector: np.ndarray) -> None:
        """Replace all sums by those of a :meth:`vector`, added over processes."""
        self.samples = int(vector[0])
        start = 1 + self.counts.size
        self.counts = vector[1:start].reshape(self.counts.shape)
        for node, sums in self.senders.items():
            end = start + sums.size
            self.senders[node] = vector[start:end].reshape(sums.shape)
            start = end
        for tally in self._tallies:
            tally.set(vector[start : start + tally.size])
            start += tally.size

    def judged(self) -> tuple[Judged, ...]:
        """Return how each output does, over all samples."""
        anns: list[Figures | None] = [tally.figures() for tally in self._ann]
        anns = anns or [None] * len(self.judging.tasks)
        return tuple(
            Judged(
                task.output.name,
                task.name,
                task.metric,
                anns[i],
                tuple(tallies[i].figures() for tallies in self._rows),
            )
            for i, task in enumerate(self.judging.tasks)
        )

    def work(self, row: int, costs: Costs, events: bool = False) -> Counts:
        """Return all work of a sample until the end of a row, a mean over samples.

        With `events` a spike counts as one, whatever it carries.
        """
        n = self.samples
        senders = {node: sums[row] / n for node, sums in self.senders.items()}
        synops = self.counts[row, EVENT_SYNOPS if events else SYNOPS] / n
        return costs.counts(self.steps[row], float(synops), senders, events)

    def all_work(self, costs: Costs | None, events: bool = False) -> tuple[Counts, ...]:
        """Return :meth:`work` of each row; none where nothing was counted."""
        rows = range(0 if costs is None else len(self.steps))
        return tuple(self.work(i, costs, events) for i in rows if costs is not None)

    def rows(
        self, costs: Costs | None, energy: EnergyModel, judged: Sequence[Judged]
    ) -> tuple[Row, ...]:
        """Return the rows, of means over samples.

        Args:
            costs: costs of the network; None if nothing was counted.
            energy: the energy model.
            judged: how each output does, of which the first is in the rows.
        """
        return tuple(
            self._row(i, costs, energy, judged[0]) for i in range(len(self.steps))
        )

    def _row(
        self, i: int, costs: Costs | None, energy: EnergyModel, first: Judged
    ) -> Row:
        t, found = self.steps[i], first.figures[i]
        known = {
            "score": found.score,
            "agreement": found.agreement,
            "output_error": found.output_error,
            "accuracy": found.score if first.task == "classification" else None,
        }
        if costs is None:
            return Row(timesteps=t, latency=t, scores=found.scores, **known)
        spikes, coefficients, events, synops = (self.counts[i] / self.samples).tolist()
        return Row(
            timesteps=t,
            latency=costs.latencies[t - 1],
            **known,
            spikes=spikes,
            coefficients=coefficients,
            synops=synops,
            synops_events=events,
            energy_ratio=energy.ratio(self.work(i, costs)),
            energy_ratio_events=energy.ratio(self.work(i, costs, events=True)),
            scores=found.scores,
        )
