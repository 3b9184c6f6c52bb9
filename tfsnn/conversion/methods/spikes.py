"""Declarations of what a method's spikes carry, made of small objects.

A method says it once, as its class attribute `alphabet`, and names the options that set
it; nothing is inferred from names of options.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Levels(ABC):
    """How large the spikes of a method may be: fixed, or set by one of its options."""

    def names(self) -> tuple[str, ...]:
        """Return the names of the options that are read; none by default."""
        return ()

    @abstractmethod
    def options(self, largest: int) -> dict[str, Any] | None:
        """Return the options for a largest coefficient; None if there are none."""

    @abstractmethod
    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return the largest coefficient that options make; None for no bound."""

    def text(self, values: Mapping[str, Any], signed: bool) -> str:
        """Return the integers that spikes carry, as exact text."""
        largest = self.largest(values)
        if largest == 1:
            return "ternary" if signed else "binary"
        if largest is None:
            return "-inf..inf" if signed else "0..inf"
        if signed:
            return f"-{largest}..{largest}"
        bits = largest.bit_length()
        return f"graded:{bits}" if largest == 2**bits - 1 else f"0..{largest}"


@dataclass(frozen=True)
class FixedLevels(Levels):
    """Coefficients up to a number that no option changes."""

    most: int = 1

    def options(self, largest: int) -> dict[str, Any] | None:
        """Return no options, if the coefficient is the fixed one."""
        return {} if largest == self.most else None

    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return the fixed coefficient."""
        return self.most


@dataclass(frozen=True)
class _OptionLevels(Levels):
    """Coefficients that follow from an option, given by its name."""

    option: str

    def names(self) -> tuple[str, ...]:
        """Return the name of the option."""
        return (self.option,)


class LevelsOption(_OptionLevels):
    """Coefficients up to the value of an option; up to any size where it is None."""

    def options(self, largest: int) -> dict[str, Any] | None:
        """Return the option with the largest coefficient as its value."""
        return {self.option: largest}

    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return the value of the option."""
        return values[self.option]


class RadixBase(_OptionLevels):
    """Digits to a base that an option gives: coefficients up to the base less one."""

    def options(self, largest: int) -> dict[str, Any] | None:
        """Return the base whose largest digit is the coefficient."""
        return {self.option: largest + 1}

    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return the largest digit."""
        return values[self.option] - 1


class PowersOfTwo(_OptionLevels):
    """Powers of two, 2^0 to 2^(n - 1), and 0; an option gives n."""

    def options(self, largest: int) -> dict[str, Any] | None:
        """Return the number of powers that are within the coefficient."""
        return {self.option: largest.bit_length()}

    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return the largest power."""
        return 2 ** (values[self.option] - 1)

    def text(self, values: Mapping[str, Any], signed: bool) -> str:
        """Return the powers, with their sign."""
        highest, sign = values[self.option] - 1, "±" if signed else ""
        if highest == 0:
            return super().text(values, signed)
        return f"0, {sign}2^0..{sign}2^{highest}"


class AnyNumber(Levels):
    """Numbers that are no integers: changes of values."""

    def options(self, largest: int) -> dict[str, Any] | None:
        """Return that no option makes them integers."""
        return None

    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return that there is no bound."""
        return None

    def text(self, values: Mapping[str, Any], signed: bool) -> str:
        """Return what they are."""
        return "any number"


@dataclass(frozen=True)
class SignOption:
    """Spikes that are signed unless an option is None.

    Attributes:
        option: the name of the option.
        signed: the option's value where an alphabet asks for signed spikes.
    """

    option: str
    signed: Any


@dataclass(frozen=True)
class Spikes:
    """A method's declaration of what one spike carries, and which options set it.

    ``Spikes()`` are binary, ``Spikes(signed=True)`` ternary, and
    ``Spikes(LevelsOption("levels"))`` unsigned integers up to the option `levels`.

    Attributes:
        levels: how large spikes may be.
        signed: whether they may be negative, or the option that decides.
    """

    levels: Levels = FixedLevels()
    signed: bool | SignOption = False

    def names(self) -> tuple[str, ...]:
        """Return the names of all options that are read."""
        sign = self.signed
        return self.levels.names() + (
            (sign.option,) if isinstance(sign, SignOption) else ()
        )

    def options(self, largest: int, signed: bool | None) -> dict[str, Any] | None:
        """Return the options for spikes up to a size, or None if there are none.

        Args:
            largest: coefficient.
            signed: whether spikes may be negative; None where either will do.
        """
        levels, sign = self.levels.options(largest), self.signed
        if levels is None or signed is None:
            return levels
        if isinstance(sign, SignOption):
            return {**levels, sign.option: sign.signed if signed else None}
        return levels if sign == signed else None

    def largest(self, values: Mapping[str, Any]) -> int | None:
        """Return the largest coefficient with these values of the options, or None."""
        return self.levels.largest(values)

    def text(self, values: Mapping[str, Any]) -> str:
        """Return the integers that spikes carry with these values of the options."""
        signed = self.signed
        if isinstance(signed, SignOption):
            signed = values[signed.option] is not None
        return self.levels.text(values, signed)
