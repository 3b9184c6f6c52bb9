"""The rows of an evaluation, their table, and the energy of operations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tfsnn_numpy.errors import DataError


@dataclass(frozen=True)
class Energy:
    """The energy of operations: :class:`tfsnn.energy.EnergyProfile` unchecked."""

    name: str
    mac_picojoules: float
    ac_picojoules: float
    source: str

    def picojoules(self, macs: float, accumulates: float) -> float:
        """Return the energy of so many multiply-accumulates and accumulates."""
        return self.mac_picojoules * macs + self.ac_picojoules * accumulates

    def __str__(self) -> str:
        return (
            f"{self.mac_picojoules:g} pJ for each multiply-accumulate (MAC) and "
            f"{self.ac_picojoules:g} pJ for each accumulate (AC), {self.name}"
        )


@dataclass(frozen=True)
class Row:
    """The results of a network after some steps; counts are per sample.

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
        energy_ratio_events: the energy ratio by `synops_events`.
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
        """Return the attributes as texts, in order."""

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
    """Return the default steps of rows: 1, 2, 4, ... and `most`."""
    return [2**i for i in range(most.bit_length()) if 2**i < most] + [most]


def evaluation_text(
    samples: int, ann_accuracy: float | None, rows: Sequence[Row], energy: Energy
) -> list[str]:
    """Return the lines of the table of rows, and of its units."""
    header = [spec.name.replace("_", " ") for spec in fields(Row)]
    lines = table(header, [row.cells() for row in rows])
    if ann_accuracy is not None:
        lines.append(f"ANN accuracy {100 * ann_accuracy:.2f} %")
    return lines + below_the_table(samples, energy)


def below_the_table(samples: int, energy: Energy) -> list[str]:
    """Return lines on the units of the rows."""
    return [
        f"{samples} samples; spikes and operations are per sample",
        f"energy ratio: SNN over ANN, {energy}",
    ]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table: first column to the left, numbers to the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]

    def line(cells: Sequence[str]) -> str:
        first, *rest = (
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join([first, *rest]).rstrip()

    return [line(header), line(["-" * width for width in widths]), *map(line, rows)]


def top_class(outputs: Any) -> np.ndarray:
    """Return the index of each sample's largest output: ``(N, ...)`` to ``(N,)``."""
    outputs = np.asarray(outputs)
    return outputs.reshape(len(outputs), -1).argmax(-1)


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
