"""The one change that would help most, by simple rules on the measured errors.

What counts is what the layers add themselves, as mean squares over those of their
activations; the inherited part is what the layers before added. In this order:

1. Every layer's error is small: nothing need be changed.
2. Half of it or more is in dead channels: their thresholds are too high for T steps.
3. The largest of clipping, quantisation and unevenness is clipping: higher thresholds.
4. It is another, and the mean errors of channels explain a share of the mean square
   error of :data:`BIASED` or more: a bias, which a correction removes at no cost.
5. It is quantisation: a finer code. It is unevenness: look-ahead, or more steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tfsnn.analysis.diagnose.measures import LayerDiagnosis
from tfsnn.conversion.methods import methods
from tfsnn.simulation.report import ConversionReport

SMALL = 0.01  # an error over the activation, root mean squares
BIASED = 0.25
OWN = ("clipping", "quantisation", "unevenness")
ROOM = 0.05  # of quantisation: less clipping leaves room for lower thresholds
MOST = 0.8  # of a cause: the layers named make up this share
NAMED = 3  # layers named at most


def advise(
    layers: Sequence[LayerDiagnosis], report: ConversionReport, timesteps: int
) -> str:
    """Advise in a sentence or two that name layers and options."""
    options = report.options
    if not layers:
        return "nothing of this network spikes, so there is nothing to change"
    if max(layer.error for layer in layers) <= SMALL:
        return f"none is needed: every layer is within {SMALL:.0%} of the ANN"
    sums = {
        cause: sum(getattr(layer, cause).rms ** 2 for layer in layers) for cause in OWN
    }
    more = _more_steps(report, timesteps)
    finer = _finer(options, more, sums["clipping"] < ROOM * sums["quantisation"])
    added = sum(layer.added**2 for layer in layers)
    dead = sum(layer.dead_error**2 for layer in layers)
    if added and dead >= added / 2:
        named = _layers(layers, lambda layer: layer.dead_error)
        return (
            f"channels of {named} never spike though the ANN is active there, half or "
            f"more of what the layers add: {finer}"
        )
    largest = max(OWN, key=lambda cause: sums[cause])
    if largest != "clipping" and (bias := _bias(layers, options)):
        return bias
    named = _layers(layers, lambda layer: getattr(layer, largest).rms)
    part = sums[largest] / max(sum(sums.values()), 1e-300)
    ways = {
        "clipping": _higher(options),
        "quantisation": finer,
        "unevenness": _steadier(options, more),
    }
    return (
        f"{largest} is {part:.0%} of what the layers add, most of it in {named}: "
        f"{ways[largest]}"
    )


def _bias(layers: Sequence[LayerDiagnosis], options: Mapping[str, Any]) -> str:
    """Advise against the mean errors of channels; empty if they are small."""
    squares = {layer.node: layer.error**2 for layer in layers}
    biased = sum(layer.bias * squares[layer.node] for layer in layers)
    share = biased / sum(squares.values())
    if share < BIASED or "bias" in str(options.get("correct")):
        return ""
    named = _layers(layers, lambda layer: layer.error * layer.bias**0.5)
    means = sum(part.mean for layer in layers for part in layer.parts())
    start = options.get("initial_potential")
    way = "correct the weights and biases (correct=weights+bias), or the biases alone"
    if means < 0 and isinstance(start, int | float) and start < 0.5:
        way = (
            f"start half a threshold up (initial_potential=0.5, now {start:g}), or "
            "correct the biases (correct=bias)"
        )
    sign = "low" if means < 0 else "high"
    return (
        f"activations are too {sign} on average, {share:.0%} of the mean square error, "
        f"most of it in {named}: {way}"
    )


def _higher(options: Mapping[str, Any]) -> str:
    now = _now(options, "threshold_scale")
    return (
        f"raise the thresholds (threshold_scale{now}), or calibrate with more samples, "
        "or with samples more like these"
    )


def _more_steps(report: ConversionReport, timesteps: int) -> list[str]:
    """Advise twice as many steps, if the method can have so many."""
    method: Any = methods().get(report.method)
    fields = getattr(method, "__dataclass_fields__", {})
    most = fields["timesteps"].metadata["high"] if "timesteps" in fields else math.inf
    if ticks := report.options.get("ticks"):
        return [f"take a finer clock (ticks={2 * ticks})"]
    twice = 2 * timesteps
    return [f"take more steps (timesteps={twice})"] if twice <= most else []


def _finer(options: Mapping[str, Any], more: list[str], room: bool) -> str:
    """Advise against quantisation; `room`: whether thresholds can be lowered."""
    ways = list(more)
    if options.get("per") == "layer":
        ways.insert(0, "choose a threshold for each channel (per=channel)")
    for name in ("levels", "thresholds"):
        if now := options.get(name):
            ways.append(f"take more {name} ({name}, now {now})")
    if room:
        now = _now(options, "threshold_scale")
        ways.append(f"lower the thresholds (threshold_scale{now})")
    return " or ".join(ways or ["take a method with a finer code"])


def _steadier(options: Mapping[str, Any], more: list[str]) -> str:
    """Advise against unevenness."""
    if lookahead := options.get("lookahead"):
        ways = [*more, f"look further ahead (lookahead={2 * lookahead})"]
    elif now := options.get("thresholds"):  # of differential coding, never even
        ways = [*more, f"take more thresholds (thresholds, now {now})"]
    else:
        ways = ["let each layer look ahead (method paced, lookahead=1)"]
        if options.get("negative_threshold") is None:
            ways.append("send signed spikes (method termapping, augmapping or snm)")
        ways += more
    return " or ".join(ways)


def _now(options: Mapping[str, Any], name: str) -> str:
    return f", now {options[name]:g}" if name in options else ""


def _layers(
    layers: Sequence[LayerDiagnosis], size: Callable[[LayerDiagnosis], float]
) -> str:
    """Name the layers that make up most of an error, whose squares add up."""
    ordered = sorted(layers, key=size, reverse=True)
    total = sum(size(layer) ** 2 for layer in layers)
    covered, names = 0.0, []
    for layer in ordered:
        if covered >= MOST * total:
            break
        covered += size(layer) ** 2
        names.append(layer.node)
    shown = ", ".join(names[:NAMED])
    rest = len(names) - NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown
