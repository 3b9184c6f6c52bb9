"""What an evaluation gives: sums over samples, rows, their table, what they cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from tfsnn_numpy.errors import DataError


@dataclass(frozen=True)
class Energy:
    """What an operation costs: :class:`tfsnn.energy.EnergyProfile` without checks."""

    name: str
    mac_picojoules: float
    ac_picojoules: float
    source: str

    def picojoules(self, macs: float, accumulates: float) -> float:
        """Of so many multiply-accumulates and accumulates."""
        return self.mac_picojoules * macs + self.ac_picojoules * accumulates

    def __str__(self) -> str:
        return (
            f"{self.mac_picojoules:g} pJ for each multiply-accumulate (MAC) and "
            f"{self.ac_picojoules:g} pJ for each accumulate (AC), {self.name}"
        )


@dataclass(frozen=True)
class Row:
    """The network after some steps; counts are per sample.

    Attributes:
        timesteps: T.
        latency: steps until the last layer has finished: T, and what look-ahead,
            pre-steps or layer-by-layer operation add
            (:class:`tfsnn.network.clock.Clock`).
        accuracy: share of samples whose label is the top class; None without labels.
        agreement: share of samples with the ANN's top class; None without the ANN.
        spikes: events, whatever their coefficient; None, as all below, where nothing is
            counted.
        coefficients: sum of the absolute coefficients of all spikes.
        synops: accumulates, a spike of coefficient c counted as abs(c).
        synops_events: accumulates, each spike counted once.
        energy_ratio: energy of the SNN over that of the ANN, by `synops`; None for an
            ANN without a multiply-accumulate.
        energy_ratio_events: the same by `synops_events`.
    """

    timesteps: int
    latency: int
    accuracy: float | None
    agreement: float | None
    spikes: float | None = None
    coefficients: float | None = None
    synops: float | None = None
    synops_events: float | None = None
    energy_ratio: float | None = None
    energy_ratio_events: float | None = None

    def cells(self) -> list[str]:
        """The attributes as texts, in order."""

        def share(value: float | None) -> str:
            return "-" if value is None else f"{100 * value:.2f} %"

        def ratio(value: float | None) -> str:
            return "-" if value is None else f"{value:.3f}"

        counts = (self.spikes, self.coefficients, self.synops, self.synops_events)
        return [
            str(self.timesteps),
            str(self.latency),
            share(self.accuracy),
            share(self.agreement),
            *("-" if count is None else f"{count:,.0f}" for count in counts),
            ratio(self.energy_ratio),
            ratio(self.energy_ratio_events),
        ]


def doubling(most: int) -> list[int]:
    """The steps of the rows that none are asked for: 1, 2, 4, ... and `most`."""
    return [2**i for i in range(most.bit_length()) if 2**i < most] + [most]


def evaluation_text(
    samples: int, ann_accuracy: float | None, rows: Sequence[Row], energy: Energy
) -> list[str]:
    """Lines: the table of the rows, and what its units are."""
    header = [spec.name.replace("_", " ") for spec in fields(Row)]
    lines = table(header, [row.cells() for row in rows])
    if ann_accuracy is not None:
        lines.append(f"ANN accuracy {100 * ann_accuracy:.2f} %")
    return lines + below_the_table(samples, energy)


def below_the_table(samples: int, energy: Energy) -> list[str]:
    """Lines on the units of the rows."""
    return [
        f"{samples} samples; spikes and operations are per sample",
        f"energy ratio: SNN over ANN, {energy}",
    ]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: the first column to the left, numbers to the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *rest]).rstrip()

    return [line(header), line(["-" * width for width in widths]), *map(line, rows)]


# Columns of the counts of a node: spikes, whatever their coefficient; the sum of their
# absolute coefficients; the accumulates of both.
SPIKES, COEFFICIENTS, EVENT_SYNOPS, SYNOPS = range(4)


@dataclass(frozen=True)
class Costs:
    """What a network costs beside its spikes, for one sample.

    Attributes:
        pre_steps: steps before those that count; their spikes count too.
        ann_macs: multiply-accumulates of the ANN.
        macs: those of the SNN from the start to the end of each step.
        latencies: after each step, steps until the last layer has finished.
        spiking: nodes whose counts are spikes of their own, and not what a pooling
            passes on.
    """

    pre_steps: int
    ann_macs: int
    macs: Sequence[int]
    latencies: Sequence[int]
    spiking: Collection[str]


class Seen(NamedTuple):
    """What a network did with a batch, after each of some numbers of steps.

    Attributes:
        outputs: of the first output, ``(rows, B, ...)``.
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
        """The place of the largest output, ``(rows, B)``."""
        return self.outputs.reshape(*self.outputs.shape[:2], -1).argmax(-1)

    @property
    def classes(self) -> int:
        """The number of values of the first output."""
        return int(np.prod(self.outputs.shape[2:]))


