"""The data of a page, before it is drawn and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tfsnn.analysis.aligned import Decoded
from tfsnn.analysis.comparison import Comparison
from tfsnn.analysis.diagnose import Diagnosis
from tfsnn.analysis.intervals import Interval, alone
from tfsnn.analysis.page.measure import Measured
from tfsnn.analysis.page.recorded import Recording
from tfsnn.hardware.energy import EnergyModel
from tfsnn.hardware.energy.side_by_side import Priced, side_by_side, verdict
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
        name: the layer that does them.
        kind: "AC", "MAC", or "neurons" of a layer without operations.
        operations: their number per sample.
        share: of all operations, of either kind.
        energy: share of all energy, which neurons take as well.
    """

    name: str
    kind: str
    operations: float
    share: float
    energy: float


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
    energy: EnergyModel
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
        return self.energy.ann(self.measured.work[-1])

    def snn_energy(self, row: int, events: bool = False) -> Interval:
        """Return picojoules per sample; a spike of coefficient c is c, or one.

        Its interval is that of the synaptic operations, to which all that spikes cost
        is taken to be proportional.
        """
        work = (self.measured.work_events if events else self.measured.work)[row]
        counted = self.measured.count(row, EVENT_SYNOPS if events else SYNOPS)
        if not counted.value:
            return alone(self.energy.snn(work))
        return Interval(
            *(self.energy.snn(work.scaled(each / counted.value)) for each in counted)
        )

    @property
    def priced(self) -> tuple[Priced, ...]:
        """The energy after the last step, by every model."""
        return side_by_side(
            self.measured.work[-1], self.measured.work_events[-1], self.energy
        )

    @property
    def graded(self) -> bool:
        """Whether any spike carried more than 1."""
        counts = self.measured.counts[-1]
        return bool((counts[:, SYNOPS] != counts[:, EVENT_SYNOPS]).any())

    @property
    def parts(self) -> list[Part]:
        """All operations of the SNN at the last step, in the order of the network."""
        work = self.measured.work[-1]
        spiking = "MAC" if work.multiplies else "AC"
        everything = sum(layer.analog_macs + layer.synops for layer in work.layers)
        energy = self.energy.snn(work)
        found = []
        for layer in work.layers:
            kind = spiking if layer.synops else "MAC" if layer.macs else "neurons"
            count = layer.analog_macs + layer.synops
            own = self.energy.of_layer(layer, work)
            if count or own:
                share = count / (everything or 1.0)
                name = f"{layer.name}{', once' * layer.constant}"
                found.append(Part(name, kind, count, share, own / (energy or 1.0)))
        return found

    @property
    def loss(self) -> str:
        """The models by which the SNN takes more energy than the ANN, in words."""
        return verdict(self.priced)
