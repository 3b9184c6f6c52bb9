"""Alphabets of spikes: the integers that one spike may carry.

A spike of "binary" carries 0 or 1, of "ternary" -1, 0 or 1, of "graded:n" 0 to 2^n - 1.
Which of them a method can do follows from its options: `levels` is the largest
coefficient, `base` the radix of its digits, `thresholds` a number of signed powers of
two; with none of these a spike carries 1 at most. A `negative_threshold` makes spikes
signed, and is an option that can be none where they need not be.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from tfsnn.errors import OptionError

FORMS = "binary, ternary, or graded:N for coefficients from 0 to 2^N - 1"
MOST_BITS = 24  # integers up to 2^24 are exact in float32


@dataclass(frozen=True)
class Alphabet:
    """What spikes are to carry.

    Attributes:
        text: as it was given.
        levels: the largest coefficient.
        signed: whether spikes may be negative; None where the method decides.
    """

    text: str
    levels: int
    signed: bool | None


def parse(text: str) -> Alphabet:
    """The alphabet of a text: ``binary``, ``ternary``, or ``graded:4``.

    Raises:
        OptionError: for any other.
    """
    if text in ("binary", "ternary"):
        return Alphabet(text, 1, text == "ternary")
    kind, _, bits = text.partition(":")
    if kind == "graded" and bits.isdecimal() and 1 <= int(bits) <= MOST_BITS:
        return Alphabet(text, 2 ** int(bits) - 1, None)
    raise OptionError(
        f"alphabet {text!r} is not known: give {FORMS}, with N from 1 to {MOST_BITS}"
    )


def options_for(method: type, alphabet: Alphabet) -> dict[str, Any] | None:
    """The options by which a method sends spikes of an alphabet.

    Where the alphabet leaves the sign to the method, coefficients of either sign are
    within its levels. None if the method cannot do it.
    """
    specs = {spec.name: spec for spec in dataclasses.fields(method)}
    levels = _levels(specs, alphabet.levels)
    sign = _sign(specs, alphabet.signed)
    return None if levels is None or sign is None else {**levels, **sign}


def _levels(specs: dict[str, Any], levels: int) -> dict[str, Any] | None:
    values = {
        "base": levels + 1,
        "thresholds": levels.bit_length(),
        "levels": levels,
    }
    for name, value in values.items():
        if name in specs:
            bounds = specs[name].metadata
            return {name: value} if bounds["low"] <= value <= bounds["high"] else None
    return {} if levels == 1 else None


def _sign(specs: dict[str, Any], signed: bool | None) -> dict[str, Any] | None:
    if signed is None:
        return {}
    spec = specs.get("negative_threshold")
    if spec is not None and "None" in str(spec.type):
        return {"negative_threshold": 0.0 if signed else None}
    always = spec is not None or "thresholds" in specs
    return {} if always == signed else None


def alphabet_of(method: Any) -> str:
    """What the spikes of a method, with its options, carry: as exact as text can be.

    ``binary``, ``ternary`` and ``graded:4`` as :func:`parse` takes them; else the
    lowest and the highest of all integers between, ``-15..15``; for powers of two
    ``0, ±2^0..±2^3``.
    """
    signed = getattr(method, "negative_threshold", None) is not None
    levels = getattr(method, "levels", 1)
    if hasattr(method, "base"):
        levels = method.base - 1
    if hasattr(method, "thresholds"):
        if method.thresholds > 1:
            return f"0, ±2^0..±2^{method.thresholds - 1}"
        signed = True
    if levels == 1:
        return "ternary" if signed else "binary"
    if levels is None:
        return "-inf..inf" if signed else "0..inf"
    if signed:
        return f"-{levels}..{levels}"
    bits = levels.bit_length()
    return f"graded:{bits}" if levels == 2**bits - 1 else f"0..{levels}"
