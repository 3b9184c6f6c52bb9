"""The report of a network of integers: what its integers stand for, and their bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from tfsnn_numpy.results import table


@dataclass(frozen=True)
class IntegerLayer:
    """The integers of one layer.

    Attributes:
        node: the population, or the output, that reads the currents.
        scale_min, scale_max: what one integer of a current stands for, in the ANN's
            units; of all channels.
        threshold_min, threshold_max: the thresholds; 0 for an output.
        worst: the largest size of a potential that is possible in T steps; 0 for an
            output.
        seen: the same on calibration samples; None if `worst` has bits enough.
    """

    node: str
    scale_min: float
    scale_max: float
    threshold_min: int
    threshold_max: int
    worst: int
    seen: int | None


@dataclass(frozen=True)
class IntegerReport:
    """The integers of a network.

    Attributes:
        weights: the format of the weights.
        scales: what has a scale of its own, a "channel" or a "layer".
        potential_bits: the bits of a potential, sign included.
        inputs: what the integer 1 stands for, the smallest and the largest integer, by
            input.
        layers: the integers of each layer, in order.
        notes: warnings.
    """

    weights: str
    scales: str
    potential_bits: int
    inputs: dict[str, tuple[float, int, int]]
    layers: tuple[IntegerLayer, ...]
    notes: tuple[str, ...] = ()

    @property
    def worst(self) -> IntegerLayer | None:
        """The layer whose potentials may come furthest; None without neurons."""
        return max(self.layers, key=lambda layer: layer.worst, default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> IntegerReport:
        """Make a report from its :meth:`to_dict`."""
        inputs = config["inputs"].items()
        return cls(
            **{
                **config,
                "inputs": {name: tuple(values) for name, values in inputs},
                "layers": tuple(IntegerLayer(**layer) for layer in config["layers"]),
                "notes": tuple(config["notes"]),
            }
        )

    def __str__(self) -> str:
        shared = "one scale for each " + ("output channel" * (self.scales == "channel"))
        shared += self.scales * (self.scales != "channel")
        lines = [
            f"weights {self.weights}, {shared}, potentials {self.potential_bits} bits"
        ]
        for name, (step, low, high) in self.inputs.items():
            lines.append(f"input {name} rounded to {low}..{high}, each {step:.6g}")
        worst = self.worst
        if worst is not None and worst.worst:
            said = f"{worst.worst:,} ({worst.worst.bit_length() + 1} bits)"
            lines.append(f"worst bound of a potential: {said}, of {worst.node}")
        saturate = [layer.node for layer in self.layers if layer.seen is not None]
        if saturate:
            most = max(layer.seen or 0 for layer in self.layers)
            lines.append(
                f"potentials saturate in {', '.join(saturate)}; the largest on "
                f"calibration samples was {most:,}"
            )
        header = [spec.name.replace("_", " ") for spec in fields(IntegerLayer)]
        rows = [[_text(v) for v in asdict(layer).values()] for layer in self.layers]
        return "\n".join([*lines, "", *table(header, rows)])


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
