"""Check counts (steps, samples, sizes), which are whole numbers from 1 up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tfsnn_numpy.errors import OptionError


def is_count(value: Any) -> bool:
    """Return whether a value is a whole number from 1 up; True and 4.0 are not."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and value >= 1


def check_count(option: str, value: Any) -> int:
    """Return the value of an option as an int, if it is a whole number from 1 up.

    Raises:
        OptionError: for anything else, naming the option.
    """
    if not is_count(value):
        raise OptionError(
            f"{option}={value!r} must be a positive integer: give a whole number from "
            "1 up"
        )
    return int(value)


def check_counts(option: str, values: Iterable[Any]) -> list[int]:
    """Return the values of an option, each once and in order, if all are counts.

    Raises:
        OptionError: for none, and if one of them is no whole number from 1 up.
    """
    given = list(values)
    if not given or not all(map(is_count, given)):
        raise OptionError(
            f"{option}={given}: give whole numbers from 1 up, and at least one"
        )
    return sorted({int(value) for value in given})
