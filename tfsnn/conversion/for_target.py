"""What a conversion for a chip asks for: integers, ends, and methods that it runs."""

from __future__ import annotations

from typing import Any

from tfsnn.conversion import methods
from tfsnn.conversion.methods import Method
from tfsnn.errors import ModelError, OptionError
from tfsnn.hardware.integers import FORMATS
from tfsnn.hardware.targets import Target
from tfsnn.network.clock import RATE_CLOCK
from tfsnn.simulation.model import SpikingModel
from tfsnn_numpy.defaults import RESETS

METHOD = "paced"
TIMESTEPS = 16
NEURON = "integrate_fire"
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
    own = {**_usual(name, target), **own}
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


def refuse_converted(model: Any, target: str, named: Any = None) -> None:
    """Refuse a spiking network where a model to make one of for a chip is expected.

    Args:
        model: what was given.
        target: the chip.
        named: its name in the error; the model's own if None.

    Raises:
        ModelError: naming the chip that it was converted for, and the one asked for.
    """
    if not isinstance(model, SpikingModel):
        return
    made_for = model.report.target
    was = "is a spiking network" + f", converted for {made_for}" * bool(made_for)
    raise ModelError(
        f"{named or model.name}: {was}, and cannot be made one for {target}: give the "
        "model that it was made of"
    )


def settings_for(target: Target, precision: str | None) -> dict[str, Any]:
    """Return the settings of :func:`tfsnn.convert` that a target asks for.

    Raises:
        OptionError: for integers of more bits than it has.
    """
    high = 2 ** (target.weight_bits - 1) - 1
    fitting = [name for name, form in FORMATS.items() if form.high <= high]
    widest = max(fitting, key=lambda name: FORMATS[name].high, default="int2")
    wanted = precision or widest
    if wanted not in fitting:
        raise OptionError(
            f"{target.name} has weights of {target.weight_bits} bits, not {wanted}: "
            f"leave precision out, or take integers of as many bits or fewer"
        )
    return {
        "precision": wanted,
        "scales": target.scale,
        "potential_bits": min(target.potential_bits or WIDEST, WIDEST),
        "saturate": target.saturates,
        "initial_potentials": target.initial_potentials,
        "reset": next(iter(target.resets), RESETS[0]),
        "input_bits": target.input_bits,
        "spiking_input": target.spiking_input,
        "spiking_output": target.spiking_output,
    }


def _could(name: str, target: Target) -> bool:
    """Return whether a target can run a method with options for it."""
    return unfit(methods.make(name, _usual(name, target)), target) is None


def _usual(name: str, target: Target) -> dict[str, Any]:
    """Return the options with which a method suits a target best, if it has them."""
    kind = methods.methods().get(name)  # None is refused where the method is made
    known = {each["name"] for each in methods.options(kind)} if kind else set()
    wanted: dict[str, Any] = {"lookahead": 0}
    if not target.initial_potentials:
        wanted["initial_potential"] = 0.0
    return {key: value for key, value in wanted.items() if key in known}
