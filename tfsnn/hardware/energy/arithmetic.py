"""The energy of arithmetic alone, in picojoules per sample.

With A the ANN's multiply-accumulates (MACs), M0 those that the spiking network does
once, M those of each step, T steps (pre-steps included) and S accumulates (ACs) by
spikes, all of one sample (:class:`tfsnn.network.operations.Operations`)::

    ANN   MAC * A
    SNN   MAC * (M0 + T * M) + AC * S

M0 is the first layer, on a constant analog input; M are the running sums and weights
right behind weights. Memory and control are left out, and they are most of what a
chip takes: state these figures only beside those of a model that has them
(:mod:`tfsnn.hardware.energy`).

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

from dataclasses import dataclass

from tfsnn.hardware.energy.constants import check_constants
from tfsnn_numpy.defaults import ENERGY_PROFILE
from tfsnn_numpy.energy import Energy

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
        check_constants(self)


# The first number is a MAC, a multiplication and an addition; the second an AC.
PROFILES = (
    EnergyProfile(ENERGY_PROFILE, 4.6, 0.9, HOROWITZ),
    EnergyProfile("45nm-float16", 1.5, 0.4, HOROWITZ),
    EnergyProfile("45nm-int32", 3.2, 0.1, HOROWITZ),
    EnergyProfile("45nm-int8", 0.23, 0.03, HOROWITZ),
)
