"""The data of a page, before it is drawn and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tfsnn.analysis.aligned import Decoded
from tfsnn.analysis.comparison import Comparison
from tfsnn.analysis.diagnose import Diagnosis
from tfsnn.analysis.intervals import Interval
from tfsnn.analysis.page.measure import Measured
from tfsnn.analysis.page.recorded import Recording
from tfsnn.hardware.energy import EnergyProfile
from tfsnn.network.clock import Clock
from tfsnn.network.operations import Operations
from tfsnn.simulation.report import ConversionReport
from tfsnn_numpy.sums import EVENT_SYNOPS, SYNOPS


class SampleFigure(NamedTuple):
    """A sample whose spikes and potentials are drawn."""

    sample: int
    recording: Recording


class Part(NamedTuple):
    """A part of all operations of the SNN, per sample.

    Attributes:
        name: the node whose spikes cause them, or another cause.
        kind: "AC" or "MAC".
        operations: their number per sample.
        share: of all operations, of either kind.
        energy: share of all energy.
    """

    name: str
    kind: str
    operations: float
    share: float
    energy: float


FIRST, RUNNING = "analog input, once", "running sums and weights behind weights"


@dataclass(frozen=True)
class Findings:
    """The data of a page by :func:`tfsnn.analysis.page.report_page`."""

    model: str
    snn: str
    report: ConversionReport
    data: str
    timesteps: int
    clock: Clock
    depth: int
    operations: Operations
    populations: dict[str, tuple[int, ...]]
    measured: Measured
    diagnosis: Diagnosis
    decoded: dict[str, Decoded]
    shown: tuple[SampleFigure, ...]
    comparison: Comparison | None
    energy: EnergyProfile
    command: str | None

    @property
    def whole_steps(self) -> int:
        """The number of steps simulated, with those that only set up neurons."""
        return self.clock.pre_steps + self.timesteps

    def latency(self, steps: int) -> int:
        """Return the number of steps until the last layer has finished."""
        return self.clock.latency(steps, self.depth, self.timesteps)

    @property
    def ann_energy(self) -> float:
        """The energy of the ANN, picojoules per sample."""
        return self.energy.ann(self.operations)

    def snn_energy(self, row: int, events: bool = False) -> Interval:
        """Return picojoules per sample; a spike costs |c| ACs, or one with `events`.

        Where spikes carry any number it costs MACs.
        """
        column = EVENT_SYNOPS if events else SYNOPS
        steps = self.clock.pre_steps + self.measured.steps[row]
        analog = self.energy.analog(self.operations, steps)
        counted = self.measured.count(row, column)
        if self.clock.tracks:
            costs = [self.energy.picojoules(each, 0) for each in counted]
        else:
            costs = [self.energy.synapses(each) for each in counted]
        return Interval(*(analog + cost for cost in costs))

    @property
    def graded(self) -> bool:
        """Whether any spike carried more than 1."""
        counts = self.measured.counts[-1]
        return bool((counts[:, SYNOPS] != counts[:, EVENT_SYNOPS]).any())

    @property
    def parts(self) -> list[Part]:
        """All operations of the SNN at the last step, in the order of the network."""
        analog = self.whole_steps * self.operations.analog_macs
        found = [(FIRST, "MAC", float(self.operations.constant_macs))]
        kind = "MAC" if self.clock.tracks else "AC"
        found += [(name, kind, count) for name, count in self.measured.senders.items()]
        found += [(RUNNING, "MAC", float(analog))]
        costs = {"MAC": self.energy.mac_picojoules, "AC": self.energy.ac_picojoules}
        total = sum(count for _, _, count in found) or 1.0
        energy = sum(count * costs[kind] for _, kind, count in found) or 1.0
        return [
            Part(name, kind, count, count / total, count * costs[kind] / energy)
            for name, kind, count in found
            if count or name in self.measured.senders
        ]
