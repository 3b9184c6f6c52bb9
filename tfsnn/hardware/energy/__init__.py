"""Energy models: what the work of a network costs, in picojoules per sample.

A model reads the counts of each layer (:class:`tfsnn_numpy.counts.LayerCounts`) and
gives the energy of a sample, in the spiking network and in the ANN. Its module has the
formula, the constants and their source:

| name | counts | compared with |
| --- | --- | --- |
| `45nm-float32`, `-float16`, `-int32`, `-int8` | arithmetic alone | the ANN |
| `lemaire` | arithmetic, addressing, memories of each layer | the ANN, 32 bits |
| `bit-matched` | additions, weights fetched, states | an ANN of as many bits |
| `bit-matched-8bit` | the same | that ANN with weights of 8 bits |
| `loihi` | events on a neuromorphic chip | all values sent once, on that chip |

Another model is a frozen dataclass derived from :class:`EnergyModel` with two methods,
and a call of :func:`register`; for other costs of arithmetic an :class:`EnergyProfile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.hardware.energy.arithmetic import PROFILES, EnergyProfile
from tfsnn.hardware.energy.bit_matched import BOTH, BitMatched
from tfsnn.hardware.energy.lemaire import Lemaire
from tfsnn.hardware.energy.loihi import Loihi
from tfsnn_numpy.counts import Counts, LayerCounts
from tfsnn_numpy.energy import EnergyModel

__all__ = [
    "DEFAULT",
    "BitMatched",
    "Counts",
    "EnergyModel",
    "EnergyProfile",
    "LayerCounts",
    "Lemaire",
    "Loihi",
    "profile",
    "profiles",
    "read_profile",
    "register",
]

_PROFILES: dict[str, EnergyModel] = {}


def register(profile: EnergyModel) -> EnergyModel:
    """Register an energy model under its name and return it.

    Raises:
        OptionError: if another one has this name.
    """
    if _PROFILES.setdefault(profile.name, profile) != profile:
        raise OptionError(
            f"energy profile {profile.name!r} exists already, as "
            f"{_PROFILES[profile.name]}; give it another name"
        )
    return profile


def profiles() -> dict[str, EnergyModel]:
    """Return all energy models, by name."""
    return dict(_PROFILES)


def profile(name: str | EnergyModel) -> EnergyModel:
    """Look up an energy model by its name; a model is returned as it is.

    Raises:
        OptionError: if none has this name.
    """
    if isinstance(name, EnergyModel):
        return name
    if name not in _PROFILES:
        raise OptionError(
            f"there is no energy profile {name!r}; there are "
            f"{', '.join(_PROFILES)}, and tfsnn.energy.register adds one"
        )
    return _PROFILES[name]


def read_profile(fields: Mapping[str, Any]) -> EnergyModel:
    """Return the energy model that a file states by its fields.

    Raises:
        ValueError: if these are of no model that is known here.
    """
    for known in _PROFILES.values():
        if known.to_dict() == dict(fields):
            return known
    try:
        return EnergyProfile(**fields)
    except (TypeError, OptionError) as error:
        raise ValueError(
            f"energy {fields.get('name')!r} is none of {', '.join(_PROFILES)}: "
            "register its model first"
        ) from error


for _each in (*PROFILES, Lemaire(), *BOTH, Loihi()):
    register(_each)
DEFAULT: EnergyProfile = PROFILES[0]
