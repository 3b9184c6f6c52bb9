"""Energy of a network's operations on named hardware, in picojoules per sample.

With A the ANN's multiply-accumulates (MACs), M0 those that the spiking network does
once, M those of each step, T steps (pre-steps included) and S accumulates (ACs) by
spikes, all of one sample (:class:`tfsnn.network.operations.Operations`)::

    ANN   MAC * A
    SNN   MAC * (M0 + T * M) + AC * S

M0 is the first layer, on a constant analog input; M are the running sums and weights
right behind weights. Memory and control are left out: only arithmetic is compared.

The profiles defined here are for 45 nm and 0.9 V, by Figure 1.1.9 of M. Horowitz,
"Computing's energy problem (and what we can do about it)", ISSCC 2014, pages 10-14
(doi:10.1109/ISSCC.2014.6757323), in pJ::

                     float32   float16   int32   int8
    multiplication       3.7       1.1     3.1    0.2
    addition             0.9       0.4     0.1    0.03

A MAC is one multiplication and one addition, an AC one addition, at the width of the
operands (the accumulator of 8-bit products is wider in fact). The paper itself was not
at hand: the numbers are those that others quote from its figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfsnn.errors import OptionError
from tfsnn.network.operations import Operations
from tfsnn_numpy.defaults import ENERGY_PROFILE
from tfsnn_numpy.results import Energy

HOROWITZ = (
    "M. Horowitz, “Computing's energy problem (and what we can do about it)”, "
    "ISSCC 2014"
)


@dataclass(frozen=True)
class EnergyProfile(Energy):
    """The energy that operations take on some hardware.

    Attributes:
        name: name of the profile, by which it is looked up.
        mac_picojoules: energy of a multiply-accumulate, > 0.
        ac_picojoules: energy of an accumulate, > 0.
        source: where the numbers are from.
    """

    def __post_init__(self) -> None:
        """Check that both energies are positive and finite.

        Raises:
            OptionError: if one is not.
        """
        for field in ("mac_picojoules", "ac_picojoules"):
            value = getattr(self, field)
            if not 0 < value < math.inf:
                raise OptionError(
                    f"energy profile {self.name!r}: {field}={value} must be a "
                    "positive number of picojoules"
                )

    def ann(self, operations: Operations) -> float:
        """Return picojoules of one forward pass of the ANN, for one sample."""
        return self.picojoules(operations.ann_macs, 0)

    def synapses(self, accumulates: float) -> float:
        """Return picojoules of this number of accumulates."""
        return self.picojoules(0, accumulates)

    def analog(self, operations: Operations, steps: int) -> float:
        """Return picojoules of the SNN's MACs in `steps` steps, pre-steps included."""
        return self.picojoules(operations.macs(steps), 0)

    def snn(self, operations: Operations, steps: int, accumulates: float) -> float:
        """Return picojoules of `steps` steps of the SNN, for one sample.

        Args:
            operations: operations of the network.
            steps: number of steps, pre-steps included.
            accumulates: number of accumulates in all these steps.
        """
        return self.picojoules(operations.macs(steps), accumulates)


_PROFILES: dict[str, EnergyProfile] = {}


def register(profile: EnergyProfile) -> EnergyProfile:
    """Register a profile under its name and return it.

    Raises:
        OptionError: if another profile has this name.
    """
    if _PROFILES.setdefault(profile.name, profile) != profile:
        raise OptionError(
            f"energy profile {profile.name!r} exists already, as "
            f"{_PROFILES[profile.name]}; give it another name"
        )
    return profile


def profiles() -> dict[str, EnergyProfile]:
    """Return all profiles, by name."""
    return dict(_PROFILES)


def profile(name: str | EnergyProfile) -> EnergyProfile:
    """Look up a profile by its name; a profile is returned as it is.

    Raises:
        OptionError: if no profile has this name.
    """
    if isinstance(name, EnergyProfile):
        return name
    if name not in _PROFILES:
        raise OptionError(
            f"there is no energy profile {name!r}; there are "
            f"{', '.join(_PROFILES)}, and tfsnn.energy.register adds one"
        )
    return _PROFILES[name]


# The first number is a MAC, a multiplication and an addition; the second an AC.
DEFAULT = register(EnergyProfile(ENERGY_PROFILE, 4.6, 0.9, HOROWITZ))
register(EnergyProfile("45nm-float16", 1.5, 0.4, HOROWITZ))
register(EnergyProfile("45nm-int32", 3.2, 0.1, HOROWITZ))
register(EnergyProfile("45nm-int8", 0.23, 0.03, HOROWITZ))
