"""Integrate-and-fire neurons in NumPy, and parameters of all their forms."""

import numpy as np


def reference(currents, θ=1.0, v0=0.0, n=None, most=None, reset="subtract", leak=0.0):
    """Unit by unit, step by step, as the module's docstring says it."""
    spikes, potentials = np.zeros(currents.shape), np.zeros(currents.shape)
    for unit in np.ndindex(currents.shape[1:]):
        v, sent = v0, 0
        for t, current in enumerate(currents[(slice(None), *unit)]):
            u = (1 - leak) * v + current
            c = 0
            if u >= 0:
                c = np.floor(u / θ) if most is None else min(np.floor(u / θ), most)
            elif n is not None and u < -n:
                c = max(np.floor((u + n) / θ), -sent)
                c = c if most is None else max(c, -most)
            v = u - c * θ
            if reset == "zero" and c:
                v = 0.0
            sent += c
            spikes[(t, *unit)], potentials[(t, *unit)] = c, v
    return spikes, potentials


NEURONS = {
    "binary": {"most": 1},
    "graded": {"most": 3},
    "unbounded": {},
    "binary, V(0)": {"most": 1, "v0": 0.5},
    "negative V(0)": {"most": 2, "v0": -0.25},
    "threshold": {"most": 1, "θ": 0.75, "v0": 0.375},
    "threshold, graded": {"most": 2, "θ": 0.25},
    "ternary, rounding": {"most": 1, "n": 0.0, "v0": 0.5},
    "ternary, half": {"most": 1, "n": 0.5},
    "ternary, one": {"most": 1, "n": 1.0},
    "signed, rounding": {"most": 3, "n": 0.0, "v0": 0.5},
    "signed, half": {"most": 3, "n": 0.5, "v0": 0.25},
    "signed, one": {"most": 3, "n": 1.0},
    "signed, unbounded": {"n": 0.0, "v0": 0.5},
    "signed, unbounded, half": {"n": 0.5},
    "signed, threshold": {"most": 2, "n": 0.25, "θ": 0.5, "v0": 0.25},
    "reset to zero": {"most": 1, "reset": "zero", "v0": 0.5},
    "reset to zero, signed": {"most": 2, "n": 0.5, "reset": "zero"},
    "leak": {"most": 2, "leak": 0.5},
    "leak, signed, reset": {"n": 0.0, "leak": 0.25, "reset": "zero"},
}
