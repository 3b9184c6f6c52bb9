"""What a conversion for a chip asks for: integers, ends, and methods that it runs."""

from __future__ import annotations

from typing import Any

from tfsnn.conversion import methods
from tfsnn.conversion.methods import Method
from tfsnn.errors import OptionError
from tfsnn.hardware.integers import FORMATS
from tfsnn.hardware.targets import Target
from tfsnn.network.clock import RATE_CLOCK

METHOD = "paced"
TIMESTEPS = 16
NEURON = "integrate_fire"
PRECISION_OF = {8: "int8", 4: "int4", 2: "int2"}
WIDEST = 24  # bits of potentials, where a target has more, or does not say


def method_for(target: Target, name: str | None, options: dict[str, Any]) -> Any:
    """Return the method and options of a conversion for a target.

    Without a method it is "paced" without look-ahead, whose neurons are plain
    integrate-and-fire neurons, with weights and biases corrected.

    Raises:
        OptionError: for a method whose neurons, spikes or steps the target has not.
    """
    if target.spikes == "none":
        raise OptionError(
            f"{target.name} knows no time: networks for it are quantised, not spiking, "
            "by its maker's tools"
        )
    name = name or METHOD
    own = {"timesteps": TIMESTEPS, **options}
    kind = methods.methods().get(name)
    if kind is not None and "lookahead" in _options(kind):
        own = {"lookahead": 0, **own}
    fixed = not target.initial_potentials and kind is not None
    if fixed and "initial_potential" in _options(kind):
        own = {"initial_potential": 0.0, **own}
    chosen = methods.make(name, own)
    if reason := unfit(chosen, target):
        others = [each for each in methods.methods() if _could(each, target)]
        raise OptionError(
            f"{target.name} cannot run {name}, {reason}: take one of "
            f"{', '.join(others)}"
        )
    return name, own


def unfit(method: Method, target: Target) -> str | None:
    """Say why a target cannot run a method; None if it can."""
    carried = method.alphabet.text(method.values)
    allowed = {"binary": ("binary",), "ternary": ("binary", "ternary")}
    if target.spikes in allowed and carried not in allowed[target.spikes]:
        return f"whose spikes are {carried}, and its are {target.spikes}"
    neurons = getattr(method, "neurons", {})
    if neurons.get("neuron", NEURON) != NEURON or method.probe_samples:
        return "whose neurons are no plain integrate-and-fire neurons"
    if getattr(method, "clock", None) != RATE_CLOCK:
        return "whose steps do not all count alike, or whose layers do not run together"
    if not target.initial_potentials and neurons.get("initial_potential"):
        return (
            "which starts from potentials other than 0, and its files cannot say them "
            "(-o initial_potential 0)"
        )
    return None


def settings_for(target: Target, precision: str | None) -> dict[str, Any]:
    """Return the settings of :func:`tfsnn.convert` that a target asks for.

    Raises:
        OptionError: for integers of more bits than it has.
    """
    widest = PRECISION_OF[target.weight_bits]
    wanted = precision or widest
    if wanted not in FORMATS or FORMATS[wanted].high > FORMATS[widest].high:
        raise OptionError(
            f"{target.name} has weights of {target.weight_bits} bits, not {wanted}: "
            f"leave precision out, or take integers of as many bits or fewer"
        )
    return {
        "precision": wanted,
        "scales": target.scale,
        "potential_bits": min(target.potential_bits or WIDEST, WIDEST),
        "saturate": True,
        "initial_potentials": target.initial_potentials,
        "spiking_input": target.spiking_input,
        "spiking_output": target.spiking_output,
    }


def _could(name: str, target: Target) -> bool:
    """Return whether a target can run a method with options for it."""
    kind = methods.methods()[name]
    own: dict[str, Any] = {}
    names = _options(kind)
    if "lookahead" in names:
        own["lookahead"] = 0
    if "initial_potential" in names and not target.initial_potentials:
        own["initial_potential"] = 0.0
    return unfit(methods.make(name, own), target) is None


def _options(kind: Any) -> set[str]:
    return {each["name"] for each in methods.options(kind)}
