"""The energy of one network by every model, and in words where it loses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tfsnn.hardware.energy import EnergyModel, profiles
from tfsnn_numpy.counts import Counts


@dataclass(frozen=True)
class Priced:
    """The energy of a sample by one model.

    Attributes:
        name: the name of the energy model.
        snn_picojoules: energy of the spiking network; a spike of coefficient c is c.
        ann_picojoules: energy of the ANN that the model compares with.
        ratio: the first over the second; None where that is 0.
        ratio_events: the ratio if a spike counts once, whatever it carries.
    """

    name: str
    snn_picojoules: float
    ann_picojoules: float
    ratio: float | None
    ratio_events: float | None

    @property
    def loses(self) -> bool:
        """Whether the spiking network takes more, or as much."""
        return self.ratio is not None and self.ratio >= 1

    @property
    def text(self) -> str:
        """The name with the ratio, and with that by events where it is another."""
        if self.ratio is None or self.ratio_events is None:
            return f"{self.name} -"
        text = f"{self.name} {self.ratio:.3f}"
        if abs(self.ratio_events - self.ratio) > 5e-4:
            text += f" ({self.ratio_events:.3f} by events)"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return asdict(self)


def side_by_side(
    counts: Counts, by_events: Counts, chosen: EnergyModel
) -> tuple[Priced, ...]:
    """Return the energy by every registered model, and by the chosen one if it is not.

    Models that read layers are left out where there are no counts of layers.

    Args:
        counts: the work of a sample, a spike of coefficient c as c spikes.
        by_events: the same, each spike as one.
        chosen: the model that was asked for.
    """
    models = {**profiles(), chosen.name: chosen}
    return tuple(
        Priced(
            name,
            model.snn(counts),
            model.ann(counts),
            model.ratio(counts),
            model.ratio(by_events),
        )
        for name, model in models.items()
        if counts.layers or not model.needs_layers
    )


def verdict(priced: Sequence[Priced]) -> str:
    """Say by which models the spiking network takes more energy than the ANN."""
    lost = [each.name for each in priced if each.loses]
    if not lost:
        return "the SNN takes less energy than the ANN by every model"
    if len(lost) == len(priced):
        return "the SNN takes more energy than the ANN by every model"
    return f"the SNN takes more energy than the ANN by {', '.join(lost)}"
