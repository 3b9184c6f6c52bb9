"""Energy models: from the work of one sample to picojoules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from tfsnn_numpy.counts import Counts, LayerCounts


class EnergyModel(ABC):
    """A model of the energy that a sample takes, in picojoules.

    A model is a frozen dataclass: its fields are its constants, a `name` and a
    `source`.

    Attributes:
        name: the name by which it is looked up.
        source: where formula and constants are from.
        needs_layers: whether it reads the counts of single layers, which not every
            engine has.
    """

    needs_layers: ClassVar[bool] = True

    name: str
    source: str

    @abstractmethod
    def of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer of the spiking network."""

    @abstractmethod
    def ann_of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of a layer in one pass of the ANN."""

    def to_dict(self) -> dict[str, Any]:
        """Return the constants as a JSON-ready dict, with name and source."""
        return asdict(self)  # type: ignore[call-overload]

    def snn(self, counts: Counts) -> float:
        """Return picojoules of the spiking network, for one sample."""
        return sum(self.of_layer(layer, counts) for layer in counts.layers)

    def ann(self, counts: Counts) -> float:
        """Return picojoules of all passes of the ANN, for one sample."""
        once = sum(self.ann_of_layer(layer, counts) for layer in counts.layers)
        return counts.passes * once

    def __str__(self) -> str:
        return f"{self.name}, by {self.source}"

    def ratio(self, counts: Counts) -> float | None:
        """Return the energy of the SNN over that of the ANN; None if that is 0."""
        ann = self.ann(counts)
        return self.snn(counts) / ann if ann else None


@dataclass(frozen=True)
class Energy(EnergyModel):
    """The energy of arithmetic: :class:`tfsnn.energy.EnergyProfile` unchecked."""

    needs_layers: ClassVar[bool] = False

    name: str
    mac_picojoules: float
    ac_picojoules: float
    source: str

    def picojoules(self, macs: float, accumulates: float) -> float:
        """Return the energy of so many multiply-accumulates and accumulates."""
        return self.mac_picojoules * macs + self.ac_picojoules * accumulates

    def snn(self, counts: Counts) -> float:
        """Return picojoules of all MACs and ACs of the spiking network."""
        return self._spiking(counts.analog_macs, counts.synops, counts.multiplies)

    def ann(self, counts: Counts) -> float:
        """Return picojoules of all MACs of the ANN."""
        return self.picojoules(counts.ann_macs, 0)

    def of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of the MACs and ACs of a layer."""
        return self._spiking(layer.analog_macs, layer.synops, counts.multiplies)

    def ann_of_layer(self, layer: LayerCounts, counts: Counts) -> float:
        """Return picojoules of the MACs of a layer in the ANN."""
        return self.picojoules(layer.macs, 0)

    def _spiking(self, macs: float, synops: float, multiplies: bool) -> float:
        if multiplies:
            return self.picojoules(macs + synops, 0)
        return self.picojoules(macs, synops)

    def __str__(self) -> str:
        return (
            f"{self.mac_picojoules:g} pJ for each multiply-accumulate (MAC) and "
            f"{self.ac_picojoules:g} pJ for each accumulate (AC), {self.name}"
        )
