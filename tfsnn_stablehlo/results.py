"""What an evaluation says that needs no TensorFlow: `tfsnn` has it from here."""

from __future__ import annotations

from dataclasses import dataclass


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


def below_the_table(samples: int, energy: Energy) -> list[str]:
    """Lines on the units of the rows."""
    return [
        f"{samples} samples; spikes and operations are per sample",
        f"energy ratio: SNN over ANN, {energy}",
    ]
