"""Groups of options of ``tfsnn convert``: the method, and the numbers it works in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import click

from tfsnn_numpy.defaults import METHOD, PRECISION


@dataclass(frozen=True)
class Method:
    """The method of a conversion, and its options as texts."""

    method: str | None = None
    timesteps: int | None = None
    options: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an unknown method or option, or an impossible value."""
        import tfsnn

        if self.method == "auto":
            raise click.UsageError(
                "there is no method auto: tfsnn choose finds the cheapest method and "
                "setting that loses little"
            )
        if self.timesteps is not None and "timesteps" in self.options:
            raise click.UsageError("give --timesteps or -o timesteps, not both")
        tfsnn.methods.make(self.method or METHOD, self.values)

    @property
    def values(self) -> dict[str, Any]:
        """The options by name, the time steps among them."""
        steps = {} if self.timesteps is None else {"timesteps": self.timesteps}
        return {**self.options, **steps}


@dataclass(frozen=True)
class Numbers:
    """The numbers that a network is made of; None for what was not given.

    A target sets all of them, but for a precision of fewer bits.
    """

    target: str | None
    precision: str | None
    scales: str | None
    potential_bits: int | None

    def __post_init__(self) -> None:
        """Refuse settings of integers beside another precision, or a target."""
        from tfsnn.conversion.integers.settings import integer_settings
        from tfsnn.hardware.targets import target

        if self.target is not None:
            target(self.target)
            for name in ("scales", "potential_bits"):
                if getattr(self, name) is not None:
                    raise click.UsageError(
                        f"-o {name} is what --target {self.target} says: leave it out"
                    )
            return
        settings = self.settings
        integer_settings(settings.pop("precision"), settings)

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of :func:`tfsnn.convert` by name."""
        found = {"scales": self.scales, "potential_bits": self.potential_bits}
        kept = {name: value for name, value in found.items() if value is not None}
        return {"precision": self.precision or PRECISION, **kept}
