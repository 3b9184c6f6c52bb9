"""Targets: chips and tools that networks are checked against and written for.

A target is data, one file each. One of your own is registered from outside::

    from tfsnn.hardware.targets import Memory, Rules, Target, register

    register(Target(name="mine", cores=(Memory(4096, 1024, 64),) * 4, ...))
"""

from __future__ import annotations

from tfsnn.errors import OptionError
from tfsnn.hardware.targets.akida import AKIDA
from tfsnn.hardware.targets.generic_int8 import GENERIC_INT8
from tfsnn.hardware.targets.loihi2 import LOIHI2
from tfsnn.hardware.targets.mcu import MCU
from tfsnn.hardware.targets.speck2f import SPECK2F
from tfsnn.hardware.targets.spinnaker2 import SPINNAKER2
from tfsnn.hardware.targets.target import Memory, Rules, Target

__all__ = ["Memory", "Rules", "Target", "register", "target", "targets"]

_TARGETS: dict[str, Target] = {
    each.name: each for each in (GENERIC_INT8, SPECK2F, SPINNAKER2, LOIHI2, MCU, AKIDA)
}


def register(target: Target) -> Target:
    """Register a target under its name and return it.

    Raises:
        OptionError: if another target has this name.
    """
    if _TARGETS.setdefault(target.name, target) != target:
        raise OptionError(
            f"a target {target.name!r} exists already; give it another name"
        )
    return target


def targets() -> dict[str, Target]:
    """Return all targets, by name."""
    return dict(_TARGETS)


def target(name: str | Target) -> Target:
    """Look up a target by its name; a target is returned as it is.

    Raises:
        OptionError: if no target has this name.
    """
    if isinstance(name, Target):
        return name
    if name not in _TARGETS:
        raise OptionError(
            f"target {name!r} is not known: take one of {', '.join(_TARGETS)}, or "
            "register your own (tfsnn.hardware.targets.register)"
        )
    return _TARGETS[name]