def seen_after(
    steps: Sequence[int],
    over_time: np.ndarray,
    counts: Mapping[str, np.ndarray],
    costs: Costs | None,
) -> Seen:
    """Return what a network did until the end of each of some steps.

    Args:
        steps: 1 is the first.
        over_time: the first output after each step, ``(T, B, ...)``.
        counts: by node, in each step, ``(S, B, 4)``; pre-steps first.
        costs: of the network; None if nothing is counted.
    """
    outputs = np.asarray(over_time)[[t - 1 for t in steps]]
    total = np.zeros((len(steps), outputs.shape[1], 4))
    senders: dict[str, float] = {}
    if costs is None:
        return Seen(outputs, total, senders)
    ends = [costs.pre_steps + t - 1 for t in steps]
    for node, values in counts.items():
        sums = np.cumsum(np.asarray(values, np.float64), 0)[ends]
        senders[node] = float(sums[-1, :, SYNOPS].sum())
        if node not in costs.spiking:
            sums[..., :EVENT_SYNOPS] = 0
        total += sums
    return Seen(outputs, total, senders)


class Sums:
    """Sums over samples: whole numbers, in float64, so that their order is nothing.

    Attributes:
        steps: of the rows, in order.
        samples: how many there were.
        ann_right: samples whose label is the top class of the ANN.
        right, agreed: samples whose top class is the label, or that of the ANN,
            ``(rows,)``.
        counts: as :class:`Seen` has them, ``(rows, 4)``.
    """

    def __init__(self, steps: Sequence[int]) -> None:
        """Start with no samples, for the rows after these steps."""
        self.steps, self.samples, self.ann_right = list(steps), 0, 0
        self.right, self.agreed = np.zeros(len(self.steps)), np.zeros(len(self.steps))
        self.counts = np.zeros((len(self.steps), 4))

    def add(
        self, seen: Seen, y: np.ndarray | None, ann_top: np.ndarray | None = None
    ) -> None:
        """Add a batch, its labels, and the ANN's top classes, ``(B,)``."""
        top = seen.top
        self.samples += top.shape[1]
        self.counts += seen.counts.sum(1)
        if y is not None:
            self.right += (top == y).sum(1)
        if ann_top is not None:
            self.agreed += (top == ann_top).sum(1)
            self.ann_right += 0 if y is None else int((ann_top == y).sum())

    def vector(self) -> np.ndarray:
        """All sums, float64, as :meth:`set` takes them."""
        of_all = [self.samples, self.ann_right]
        return np.concatenate([of_all, self.right, self.agreed, self.counts.ravel()])

    def set(self, vector: np.ndarray) -> None:
        """Take these sums in place of one's own."""
        n = len(self.steps)
        of_all, self.right, self.agreed, counts = np.split(
            vector, [2, 2 + n, 2 + 2 * n]
        )
        self.samples, self.ann_right = (int(value) for value in of_all)
        self.counts = counts.reshape(n, 4)

    def rows(
        self, costs: Costs | None, energy: Energy, *, labelled: bool, compared: bool
    ) -> tuple[Row, ...]:
        """Return means over samples.

        Args:
            costs: of the network; None if nothing was counted.
            energy: what an operation costs.
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


def check_labels(y: np.ndarray, classes: int) -> None:
    """Refuse labels ``(N,)`` that a network of so many classes does not have.

    Raises:
        DataError: for a label of `classes` or more.
    """
    if y.max() >= classes:
        raise DataError(
            f"label {y.max()} is out of range: the model has {classes} classes, 0 to "
            f"{classes - 1}; give the labels of the classes that it was trained on"
        )


def top_class(outputs: Any) -> np.ndarray:
    """Return the index of each sample's largest output: ``(N, ...)`` to ``(N,)``."""
    outputs = np.asarray(outputs)
    return outputs.reshape(len(outputs), -1).argmax(-1)
