"""The settings of a search: its aim, limits and candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tfsnn.analysis.choose.losses import Limits
from tfsnn.conversion.methods.alphabet import parse
from tfsnn.conversion.precision import check_precision
from tfsnn.errors import OptionError
from tfsnn.hardware.energy import EnergyModel, profile
from tfsnn.simulation.engines import check_engine
from tfsnn_numpy.checks import check_counts
from tfsnn_numpy.defaults import (
    ENERGY_PROFILE,
    HOLDOUT,
    MINIMISED,
    TIMESTEPS,
)
from tfsnn_numpy.tasks import Wanted

LEAST = 20  # samples, of which half are held out


@dataclass(frozen=True)
class Search:
    """The settings of :func:`tfsnn.choose`: its aim, limits and candidates.

    Attributes:
        max_drop, max_error: what may be lost
            (:class:`tfsnn.analysis.choose.losses.Limits`).
        alphabet: what a spike can carry: "binary", "ternary", "graded:N"; any if None.
        minimise: "energy" (that of the SNN, by the energy model), "timesteps" or
            "latency".
        energy: an energy model or its name (:mod:`tfsnn.hardware.energy`).
        engine: name of the engine that runs the networks
            (:mod:`tfsnn.simulation.engines`); their own if None.
        precision: that of the synapses, "float32" or "bfloat16", or a format of integer
            weights as for :func:`tfsnn.convert`; if None bfloat16 where the drop still
            holds and the machine computes in it.
        timesteps: the values of T to try.
        holdout: the most samples to hold out; never more than half of them.
        methods: names of the methods to try; a selection if None.
        task: what the outputs answer (:mod:`tfsnn_numpy.tasks`), one for all or by
            output; found from heads, shapes and labels if None.

    Raises:
        OptionError: for an impossible value.
    """

    max_drop: float | None = None
    max_error: float | None = None
    alphabet: str | None = None
    minimise: str = MINIMISED[0]
    energy: str | EnergyModel = ENERGY_PROFILE
    engine: str | None = None
    precision: str | None = None
    timesteps: Sequence[int] = TIMESTEPS
    holdout: int = HOLDOUT
    methods: Sequence[str] | None = None
    task: Wanted = None

    def __post_init__(self) -> None:
        """Refuse impossible values, and put the steps in order."""
        for name, unit in (("max_drop", "points"), ("max_error", "per cent")):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise OptionError(f"{name}={value}: give a number of {unit} from 0 up")
        if self.minimise not in MINIMISED:
            raise OptionError(
                f"minimise={self.minimise!r}; expected one of {', '.join(MINIMISED)}"
            )
        if self.holdout < LEAST // 2:
            raise OptionError(
                f"holdout={self.holdout}: hold out {LEAST // 2} samples at least"
            )
        if self.alphabet is not None:
            parse(self.alphabet)
        if self.precision is not None:
            check_precision(self.precision)
        check_engine(self.engine)
        object.__setattr__(self, "energy", profile(self.energy))
        steps = check_counts("timesteps", self.timesteps)
        object.__setattr__(self, "timesteps", tuple(steps))

    @property
    def limits(self) -> Limits:
        """What may be lost."""
        return Limits(self.max_drop, self.max_error)
