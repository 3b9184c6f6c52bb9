"""Leaky integrate-and-fire neurons in NumPy, and parameters of all their forms."""

import numpy as np


def reference(
    currents, θ=1.0, v0=0.0, most=1, decay=0.5, synapse=None, refractory=0, reset=None
):
    """Unit by unit, step by step, as the module's docstring says it."""
    spikes, potentials = np.zeros(currents.shape), np.zeros(currents.shape)
    for unit in np.ndindex(currents.shape[1:]):
        v, i, rest = v0, 0.0, 0
        for t, current in enumerate(currents[(slice(None), *unit)]):
            i = (synapse or 0.0) * i + current
            c = 0
            if rest:
                rest -= 1
            else:
                v = decay * v + i
                c = np.clip(np.floor(v / θ), 0, most)
                if c:
                    v = 0.0 if reset == "zero" else v - c * θ
                    rest = refractory
            spikes[(t, *unit)], potentials[(t, *unit)] = c, v
    return spikes, potentials


LEAKY = {
    "binary": {},
    "no leak": {"decay": 1.0},
    "no memory": {"decay": 0.0, "v0": 0.5},
    "graded": {"most": 3, "v0": 0.25},
    "threshold": {"θ": 0.75, "v0": 0.375},
    "zero": {"reset": "zero"},
    "synapse": {"synapse": 0.5},
    "synapse, zero": {"synapse": 0.25, "reset": "zero", "most": 2},
    "refractory": {"refractory": 1},
    "refractory, graded": {"refractory": 2, "most": 2, "θ": 0.5},
    "all": {"synapse": 0.5, "refractory": 2, "reset": "zero", "θ": 0.5, "v0": 0.25},
}
NAMES = {"θ": "threshold", "v0": "initial_potential", "most": "max_coefficient"}


def arguments(name):
    """The parameters as the neuron and the layer call them."""
    return {NAMES.get(key, key): value for key, value in LEAKY[name].items()}
