"""The result of a search for the cheapest setting, as tables, JSON and sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tfsnn.analysis.choose.losses import Limits, Loss
from tfsnn.analysis.comparison import ComparedOutput, label
from tfsnn.analysis.frontier import frontier
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.results import percent, scored_head, table


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
        score: the score of the first output's task; None without labels.
        agreement: share of its decisions that are the ANN's; None for a task without
            decisions.
        output_error: root mean square difference from the ANN's outputs over their
            standard deviation.
        losses: what is lost of each output, and may be.
        spikes: events, whatever their coefficient.
        synops: accumulates, a spike of coefficient c counted as abs(c).
        energy_ratio: energy of the SNN over that of the ANN, by `synops`; None for an
            ANN without a multiply-accumulate.
        precision: precision of the synapses that receive spikes.
        picojoules: energy of the SNN by the energy model; None where it is not known.
    """

    method: str
    options: Mapping[str, Any]
    alphabet: str
    timesteps: int
    latency: int
    score: float | None
    agreement: float | None
    output_error: float | None
    losses: tuple[Loss, ...]
    spikes: float
    synops: float
    energy_ratio: float | None
    precision: str = "float32"
    picojoules: float | None = None

    @property
    def label(self) -> str:
        """The method with its options."""
        text = label(self.method, self.options)
        return text if self.precision == "float32" else f"{text} {self.precision}"

    @property
    def energy(self) -> float:
        """The energy that settings are compared by: the SNN's own.

        The ratio is another order where the ANN has more bits for more steps. Where the
        energy is not known it is the ratio, or else `synops`.
        """
        if self.picojoules is not None:
            return self.picojoules
        return self.synops if self.energy_ratio is None else self.energy_ratio

    @property
    def worst(self) -> Loss:
        """The loss that is the furthest above its limit, or the nearest to it."""
        return max(self.losses, key=lambda loss: loss.excess)

    @property
    def fits(self) -> bool:
        """Whether every loss is within its limit."""
        return all(loss.fits for loss in self.losses)

    def cost(self, minimise: str) -> tuple[float, float]:
        """Return the cost to be minimised, and what decides between equals."""
        by = {
            "energy": (self.energy, self.timesteps),
            "timesteps": (self.timesteps, self.energy),
            "latency": (self.latency, self.energy),
        }
        return by[minimise]

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict; agreement is there for a task with decisions."""
        found = asdict(self)
        if self.agreement is None:
            del found["agreement"]
        return found


@dataclass(frozen=True)
class Choice:
    """The result of :func:`tfsnn.choose`.

    Attributes:
        snn: the network, converted with all calibration samples.
        best: the chosen setting, as judged without the held-out samples.
        tried: all settings measured, in order.
        left_out: a sentence for each setting that could not be measured.
        samples: number of held-out samples, on which all settings were judged.
        outputs: the outputs, their tasks, and the original network's scores.
        limits: what may be lost.
        minimise: the cost that was minimised: "energy", "timesteps" or "latency".
    """

    snn: SpikingModel
    best: Tried
    tried: tuple[Tried, ...]
    left_out: tuple[str, ...]
    samples: int
    outputs: tuple[ComparedOutput, ...]
    limits: Limits
    minimise: str

    @property
    def frontier(self) -> tuple[Tried, ...]:
        """The settings that no other beats, and the chosen one in any case."""
        rows = set(map(id, frontier_of(self.tried, self.minimise))) | {id(self.best)}
        found = [row for row in self.tried if id(row) in rows]
        return tuple(sorted(found, key=lambda row: row.cost(self.minimise)))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict of everything but the network."""
        found: dict[str, Any] = {
            **asdict(self.limits),
            "minimise": self.minimise,
            "samples": self.samples,
            **scored_head(self.outputs),
        }
        if len(self.outputs) > 1:
            found["outputs"] = [asdict(output) for output in self.outputs]
        return {
            **found,
            "best": self.best.to_dict(),
            "frontier": [row.to_dict() for row in self.frontier],
            "tried": [row.to_dict() for row in self.tried],
            "left_out": list(self.left_out),
        }

    def __str__(self) -> str:
        within = " and ".join(loss.limit_text for loss in self.best.losses)
        lines = [
            f"Chosen for the least {self.minimise} within {within}:",
            f"{self.best.label}, T={self.best.timesteps}",
            "",
            *frontier_table(self.frontier, self.best),
            "",
            *how_sure(self.samples, self.best, self.outputs),
        ]
        return "\n".join(lines)


def frontier_of(tried: Sequence[Tried], minimise: str) -> tuple[Tried, ...]:
    """Return the settings that no other beats in both cost and loss."""
    return frontier(tried, lambda row: row.cost(minimise), lambda row: row.worst.excess)


def frontier_table(rows: Sequence[Tried], best: Tried | None = None) -> list[str]:
    """Return the lines of a table in which the chosen row is marked."""
    several = len({loss.output for row in rows[:1] for loss in row.losses}) > 1
    losses = [
        f"{loss.output} {loss.column}" if several else loss.column
        for row in rows[:1]
        for loss in row.losses
    ]
    header = ["setting", "alphabet", "T", "latency"]
    header += [name for column in losses for name in (column, "±")]
    decides = any(row.agreement is not None for row in rows)
    header += ["agreement"] * decides + ["spikes", "energy ratio", ""]
    cells = [
        [
            row.label,
            row.alphabet,
            str(row.timesteps),
            str(row.latency),
            *(text for loss in row.losses for text in loss.cells()),
            *([percent(row.agreement)] * decides),
            f"{row.spikes:,.0f}",
            "-" if row.energy_ratio is None else f"{row.energy_ratio:.3f}",
            "chosen" if row is best else "",
        ]
        for row in rows
    ]
    return table(header, cells)


def how_sure(samples: int, row: Tried, outputs: Sequence[ComparedOutput]) -> list[str]:
    """Say in sentences what was lost, and how well it is known."""
    anns = {
        each.output: None if each.ann_score is None else each.kind.text(each.ann_score)
        for each in outputs
    }
    several = len(outputs) > 1
    lines = []
    for loss in row.losses:
        lines += [f"{loss.output}:"] * several
        lines += loss.sentences(samples, anns[loss.output])
    return lines
