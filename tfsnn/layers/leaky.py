"""The leaky neurons of spiking layers: given by shares, or by time constants."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tfsnn.errors import OptionError
from tfsnn.layers.required import require_levels
from tfsnn.network.neurons import Leaky
from tfsnn.surrogates import as_surrogate

DEFAULT = Leaky(decay=0.9, reset="zero", surrogate="triangle")
FIELDS = (
    *("threshold", "initial_potential", "max_coefficient", "decay", "synapse"),
    *("refractory", "reset", "surrogate"),
)


def leaky_neuron(
    threshold: float = 20.0,
    tau_m: float = 64.0,
    tau_s: float = 8.0,
    refractory: int = 2,
    surrogate: Any = "triangle",
) -> Leaky:
    """Return the neuron of ST-RSBP (Zhang and Li, NeurIPS 2019) by its time constants.

    In the paper a step of length 1 is::

        p = (1 - 1 / tau_s) p + I             the synaptic current
        v = (1 - 1 / tau_m) v + p / tau_s     the potential; a spike at v >= threshold

    and a spike resets v to 0 for `refractory` steps. With the potential V = tau_s v
    this is a :class:`~tfsnn.network.neurons.leaky.Leaky` neuron of decay 1 - 1 / tau_m,
    synapse 1 - 1 / tau_s and threshold tau_s * threshold.

    Args:
        threshold: potential v at which the neuron spikes, > 0.
        tau_m: time constant of the membrane, in steps, >= 1.
        tau_s: time constant of the synapse, in steps, >= 1.
        refractory: number of refractory steps after a spike.
        surrogate: slope that training by time takes; ST-RSBP needs none.

    Raises:
        OptionError: for a value outside of these ranges.
    """
    for name, tau in (("tau_m", tau_m), ("tau_s", tau_s)):
        if not tau >= 1:
            raise OptionError(f"leaky_neuron: {name}={tau!r} must be 1 step or more")
    if not threshold > 0:
        raise OptionError(f"leaky_neuron: threshold={threshold!r} must be positive")
    return Leaky(
        threshold=threshold * tau_s,
        decay=1.0 - 1.0 / tau_m,
        synapse=1.0 - 1.0 / tau_s,
        refractory=refractory,
        reset="zero",
        surrogate=surrogate,
    )


def as_leaky(given: Leaky | Mapping[str, Any] | None) -> Leaky:
    """Return leaky neurons from themselves or their fields; None for the default.

    Raises:
        OptionError: for a field that leaky neurons do not have.
    """
    if given is None:
        return DEFAULT
    if isinstance(given, Mapping):
        if unknown := sorted(given.keys() - set(FIELDS)):
            raise OptionError(
                f"leaky neurons have no {', '.join(unknown)}: they take "
                f"{', '.join(FIELDS)}"
            )
        given = Leaky(**given)
    for name in ("threshold", "initial_potential", "decay", "synapse"):
        value = getattr(given, name)
        if not isinstance(value, int | float | None):
            raise OptionError(
                f"leaky neurons: {name} must be one number for all neurons of a layer; "
                f"received {type(value).__name__}"
            )
    require_levels(given.surrogate, given.max_coefficient)
    if given.surrogate is None:
        return given
    return dataclasses.replace(given, surrogate=as_surrogate(given.surrogate))


def leaky_config(neuron: Leaky) -> dict[str, Any]:
    """Return the fields of leaky neurons, JSON, for :func:`as_leaky`."""
    config = {name: getattr(neuron, name) for name in FIELDS}
    if neuron.surrogate is not None:
        config["surrogate"] = as_surrogate(neuron.surrogate).get_config()
    return config
