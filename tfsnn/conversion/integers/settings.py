"""The settings of integer networks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.hardware.integers import FORMATS, IntegerFormat
from tfsnn.network.neurons.counting import ends
from tfsnn_numpy.defaults import (
    LEAST_BITS,
    MOST_BITS,
    POTENTIAL_BITS,
    RESETS,
    SCALES,
)


@dataclass(frozen=True)
class IntegerSettings:
    """What integers a network is made of.

    Attributes:
        precision: the format of the weights (:data:`tfsnn.hardware.integers.FORMATS`).
        scales: what shares a scale, and so a threshold: each output "channel" has its
            own, or a whole "layer" one.
        potential_bits: the bits of a potential, sign included.
        saturate: whether potentials that leave their bits on calibration samples end
            there, as on a chip, and are noted. False: such a network is refused.
        initial_potentials: whether what a bias cannot say in integers may go into
            initial potentials.
        reset: what a spike does to the potential: "subtract" the threshold, or set it
            to "zero", as chips without subtraction do.
        input_bits: bits of the signed integers that inputs are rounded to; None for 8
            bits of either sign, or without one.

    Raises:
        OptionError: for an impossible value.
    """

    precision: str
    scales: str = SCALES[0]
    potential_bits: int = POTENTIAL_BITS
    saturate: bool = False
    initial_potentials: bool = True
    reset: str = RESETS[0]
    input_bits: int | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        if self.scales not in SCALES:
            raise OptionError(
                f"scales={self.scales!r}; expected one of {', '.join(SCALES)}"
            )
        if self.reset not in RESETS:
            raise OptionError(
                f"reset={self.reset!r}; expected one of {', '.join(RESETS)}"
            )
        if self.input_bits is not None and self.input_bits not in range(2, 17):
            raise OptionError(
                f"input_bits={self.input_bits!r} is not a number of bits from 2 to 16, "
                "or None"
            )
        bits = self.potential_bits
        counted = isinstance(bits, int) and not isinstance(bits, bool)
        if not (counted and LEAST_BITS <= bits <= MOST_BITS):
            raise OptionError(
                f"potential_bits={bits!r} is not a number of bits from {LEAST_BITS} to "
                f"{MOST_BITS}"
            )

    @property
    def weights(self) -> IntegerFormat:
        """The integers that weights may be."""
        return FORMATS[self.precision]

    @property
    def largest_potential(self) -> int:
        """The largest potential."""
        return ends(self.potential_bits)[1]


NAMES = tuple(
    spec.name
    for spec in dataclasses.fields(IntegerSettings)
    if spec.name != "precision"
)


def integer_settings(
    precision: str, options: Mapping[str, Any]
) -> tuple[IntegerSettings | None, dict[str, Any]]:
    """Return the settings of a precision of integers, and all other options.

    Returns:
        The settings, None for a precision that is none of integers; and what no
        setting of integers is.

    Raises:
        OptionError: for such a setting beside another precision.
    """
    given = {name: options[name] for name in NAMES if name in options}
    others = {name: value for name, value in options.items() if name not in NAMES}
    if precision in FORMATS:
        return IntegerSettings(precision, **given), others
    if given:
        (name, *_), known = given, ", ".join(FORMATS)
        raise OptionError(
            f"{name} is a setting of integers, and the precision is {precision}: leave "
            f"it out, or take one of {known} as precision"
        )
    return None, others
