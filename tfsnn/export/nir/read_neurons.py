"""Translation of NIR's neurons: IF, LIF and CubaLIF, in steps of dt by Euler's method.

:mod:`tfsnn.export.nir.neurons` has the equations of a step. A potential v is read as
``(v - v_base) / (v_threshold - v_base)``, where v_base is `v_reset` for a reset to it
and 0 for a reset by subtraction; a `v_leak` other than that is a constant current.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tfsnn.export.nir.reader import (
    Reader,
    ReadSignal,
    UnreadableError,
    from_first,
)
from tfsnn.network.nodes import Affine, Spiking

# Where a spike needs v > v_threshold, currents are made smaller by this factor, so that
# a potential equal to the threshold stays below it, and one above by more does not.
BELOW = np.float32(1 - 2**-22)
ROUNDED = 2.0**-22  # a gain this near to 1 is 1 that float32 rounded


class Dynamics(NamedTuple):
    """The steps of a NIR neuron.

    Attributes:
        gain: what a current is multiplied by.
        drive: a constant current beside it, in NIR's units.
        settings: of leaky neurons; none for neurons that do not leak.
    """

    gain: np.ndarray
    drive: np.ndarray
    settings: dict[str, Any]


def neurons(
    reader: Reader, name: str, content: Any, signal: ReadSignal, key: str
) -> ReadSignal:
    """Translate neurons that spike.

    Raises:
        UnreadableError: for parameters that neurons of tfsnn do not have.
    """
    level = from_first(content.v_threshold, signal)
    floor = getattr(content, "v_reset", None)
    floor = np.zeros_like(level) if floor is None else from_first(floor, signal)
    if reader.reset == "subtract" and floor.any():
        raise UnreadableError(
            "resets to a potential other than 0, which a reset by subtraction does not "
            "have: take --reset zero (reset='zero')"
        )
    height = level - floor
    if (height <= 0).any():
        raise UnreadableError(
            "has a threshold that is not above its reset potential, so it would spike "
            "for ever: raise v_threshold, or lower v_reset"
        )
    leaky = type(content).__name__ != "IF"
    if leaky:
        found = _leaky(reader, content, signal, floor, key)
    else:
        found = _plain(content, signal)
    gain, drive = found.gain / height, found.drive / height
    if reader.strict:
        gain, drive = gain * BELOW, drive * BELOW
    if np.any(gain != 1) or drive.any():
        gain, drive = (
            np.array(np.broadcast_to(values, signal.shape), np.float32)
            for values in (gain, drive)
        )
        offset = drive if drive.any() else None
        reads, shape = (signal.name,), signal.shape
        made = Affine(f"{name}_drive", reads, shape, gain=gain, offset=offset)
        signal = reader.add(made, signal.order)
    start = np.asarray(-floor / height, np.float32)
    reset = {"reset": "zero"} if reader.reset == "zero" else {}
    node = Spiking(
        name,
        (signal.name,),
        signal.shape,
        scale=np.asarray(reader.scales.get(key, np.ones(1)), np.float32),
        max_coefficient=1.0,
        initial_potential=start if start.any() else 0.0,
        neuron="leaky" if leaky else "integrate_fire",
        settings={**found.settings, **reset},
    )
    return reader.add(node, signal.order)


def _plain(content: Any, signal: ReadSignal) -> Dynamics:
    return Dynamics(from_first(content.r, signal), np.zeros((), np.float32), {})


def _leaky(
    reader: Reader, content: Any, signal: ReadSignal, base: np.ndarray, key: str
) -> Dynamics:
    filters = type(content).__name__ == "CubaLIF"
    lost = _lost(content.tau_mem if filters else content.tau, reader.dt, signal)
    gain = lost * from_first(content.r, signal)
    drive = lost * (from_first(content.v_leak, signal) - base)
    kept = {"decay": 1 - lost}
    if filters:
        if drive.any():
            raise UnreadableError(
                "leaks to another potential than it is reset to, a current that the "
                "filter of its synapses does not have: make v_leak equal to v_reset"
            )
        lost = _lost(content.tau_syn, reader.dt, signal)
        gain = gain * lost * from_first(content.w_in, signal)
        kept["synapse"] = 1 - lost
    gain = np.where(np.abs(gain - 1) < ROUNDED, 1, gain)
    said = reader.shares.get(key, {})  # as they were, before float32 rounded tau
    settings = {n: said.get(n, _stored(share)) for n, share in kept.items()}
    return Dynamics(gain, drive, settings)


def _lost(tau: Any, dt: float, signal: ReadSignal) -> np.ndarray:
    """Return the share dt / tau that a step loses, in float64."""
    values = from_first(tau, signal).astype(np.float64)
    if not (values >= dt * (1 - 1e-6)).all():
        raise UnreadableError(
            f"has a time constant of {values.min():g} s, below the step of {dt:g} s: "
            "give a shorter step (dt)"
        )
    return np.minimum(dt / values, 1.0)


def _stored(share: np.ndarray) -> float | Sequence[Any]:
    """Return shares as numbers of float32, ready for JSON; one where all are equal."""
    share = share.astype(np.float32)
    return float(share.flat[0]) if (share == share.flat[0]).all() else share.tolist()
