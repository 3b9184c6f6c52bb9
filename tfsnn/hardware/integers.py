"""Formats of integers: the weights that chips have, and what float32 holds of them."""

from __future__ import annotations

from dataclasses import dataclass

# float32 has all integers up to it: sums and products that stay below are exact.
EXACT = 2**24
# A gain without weights, as of a skip connection, is one number for each channel: it
# has the bits of a bias.
GAIN_BITS = 16


@dataclass(frozen=True)
class IntegerFormat:
    """A range of integers that weights may have.

    Attributes:
        name: its name, one of :data:`tfsnn_numpy.defaults.INTEGERS`.
        low, high: the smallest and the largest integer.
    """

    name: str
    low: int
    high: int


def two_complement(name: str, bits: int) -> IntegerFormat:
    """Return the integers of so many bits, sign included."""
    return IntegerFormat(name, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


FORMATS = {
    "int8": two_complement("int8", 8),
    "int4": two_complement("int4", 4),
    "int2": two_complement("int2", 2),
    "ternary": IntegerFormat("ternary", -1, 1),
}
GAINS = two_complement("gain", GAIN_BITS)
