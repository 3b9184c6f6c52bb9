"""The check of the constants of energy models."""

from __future__ import annotations

import dataclasses
import math

from tfsnn.errors import OptionError
from tfsnn_numpy.energy import EnergyModel


def check_constants(model: EnergyModel) -> None:
    """Refuse constants of a model that are no positive, finite numbers.

    Raises:
        OptionError: naming the first one.
    """
    for spec in dataclasses.fields(model):  # type: ignore[arg-type]
        value = getattr(model, spec.name)
        if isinstance(value, int | float) and not 0 < value < math.inf:
            unit = " of picojoules" if spec.name.endswith("_picojoules") else ""
            raise OptionError(
                f"energy profile {model.name!r}: {spec.name}={value} must be a "
                f"positive number{unit}"
            )
