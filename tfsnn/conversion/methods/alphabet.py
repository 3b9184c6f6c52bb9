"""Alphabets of spikes: the integers that one spike may carry.

A spike of "binary" carries 0 or 1, of "ternary" -1, 0 or 1, of "graded:n" 0 to 2^n - 1.
Each conversion method declares what its spikes carry, and which of its options set it,
by its :class:`tfsnn.methods.Spikes`, and is asked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tfsnn.conversion.methods import Method
from tfsnn.conversion.methods.fields import specs
from tfsnn.errors import OptionError

FORMS = "binary, ternary, or graded:N for coefficients from 0 to 2^N - 1"
MOST_BITS = 24  # integers up to 2^24 are exact in float32


@dataclass(frozen=True)
class Alphabet:
    """An alphabet that hardware asks for: what spikes are to carry.

    Attributes:
        text: the text that it was parsed from.
        levels: the largest coefficient.
        signed: whether spikes may be negative; None where the method decides.
    """

    text: str
    levels: int
    signed: bool | None


def parse(text: str) -> Alphabet:
    """Parse the text of an alphabet: ``binary``, ``ternary``, or ``graded:4``.

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


def options_for(method: type[Method], alphabet: Alphabet) -> dict[str, Any] | None:
    """Return the options by which a method sends spikes of an alphabet.

    Where the alphabet leaves the sign to the method, coefficients of either sign are
    within its levels. None if the method cannot do it, or not with values that its
    options may have.
    """
    found = method.alphabet.options(alphabet.levels, alphabet.signed)
    known = specs(method)
    possible = found is not None and all(known[k].allows(v) for k, v in found.items())
    return found if possible else None


def alphabet_of(method: Method) -> str:
    """Return what the spikes of a method, with its options, carry, as exact text.

    ``binary``, ``ternary`` and ``graded:4`` as :func:`parse` takes them; else the
    lowest and the highest of all integers between, ``-15..15``; for powers of two
    ``0, ±2^0..±2^3``.
    """
    return method.alphabet.text(method.values)
