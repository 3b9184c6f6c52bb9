"""Translation of neurons to NIR: IF, and LIF or CubaLIF where they leak.

NIR states equations in continuous time. A leaky neuron is written so that steps of
length dt by Euler's method are those of the network, for the current I of a step::

    i <- i + dt / tau_syn (w_in I - i)           CubaLIF alone; for LIF i = I
    v <- v + dt / tau (v_leak - v + r i)         with the new i

So tau = dt / (1 - decay), r = tau / dt, tau_syn = dt / (1 - synapse) and w_in =
tau_syn / dt. The record of the file (:mod:`tfsnn.export.nir.writing`) has dt, and the
shares as they are, which float32 may round in tau.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tfsnn.export.nir.builder import Builder, InexpressibleError, by_unit
from tfsnn.export.nir.signals import Signal
from tfsnn.network.neurons import Neuron, Never
from tfsnn.network.nodes import Spiking


def spiking(node: Spiking, builder: Builder, signal: Signal) -> Signal:
    """Translate a population.

    Raises:
        InexpressibleError: for neurons that NIR cannot express.
    """
    form = node.population.in_nir()
    if isinstance(form, Never):
        raise InexpressibleError(form.reason)
    if form.neuron == "IF" and node.neuron != Neuron.kind:
        raise InexpressibleError(
            f"has {node.population.description}, which NIR cannot express: convert "
            "with a method of plain spikes (data_norm)"
        )
    signal = builder.settled(signal, node)
    threshold = np.asarray(node.threshold, np.float32)
    start = np.zeros((), np.float32)
    if node.settings.get("reset") == "zero":  # NIR's potential counts from V(0)
        start = np.asarray(node.initial_potential, np.float32)
    level, reset = by_unit(threshold - start, signal), by_unit(-start, signal)
    fields = {"v_threshold": level}
    kind: Any = getattr(builder.nir, form.neuron)
    if form.neuron == "IF":
        fields["r"] = np.ones_like(level)
    else:  # V(0) is where it leaks to as well
        fields |= {"v_leak": reset, **_constants(node, builder.dt, signal)}
    if reset.any():
        if "v_reset" not in {spec.name for spec in dataclasses.fields(kind)}:
            raise InexpressibleError(
                "has a reset potential, which this version of the package nir does not "
                "know: install a newer one (nir>=1.0.8)"
            )
        fields["v_reset"] = reset
    name = builder.add(node, kind(**fields), signal)
    spikes = Signal((name,), node.shape, order=signal.order)
    if threshold.ndim > 1:
        raise InexpressibleError(
            "has spikes of another size at each place, and NIR has one size per "
            "channel: convert with one scale per channel"
        )
    counts = node.settings.get("counts") or np.all(threshold == 1)
    return spikes if counts else spikes.scaled(threshold)


def shares(node: Spiking) -> dict[str, Any]:
    """Return what a step keeps of the potential and of the current, by name."""
    neurons: Any = node.population
    found = {"decay": neurons.decay, "synapse": neurons.synapse}
    return {name: value for name, value in found.items() if value is not None}


def _constants(node: Spiking, dt: float, signal: Signal) -> dict[str, np.ndarray]:
    """Return time constants and resistances of leaky neurons."""
    kept = {name: np.asarray(v, np.float64) for name, v in shares(node).items()}
    steps = {name: by_unit(1 / (1 - share), signal) for name, share in kept.items()}
    taus = {name: np.asarray(n * np.float64(dt), "f4") for name, n in steps.items()}
    if "synapse" not in kept:
        return {"tau": taus["decay"], "r": steps["decay"]}
    return {
        "tau_mem": taus["decay"],
        "tau_syn": taus["synapse"],
        "r": steps["decay"],
        "w_in": steps["synapse"],
    }
