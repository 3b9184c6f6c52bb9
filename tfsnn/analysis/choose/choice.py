"""The result of a search for the cheapest setting, as tables, JSON and sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tfsnn.analysis.comparison import label
from tfsnn.analysis.frontier import frontier
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.results import table


@dataclass(frozen=True)
class Tried:
    """A setting, converted and judged on held-out samples; counts are per sample.

    Attributes:
        method: the method's name.
        options: those that were set; the others have their defaults.
        alphabet: what a spike may carry
            (:func:`tfsnn.conversion.methods.alphabet.alphabet_of`).
        timesteps: T.
        latency: steps until the last layer has finished.
        accuracy: share of samples whose label is the top class; None without labels.
        agreement: share of samples with the ANN's top class.
        drop: in points: accuracy below the ANN's, or without labels disagreement.
        standard_error: standard error of the drop (:func:`standard_error`).
        spikes: events, whatever their coefficient.
        synops: accumulates, a spike of coefficient c counted as abs(c).
        energy_ratio: energy of the SNN over that of the ANN, by `synops`; None for an
            ANN without a multiply-accumulate.
        precision: precision of the synapses that receive spikes.
    """

    method: str
    options: Mapping[str, Any]
    alphabet: str
    timesteps: int
    latency: int
    accuracy: float | None
    agreement: float
    drop: float
    standard_error: float
    spikes: float
    synops: float
    energy_ratio: float | None
    precision: str = "float32"

    @property
    def label(self) -> str:
        """The method with its options."""
        text = label(self.method, self.options)
        return text if self.precision == "float32" else f"{text} {self.precision}"

    @property
    def energy(self) -> float:
        """The energy that settings are compared by: the ratio, or else `synops`."""
        return self.synops if self.energy_ratio is None else self.energy_ratio

    def cost(self, minimise: str) -> tuple[float, float]:
        """Return the cost to be minimised, and what decides between equals."""
        by = {
            "energy": (self.energy, self.timesteps),
            "timesteps": (self.timesteps, self.energy),
            "latency": (self.latency, self.energy),
        }
        return by[minimise]


@dataclass(frozen=True)
class Choice:
    """The result of :func:`tfsnn.choose`.

    Attributes:
        snn: the network, converted with all calibration samples.
        best: the chosen setting, as judged without the held-out samples.
        tried: all settings measured, in order.
        left_out: a sentence for each setting that could not be measured.
        samples: number of held-out samples, on which all settings were judged.
        ann_accuracy: the original network's accuracy on them; None without labels.
        max_drop: points of accuracy that may be lost.
        minimise: the cost that was minimised: "energy", "timesteps" or "latency".
    """

    snn: SpikingModel
    best: Tried
    tried: tuple[Tried, ...]
    left_out: tuple[str, ...]
    samples: int
    ann_accuracy: float | None
    max_drop: float
    minimise: str

    @property
    def frontier(self) -> tuple[Tried, ...]:
        """The settings that no other beats, and the chosen one in any case."""
        rows = set(map(id, frontier_of(self.tried, self.minimise))) | {id(self.best)}
        found = [row for row in self.tried if id(row) in rows]
        return tuple(sorted(found, key=lambda row: row.cost(self.minimise)))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict of everything but the network."""
        return {
            "max_drop": self.max_drop,
            "minimise": self.minimise,
            "samples": self.samples,
            "ann_accuracy": self.ann_accuracy,
            "best": asdict(self.best),
            "frontier": [asdict(row) for row in self.frontier],
            "tried": [asdict(row) for row in self.tried],
            "left_out": list(self.left_out),
        }

    def __str__(self) -> str:
        lines = [
            f"Chosen for the least {self.minimise} within {self.max_drop:g} points:",
            f"{self.best.label}, T={self.best.timesteps}",
            "",
            *frontier_table(self.frontier, self.best),
            "",
            *how_sure(self.samples, self.best, self.max_drop, self.ann_accuracy),
        ]
        return "\n".join(lines)


def frontier_of(tried: Sequence[Tried], minimise: str) -> tuple[Tried, ...]:
    """Return the settings that no other beats in both cost and drop."""
    return frontier(tried, lambda row: row.cost(minimise), lambda row: row.drop)


def frontier_table(rows: Sequence[Tried], best: Tried | None = None) -> list[str]:
    """Return the lines of a table in which the chosen row is marked."""
    header = ["setting", "alphabet", "T", "latency", "drop", "±", "agreement"]
    header += ["spikes", "energy ratio", ""]
    cells = [
        [
            row.label,
            row.alphabet,
            str(row.timesteps),
            str(row.latency),
            f"{row.drop:.2f}",
            f"{row.standard_error:.2f}",
            f"{100 * row.agreement:.2f} %",
            f"{row.spikes:,.0f}",
            "-" if row.energy_ratio is None else f"{row.energy_ratio:.3f}",
            "chosen" if row is best else "",
        ]
        for row in rows
    ]
    return table(header, cells)


def standard_error(drop: float, agreement: float, samples: int) -> float:
    """Estimate from above the standard error of a drop, in points.

    On each sample the ANN and the SNN are right (1) or wrong (0), and their difference
    is not 0 only where they disagree. So its variance is at most the share p of
    disagreement less the squared mean. As p is an estimate too, a disagreement in one
    of two more samples is added: none seen does not mean that there is none.
    """
    disagreed = 1 - agreement
    share = max((disagreed * samples + 1) / (samples + 2), disagreed)
    return 100 * math.sqrt(max(share - (drop / 100) ** 2, 0.0) / samples)


def how_sure(
    samples: int, row: Tried, max_drop: float, ann_accuracy: float | None
) -> list[str]:
    """Say in sentences what the drop is, and how well it is known."""
    what = "the share of samples in which it disagrees with the ANN, for want of labels"
    if ann_accuracy is not None:
        what = f"points below the ANN's accuracy of {100 * ann_accuracy:.2f} %"
    one = 100 / samples
    lines = [
        f"Drop: {what}, on {samples} samples held out,",
        f"of which one is {one:.2g} points. That of this setting is "
        f"{row.drop:.2f} ± {row.standard_error:.2f} (standard error), and likely a "
        "little more on others,",
        "for it was chosen by these.",
    ]
    if max_drop < 2 * row.standard_error:
        lines.append(
            f"So few samples cannot tell a drop of {max_drop:g} from none: give more "
            "calibration samples to be sure."
        )
    return lines
